"""Silence as a signal, and all else that is one once it has lasted: no next step, no owner.

Every (subject, rule) has at most one timer. Activity does not touch it: a busy deal would rewrite a
row a day for nothing. When the timer is due the subject has been re-read, and it either fires or
moves to the last activity plus N. After a firing it is armed again only by newer activity, so that
one silence is one firing, numbered.
"""

from __future__ import annotations

from typing import Any

from app.decisions.codes import Code
from app.decisions.context import Cause, RuleContext, closed_to, explain, gate, refusal
from app.decisions.firing import fire
from app.decisions.lasting import Since, lasts_since, off_limits
from app.decisions.timing import owed_at
from app.model.decisions import ArmTimer, Decision
from app.model.playbook import ActiveRule
from app.model.time import Business
from app.model.vocabulary import LASTING, Again, EnrolmentState, SignalKind


def silence(active: ActiveRule, context: RuleContext, now: Business) -> Decision:
    """Decide a silence timer that is due: fire, move it, or say why neither.

    The firing's anchor is `silence:<n>`, n counting this rule's firings for the subject from 1, and
    its delays count from the instant at which the silence was complete.
    """
    stop = closed_to(active, context)
    if stop is not None:
        return refusal(active, context, stop[0], now, stop[1])
    when = active.rule.when
    if context.subject.closed:
        stage = context.subject.stage_kind.value
        return refusal(active, context, Code.SUBJECT_CLOSED, now, {"stage": stage})
    if off_limits(when, context.subject):
        values = {"stage": context.subject.stage_id}
        return refusal(active, context, Code.NOT_FOLLOWED, now, values)
    since = lasts_since(when, context, now)
    if since.at is None:
        return _not_so(active, since, context, now)
    last = since.at
    reached = owed_at(last, when.after, context.calendar)
    values: dict[str, Any] = {_named(active): last, "silence": str(when.after)}
    if reached > now:
        timer = ArmTimer(context.subject.id, active.rule.key, reached, {})
        values["until"] = reached
        code = _AWAITED.get(when.kind, Code.LASTS_SINCE)
        line = explain(active, context, "waiting", code, now, values=values)
        return Decision((timer,), (line,))
    fired_at = context.last_fired.get(active.rule.key)
    if fired_at is not None and last <= fired_at:
        return refusal(active, context, Code.ALREADY_FIRED, now, {"fired_at": fired_at, **values})
    if reached < active.activated_at:
        values["activated_at"] = active.activated_at
        return refusal(active, context, Code.BEFORE_ACTIVATION, now, values)
    return fire_silence(active, context, reached, now)


_AWAITED = {SignalKind.NO_ACTIVITY: Code.ACTIVITY_SINCE}


def _named(active: ActiveRule) -> str:
    silent = active.rule.when.kind is SignalKind.NO_ACTIVITY
    return "last_activity_at" if silent else "since_at"


def _not_so(active: ActiveRule, since: Since, context: RuleContext, now: Business) -> Decision:
    """It does not last. A next step may end without anybody doing anything (a meeting passes, a
    step is dropped), so that is asked again; whatever else begins, begins with a signal."""
    line = explain(active, context, "not_fired", since.code, now, values=since.values)
    if since.code != Code.HAS_NEXT_STEP:
        return Decision((), (line,))
    again = owed_at(max(since.ahead or now, now), active.rule.when.after, context.calendar)
    return Decision((ArmTimer(context.subject.id, active.rule.key, again, {}),), (line,))


def fire_silence(
    active: ActiveRule,
    context: RuleContext,
    reached: Business,
    now: Business,
    state: EnrolmentState | None = None,
) -> Decision:
    """The firing itself, numbered; also used for backlog, with its state."""
    fired = context.firings.get(active.rule.key, 0)
    if fired and active.rule.again is Again.ONCE:
        return refusal(active, context, Code.ONCE_ONLY, now, {"firings": fired})
    values = {
        "silent_since_at": lasts_since(active.rule.when, context, now).at,
        "silence": str(active.rule.when.after),
    }
    return fire(
        active, Cause(f"silence:{fired + 1}", reached, values=values), context, now, state
    )


def silence_due(active: ActiveRule, context: RuleContext, now: Business) -> Business | None:
    """When the subject's present silence is complete; None if the rule waits for none.

    None for closed and deleted subjects, out of scope, of unknown activity, and where the present
    silence has fired already.
    """
    when = active.rule.when
    if when.kind not in LASTING or context.subject.closed or off_limits(when, context.subject):
        return None
    if gate(active, context) is not None:
        return None
    since = lasts_since(when, context, now)
    if since.code == Code.HAS_NEXT_STEP:
        return owed_at(max(since.ahead or now, now), when.after, context.calendar)
    fired_at = context.last_fired.get(active.rule.key)
    if since.at is None or (fired_at is not None and since.at <= fired_at):
        return None
    return owed_at(since.at, when.after, context.calendar)


def arm_silence(context: RuleContext, now: Business) -> Decision:
    """The silence timers to set: for rules that have none armed and wait for one.

    Called after any signal and after import. A silence that was complete before activation is
    backlog and arms nothing. No explanation is written: the timer itself says what is awaited.
    """
    timers: list[ArmTimer] = []
    for active in context.rules:
        key = active.rule.key
        if key in context.armed:
            continue
        due = silence_due(active, context, now)
        if due is not None and due >= active.activated_at:
            timers.append(ArmTimer(context.subject.id, key, due, {}))
    return Decision(tuple(timers))
