"""Records that were followed up beside those that were held out, by one rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from app.feedback.proportions import Adjusted, Share, adjusted, needed
from app.model.time import DAY

WINDOW_DAYS = 30
WINDOW_MS = WINDOW_DAYS * DAY
"""How long after the first decision something counts as having come of it."""

LEAST = 30
"""Records in each arm below which nothing is concluded, however far apart the shares are."""

CLOSE = 0.05
"""An interval wholly within so much of zero shows that no difference worth having was missed."""


class Verdict(StrEnum):
    """What a measure shows."""

    BETTER = "better"
    WORSE = "worse"
    NONE = "no difference shown"
    TOO_FEW = "not enough data yet"


@dataclass(frozen=True, slots=True)
class Course:
    """What one record did in the days after a rule's first decision on it.

    held_out: its arm, as it was drawn. stratum: with which others it is compared. began: the
    decision. staged: it stood in a known stage then, so that it could advance and be won. The
    instants are the first of their kind within the window.
    """

    held_out: bool
    began: int
    staged: bool = True
    replied: int | None = None
    booked: int | None = None
    advanced: int | None = None
    won: int | None = None
    stratum: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure over both arms. apart: (difference, lower, upper), treated minus held out, within
    strata. compared: (treated, held out) in strata that have both.

    more: how many more records the treated and the held out need before the difference seen would
    be shown with 80 % power; None where the shares are equal, or the verdict is another.
    """

    name: str
    treated: Share
    held_out: Share
    apart: tuple[float, float, float] | None
    verdict: Verdict
    more: tuple[int, int] | None
    compared: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pace:
    """Days to the next stage, of those that came to it in the window. median: None if none did."""

    median: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """treated, held_out: records whose window is over. running: (treated, held out) not yet over,
    which count in nothing."""

    treated: int
    held_out: int
    running: tuple[int, int]
    measures: tuple[Measure, ...]
    pace: tuple[Pace, Pace]


_MEASURES: tuple[tuple[str, bool, Callable[[Course], int | None]], ...] = (
    ("replied", False, lambda one: one.replied),
    ("meeting_booked", False, lambda one: one.booked),
    ("stage_advanced", True, lambda one: one.advanced),
    ("won", True, lambda one: one.won),
)
"""Name, whether only records in a stage can do it, and when it was done."""


def compare(courses: Sequence[Course], now: int) -> Comparison:
    """Both arms beside each other. A record counts once its window is over, in all or in nothing:
    else the young ones would water down the shares."""
    over = [one for one in courses if one.began + WINDOW_MS <= now]
    treated = [one for one in over if not one.held_out]
    held = [one for one in over if one.held_out]
    aside = sum(1 for one in courses if one.held_out) - len(held)
    strata: dict[str, tuple[list[Course], list[Course]]] = {}
    for one in over:
        strata.setdefault(one.stratum, ([], []))[one.held_out].append(one)
    return Comparison(
        len(treated),
        len(held),
        (len(courses) - len(over) - aside, aside),
        tuple(
            measure(
                name,
                [
                    (_share(acted, staged, done), _share(left, staged, done))
                    for acted, left in strata.values()
                ],
            )
            for name, staged, done in _MEASURES
        ),
        (_pace(treated), _pace(held)),
    )


def measure(name: str, strata: Sequence[tuple[Share, Share]]) -> Measure:
    """The verdict on one measure, from (treated, held out) of each stratum; of all measures more is
    better. The shares shown are those of all records."""
    treated, held_out = (_all(shares) for shares in zip(*strata, strict=True)) if strata else (
        Share(0, 0), Share(0, 0),
    )  # fmt: skip
    found = adjusted(strata)
    verdict = _verdict(found)
    more = _more(found) if verdict is Verdict.TOO_FEW and found is not None else None
    counted = (0, 0) if found is None else (found.n, found.m)
    apart = None if found is None else found.apart
    return Measure(name, treated, held_out, apart, verdict, more, counted)


def _all(shares: Sequence[Share]) -> Share:
    return Share(sum(one.hits for one in shares), sum(one.n for one in shares))


def _verdict(found: Adjusted | None) -> Verdict:
    if found is None or min(found.n, found.m) < LEAST:
        return Verdict.TOO_FEW
    _, lower, upper = found.apart
    if lower > 0:
        return Verdict.BETTER
    if upper < 0:
        return Verdict.WORSE
    return Verdict.NONE if lower >= -CLOSE and upper <= CLOSE else Verdict.TOO_FEW


def _more(found: Adjusted) -> tuple[int, int] | None:
    wanted = needed(found.p, found.q)
    if wanted is None:
        return None
    wanted = max(wanted, LEAST)
    return max(0, wanted - found.n), max(0, wanted - found.m)


def _share(
    courses: Sequence[Course], staged: bool, done: Callable[[Course], int | None]
) -> Share:
    able = [one for one in courses if one.staged or not staged]
    return Share(sum(1 for one in able if done(one) is not None), len(able))


def _pace(courses: Sequence[Course]) -> Pace:
    days = [(one.advanced - one.began) / DAY for one in courses if one.advanced is not None]
    return Pace(median(days) if days else None, len(days))
