"""Rules: what a signal means for one subject.

Two ways in, both giving a `Decision`: `decide` for a signal just seen, `timed` when a rule's timer
is due: of a signal that settled, of a silence or of a date. `arm` says which lazy timers to set.
A rule that does not wait for a signal says nothing about it; every other outcome is explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.decisions.approaching import approached, arm_dates, concerns, set_date
from app.decisions.carried import restore_signal, serialise_signal
from app.decisions.codes import Code
from app.decisions.context import (
    Cause,
    RuleContext,
    closed_to,
    explain,
    left_again,
    refusal,
    tempered,
)
from app.decisions.event_counting import COUNTED, came_since, short_of, with_event
from app.decisions.firing import definitions, fire
from app.decisions.matching import waits_for
from app.decisions.silence import arm_silence, silence
from app.decisions.starting import as_view
from app.decisions.timing import owed_at
from app.model.decisions import (
    Action,
    ArmTimer,
    Decision,
    Explanation,
    StartEnrolment,
)
from app.model.playbook import ActiveRule, CreateTasks, Enrol, When
from app.model.signals import Signal
from app.model.time import MINUTE, Business
from app.model.vocabulary import (
    LASTING,
    Again,
    EnrolmentState,
    Mode,
    SignalKind,
    StageKind,
)

__all__ = [
    "RuleContext",
    "arm",
    "arm_silence",
    "decide",
    "restore_signal",
    "serialise_signal",
    "settled",
    "silence",
    "timed",
    "waits_for",
]

CONTACT_WAIT_MS = 2 * MINUTE  # associations of a new record arrive after the record

# What a person may take back within minutes. Other signals are records that happened; holding them
# would lose one of two, since a subject and rule have a single timer.
_SETTLES = frozenset(
    {
        SignalKind.STAGE_ENTERED,
        SignalKind.CLOSED,
        SignalKind.SUBJECT_CREATED,
        SignalKind.OWNER_CHANGED,
        SignalKind.FIELD_CHANGED,
    }
)


def decide(signal: Signal, context: RuleContext, now: Business) -> Decision:
    """What the rules in force make of a signal about `context.subject`, as re-read after it."""
    actions: list[Action] = []
    lines: list[Explanation] = []
    for active in context.rules:
        when = active.rule.when
        if when.kind is SignalKind.DATE:
            if not concerns(when, signal):
                continue
            made = set_date(active, signal, context, now)
        elif waits_for(when, signal, context.subject.type):
            made = _consider(active, signal, context, now)
        else:
            continue
        actions.extend(made.actions)
        lines.extend(made.explanations)
        context = tempered(context, made, now)
        started = [as_view(one) for one in made.actions if isinstance(one, StartEnrolment)]
        if started and len(context.rules) > 1:
            # Two rules may want exclusive sequences at the same signal: the first one wins.
            context = replace(context, running=[*context.running, *started])
    return Decision(tuple(actions), tuple(lines))


def _consider(active: ActiveRule, signal: Signal, context: RuleContext, now: Business) -> Decision:
    stop = closed_to(active, context) or _before_anything(active, signal, context)
    stop = stop or short_of(active, signal, context)
    if stop is not None:
        return refusal(active, context, stop[0], now, stop[1])
    due = _wait_until(active, signal, context)
    if due <= now:
        return _act(active, signal, context, now)
    code = Code.SETTLING if not active.rule.when.within else Code.AWAITING_ABSENCE
    return _arm(active, signal, context, due, code, now)


def _arm(
    active: ActiveRule,
    signal: Signal,
    context: RuleContext,
    due: Business,
    code: str,
    now: Business,
) -> Decision:
    timer = ArmTimer(context.subject.id, active.rule.key, due, serialise_signal(signal))
    values = {"cause": signal.cause, "until": due}
    return Decision((timer,), (explain(active, context, "waiting", code, now, values=values),))


def _before_anything(
    active: ActiveRule, signal: Signal, context: RuleContext
) -> tuple[str, Mapping[str, Any]] | None:
    """What refuses a signal before it settles: age, an unconfirmed stage, re-entry."""
    rule = active.rule
    if signal.at < active.activated_at:
        return Code.BEFORE_ACTIVATION, {"at": signal.at, "activated_at": active.activated_at}
    if signal.stage is StageKind.IGNORED:
        return Code.NOT_FOLLOWED, {"stage": context.subject.stage_id}
    if rule.when.enters is not None and rule.when.enters == context.subject.momentum:
        return Code.OF_IT_ALREADY, {"momentum": rule.when.enters}
    entered = signal.kind is SignalKind.STAGE_ENTERED
    if entered and rule.again is Again.STAGE_ENTRY and not signal.forward:
        return Code.MOVED_BACK, {"cause": signal.cause}
    if rule.when.count > 1 and rule.when.kind not in COUNTED:
        count = _times(active, signal, context)
        if count < rule.when.count:
            span = str(rule.when.span)
            values = {"count": count, "wanted": rule.when.count, "span": span}
            return Code.NOT_OFTEN, values
    if not context.past:
        return None
    past = [context.past.get(key) for key in definitions(active)]
    if all(anchors and signal.cause in anchors for anchors in past):
        return Code.ALREADY_FIRED, {"anchor": signal.cause}
    if rule.again is Again.ONCE and all(past):
        return Code.ONCE_ONLY, {"anchors": sorted(past[0] or ())}
    return None


def _times(active: ActiveRule, signal: Signal, context: RuleContext) -> int:
    """How often it was seen up to this signal, within the rule's time and since the rule last
    acted: what it has answered already does not count again."""
    span = active.rule.when.span
    since = signal.at - span.approximate_ms() if span is not None else 0
    since = max(since, context.last_fired.get(active.rule.key, 0))
    seen = {*context.mail_seen.get(signal.kind, ()), signal.at}
    return sum(since < at <= signal.at for at in seen)


def _wait_until(active: ActiveRule, signal: Signal, context: RuleContext) -> Business:
    """When to decide: after settling, and after the time in which the absence must hold."""
    rule, due = active.rule, signal.at
    if active.settle_ms and (rule.settle is not None or signal.kind in _SETTLES):
        due = Business(signal.at + active.settle_ms)
    if rule.when.within is not None:
        due = max(due, owed_at(signal.at, rule.when.within, context.calendar))
    return due


def arm(context: RuleContext, now: Business) -> Decision:
    """The lazy timers to set, for rules on silence and on dates that have none armed.

    Called after any signal, after an import and at activation. What was complete before activation
    is backlog and arms nothing. No explanation is written: the timer itself says what is awaited.
    """
    quiet, dated = arm_silence(context, now), arm_dates(context, now)
    return Decision((*quiet.actions, *dated.actions))


def timed(
    active: ActiveRule, data: Mapping[str, Any], context: RuleContext, now: Business
) -> Decision:
    """Decide a rule's timer that is due, of whichever kind. data: what travelled with it."""
    if active.rule.when.kind in LASTING:
        return silence(active, context, now)
    if active.rule.when.kind is SignalKind.DATE:
        return approached(active, context, now, int(data.get("since") or 0))
    return settled(restore_signal(data), active, context, now)


def settled(signal: Signal, active: ActiveRule, context: RuleContext, now: Business) -> Decision:
    """Decide a signal whose timer is due, on the subject as it is now.

    A stage that was left meanwhile, were it entered again since, is explained as `passed_through`.
    """
    stop = closed_to(active, context) or _before_anything(active, signal, context)
    if stop is not None:
        return refusal(active, context, stop[0], now, stop[1])
    return _act(active, signal, context, now)


def _act(active: ActiveRule, signal: Signal, context: RuleContext, now: Business) -> Decision:
    context = with_event(context, signal)
    subject, rule = context.subject, active.rule
    plans = any(isinstance(action, CreateTasks | Enrol) for action in rule.then)
    # Without settling, entering counts even if the stage was left at once; but steps that hang on
    # a stage which is gone would be planned only to be withdrawn.
    if (plans or active.settle_ms) and (gone := left_again(signal, active, subject)):
        values = {"cause": signal.cause, "stage": subject.stage_id}
        return refusal(active, context, gone, now, values)
    answer = _answered(rule.when, signal, context, now)
    if answer is not None:
        return refusal(active, context, Code.ANSWERED_MEANWHILE, now, answer)
    created = subject.created_at
    if plans and not subject.contacts and created and now < created + CONTACT_WAIT_MS:
        due = Business(created + CONTACT_WAIT_MS)
        return _arm(active, signal, context, due, Code.AWAITING_CONTACT, now)
    # Many at once, by an import or a bulk edit, wait for an admin: nobody asked for a flood.
    many = "came_by" in signal.data and active.mode is not Mode.SHADOW
    state = EnrolmentState.BACKLOG if many else None
    return fire(active, _cause(active, signal, context), context, now, state)


def _cause(active: ActiveRule, signal: Signal, context: RuleContext) -> Cause:
    """Delays count from the signal, not from the end of settling; after an absence that no stage
    entry began, from the instant at which the absence was complete."""
    staged = signal.cause.startswith("stage:")
    at = signal.at
    if active.rule.when.within is not None and not staged:
        at = _wait_until(active, signal, context)
    told = signal.kind is SignalKind.EVENT
    # What is told about a customer stands on the stage in which the deal was won, as onboarding.
    standing = staged or (told and context.subject.closed)
    return Cause(
        signal.cause,
        at,
        stage=context.subject.stage_id if standing else None,
        contact=signal.contact if told else None,
        entry=signal.kind is SignalKind.STAGE_ENTERED,
        values={"came_by": signal.data["came_by"]} if "came_by" in signal.data else None,
    )


def _answered(
    when: When, signal: Signal, context: RuleContext, now: Business
) -> dict[str, Any] | None:
    """The signal that must be absent and is not; a meeting ahead counts whenever it was booked."""
    for kind in sorted(when.unless):
        at = context.seen.get(kind)
        if kind is SignalKind.REPLIED:
            at = max(at or 0, context.subject.last_reply_at or 0)
        elif kind is SignalKind.MEETING_HELD:
            at = max(at or 0, context.subject.last_meeting_at or 0)
        elif kind is SignalKind.MEETING_BOOKED and (context.subject.next_meeting_at or 0) > now:
            return {"signal": kind.value, "at": context.subject.next_meeting_at}
        if at and at >= signal.at:
            return {"signal": kind.value, "at": at}
    return came_since(when, signal, context) if when.unless_events else None
