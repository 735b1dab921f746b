"""Leads of a CRM that keeps them beside people: each is an inquiry of the person whom it is of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, PORTAL, Story, Task, playbook

INQUIRY = playbook(
    """
    - id: came
      when: {subject_created: contact}
      settle: 1min
      then: [{enrol: inquiry}]
    - id: again
      when: {form_submitted: any}
      if: {field: subject.type, op: in, value: [contact, lead]}
      settle: 0min
      then: [{enrol: inquiry}]
      again: every_signal
    """,
    """
    - id: inquiry
      on_deal: %s
      steps:
        - {id: first, at: 1h, task: call, template: t, subject: Answer}
        - {id: second, at: 3d, task: call, template: t, subject: Ask again}
    """,
)


@pytest.fixture
def story(begin: Begin) -> Story:
    return begin(crm="pipedrive", settings={"cap_7_days": None, "cap_30_days": None})


def lead_of(story: Story, contact: str, **more: Any) -> str:
    return story.act("create_lead", contact=contact, name="Forty desks", **more)


def raw(story: Story, task: Task) -> dict[str, Any]:
    """What the task stands on in the CRM: kind → ids."""
    (row,) = (row for row in story.export("tasks")["tasks"] if row["id"] == task.id)
    return {
        kind: [story.outer(kind, one["id"]) for one in linked]
        for kind, linked in row["associations"].items()
        if linked
    }


@pytest.mark.feature("T01")
@pytest.mark.parametrize("on_deal", ["end", "move"])
def test_a_new_lead_begins_the_inquiry_and_is_left_for_its_deal(
    story: Story, on_deal: str
) -> None:
    story.live(INQUIRY % on_deal)
    nora = story.contact(owner=BEN.owner_id)
    lead = lead_of(story, nora, owner=ADA.owner_id)
    story.until("+2h")
    (task,) = story.open(nora)
    assert (task.subject, task.owner) == ("Answer — Nora Vos", "Ada"), "whose lead it is"
    assert raw(story, task) == {"contacts": [nora], "leads": [lead]}
    assert len(story.subject(nora, "contact")["enrolments"]) == 1, "one inquiry, not two"
    story.act("complete_task", task=task.id)

    deal = story.act("convert_lead", lead=lead)
    story.settle()
    story.until("+4d")
    if on_deal == "end":
        assert story.ended(nora, "contact") == {"test/inquiry": "became_deal"}
        assert len(story.tasks()) == 1
        return
    (task,) = story.open(deal)
    assert task.subject == "Ask again — Forty desks"
    assert raw(story, task) == {"contacts": [nora], "deals": [deal]}


@pytest.mark.feature("T01")
def test_an_archived_lead_is_over_and_a_new_one_of_the_same_person_begins_again(
    begin: Begin,
) -> None:
    before: dict[str, str] = {}

    def known(story: Story) -> None:
        before["nora"] = story.contact(owner=ADA.owner_id)

    story = begin(crm="pipedrive", before=known, settings={"cap_7_days": None})
    nora = before["nora"]
    story.live(INQUIRY % "end")
    story.until("+1d")
    first, second = lead_of(story, nora), ""
    story.until("+2h")
    (task,) = story.open(nora)
    assert task.subject.startswith("Answer"), "of somebody known for long, too"
    story.act("move_lead", lead=first, stage="Disqualified")
    story.until("+10min")
    assert story.ended(nora, "contact") == {"test/inquiry": "lead_closed"}
    assert story.why(nora, "test/again", "contact").startswith("The lead was archived")
    assert story.open() == [], "and its untouched task goes"

    second = lead_of(story, nora, owner=BEN.owner_id)
    story.until("+2h")
    (task,) = story.open(nora)
    assert (task.owner, raw(story, task)["leads"]) == ("Ben", [second])
    story.unheard(lambda: story.delete("leads", second))
    story.until("+1d")
    assert story.open() == [], "found by asking, where nobody told"
    third = story.unheard(lambda: lead_of(story, nora))
    story.until("+1d")
    assert [raw(story, task)["leads"] for task in story.open()] == [[third]]


@pytest.mark.feature("T01")
def test_a_lead_that_is_archived_before_anything_began_begins_nothing(story: Story) -> None:
    story.live("inbound-lead")
    nora = story.contact(owner=ADA.owner_id)
    lead = lead_of(story, nora)
    story.until("+1min")
    story.act("move_lead", lead=lead, stage="Disqualified")
    story.until("+1d")
    assert story.tasks() == []
    said = story.why(nora, "inbound-lead/lead-created", "contact")
    assert said.startswith("The lead was archived")


@pytest.mark.feature("K05")
def test_without_the_scope_people_alone_are_inquiries(begin: Begin) -> None:
    story = begin(crm="pipedrive")
    story.live(INQUIRY % "end")
    story.vendor.withdraw_scopes(PORTAL, ["leads:read", "leads:full"])
    nora = story.contact(owner=ADA.owner_id)
    lead_of(story, nora)
    late = story.unheard(lambda: story.deal("new"))
    story.until("+1d")
    (task,) = story.open(nora)
    assert raw(story, task) == {"contacts": [nora]}
    assert story.subject(late)["id"] == late, "what was lost is found by asking, leads or not"
