"""What a rep does first is what is lost if it waits."""

from __future__ import annotations

from typing import Any

import pytest

from app.decisions.next_up import in_order
from app.model.time import DAY, HOUR, Business, local_instant

NEW_YORK = "America/New_York"
NOW = Business(local_instant("2026-09-08T21:00", NEW_YORK))  # the next day already in UTC


def task(id: str, **more: Any) -> dict[str, Any]:
    usual = {"priority": 1, "momentum": "warm", "amount": 1000.0, "due_at": NOW - HOUR}
    return {"id": id, **usual, **more}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"due_at": NOW - HOUR}, {"due_at": NOW + 12 * HOUR, "priority": 0, "momentum": "hot"}),
        ({"priority": 0}, {"momentum": "hot", "due_at": NOW - 9 * DAY}),
        ({"momentum": "hot"}, {"due_at": NOW - 9 * DAY, "amount": 1e9}),
        ({"momentum": None}, {"momentum": "recycle", "amount": 1e9}),
        ({"due_at": NOW - DAY, "amount": None}, {"amount": 1e9}),
        ({"amount": 2000.0}, {"amount": 1000.0, "due_at": NOW - 2 * HOUR}),
        ({"amount": 0.0}, {"amount": None}),
        ({"due_at": NOW - 2 * HOUR}, {"due_at": NOW - HOUR}),
    ],
)
def test_one_goes_before_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    rows = [task("b", **before), task("a", **after)]
    assert [row["id"] for row in in_order(rows, NOW, NEW_YORK)] == ["b", "a"]
    assert [row["id"] for row in in_order(rows[::-1], NOW, NEW_YORK)] == ["b", "a"]


def test_each_says_why_it_stands_where_it_stands() -> None:
    rows = [
        task("a", priority=0, momentum="hot", due_at=NOW - DAY),
        task("b", due_at=NOW - 3 * DAY),
        task("c", due_at=NOW + HOUR),  # ten in the evening: still today there
        task("d", due_at=NOW + 12 * HOUR),
    ]
    assert [(r["reasons"], r["due"]) for r in in_order(rows, NOW, NEW_YORK)] == [
        (["urgent", "hot", "due since yesterday"], True),
        (["due for 3 days"], True),
        (["due today"], True),
        (["next in time; nothing is due before it"], False),
    ]
