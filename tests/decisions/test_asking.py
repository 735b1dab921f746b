"""One question for a subject, and what its answer does."""

from __future__ import annotations

from typing import Any

import pytest

from app.decisions.asking import ask
from app.decisions.context import RuleContext
from app.model.decisions import ChooseContact, Decision, EndEnrolment, StartEnrolment
from app.model.records import ContactView
from app.model.vocabulary import QUESTION, EnrolmentState, Mode, StopReason
from tests.decisions.build import NOW, active, context, enrolment, subject

A, B = ContactView("a", name="Ada"), ContactView("b", name="Bo")
WAITING = enrolment(contact=None)
ASKED = enrolment(id="q", contact=None, definition=QUESTION, rule=QUESTION, sequence=None)


def _context(running: list[Any], contacts: tuple[ContactView, ...], **more: Any) -> RuleContext:
    return context(active(), subject=subject(contacts=contacts), running=running, **more)


def _started(decision: Decision) -> list[StartEnrolment]:
    return [one for one in decision.actions if isinstance(one, StartEnrolment)]


@pytest.mark.parametrize("contacts", [(), (A, B)])
def test_the_owner_is_asked_at_once(contacts: tuple[ContactView, ...]) -> None:
    decision = ask(_context([WAITING], contacts), NOW)
    (question,) = _started(decision)
    assert (question.definition, question.sequence) == (QUESTION, None)
    assert [(t.step.id, t.due_at) for t in question.touches] == [("choose-contact", NOW)]
    (line,) = decision.explanations
    assert line.values["candidates"] == tuple(c.crm_id for c in contacts)


def test_one_question_serves_all_that_wait_and_is_the_same_whoever_asks() -> None:
    two = [WAITING, enrolment(id="e2", contact=None, definition="pb/other")]
    (one,), (other,) = (_started(ask(_context(found, (A, B)), NOW)) for found in (two, two[:1]))
    assert one.id == other.id
    assert ask(_context([*two, ASKED], (A, B)), NOW) == Decision()


def test_the_same_people_are_not_asked_about_again_but_others_are() -> None:
    past = {QUESTION: frozenset({"contacts:a,b/e0"})}
    assert ask(_context([WAITING], (A, B), past=past), NOW) == Decision()
    assert _started(ask(_context([WAITING], (A, B, ContactView("c")), past=past), NOW))


@pytest.mark.parametrize(
    "running",
    [
        enrolment(),
        enrolment(contact=None, mode=Mode.SHADOW),
        enrolment(contact=None, state=EnrolmentState.PROPOSED),
        enrolment(contact=None, state=EnrolmentState.BACKLOG),
    ],
)
def test_nothing_is_asked_for_what_has_somebody_or_does_not_act(running: Any) -> None:
    assert ask(_context([running], (A, B)), NOW) == Decision()


def test_an_answer_goes_to_all_that_wait_and_ends_the_question() -> None:
    two = [WAITING, ASKED, enrolment(id="e2", contact=None, definition="pb/other")]
    decision = ask(_context(two, (ContactView("a", name="Ada", primary=True), B)), NOW)
    chosen, ended = decision.actions
    assert chosen == ChooseContact(("e1", "e2"), 1, "a", "primary")
    assert isinstance(ended, EndEnrolment)
    assert (ended.enrolment, ended.reason) == ("q", StopReason.CONTACT_CHOSEN)
    assert {line.scope for line in decision.explanations} == {
        "enrolment:e1", "enrolment:e2", "enrolment:q"
    }  # fmt: skip
