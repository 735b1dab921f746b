"""What counts as having come of a decision, from a record's stage entries."""

from __future__ import annotations

from typing import Any

import pytest

from app.feedback.holdout import WINDOW_MS
from app.lanes.holdout import course

BEGAN = 1_000


def entry(at: int, position: int, kind: str = "proposal", pipeline: str = "p") -> dict[str, Any]:
    return {"entered_at": at, "position": position, "kind": kind, "pipeline_id": pipeline}


HERE = entry(BEGAN, 2)


@pytest.mark.parametrize(
    ("after", "advanced", "won"),
    [
        ([], None, None),
        ([entry(2_000, 3), entry(3_000, 4)], 2_000, None),
        ([entry(2_000, 1), entry(3_000, 2), entry(4_000, 3)], 4_000, None),
        ([entry(2_000, 6, "lost")], None, None),
        ([entry(2_000, 6, "ignored")], None, None),
        ([entry(2_000, 5, "won")], 2_000, 2_000),
        ([entry(2_000, 3, pipeline="other")], None, None),
        ([entry(2_000, 0, "won", pipeline="other")], None, 2_000),
        ([entry(BEGAN + WINDOW_MS, 5, "won")], BEGAN + WINDOW_MS, BEGAN + WINDOW_MS),
        ([entry(BEGAN + WINDOW_MS + 1, 5, "won")], None, None),
    ],
)
def test_stages_entered_in_time(
    after: list[dict[str, Any]], advanced: int | None, won: int | None
) -> None:
    found = course(False, BEGAN, {}, [entry(10, 0), HERE, *after])
    assert (found.staged, found.advanced, found.won) == (True, advanced, won)


def test_who_stood_in_no_stage_neither_advances_nor_is_won() -> None:
    found = course(True, BEGAN, {"replied": 1_500}, [entry(2_000, 5, "won")])
    assert (found.staged, found.advanced, found.won) == (False, None, None)
    assert (found.held_out, found.replied, found.booked) == (True, 1_500, None)
