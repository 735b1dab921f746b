"""The question whom a follow-up is for: asked once of a subject, whatever runs on it.

It is a firing of a rule of our own and not a step of the follow-up that lacks a person: two
sequences that start at one instant would each ask, a silence would ask again at every firing, and a
follow-up that ends would take the question with it while another still waits for the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.decisions.codes import Code
from app.decisions.context import RuleContext
from app.decisions.sequences import plan
from app.decisions.who import choose_contact
from app.model.decisions import (
    Action,
    ChooseContact,
    Decision,
    EndEnrolment,
    EnrolmentView,
    Explanation,
    StartEnrolment,
)
from app.model.ids import enrolment_id
from app.model.in_force import built_in
from app.model.playbook import Step
from app.model.records import Choice
from app.model.time import Business
from app.model.vocabulary import (
    QUESTION,
    EnrolmentState,
    Mode,
    Priority,
    SignalKind,
    StopReason,
    TaskType,
)

_PLAYBOOK, _, _ID = QUESTION.partition("/")

CHOOSE_CONTACT = Step(
    id=_ID,
    at=None,
    task=TaskType.TODO,
    subject="Choose the contact for this follow-up",
    template=_ID,
    priority=Priority.HIGH,
)
"""The steps of the follow-up itself stay planned, as tasks on the deal: a follow-up that nobody is
chosen for is still owed, and no task is a message."""

ASKING = built_in(QUESTION, SignalKind.SUBJECT_CREATED, (CHOOSE_CONTACT,))
"""The rule that asks; it is in no playbook and waits for no signal."""


def ask(context: RuleContext, now: Business) -> Decision:
    """Ask whom to touch, or take the answer, where live follow-ups of the subject lack a person.

    A rep who closes the question without an answer is not asked again about the same people; once
    there are others to choose from, it is another question.
    """
    waiting = [one for one in context.running if _waits(one)]
    if not waiting:
        return Decision()
    asked = next((one for one in context.running if one.definition == QUESTION), None)
    choice = choose_contact(context.subject, context.roles)
    if choice.contact is not None:
        return _answered(context, waiting, asked, choice, now)
    people = f"contacts:{','.join(sorted(choice.candidates))}"
    before = {anchor.partition("/")[0] for anchor in context.past.get(QUESTION, ())}
    if asked is not None or people in before:
        return Decision()
    return _question(context, choice, f"{people}/{waiting[0].id}", now)


def _waits(one: EnrolmentView) -> bool:
    return (
        one.contact is None
        and one.definition != QUESTION
        and one.state is EnrolmentState.ACTIVE
        and one.mode is not Mode.SHADOW
    )


def _question(context: RuleContext, choice: Choice, anchor: str, now: Business) -> Decision:
    subject = context.subject
    key = enrolment_id(context.installation_key, subject.first_seen, QUESTION, anchor)
    touches = plan(now, (CHOOSE_CONTACT,), context.calendar, now, key, at_once=True)
    begun = StartEnrolment(
        id=key,
        subject=subject.id,
        rule=ASKING,
        definition=QUESTION,
        sequence=None,
        steps=(CHOOSE_CONTACT,),
        anchor=anchor,
        anchor_at=now,
        started_at=now,
        contact=None,
        choice=choice.reason,
        state=EnrolmentState.ACTIVE,
        mode=Mode.LIVE,
        touches=touches,
    )
    values = {"choice": choice.reason, "candidates": choice.candidates,
              "due_at": touches[0].due_at}  # fmt: skip
    line = Explanation(
        subject.id, f"rule:{QUESTION}", "fired", Code.CONTACT_ASKED, now, True, values
    )
    return Decision((begun,), (line,))


def _answered(
    context: RuleContext,
    waiting: Sequence[EnrolmentView],
    asked: EnrolmentView | None,
    choice: Choice,
    now: Business,
) -> Decision:
    subject, contact = context.subject.id, choice.contact
    assert contact is not None
    actions: list[Action] = [
        ChooseContact(tuple(one.id for one in waiting), subject, contact.crm_id, choice.reason)
    ]
    values = {"contact": contact.name or contact.email or contact.crm_id, "choice": choice.reason}
    lines = [
        Explanation(
            subject, f"enrolment:{one.id}", "chosen", Code.CONTACT_CHOSEN, now, True, values
        )
        for one in waiting
    ]
    if asked is not None:
        reason = StopReason.CONTACT_CHOSEN
        actions.append(EndEnrolment(asked.id, subject, reason, now))
        lines.append(
            Explanation(subject, f"enrolment:{asked.id}", "ended", reason.value, now, True, values)
        )
    return Decision(tuple(actions), tuple(lines))
