"""The start of an enrolment, or of one firing of `create_tasks`: for whom, which touches, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.context import Cause, RuleContext, explain, refusal
from app.decisions.flow import timer_of
from app.decisions.placing import plan
from app.decisions.walking import Way, walk
from app.decisions.who import choose_by_role, choose_contact
from app.model.decisions import (
    ArmTimer,
    Decision,
    EnrolmentView,
    Explanation,
    PlannedTouch,
    StartEnrolment,
)
from app.model.ids import enrolment_id
from app.model.playbook import ActiveRule, Sequence, Step
from app.model.records import Choice
from app.model.time import Business
from app.model.vocabulary import Again, EnrolmentState, Mode, TouchState


def start(
    active: ActiveRule,
    cause: Cause,
    context: RuleContext,
    now: Business,
    state: EnrolmentState,
    sequence: Sequence | None,
    steps: tuple[Step, ...],
) -> Decision:
    """Start the sequence, or record the rule's own tasks where `sequence` is None.

    Where nobody can be chosen it starts all the same; `app.decisions.asking` asks whom it is for.
    Touches come with it only where they are to be performed; shadow, proposals, backlog and what
    waits for approval carry none, and the explanation lists when they would be due.
    """
    rule, subject = active.rule, context.subject
    definition = sequence.key if sequence else rule.key
    past = context.past.get(definition)
    if past:
        if cause.anchor in past:
            return refusal(active, context, Code.ALREADY_FIRED, now, {"anchor": cause.anchor})
        if rule.again is Again.ONCE:
            return refusal(active, context, Code.ONCE_ONLY, now, {"anchors": sorted(past)})
    choice = _choice(cause, context, sequence)
    if sequence is not None and sequence.role and choice.contact is None:
        code = Code.ROLE_TWICE if choice.candidates else Code.NO_SUCH_ROLE
        values = {"role": sequence.role, "candidates": choice.candidates}
        return refusal(active, context, code, now, {"anchor": cause.anchor, **values})
    key = enrolment_id(context.installation_key, subject.first_seen, definition, cause.anchor)
    steered = sequence is not None and bool(sequence.flow)
    touches = plan(
        cause.at,
        () if steered else steps,
        context.calendar,
        now,
        key,
        at_once=sequence is None,
        fields=subject.fields,
    )
    performs = state is EnrolmentState.ACTIVE and active.mode is not Mode.SHADOW
    begun = StartEnrolment(
        id=key,
        subject=subject.id,
        rule=active,
        definition=definition,
        sequence=sequence,
        steps=steps,
        anchor=cause.anchor,
        anchor_at=cause.at,
        started_at=now,
        contact=choice.contact.crm_id if choice.contact else None,
        choice=choice.reason,
        state=state,
        mode=active.mode,
        touches=touches if performs else (),
        # A sequence that something else than its closing starts on a closed deal does not follow
        # the closing: with the stage as its anchor the guard would take it for onboarding.
        anchor_stage=cause.stage if sequence is None or subject.closed else subject.stage_id,
    )
    way = walk(as_view(begun), subject, context.calendar, now) if steered else Way(touches)
    due = {touch.step.id: touch.due_at for touch in way.touches}
    line = _started(begun, choice, due, cause, context, now)
    if not steered or not performs:
        return Decision((begun,), (line,))
    begun = replace(begun, touches=way.touches, passages=tuple(way.passages.values()))
    actions = [begun, *way.actions]
    if way.finished:
        # Nothing is left of it: it ends, with whatever follows its end, as soon as it stands.
        actions.append(ArmTimer(subject.id, timer_of(key), now, {"enrolment": key}))
    return Decision(tuple(actions), (line, *way.lines))


def _choice(cause: Cause, context: RuleContext, sequence: Sequence | None) -> Choice:
    """Whoever has the sequence's role; else the person as before, or whose doing it was, while they
    are still on the record."""
    if sequence is not None and sequence.role:
        return choose_by_role(context.subject, sequence.role)
    for contact in context.subject.contacts if cause.contact is not None else ():
        if contact.crm_id == cause.contact:
            why = "acted" if cause.anchor.startswith("event:") else "as_before"
            return Choice(contact, why, (contact.crm_id,))
    return choose_contact(context.subject, context.roles)


def as_view(begun: StartEnrolment) -> EnrolmentView:
    """The enrolment as decisions after this one see it."""
    return EnrolmentView(
        id=begun.id,
        subject=begun.subject,
        definition=begun.definition,
        rule=begun.rule.rule.key,
        sequence=begun.sequence,
        steps=begun.steps,
        anchor=begun.anchor,
        anchor_at=begun.anchor_at,
        anchor_stage=begun.anchor_stage,
        started_at=begun.started_at,
        contact=begun.contact,
        state=begun.state,
        mode=begun.mode,
        planned=frozenset(touch.step.id for touch in begun.touches),
        touches=tuple(touch_row(touch) for touch in begun.touches),
        passages={passage.step: passage for passage in begun.passages},
    )


def touch_row(touch: PlannedTouch) -> dict[str, Any]:
    """A touch just planned, as `EnrolmentView.touches` has it."""
    return {
        "id": touch.id,
        "step": touch.step.id,
        "occurrence": touch.occurrence,
        "state": TouchState.PLANNED.value,
        "reason": None,
        "outcome": None,
        "outcome_at": None,
        "outcome_why": None,
    }


def _started(
    begun: StartEnrolment,
    choice: Choice,
    due: Mapping[str, Business],
    cause: Cause,
    context: RuleContext,
    now: Business,
) -> Explanation:
    verdict, code = "fired", Code.ENROLLED if begun.sequence else Code.TASKS_PLANNED
    if begun.state is EnrolmentState.BACKLOG:
        many = "came_by" in (cause.values or {})
        verdict, code = "backlog", Code.CAME_WITH_MANY if many else Code.BACKLOG
        if begun.rule.paused_at is not None:
            code = Code.QUEUED
    elif begun.mode is Mode.SHADOW:
        verdict, code = "shadow", Code.WOULD_ENROL
    elif begun.state is EnrolmentState.PROPOSED:
        verdict, code = "proposed", Code.PROPOSED
    elif begun.state is EnrolmentState.QUEUED:
        verdict, code = "queued", Code.NO_PLACE
    elif begun.state is EnrolmentState.APPROVAL:
        verdict, code = "approval", Code.OVER_LIMIT
    values: dict[str, Any] = {
        "enrolment": begun.id,
        "definition": begun.definition,
        "anchor": begun.anchor,
        "anchor_at": begun.anchor_at,
        "contact": begun.contact,
        "choice": choice.reason,
        "due": due,
        **(cause.values or {}),
    }
    if choice.contact is None:
        values["candidates"] = choice.candidates
    if code == Code.OVER_LIMIT:
        values["limit"] = begun.rule.rule.limit
    return explain(begun.rule, context, verdict, code, now, verdict == "fired", values)
