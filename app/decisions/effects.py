"""Actions of a rule that create no steps: tell, set, hold, stop, reassign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.decisions.codes import Code
from app.decisions.context import Cause, RuleContext, explain
from app.decisions.recycling import MOMENTUM, TIMER
from app.decisions.timing import owed_at
from app.model.decisions import (
    Action,
    ArmTimer,
    Decision,
    EndEnrolment,
    HoldSubject,
    Notice,
    ReassignTasks,
    SetProperty,
)
from app.model.ending import REVIEW
from app.model.ids import enrolment_id
from app.model.playbook import ActiveRule, Hold, Notify, Reassign, RuleAction, SetField, Stop
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason

_ACTED: Mapping[type[RuleAction], str] = {
    Stop: Code.STOPPED_OTHERS,
    Notify: Code.NOTIFIED,
    SetField: Code.PROPERTY_SET,
    Hold: Code.HELD_BY_RULE,
    Reassign: Code.REASSIGNED,
}


def effect(
    active: ActiveRule,
    index: int,
    action: RuleAction,
    cause: Cause,
    context: RuleContext,
    now: Business,
    state: EnrolmentState,
) -> Decision:
    """An action without steps. Only a live rule acts; in manual mode a notice still goes out."""
    made = _actions(active, index, action, cause, context, now)
    code = _ACTED[type(action)]
    values: dict[str, Any] = {"anchor": cause.anchor, **_words(action), **(cause.values or {})}
    allowed = active.mode is Mode.LIVE or (
        active.mode is Mode.MANUAL and isinstance(action, Notify)
    )
    if state is EnrolmentState.BACKLOG:
        keep = made if isinstance(action, Notify) and active.paused_at is None else ()
        line = explain(active, context, "backlog", Code.BACKLOG, now, values=values)
        return Decision(keep, (line,))
    if not allowed:
        values["action"] = code
        line = explain(active, context, "shadow", Code.WOULD_ACT, now, values=values)
        return Decision((), (line,))
    return Decision(made, (explain(active, context, "fired", code, now, True, values),))


URGENT_HOLD = "urgent"
"""Reason of the hold by which an urgent task has the record for itself."""


def hold_others(
    active: ActiveRule, cause: Cause, context: RuleContext, now: Business
) -> Decision:
    """For an urgent rule: what else runs for the subject waits, so that the rep is not doubled."""
    if active.rule.urgent is None:
        return Decision()
    until = owed_at(now, active.rule.urgent, context.calendar)
    values = {"anchor": cause.anchor, "until": until}
    line = explain(active, context, "held", Code.URGENT_HOLD, now, True, values)
    return Decision((HoldSubject(context.subject.id, URGENT_HOLD, until),), (line,))


def _words(action: RuleAction) -> dict[str, Any]:
    if isinstance(action, Notify):
        return {"who": action.who}
    if isinstance(action, SetField):
        return {"field": action.field, "value": action.value}
    if isinstance(action, Hold):
        return {"reason": action.reason, "duration": str(action.duration)}
    if isinstance(action, Reassign):
        return {"to": action.to}
    return {}


def _actions(
    active: ActiveRule,
    index: int,
    action: RuleAction,
    cause: Cause,
    context: RuleContext,
    now: Business,
) -> tuple[Action, ...]:
    subject = context.subject
    if isinstance(action, Notify):
        name = f"{active.rule.key}/notify/{index}"
        key = enrolment_id(context.installation_key, subject.first_seen, name, cause.anchor)
        return (Notice(key, subject.id, action.who, active.rule.key, action.template, now),)
    if isinstance(action, SetField):
        return _set(active, action, cause, context)
    if isinstance(action, Hold):
        until = owed_at(cause.at, action.duration, context.calendar)
        return (HoldSubject(subject.id, action.reason, until),)
    if isinstance(action, Reassign):
        return (ReassignTasks(subject.id, action.to),)
    if isinstance(action, Stop):
        return tuple(
            EndEnrolment(other.id, subject.id, StopReason.RULE_STOP, now)
            for other in context.running
            if other.state is not EnrolmentState.ENDED
            and (not action.sequences or _is_named(other.definition, action.sequences))
        )
    return ()


def _set(
    active: ActiveRule, action: SetField, cause: Cause, context: RuleContext
) -> tuple[Action, ...]:
    """Written where it changes something; what is laid aside for a while gets its day to return."""
    subject = context.subject
    same = subject.momentum == action.value and subject.momentum_at is not None
    made: tuple[Action, ...] = () if same else (
        SetProperty(subject.id, action.field, action.value),
    )
    if action.returns is None:
        return made
    key = enrolment_id(
        context.installation_key, subject.first_seen, active.rule.key, cause.anchor
    )
    until = owed_at(cause.at, action.returns, context.calendar)
    data = {"enrolment": key, "definition": active.rule.key, MOMENTUM: action.value}
    return (*made, ArmTimer(subject.id, f"{TIMER}{key}", until, data))


def _is_named(definition: str, names: frozenset[str]) -> bool:
    """A sequence is named by its key or, within its own playbook, by its id."""
    inside = definition.partition("/")[2]
    if inside.endswith(REVIEW):
        inside = inside.partition("/")[0]  # the review of a sequence is named with it
    return definition in names or inside in names
