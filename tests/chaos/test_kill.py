"""kill -9 of the app, again and again: what is owed is done once, as if nothing had happened.

A generated pipeline is played undisturbed and then with the app killed at moments drawn over its
calls to the CRM and its commits. Business time is held while the app is down, so both runs must
end the same: touch by touch as the app tells it, task by task as the CRM has it. Names of records
stand for their ids, which follow the order of creation.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.chaos.stage import Moment, Nursery, Outcome, Stage

KILLS = 20
BETWEEN = 6
"""Kills aimed between the CRM's write of tasks and our commit; the others fall where they fall."""

TELLING = """
playbook: telling
rules:
  - id: told
    when: {stage_entered: any}
    then: [{notify: {who: manager, template: told}}]
templates:
  told: {decides: "Is this deal where it should be?", body: "It has moved."}
"""
"""Gives managers something to be told on most days, by a task that is no touch."""

SMALL: Mapping[str, Any] = {"seed": 7, "deals": 10, "weeks": 1.5, "playbooks": [TELLING]}
LARGE: Mapping[str, Any] = {"seed": 11, "deals": 40, "weeks": 4, "playbooks": [TELLING]}
NO_UNIQUE: Mapping[str, Any] = {"settings": {"unique_properties_on_activities": False}}

Run = tuple[Outcome, Sequence[Moment]]


def run(nursery: Nursery, **stage: Any) -> Run:
    with Stage(nursery, **stage) as played:
        played.arm()
        played.play()
        return played.outcome(), played.moments()


def drawn(moments: Sequence[Moment], seed: int) -> dict[str, list[int]]:
    """A plan of kills over the moments of an undisturbed run, uniform in each of two kinds.

    The last moments are left out: a killed run need not have exactly as many.
    """
    draw = random.Random(seed)
    writes = sum(moment.is_answered_write for moment in moments)
    return {
        "at": draw.sample(range(int(len(moments) * 0.95)), KILLS - BETWEEN),
        "at_answered_writes": draw.sample(range(int(writes * 0.9)), BETWEEN),
    }


def told(moments: Sequence[Moment]) -> list[Moment]:
    """Print where each kill fell, and return them."""
    killed = [moment for moment in moments if moment.killed]
    for number, moment in enumerate(killed, 1):
        place = "between the CRM's write and our commit" if moment.is_answered_write else ""
        print(f"kill {number:2} at {moment.number:5}: {moment.kind} {moment.what} {place}")
    return killed


def assert_same(undisturbed: Outcome, killed: Outcome) -> None:
    # Two days' digests may fall due on one Monday: what stands twice undisturbed is no duplicate.
    assert set(killed.duplicates()) <= set(undisturbed.duplicates())
    assert killed.unlinked == []
    for name in ("touches", "tasks"):
        expected, found = getattr(undisturbed, name), getattr(killed, name)
        assert not expected - found, f"missing {name}: {list(expected - found)[:5]}"
        assert not found - expected, f"{name} too many: {list(found - expected)[:5]}"


@pytest.fixture(scope="module")
def undisturbed(nursery: Nursery) -> Run:
    return run(nursery, **SMALL)


def test_an_undisturbed_run_has_something_to_lose(undisturbed: Run) -> None:
    outcome, moments = undisturbed
    statuses = Counter(touch[5] for touch in outcome.touches.elements())
    assert statuses["completed"] > 10
    assert {"dropped", "resolved"} <= set(statuses)
    assert outcome.duplicates() == []
    assert outcome.unlinked == []
    assert not any(moment.killed for moment in moments)
    assert {moment.kind for moment in moments} == {
        "sending", "answered", "committing", "committed",
    }  # fmt: skip


def test_twenty_kills_change_nothing(nursery: Nursery, undisturbed: Run) -> None:
    outcome, moments = undisturbed
    after, killed_at = run(nursery, **SMALL, **drawn(moments, seed=1))
    kills = told(killed_at)
    assert len(kills) == KILLS
    assert sum(kill.is_answered_write for kill in kills) >= 5
    assert_same(outcome, after)


def test_a_kill_after_every_single_write_changes_nothing(
    nursery: Nursery, undisturbed: Run
) -> None:
    outcome, moments = undisturbed
    after, killed_at = run(nursery, **SMALL, **after_each_write(moments))
    assert len(told(killed_at)) == sum(moment.is_answered_write for moment in moments)
    assert_same(outcome, after)


def test_underived_ids_are_noticed(nursery: Nursery, undisturbed: Run) -> None:
    """With ids at random, what is decided again after a crash is written again."""
    outcome, moments = undisturbed
    patches = ["tests.chaos.broken:underived_ids"]
    after, _ = run(nursery, **SMALL, **after_each_write(moments), patches=patches)
    assert after.duplicates()
    with pytest.raises(AssertionError):
        assert_same(outcome, after)


def test_a_retry_that_does_not_look_is_noticed(nursery: Nursery, undisturbed: Run) -> None:
    """Without the unique property only looking keeps a retry from writing twice."""
    outcome, moments = undisturbed
    patches = ["tests.chaos.broken:blind_retry", "tests.chaos.broken:no_patience"]
    plan = after_each_write(moments)
    after, _ = run(nursery, **SMALL, **plan, **NO_UNIQUE, patches=patches)
    assert after.duplicates()
    with pytest.raises(AssertionError):
        assert_same(outcome, after)


def test_kills_without_the_unique_property_change_nothing(
    nursery: Nursery, undisturbed: Run
) -> None:
    """The same writes and kills as above, looked for by the mark in the task's body."""
    outcome, moments = undisturbed
    patches = ["tests.chaos.broken:no_patience"]
    plan = after_each_write(moments)
    after, _ = run(nursery, **SMALL, **plan, **NO_UNIQUE, patches=patches)
    assert_same(outcome, after)


def after_each_write(moments: Sequence[Moment]) -> dict[str, list[int]]:
    return {"at_answered_writes": list(range(sum(m.is_answered_write for m in moments)))}


@pytest.fixture(scope="module")
def undisturbed_month(nursery: Nursery) -> Run:
    return run(nursery, **LARGE)


@pytest.mark.long
@pytest.mark.parametrize("seed", [21, 22, 23])
def test_twenty_kills_change_nothing_of_four_weeks(
    nursery: Nursery, undisturbed_month: Run, seed: int
) -> None:
    outcome, moments = undisturbed_month
    after, killed_at = run(nursery, **LARGE, **drawn(moments, seed))
    kills = told(killed_at)
    assert len(kills) == KILLS
    assert sum(kill.is_answered_write for kill in kills) >= 5
    assert_same(outcome, after)


@pytest.mark.long
def test_a_kill_at_every_twentieth_moment_changes_nothing(
    nursery: Nursery, undisturbed: Run
) -> None:
    """At commits and calls of every kind, some of them again and again."""
    outcome, moments = undisturbed
    after, killed_at = run(nursery, **SMALL, at=range(7, len(moments), 20))
    assert len(told(killed_at)) > 50
    assert_same(outcome, after)
