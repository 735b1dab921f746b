"""Lines about how long something took, which several pages share."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from app.feedback.counted import Row, total, values
from app.feedback.figures import Column, middle, rate_cell, spread
from app.feedback.proportions import Share
from app.model.time import DAY, HOUR

TIMES = (
    Column("n", "Counted", "count"),
    Column("hour", "Within 1 hour", "share"),
    Column("day", "Within 24 hours", "share"),
    Column("never", "Not yet", "share"),
    Column("median", "Median", "ms"),
)

SPREAD = (
    Column("n", "Counted", "count"),
    Column("waiting", "Waiting now", "count"),
    Column("median", "Median", "ms"),
    Column("low", "Quicker quarter", "ms"),
    Column("high", "Slower quarter", "ms"),
    Column("mean", "Mean", "ms"),
    Column("deviation", "Standard deviation", "ms"),
)


def times(rows: Sequence[Row]) -> Mapping[str, Any]:
    """Cells of `TIMES`; what has not happened yet counts as not within the time."""
    n, found = int(total(rows)), sorted(values(rows))
    return {
        "n": n,
        "hour": rate_cell(Share(bisect_right(found, HOUR), n)),
        "day": rate_cell(Share(bisect_right(found, DAY), n)),
        "never": rate_cell(Share(n - len(found), n)),
        "median": middle(found),
    }


def spreads(rows: Sequence[Row]) -> Mapping[str, Any]:
    """Cells of `SPREAD`: of those that were reacted to."""
    n, found = int(total(rows)), values(rows)
    lie = spread(found)
    return {
        "n": lie.n, "waiting": n - lie.n, "median": lie.median, "low": lie.low, "high": lie.high,
        "mean": lie.mean, "deviation": lie.deviation,
    }  # fmt: skip
