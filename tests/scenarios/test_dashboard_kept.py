"""A large account's figures are counted beforehand, and anew once somebody finds them old."""

from __future__ import annotations

from typing import Any

import pytest

from app.lanes import keeping
from app.store.measured import kept
from tests.scenarios.harness import Story


def open_deals(story: Story) -> int:
    found = story.admin.get("/api/dashboard/today")["figures"]
    rows: list[dict[str, Any]] = next(one for one in found if one["figure"] == "standing")["rows"]
    return next(row["part"]["n"] for row in rows if row["what"] == "Deals silent for 14 days")


def behind_it(story: Story) -> tuple[int, int]:
    """How many records the list of those deals has, and up to when they were counted."""
    found = story.admin.get("/api/dashboard-records?source=silent_14")
    return len(found["records"]), found["at"]


def wanted(story: Story) -> list[list[Any]]:
    assert story.parts is not None
    with story.parts.store.read() as conn:
        return kept.wanted_now(conn, 1)


def test_kept_figures_are_shown_until_they_are_old(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LARGE", 0)
    story.deal("proposal")
    story.settle()
    begun = story.now
    assert open_deals(story) == 1, "there was nothing kept yet"
    story.deal("proposal")
    story.until("+10min")
    assert open_deals(story) == 1
    assert behind_it(story) == (1, begun), "a list holds what its figure counts"
    assert wanted(story) == []
    story.until("+10min")
    assert open_deals(story) == 1, "nobody waits for the count"
    story.settle()
    assert wanted(story) == [], "upkeep has met it"
    assert open_deals(story) == 2
    records, at = behind_it(story)
    assert records == 2
    assert at > begun

    result = story.admin.get("/api/result")
    story.deal("new")
    story.settle()
    assert story.admin.get("/api/result")["stages"] == result["stages"]
    story.until("+20min")
    story.admin.get("/api/result")
    story.settle()
    entries = {row["label"]: row["entries"] for row in story.admin.get("/api/result")["stages"]}
    assert sum(entries.values()) == 3


def test_a_large_accounts_figures_are_there_in_the_morning(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LARGE", 0)
    story.live("idle-deal")
    story.deal("proposal")
    story.until("+8d")
    assert story.parts is not None
    with story.parts.store.read() as conn:
        found = kept.load(conn, 1, 60, ["silent_7"])
    assert found is not None, "a day's upkeep has counted them"
    assert found[1] > story.now - 86_400_000 * 2
