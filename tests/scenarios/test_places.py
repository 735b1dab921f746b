"""How many follow-ups may run at a time, or begin in a day: the rest waits in a queue."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story, playbook


def ask(more: str = "") -> str:
    return playbook(
        "- {id: go, when: {stage_entered: qualified}, settle: 0min, then: [{enrol: ask}]}",
        f"""
        - id: ask
          {more}
          steps: [{{id: a, at: 1h, task: call, template: t, subject: Ask}}]
        """,
    )


def states(story: Story, deals: list[str]) -> list[str]:
    return [row["state"] for deal in deals for row in story.subject(deal)["enrolments"]]


def complete(story: Story, deal: str) -> None:
    (task,) = story.open(deal)
    story.act("complete_task", task=task.id)
    story.settle()


@pytest.mark.feature("P08")
def test_above_the_limit_of_a_rep_the_oldest_begins_when_a_place_frees(begin: Begin) -> None:
    story = begin(settings={"rep_active": 2})
    story.live(ask())
    deals: list[str] = []
    for _ in range(4):
        deals.append(story.deal("qualified"))
        story.until("+10min")
    bens = story.deal("qualified", owner=BEN)
    story.until("+10min")
    assert states(story, [*deals, bens]) == ["active", "active", "queued", "queued", "active"]
    assert story.why(deals[2], "test/go") == (
        "No place is free: running sequences of this rep are 2 of 2. It begins by itself when one "
        "is, the oldest first."
    )
    complete(story, deals[1])
    story.until("+10min")
    assert states(story, deals) == ["active", "ended", "active", "queued"]
    assert [t.subject for t in story.open(deals[2])] == ["Ask — Big sale"]
    # What comes now does not overtake what waits, and what left while it waited takes no place.
    late = story.deal("qualified")
    story.move(deals[3], "lost")
    story.until("+10min")
    complete(story, deals[0])
    story.until("+10min")
    assert states(story, [deals[3], late]) == ["ended", "active"]
    assert story.tasks(deals[3]) == []


@pytest.mark.feature("P08")
def test_a_sequence_has_its_own_limit_over_all_reps(story: Story) -> None:
    story.live(ask("max_active: 1"))
    first, second = story.deal("qualified", owner=ADA), story.deal("qualified", owner=BEN)
    story.until("+10min")
    assert Counter(states(story, [first, second])) == {"active": 1, "queued": 1}
    running, waiting = sorted((first, second), key=lambda d: states(story, [d]))
    complete(story, running)
    story.until("+10min")
    assert states(story, [waiting]) == ["active"]


@pytest.mark.feature("P08")
def test_so_many_begin_for_a_rep_in_24_hours(begin: Begin) -> None:
    story = begin(settings={"rep_new_per_day": 2})
    story.live(ask())
    deals: list[str] = []
    for _ in range(5):
        deals.append(story.deal("qualified"))
        story.until("+10min")
    assert states(story, deals) == ["active"] * 2 + ["queued"] * 3
    story.to("2026-09-08 09:59")
    assert states(story, deals) == ["active"] * 2 + ["queued"] * 3
    story.to("2026-09-08 10:20")
    assert states(story, deals) == ["active"] * 4 + ["queued"]
    story.restart()
    story.to("2026-09-09 10:20")
    assert states(story, deals) == ["active"] * 5
    assert len({task.id for task in story.tasks()}) == 5


@pytest.mark.feature("P08")
def test_a_lifted_limit_lets_the_queue_begin(begin: Begin) -> None:
    story = begin(settings={"rep_active": 1})
    story.live(ask())
    deals = [story.deal("qualified") for _ in range(3)]
    story.until("+10min")
    assert sorted(states(story, deals)) == ["active", "queued", "queued"]
    story.change("PUT", "/api/settings", {"rep_active": None})
    story.until("+10min")
    assert states(story, deals) == ["active"] * 3
