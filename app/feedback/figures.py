"""A figure as it is shown: its definition, its table, its chart, and the records behind each count.

Pages, JSON and CSV are all made of this one form, so that none of them can say something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, sqrt
from statistics import fmean, median, quantiles
from typing import Any

from app.feedback.proportions import Share, wilson

ENOUGH = 10
"""Facts below which a rate or a spread is not shown: one more would turn it round."""

TOO_FEW = "not enough data yet"


@dataclass(frozen=True, slots=True)
class Column:
    """kind: how a cell is written: `text`, `count`, `part` (of a whole that was counted whole),
    `share` (with its 95 % interval), `ms`, `when` (an instant, ms), `number`, `money`, `tag`,
    `edit` (a change of a playbook: `playbook`, `advice`), `record` (type, id, name and the address
    of its page in the CRM)."""

    key: str
    label: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Behind:
    """Where the records behind a row are: a source, and what of it."""

    source: str
    where: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a cell for each column; behind: the records it counts; levels: 0 to 3, how deep a
    cell of a map is coloured, by column. links: the records behind single cells."""

    cells: Mapping[str, Any]
    behind: Behind | None = None
    levels: Mapping[str, int] = field(default_factory=dict[str, int])
    links: Mapping[str, Behind] = field(default_factory=dict[str, Behind])


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of one column over the rows: `bars`, or `lines` from left to right.

    points: (label, value from 0 on, what the value is called)."""

    kind: str
    label: str
    points: Sequence[tuple[str, float, str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """means: the definition in words. sample: how many facts it rests on, and what they are.

    note: what is to be said of this figure now, such as that there is not enough data yet.
    tiles: its lines are shown as large numbers rather than as a table.
    """

    key: str
    title: str
    means: str
    columns: Sequence[Column]
    lines: Sequence[Line]
    sample: int
    unit: str
    note: str = ""
    chart: Chart | None = None
    tiles: bool = False


# --- cells ---------------------------------------------------------------------------------------


def rate_cell(share: Share) -> dict[str, Any]:
    """A share with its 95 % interval; without a rate where there are too few."""
    low, high = wilson(share)
    enough = share.n >= ENOUGH
    return {
        "hits": share.hits, "n": share.n, "rate": share.rate if enough else None,
        "low": low if enough else None, "high": high if enough else None,
    }  # fmt: skip


def part_cell(share: Share) -> dict[str, Any]:
    """A part of a whole that was counted whole: there is nothing uncertain about it."""
    return {"hits": share.hits, "n": share.n, "rate": share.rate}


@dataclass(frozen=True, slots=True)
class Spread:
    """How values lie: None where there are too few for it."""

    n: int
    median: float | None
    low: float | None
    high: float | None
    mean: float | None
    deviation: float | None


def spread(values: Iterable[float]) -> Spread:
    """Median, quartiles (inclusive), mean and standard deviation (n - 1)."""
    found = sorted(values)
    n = len(found)
    if n < 2:
        only = found[0] if found else None
        return Spread(n, only, None, None, only, None)
    low, mid, high = quantiles(found, n=4, method="inclusive")
    mean = fmean(found)
    # By floats: `statistics.stdev` reckons in fractions, a page of reps a tenth of a second long.
    deviation = sqrt(fsum((one - mean) ** 2 for one in found) / (n - 1))
    return Spread(n, mid, low, high, mean, deviation)


def middle(values: Sequence[float]) -> float | None:
    """The median alone, which takes a small part of the time of all of `spread`."""
    return median(values) if values else None


def mean_interval(lie: Spread) -> tuple[float, float] | None:
    """The mean give or take 1.96 standard errors; None for fewer than ENOUGH."""
    if lie.n < ENOUGH or lie.mean is None or lie.deviation is None:
        return None
    error = 1.96 * lie.deviation / sqrt(lie.n)
    return lie.mean - error, lie.mean + error


def level(rate: float | None) -> int:
    """How deep a cell of a map is coloured: 0 for nothing, 3 for a third and more."""
    if not rate:
        return 0
    return 1 + sum(rate >= bound for bound in (0.15, 0.33))
