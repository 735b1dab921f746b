"""A person whom the CRM has twice, under one e-mail address."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story, playbook

LEADS = playbook(
    """
    - {id: lead, when: {subject_created: contact}, settle: 0min, then: [{enrol: way}]}
    - {id: deal, when: {stage_entered: [qualified]}, settle: 0min, then: [{create_tasks: [
        {id: ring, at: 1h, task: call, template: t, subject: Ring},
        {id: note, at: 1h, task: todo, template: t, subject: Look it up}]}]}
    """,
    """
    - id: way
      exits: {stage_left: off}
      steps:
        - {id: first, at: 1h, task: call, template: t, subject: First call}
        - {id: look, at: 1d, task: todo, template: t, subject: Look at their site}
        - {id: second, at: 3d, task: email, template: t, subject: Second mail}
    """,
)
ADDRESS = "nora@prospect.example"


@pytest.fixture
def twice(begin: Begin) -> Story:
    """A CRM that lets several contacts have one address."""
    return several(begin)


def several(begin: Begin, **settings: object) -> Story:
    story = begin(settings={"merge": False, **settings})
    with story.simulation.world.lock:
        for index in (story.account.unique, story.account.unique_archived):
            index["contacts"].pop("email")
    story.live(LEADS)
    return story


@pytest.mark.feature("P27")
def test_an_inquiry_that_is_there_twice_is_followed_up_once(twice: Story) -> None:
    first = twice.contact("Nora", owner=ADA.owner_id, email=ADDRESS)
    twice.until("+30min")
    second = twice.contact("Nora", owner=BEN.owner_id, email=ADDRESS.upper())
    other = twice.contact("Piet", owner=BEN.owner_id)
    twice.until("+2h")
    assert twice.titles(first) == twice.titles(other) == ["First call"]
    assert twice.titles(second) == []
    said = (
        f"Contact {first} has the same e-mail address, and the same follow-up has run there since "
        "before this one."
    )
    assert said in twice.whys(second, "test/lead", "contact")
    twice.to("2026-09-11 12:00")
    assert twice.titles(second) == ["Look at their site"], "which troubles nobody"
    assert twice.titles(first) == ["First call", "Look at their site", "Second mail"]
    # Months later the person comes back under a third record: that is a new inquiry.
    for task in twice.open():
        twice.act("complete_task", task=task.id)
    twice.until("+40d")
    third = twice.contact("Nora", owner=BEN.owner_id, email=ADDRESS)
    twice.until("+1d")
    assert "First call" in twice.titles(third)


@pytest.mark.feature("P27")
def test_whoever_shares_an_address_shares_what_they_said_no_to(twice: Story) -> None:
    known = twice.contact("Nora", email=ADDRESS)
    deal = twice.deal("qualified", contact=twice.contact("N.", email=ADDRESS))
    twice.act("opt_out", contact=known)
    twice.until("+2h")
    assert twice.titles(deal) == ["Look it up"]
    assert (
        f"Contact {known} has the same e-mail address and must not be addressed: opted_out."
        in twice.whys(deal, "test/deal")
    )


@pytest.mark.feature("P27")
@pytest.mark.feature("G01")
def test_caps_count_a_person_under_all_of_their_records(begin: Begin) -> None:
    story = several(begin, cap_7_days=1)
    deals = [
        story.deal("qualified", name=name, contact=story.contact(name, email=ADDRESS))
        for name in ("North", "South")
    ]
    story.until("+2h")
    assert sorted(story.titles(deal) for deal in deals) == [
        ["Look it up"], ["Look it up", "Ring"]
    ]  # fmt: skip


@pytest.mark.feature("P27")
def test_an_address_that_stands_for_several_people_may_be_no_person(begin: Begin) -> None:
    story = several(begin, same_address="each", cap_7_days=1)
    both = [story.contact(name, owner=ADA.owner_id, email=ADDRESS) for name in ("Nora", "Piet")]
    story.until("+2h")
    assert [story.titles(one) for one in both] == [["First call"], ["First call"]]
