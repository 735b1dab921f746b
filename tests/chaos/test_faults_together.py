"""Every kind of failure alone, and at once with two others: the same tasks stand in the end.

Each telling is of the same story. The default run takes alone what is no failure of one call (those
stand in `test_faults`), and a few triples in which every failure occurs; the long run takes enough
triples that every two failures meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest

from tests.chaos.telling import (
    ARCHIVE,
    CREATE,
    READ_DEALS,
    READ_TASKS,
    SUMMARIES,
    UPDATE,
    Line,
    ending,
    fault,
    hits,
    tell,
)
from tests.scenarios.harness import Story


@dataclass(frozen=True)
class Failure:
    """One thing that goes wrong. begin: makes it so and answers how to tell that it did.

    at: the call or the events that it meets.
    """

    name: str
    at: str
    begin: Callable[[Story], Callable[[], bool]]


def _call(name: str, match: str, kind: str, **more: Any) -> Failure:
    def begin(story: Story) -> Callable[[], bool]:
        id = fault(story, match, kind, **more)
        return lambda: hits(story, id) > 0

    return Failure(f"{kind.replace('_', ' ')} at {name}", name, begin)


def _setting(name: str, **values: Any) -> Failure:
    def begin(story: Story) -> Callable[[], bool]:
        story.crm.call("POST", "/sandbox/settings", values)
        return lambda: True

    return Failure(name, name, begin)


def _silence(name: str, kind: str) -> Failure:
    """The hour in which one deal's owner changes is one in which nothing is told."""

    def begin(story: Story) -> Callable[[], bool]:
        span = {"from": story.at("2026-09-07 11:30"), "until": story.at("2026-09-07 12:30")}
        id = fault(story, "EVENT .*", kind, times=0, **span)
        return lambda: hits(story, id) > 0

    return Failure(name, "the hour", begin)


WRITES = {"create": CREATE, "update": UPDATE, "archive": ARCHIVE, "summaries": SUMMARIES}
READS = {"read tasks": READ_TASKS, "read deals": READ_DEALS}

FAILURES = (
    *(_call(name, match, "500_after") for name, match in WRITES.items()),
    *(_call(name, match, "503_before", times=2) for name, match in WRITES.items()),
    *(_call(name, match, "timeout_after") for name, match in WRITES.items()),
    *(_call(name, match, "429") for name, match in (WRITES | READS).items()),
    *(_call(name, match, "reset_before") for name, match in READS.items()),
    _call("every call", "* .*", "slow", times=0, seconds=0.02),
    _setting("events told twice", webhook_duplicate=1.0),
    _setting("events out of order", webhook_disorder=True),
    _setting("half of the events lost", webhook_drop=0.5),
    _silence("an hour's events late", "delay"),
    _silence("an hour's events lost", "drop"),
    _setting("reads lag", read_lag_seconds=0.3),
    _setting("search lags", search_lag_seconds=0.3),
)


def _triples(cover_pairs: bool) -> Iterator[tuple[Failure, ...]]:
    """Triples in which every failure, or every pair of failures, occurs; greedily few.

    Two failures of one call do not meet: the story makes each call so seldom that the first one
    would leave the second nothing to spoil.
    """
    places = [failure.at for failure in FAILURES]
    apart = [
        triple
        for triple in combinations(range(len(FAILURES)), 3)
        if len({places[number] for number in triple}) == 3
    ]
    size = 2 if cover_pairs else 1
    missing = {part for triple in apart for part in combinations(triple, size)}

    def gain(triple: tuple[int, ...]) -> int:
        return len(missing.intersection(combinations(triple, size)))

    while missing:
        best = max(apart, key=gain)
        missing -= set(combinations(best, size))
        yield tuple(FAILURES[number] for number in best)


def _parameters() -> Iterator[Any]:
    for failure in FAILURES:
        if failure.at not in {**WRITES, **READS}:
            yield pytest.param((failure,), id=failure.name)
    few = list(_triples(cover_pairs=False))
    for triple in few:
        yield pytest.param(triple, id=_named(triple))
    for triple in _triples(cover_pairs=True):
        if triple not in few:
            yield pytest.param(triple, id=_named(triple), marks=pytest.mark.long)


def _named(triple: tuple[Failure, ...]) -> str:
    return " + ".join(failure.name for failure in triple)


@pytest.mark.usefixtures("brief_holds")
@pytest.mark.parametrize("failures", list(_parameters()))
def test_what_fails_changes_nothing(
    story: Story, undisturbed: Counter[Line], failures: tuple[Failure, ...]
) -> None:
    begun = [failure.begin(story) for failure in failures]
    tell(story)
    assert all(happened() for happened in begun), "a failure that does not occur shows nothing"
    assert ending(story) == undisturbed
