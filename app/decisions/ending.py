"""What comes after the end of an enrolment: nothing, another sequence, a person's look, or a date.

What follows is begun by a timer, at once or after its delay: the record is read again first, and
what came meanwhile counts. The chain stands in the ledger both ways, and in the anchor of what
follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.decisions.codes import Code
from app.decisions.context import Cause, RuleContext, gate, refusal
from app.decisions.firing import begin_sequence
from app.decisions.recycling import put_off
from app.decisions.timing import owed_at
from app.model.calendar import WorkCalendar
from app.model.decisions import Action, ArmTimer, Decision, EnrolmentView, Explanation
from app.model.ending import End
from app.model.playbook import ActiveRule
from app.model.records import SubjectView
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, SignalKind, StopReason

TIMER = "next:"
"""Prefix of the timer that begins what follows; the id of the enrolment that ended comes after."""

ANCHOR = "end:"
"""Prefix of the anchor of what follows an end; the id of the enrolment that ended comes after."""

_CLOSINGS = frozenset({StopReason.CLOSED_WON.value, StopReason.CLOSED_LOST.value})


def end_of(enrolment: EnrolmentView, reason: StopReason) -> End | None:
    """What the enrolment's version says of this end; None for what never began or only watched."""
    sequence = enrolment.sequence
    if sequence is None or enrolment.mode is Mode.SHADOW:
        return None
    if enrolment.state is not EnrolmentState.ACTIVE:
        return None
    found = next((end for why, end in sequence.ends if why is reason), None)
    if found is None and reason is StopReason.FINISHED:
        recycle = next(
            (s.recycle for s in reversed(enrolment.steps) if s.recycle is not None), None
        )
        return None if recycle is None else End("recycle", after=recycle)
    return found


def follow(
    enrolment: EnrolmentView,
    reason: StopReason,
    at: Business,
    calendar: WorkCalendar,
    now: Business,
) -> tuple[tuple[Action, ...], Business | None, tuple[Explanation, ...]]:
    """Actions beside the end itself, the date of a return if there is one, and why.

    at: when it ended, from which the delay counts.
    """
    end = end_of(enrolment, reason)
    if end is None:
        return (), None, ()
    if end.to == "archive":
        line = enrolment.told("archived", Code.NOTHING_FOLLOWS, now, {}, positive=False)
        return (), None, (line,)
    due = at if end.after is None else owed_at(at, end.after, calendar)
    if end.to == "recycle":
        return put_off(enrolment, due), due, ()
    data = {
        "enrolment": enrolment.id,
        "definition": enrolment.definition,
        "rule": enrolment.rule,
        "sequence": end.sequence,
        "contact": enrolment.contact,
        "reason": reason.value,
        "ended_at": now,
    }
    values = {"sequence": end.sequence, "until": max(due, now)}
    line = enrolment.told("followed", Code.FOLLOWED_BY, now, values)
    timer = ArmTimer(enrolment.subject, f"{TIMER}{enrolment.id}", max(due, now), data)
    return (timer,), None, (line,)


def go_on(
    active: ActiveRule | None,
    data: Mapping[str, Any],
    due_at: Business,
    context: RuleContext,
    now: Business,
) -> Decision:
    """Begin what follows, on the record as it is now, unless its reason is gone.

    active: the rule that had begun what ended, None where that is off. What is begun is of the
    version in force.
    """
    subject = context.subject
    if active is None:
        scope = f"rule:{data['rule']}"
        line = Explanation(subject.id, scope, "not_fired", Code.RULE_OFF, now, values=_values(data))
        return Decision((), (line,))
    stop = gate(active, context) or _gone(subject, data, now)
    if stop is not None:
        return refusal(active, context, stop[0], now, {**stop[1], **_values(data)})
    cause = Cause(
        f"{ANCHOR}{data['enrolment']}",
        due_at,
        stage=subject.stage_id if subject.closed else None,
        values=_values(data),
        contact=data["contact"],
    )
    return begin_sequence(active, str(data["sequence"]), cause, context, now)


def _values(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "after": data["definition"],
        "ended": data["reason"],
        "previous": data["enrolment"],
        "anchor": f"{ANCHOR}{data['enrolment']}",
    }


def _gone(
    subject: SubjectView, data: Mapping[str, Any], now: Business
) -> tuple[str, Mapping[str, Any]] | None:
    """What has happened since the end that leaves nothing to go on with."""
    if subject.control == "stop":
        return StopReason.CONTROL.value, {"on": "subject"}
    if subject.closed and data["reason"] not in _CLOSINGS:
        return Code.SUBJECT_CLOSED, {"stage": subject.stage_kind.value}
    if (subject.last_reply_at or 0) > data["ended_at"]:
        values = {"signal": SignalKind.REPLIED.value, "at": subject.last_reply_at}
        return Code.ANSWERED_MEANWHILE, values
    if data["reason"] == StopReason.FINISHED.value and (subject.next_meeting_at or 0) > now:
        values = {"signal": SignalKind.MEETING_BOOKED.value, "at": subject.next_meeting_at}
        return Code.ANSWERED_MEANWHILE, values
    return None
