"""Rules that wait for a date to come near: the contract ends in ninety days.

Such a rule has a lazy timer like a silence: when it is due the record has been read again, and it
fires, moves with the date, or says why neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.decisions.codes import Code
from app.decisions.context import Cause, RuleContext, closed_to, explain, gate, refusal
from app.decisions.dates import ANCHOR, date_of, distance
from app.decisions.firing import definitions, fire
from app.decisions.timing import owed_at
from app.model.decisions import ArmTimer, Decision, DisarmTimer
from app.model.playbook import ActiveRule, When
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import Again, EnrolmentState, SignalKind


def concerns(when: When, signal: Signal) -> bool:
    """Whether a signal sets the date that a rule waits for."""
    if signal.kind is SignalKind.SUBJECT_CREATED:
        return True
    return signal.kind is SignalKind.FIELD_CHANGED and signal.data.get("field") == when.field


def set_date(active: ActiveRule, signal: Signal, context: RuleContext, now: Business) -> Decision:
    """The date was set, moved or emptied: the rule's timer with it, once the change has settled."""
    stop = gate(active, context)
    if stop is not None:
        return refusal(active, context, stop[0], now, stop[1])
    reached = reached_at(active, context)
    key, subject = active.rule.key, context.subject.id
    if reached is None:
        if signal.kind is SignalKind.SUBJECT_CREATED:
            return Decision()
        gone = refusal(active, context, Code.DATE_UNKNOWN, now, {"field": active.rule.when.field})
        return Decision((DisarmTimer(subject, key),), gone.explanations)
    due = Business(max(reached, signal.at + active.settle_ms))
    timer = ArmTimer(subject, key, due, {"since": signal.at})
    line = explain(
        active, context, "waiting", Code.AWAITING_DATE, now, values=_values(active, context, due)
    )
    return Decision((timer,), (line,))


def approached(active: ActiveRule, context: RuleContext, now: Business, since: int = 0) -> Decision:
    """Decide a date's timer that is due: fire, move it, or say why neither.

    since: when the date was written; what was written after the rule's activation is no backlog,
    however late it was written. The firing's anchor is the date's value, so that each date is
    followed up once.
    """
    stop = closed_to(active, context)
    if stop is not None:
        return refusal(active, context, stop[0], now, stop[1])
    reached = reached_at(active, context)
    if reached is None:
        field = active.rule.when.field
        return refusal(active, context, Code.DATE_UNKNOWN, now, {"field": field})
    values = _values(active, context, reached)
    if reached > now:
        timer = ArmTimer(context.subject.id, active.rule.key, reached, {"since": since})
        line = explain(active, context, "waiting", Code.AWAITING_DATE, now, values=values)
        return Decision((timer,), (line,))
    if max(reached, since) < active.activated_at:
        values["activated_at"] = active.activated_at
        return refusal(active, context, Code.BEFORE_ACTIVATION, now, values)
    return fire_date(active, context, reached, now)


def fire_date(
    active: ActiveRule,
    context: RuleContext,
    reached: Business,
    now: Business,
    state: EnrolmentState | None = None,
) -> Decision:
    """The firing itself; also used for backlog, with its state."""
    values = _values(active, context, reached)
    anchor = _anchor(active, context)
    if _is_past(active, context, now):
        return refusal(active, context, Code.DATE_PAST, now, values)
    past = [context.past.get(key) for key in definitions(active)]
    if past and all(anchors and anchor in anchors for anchors in past):
        return refusal(active, context, Code.ALREADY_FIRED, now, {"anchor": anchor, **values})
    if active.rule.again is Again.ONCE and past and all(past):
        return refusal(active, context, Code.ONCE_ONLY, now, values)
    subject = context.subject
    # On a closed deal (a contract to be renewed) the stage is what the follow-up stands on, as
    # with an onboarding; elsewhere no stage caused it.
    stage = subject.stage_id if subject.closed else None
    return fire(active, Cause(anchor, reached, stage, values=values), context, now, state)


def reached_at(active: ActiveRule, context: RuleContext) -> Business | None:
    """When the date is as near as the rule says; None while it is unknown."""
    when = active.rule.when
    at = date_of(context.subject.fields, when.field or "", context.calendar.zone)
    return None if at is None else owed_at(at, when.after, context.calendar)


def date_due(active: ActiveRule, context: RuleContext, now: Business) -> Business | None:
    """When the rule's date is reached; None if it waits for none, or what it was is over."""
    if active.rule.when.kind is not SignalKind.DATE or gate(active, context) is not None:
        return None
    reached = reached_at(active, context)
    if reached is None or _is_past(active, context, now):
        return None
    anchor = _anchor(active, context)
    if any(anchor in context.past.get(key, frozenset()) for key in definitions(active)):
        return None
    return reached


def arm_dates(context: RuleContext, now: Business) -> Decision:
    """The timers to set for rules on dates that have none: after an import or an activation."""
    timers: list[ArmTimer] = []
    for active in context.rules:
        if active.rule.when.kind is not SignalKind.DATE or active.rule.key in context.armed:
            continue
        due = date_due(active, context, now)
        if due is not None and due >= active.activated_at:
            timers.append(ArmTimer(context.subject.id, active.rule.key, due, {}))
    return Decision(tuple(timers))


def date_passed(
    active: ActiveRule, context: RuleContext, now: Business
) -> tuple[str, Mapping[str, Any]] | None:
    """(code, values) where the date that was to be prepared for has gone by; else None."""
    if active.rule.when.kind is not SignalKind.DATE or not _is_past(active, context, now):
        return None
    return Code.DATE_PAST, _values(active, context, now)


def _anchor(active: ActiveRule, context: RuleContext) -> str:
    field = active.rule.when.field or ""
    return f"{ANCHOR}{field}:{context.subject.fields.get(field)}"


def _is_past(active: ActiveRule, context: RuleContext, now: Business) -> bool:
    """A date that was to be prepared for has gone by: there is nothing left to prepare."""
    when = active.rule.when
    if when.after is None or when.after.amount >= 0:
        return False
    at = date_of(context.subject.fields, when.field or "", context.calendar.zone)
    return at is not None and at <= now


def _values(active: ActiveRule, context: RuleContext, until: Business) -> dict[str, Any]:
    when = active.rule.when
    field = when.field or ""
    date = context.subject.fields.get(field)
    return {"field": field, "date": date, "until": until, "distance": distance(when.after)}
