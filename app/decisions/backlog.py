"""What a rule would already have owed when it is activated, and letting go of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.decisions.approaching import date_due, fire_date
from app.decisions.context import Cause, RuleContext, gate
from app.decisions.firing import definitions, fire
from app.decisions.flow import has_flow
from app.decisions.placing import plan
from app.decisions.sequences import progress
from app.decisions.silence import fire_silence, silence_due
from app.decisions.starting import as_view
from app.decisions.still_owed import reason_gone
from app.model.calendar import WorkCalendar
from app.model.decisions import CountFrom, Decision, Notice, StartEnrolment
from app.model.ids import stage_anchor
from app.model.playbook import ActiveRule
from app.model.records import SubjectView
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, SignalKind

_NO_FIELDS: Mapping[str, Any] = {}


def qualifies(
    active: ActiveRule, context: RuleContext, now: Business
) -> tuple[StartEnrolment | Notice, ...]:
    """What the rule would owe this subject from before its activation; empty if nothing.

    Three kinds of rules look back: on a stage entry that still stands, on a silence that was
    complete, and on a date that had come near and is not past. Enrolments come in state `backlog`
    and without touches: nothing is created until an admin releases them. Notices come as they would
    have been sent. The ids are those that the live rule would have derived, so a subject cannot be
    owed the same thing twice.
    """
    if gate(active, context) is not None:
        return ()
    if active.rule.when.kind is SignalKind.STAGE_ENTERED:
        cause = _standing_entry(active, context)
        if cause is None:
            return ()
        made = fire(active, cause, context, now, EnrolmentState.BACKLOG)
    elif active.rule.when.kind is SignalKind.DATE:
        reached = date_due(active, context, now)
        if reached is None or reached >= active.activated_at:
            return ()
        made = fire_date(active, context, reached, now, EnrolmentState.BACKLOG)
    else:
        reached = silence_due(active, context, now)
        if reached is None or reached >= active.activated_at:
            return ()
        made = fire_silence(active, context, reached, now, EnrolmentState.BACKLOG)
    return tuple(
        one
        for one in made.actions
        if isinstance(one, StartEnrolment | Notice) and _owed(one, active, context, now)
    )


def _owed(
    one: StartEnrolment | Notice, active: ActiveRule, context: RuleContext, now: Business
) -> bool:
    """What a reply since would have ended is not owed from before either."""
    return isinstance(one, Notice) or reason_gone(active, as_view(one), context, now) is None


def _standing_entry(active: ActiveRule, context: RuleContext) -> Cause | None:
    subject, stages = context.subject, active.rule.when.stages
    entered, stage = subject.stage_entered_at, subject.stage_id
    if entered is None or stage is None or entered >= active.activated_at:
        return None
    if stages and subject.stage_kind not in stages:
        return None
    anchor = stage_anchor(stage, entered)
    if any(anchor in context.past.get(key, frozenset()) for key in definitions(active)):
        return None
    return Cause(anchor, entered, stage=stage, entry=True)


def release(
    start: StartEnrolment,
    now: Business,
    calendar: WorkCalendar,
    fields: Mapping[str, Any] = _NO_FIELDS,
) -> StartEnrolment:
    """The enrolment, active: its delays count from the release, so that late work makes no burst.

    For a released backlog, and under the same ids. `anchor_at` stays: an exit asks what happened
    since the cause, not since the release. fields: the subject's; steps on a date property keep
    their date.
    """
    return _activated(start, now, now, calendar, fields)


def accept(
    start: StartEnrolment,
    now: Business,
    calendar: WorkCalendar,
    fields: Mapping[str, Any] = _NO_FIELDS,
) -> StartEnrolment:
    """The enrolment, active: a proposal that a rep accepts, or one above its limit that an admin
    approves. Its delays count from the cause, as they would have; what is late is spread out."""
    return _activated(start, start.anchor_at, now, calendar, fields)


def _activated(
    start: StartEnrolment,
    counts_from: Business,
    now: Business,
    calendar: WorkCalendar,
    fields: Mapping[str, Any],
) -> StartEnrolment:
    """A sequence with control steps begins with `enter`, which needs the whole record."""
    steered = start.sequence is not None and bool(start.sequence.flow)
    touches = plan(
        counts_from,
        () if steered else start.steps,
        calendar,
        now,
        start.id,
        at_once=start.sequence is None,
        fields=fields,
    )
    return replace(start, state=EnrolmentState.ACTIVE, started_at=now, touches=touches)


def enter(
    begun: StartEnrolment,
    subject: SubjectView,
    counts_from: Business,
    calendar: WorkCalendar,
    now: Business,
) -> Decision:
    """The first way of a sequence with control steps that a person let begin; nothing for others.

    counts_from: what delays from the entry count from, remembered where that is not the cause.
    """
    view = as_view(begun)
    if not has_flow(view):
        return Decision()
    if counts_from == begun.anchor_at:
        return progress(view, subject, calendar, now)
    made = progress(replace(view, counts_from=counts_from), subject, calendar, now)
    remembered = CountFrom(begun.id, begun.subject, counts_from)
    return replace(made, actions=(remembered, *made.actions))
