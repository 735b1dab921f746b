"""Whether what waits for a person's word is still owed: a proposal, a backlog, what needs approval.

It may wait for weeks. Signals end it as they end what runs; this asks the rest, on the record as it
is now, so that nobody is asked to begin, and nothing is released, whose reason is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.decisions.approaching import date_passed
from app.decisions.beside import clash
from app.decisions.codes import Code
from app.decisions.conditions import compile_condition, values_read
from app.decisions.context import Cause, RuleContext, gate
from app.decisions.event_counting import anchored
from app.decisions.exits import exits_of
from app.decisions.lasting import lasts_since
from app.decisions.timing import owed_at
from app.model.decisions import EnrolmentView
from app.model.ids import stage_anchor
from app.model.playbook import ActiveRule
from app.model.records import SubjectView
from app.model.time import Business
from app.model.vocabulary import LASTING, EnrolmentState, StageKind, StopReason

UNDECIDED = frozenset(
    {
        EnrolmentState.PROPOSED,
        EnrolmentState.BACKLOG,
        EnrolmentState.APPROVAL,
        EnrolmentState.QUEUED,
    }
)
"""States in which an enrolment waits for a person's word, or for a place."""

Gone = tuple[str, Mapping[str, Any]]


def reason_gone(
    active: ActiveRule | None, waiting: EnrolmentView, context: RuleContext, now: Business
) -> Gone | None:
    """(code, values) of why an enrolment that has not begun is not owed any more; None if it is.

    active: its rule as in force now, None where that is switched off.
    """
    if active is None:
        return Code.RULE_OFF, {}
    context = anchored(context, waiting.anchor)
    subject = context.subject
    return (
        gate(active, context)
        or _stopped(waiting, subject)
        or _moved_on(waiting, subject)
        or _answered(waiting, subject, now)
        or _condition(active, context, now)
        or _no_silence(active, waiting, context, now)
        or date_passed(active, context, now)
        or _beside(active, waiting, context)
    )


def _stopped(waiting: EnrolmentView, subject: SubjectView) -> Gone | None:
    if subject.control == "stop":
        return StopReason.CONTROL.value, {"on": "subject"}
    if any(c.control == "stop" for c in subject.contacts if c.crm_id == waiting.contact):
        return StopReason.CONTROL.value, {"on": "contact"}
    return None


def _moved_on(waiting: EnrolmentView, subject: SubjectView) -> Gone | None:
    if subject.closed and subject.stage_id != waiting.anchor_stage:
        won = subject.stage_kind is StageKind.WON
        reason = StopReason.CLOSED_WON if won else StopReason.CLOSED_LOST
        return reason.value, {"stage": subject.stage_id}
    entered, stage = subject.stage_entered_at, subject.stage_id
    if not waiting.anchor.startswith("stage:") or entered is None or stage is None:
        return None
    left = stage_anchor(stage, entered) != waiting.anchor
    if left and StopReason.STAGE_LEFT in exits_of(waiting):
        return StopReason.STAGE_LEFT.value, {"stage": stage}
    return None


def _answered(waiting: EnrolmentView, subject: SubjectView, now: Business) -> Gone | None:
    """A rule's own tasks stand in spite of an answer; a sequence says by its exits."""
    if waiting.sequence is None:
        return None
    exits, since = waiting.sequence.exits, waiting.anchor_at
    if StopReason.REPLIED in exits and (subject.last_reply_at or 0) > since:
        return StopReason.REPLIED.value, {"at": subject.last_reply_at}
    if StopReason.MEETING_BOOKED in exits:
        if (subject.next_meeting_at or 0) > now:
            return StopReason.MEETING_BOOKED.value, {"at": subject.next_meeting_at}
        if (subject.last_meeting_at or 0) > since:
            return Code.MEETING_HELD, {"at": subject.last_meeting_at}
    return None


def _condition(active: ActiveRule, context: RuleContext, now: Business) -> Gone | None:
    rule, subject, zone = active.rule, context.subject, context.calendar.zone
    if compile_condition(rule.condition, context.roles)(subject, now, zone):
        return None
    values = values_read(rule.condition, subject, context.roles, zone)
    unknown = [name for name, value in values.items() if value is None]
    return Code.CONDITION_FALSE, {"read": values, "unknown": unknown}


def _no_silence(
    active: ActiveRule, waiting: EnrolmentView, context: RuleContext, now: Business
) -> Gone | None:
    """Newer activity broke the silence; a later silence is a firing of its own."""
    when = active.rule.when
    if when.kind not in LASTING:
        return None
    since = lasts_since(when, context, now)
    if since.at is None:
        return since.code, since.values
    until = owed_at(since.at, when.after, context.calendar)
    if since.at > waiting.started_at or until > now:
        return Code.ACTIVITY_SINCE, {"last_activity_at": since.at, "until": until}
    return None


def _beside(active: ActiveRule, waiting: EnrolmentView, context: RuleContext) -> Gone | None:
    """What has begun since forbids it; what only waits, as it does itself, forbids nothing."""
    if waiting.sequence is None:
        return None
    begun = [other for other in context.running if other.state is EnrolmentState.ACTIVE]
    cause = Cause(waiting.anchor, waiting.anchor_at)
    found = clash(waiting.sequence, active, cause, replace(context, running=begun))
    return (found[0], {"enrolment": found[1]}) if found else None
