"""What managers are told once a day: all of it, and each thing once."""

from __future__ import annotations

import re

import pytest

from tests.scenarios.harness import MIA, Story, Task

CREATE = r"POST /crm/objects/[^/]+/tasks/batch/create"


def digests(story: Story) -> list[Task]:
    return [task for task in story.tasks() if task.owner == "Mia"]


@pytest.mark.feature("T07")
def test_a_weekend_is_told_on_monday_in_one_task(story: Story) -> None:
    story.live("idle-deal")
    deals: list[str] = []
    for day, name in (("12", "Saturday's"), ("13", "Sunday's")):
        story.to(f"2026-09-{day} 11:00")
        deals.append(story.deal("qualified", name=name))
    story.to("2026-09-27 12:00")  # a Sunday; both have been silent for a fortnight
    assert len([n for n in story.notices(MIA) if n["code"] == "idle-manager"]) == 2
    assert digests(story) == [], "nobody reads a task on a Sunday"
    story.to("2026-09-29 12:00")
    (told,) = digests(story)
    assert told.due == "Mon 2026-09-28 09:00"
    assert told.deals == (), "it would be the deals' next step in the CRM, and done their activity"
    for deal, name in zip(deals, ("Saturday", "Sunday"), strict=True):
        assert re.search(rf'<a href="https?://[^"]+/{deal}"><strong>{name}', told.body)


@pytest.mark.feature("T07")
@pytest.mark.parametrize("kind", ["500_after", "500_before"])
def test_a_digest_whose_answer_was_lost_is_not_told_twice(story: Story, kind: str) -> None:
    story.live("idle-deal")
    first = story.deal("qualified", name="First")
    story.to("2026-09-08 11:00")
    second = story.deal("qualified", name="Second")
    story.to("2026-09-21 09:59")  # the day's upkeep is done; what comes is told at midnight
    story.to("2026-09-21 12:00")
    story.hubspot.faults.add({"match": CREATE, "kind": kind, "times": 1})
    story.to("2026-09-22 15:00")
    assert len(digests(story)) == (kind == "500_after")
    story.to("2026-09-24 12:00")
    told = digests(story)
    assert [[deal for deal in (first, second) if f"/{deal}\"" in task.body] for task in told] == [
        [first], [second],
    ], "each once"  # fmt: skip
