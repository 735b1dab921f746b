"""A vendor's budget of a day: never overrun by any process, and open again at its reset."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from app.model.time import HOUR, MINUTE, Wall
from connectors.budget import Budget, Limit, MemoryBudgetStore
from connectors.contract import ACTING, ASIDE, BudgetExhausted, Stopped
from connectors.daily import LOOK_AGAIN_MS, Daily, next_reset
from tests.connectors.support import ManualClocks


def wall(text: str) -> Wall:
    return Wall(round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000))


NOON = wall("2026-11-30T12:00")
MIDNIGHT = wall("2026-12-01T00:00")


def spend(daily: Daily, cost: int, priority: str = "admin", most: int = 100_000) -> int:
    """How many tokens could be spent before it was refused."""
    spent = 0
    try:
        while spent < most:
            daily.take(cost, priority)
            spent += cost
    except BudgetExhausted:
        pass
    return spent


@pytest.mark.parametrize(
    ("zone", "reset"),
    [
        ("UTC", "2026-12-01T00:00"),
        ("Europe/Tallinn", "2026-11-30T22:00"),
        ("America/New_York", "2026-12-01T05:00"),
    ],
)
def test_the_day_ends_at_midnight_in_the_vendors_zone(zone: str, reset: str) -> None:
    assert next_reset(NOON, zone) == wall(reset)
    assert next_reset(wall(reset), zone) - wall(reset) == 24 * HOUR


def test_a_day_with_a_clock_change_has_its_own_length() -> None:
    before = wall("2026-10-24T23:00")  # 01:00 in Berlin, the day on which the clocks go back
    assert next_reset(before, "Europe/Berlin") == wall("2026-10-25T23:00")


def test_not_a_token_more_than_the_allowance_and_the_refusal_says_when_to_look_again() -> None:
    clocks = ManualClocks(NOON)
    daily = Daily(MemoryBudgetStore(), clocks, 1_003)
    assert spend(daily, 10) == 1_000
    assert spend(daily, 1) == 3, "what is left is enough for something cheaper"
    with pytest.raises(BudgetExhausted) as refused:
        daily.take(1, "admin")
    assert refused.value.until == NOON + LOOK_AGAIN_MS
    clocks.now = MIDNIGHT - 1
    with pytest.raises(BudgetExhausted) as refused:
        daily.take(1, "admin")
    assert refused.value.until == MIDNIGHT, "and no later than there is a new one"


def test_work_goes_on_at_the_reset_and_not_before() -> None:
    clocks = ManualClocks(NOON)
    daily = Daily(MemoryBudgetStore(), clocks, 500)
    assert spend(daily, 5) == 500
    clocks.now = MIDNIGHT - 1
    assert spend(daily, 5) == 0
    clocks.now = MIDNIGHT
    assert spend(daily, 5) == 500


def test_what_one_process_had_left_at_the_reset_is_void() -> None:
    clocks = ManualClocks(NOON)
    store = MemoryBudgetStore()
    daily, other = Daily(store, clocks, 300), Daily(store, clocks, 300)
    daily.take(1, "admin")  # leases a chunk, most of which stays
    clocks.now = MIDNIGHT
    assert spend(other, 1) + spend(daily, 1) == 300


def test_processes_share_one_day() -> None:
    clocks = ManualClocks(NOON)
    store = MemoryBudgetStore()
    found: list[int] = []

    def work() -> None:
        found.append(spend(Daily(store, clocks, 5_000), 7))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 5_000 - 6 * 100 <= sum(found) <= 5_000


def test_work_that_acts_leaves_some_of_the_day_to_what_is_heard() -> None:
    clocks = ManualClocks(NOON)
    daily = Daily(MemoryBudgetStore(), clocks, 1_000)
    assert spend(daily, 5, ASIDE) == 500, "half of the day is for what cannot wait"
    assert spend(daily, 5, ACTING) == 350
    assert spend(daily, 5, "ingest") == 100
    assert spend(daily, 5, "token") == 50


def test_a_call_that_was_not_sent_costs_nothing() -> None:
    class Store(MemoryBudgetStore):
        def stopped(self) -> bool:
            return True

    clocks = ManualClocks(NOON)
    store = Store()
    daily = Daily(store, clocks, 100)
    budget = Budget(store, clocks, {"default": Limit(10, 2_000)}, daily=daily)
    with pytest.raises(Stopped):
        budget.acquire(("default",), ACTING, 80)
    assert spend(daily, 1, ACTING) == 85


def test_the_day_counts_beside_the_window() -> None:
    clocks = ManualClocks(NOON)
    store = MemoryBudgetStore()
    daily = Daily(store, clocks, 40)
    budget = Budget(
        store, clocks, {"default": Limit(100, 2_000)}, daily=daily, sleep=clocks.sleep
    )
    for _ in range(4):
        with budget.acquire(("default",), "admin", 10):
            pass
    with pytest.raises(BudgetExhausted) as refused:
        budget.acquire(("default",), "admin", 10)
    assert refused.value.until == NOON + LOOK_AGAIN_MS
    with budget.acquire(("default",), "admin"):  # what costs nothing goes on
        clocks.now += MINUTE
