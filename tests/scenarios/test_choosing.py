"""Whom a follow-up is for: awaited, asked once, answered."""

from __future__ import annotations

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import Story, playbook

ASK = "followthrough/choose-contact"
CHOOSE = "Choose the contact for this follow-up"
TWO = playbook(
    """
    - id: calls
      when: {stage_entered: qualified}
      again: every_entry
      then: [{enrol: calls}]
    - id: letters
      when: {stage_entered: qualified}
      again: every_entry
      then: [{enrol: letters}]
    """,
    """
    - id: calls
      steps: [{id: ring, at: 2d, task: call, template: t, subject: Ring}]
    - id: letters
      steps: [{id: write, at: 3d, task: todo, template: t, subject: Look up}]
    """,
)
QUIET = playbook("""
  - id: quiet
    when: {no_activity_for: 2d}
    again: every_signal
    then: [{create_tasks: [{id: ring, at: 0d, task: call, template: t, subject: Ring}]}]
""")


def _titles(story: Story, deal: str) -> list[str]:
    return sorted(task.subject.split(" — ")[0] for task in story.open(deal))


def test_two_sequences_at_one_instant_ask_once_and_both_take_the_answer(story: Story) -> None:
    story.live(TWO)
    one, two = story.contact("Nora"), story.contact("Bo")
    deal = story.deal("qualified", contact=one)
    story.link(deal, two)
    story.until("+1h")
    (question,) = story.open(deal)
    assert question.subject.startswith(CHOOSE)
    assert "Nora Vos" in question.body
    assert "Bo Vos" in question.body
    story.act("dissociate", kind="deals", record=deal, to_kind="contacts", to=two)
    story.until("+10min")
    (resolved,) = story.tasks(deal)
    assert (resolved.archived, resolved.reason) == (True, "contact_chosen")
    story.until("+4d")
    rows = {row["definition"]: row for row in story.subject(deal)["enrolments"]}
    assert {rows[key]["contact_id"] for key in ("test/calls", "test/letters")} == {one}
    assert rows[ASK]["end_reason"] == "contact_chosen"
    assert {task.contacts for task in story.open(deal)} == {(one,)}
    assert "contact_is_chosen" in story.codes(deal, "enrolment:")


def test_the_same_question_is_not_asked_at_each_silence(story: Story) -> None:
    story.live(QUIET)
    deal = story.deal("new", contact="")
    story.until("+3d")
    assert _titles(story, deal) == [CHOOSE, "Ring"]
    ring, question = sorted(story.open(deal), key=lambda task: "Choose" in task.subject)
    story.act("complete_task", task=ring.id)
    story.until("+3d")
    assert _titles(story, deal) == [CHOOSE, "Ring"], "a second silence, the same open question"
    story.act("delete_task", task=question.id)
    (ring,) = [task for task in story.open(deal) if "Ring" in task.subject]
    story.act("complete_task", task=ring.id)
    story.until("+3d")
    assert _titles(story, deal) == ["Ring"], "who deletes the question is not asked it again"


def test_a_contact_that_comes_late_is_awaited_then_asked_for_then_taken(story: Story) -> None:
    story.live(TWO)
    nora = story.contact("Nora")
    soon, late = story.deal("qualified", contact=""), story.deal("qualified", contact="")
    story.until("+1min")
    story.link(soon, nora)
    story.until("+1h")
    assert story.tasks(soon) == [], "the association came within two minutes: nobody is asked"
    assert _titles(story, late) == [CHOOSE]
    story.link(late, nora)
    story.until("+10min")
    assert _titles(story, late) == []
    story.until("+2d")
    assert {t.contacts for deal in (soon, late) for t in story.open(deal)} == {(nora,)}


def test_the_question_goes_with_the_last_that_needs_its_answer(story: Story) -> None:
    story.live(TWO)
    deal = story.deal("qualified", contact="")
    story.until("+1h")
    assert _titles(story, deal) == [CHOOSE]
    story.move(deal, "new")
    story.until("+10min")
    assert story.open(deal) == []
    assert story.ended(deal)[ASK] == "not_needed"
    story.move(deal, "qualified")
    story.until("+10min")
    assert _titles(story, deal) == [CHOOSE], "what nobody had to answer may be asked again"


def test_a_buying_role_decides_among_several_and_is_explained(begin: Begin) -> None:
    story = begin(settings={"roles": ["Economic buyer", "Decision maker"]})
    story.live(TWO)
    nora, bo = story.contact("Nora"), story.contact("Bo")
    story.act(
        "set_property", kind="contacts", record=bo, property="hs_buying_role",
        value="CHAMPION;DECISION_MAKER",
    )  # fmt: skip
    known, asked = story.deal("new", contact=nora), story.deal("new", contact=nora)
    other = story.contact("Cas")
    story.link(known, bo)
    story.link(asked, other)
    story.until("+1h")
    story.move(known, "qualified")
    story.move(asked, "qualified")
    story.until("+1h")
    rows = story.subject(known)["enrolments"]
    assert {(row["contact_id"], row["choice"]) for row in rows} == {(bo, "role:Decision maker")}
    assert "the one with the role Decision maker" in story.why(known, "test/calls")
    assert _titles(story, asked) == [CHOOSE]
    story.link(asked, other, label="Economic buyer")
    story.until("+10min")
    rows = [row for row in story.subject(asked)["enrolments"] if row["definition"] != ASK]
    assert {(row["contact_id"], row["choice"]) for row in rows} == {
        (other, "role:Economic buyer")
    }
    assert _titles(story, asked) == []


def test_an_amount_that_cannot_be_converted_is_unknown_never_zero(story: Story) -> None:
    story.live(
        playbook("""
          - id: small
            when: {stage_entered: qualified}
            if: {field: deal.amount, op: "<", value: 1000}
            then: [{create_tasks: [{id: a, task: call, template: t, subject: Ring}]}]
        """)
    )
    deal = story.deal("new", amount=900)
    story.act("set_property", kind="deals", record=deal, property="deal_currency_code", value="CHF")
    story.until("+1h")
    story.move(deal, "qualified")
    story.until("+1h")
    assert story.tasks(deal) == []
    assert story.subject(deal)["amount"] is None
    assert "unknown" in story.why(deal, "test/small")
