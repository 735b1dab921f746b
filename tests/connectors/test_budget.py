"""The rate budget: never more calls in a window of the vendor's than it allows."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.model.time import SECOND, Wall
from connectors.budget import CALL_MAX_MS, Budget, Limit, MemoryBudgetStore, Slot
from connectors.contract import BudgetExhausted, RateLimited, Stopped
from tests.connectors.support import ManualClocks

WINDOW = 10 * SECOND


@dataclass
class Simulation:
    """Processes sharing one store, and a vendor that notes when each call arrives."""

    ceiling: int
    processes: int = 1
    multiplier: float = 1.0
    clocks: ManualClocks = field(default_factory=ManualClocks)
    arrivals: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = MemoryBudgetStore()
        limits = {"default": Limit(self.ceiling, WINDOW, {"dispatch": 2})}
        self.budgets = [
            Budget(
                self.store,
                self.clocks,
                limits,
                multiplier=self.multiplier,
                patience_ms=0,
                sleep=self.clocks.sleep,
            )
            for _ in range(self.processes)
        ]
        self._ends: list[tuple[int, int, Slot]] = []

    @property
    def limit(self) -> int:
        return int(self.ceiling * self.multiplier)

    def advance(self, ms: int) -> None:
        until = self.clocks.now + ms
        while self._ends and self._ends[0][0] <= until:
            at, _, slot = heapq.heappop(self._ends)
            self.clocks.now = at
            slot.__exit__(None, None, None)
        self.clocks.now = until

    def call(self, process: int, latency: int, arrives: float, priority: str = "token") -> bool:
        try:
            slot = self.budgets[process].acquire(("default",), priority)
        except BudgetExhausted:
            return False
        self.arrivals.append(self.clocks.now + int(latency * arrives))
        heapq.heappush(self._ends, (self.clocks.now + latency, len(self.arrivals), slot))
        return True

    def most_in_a_window(self) -> int:
        arrivals = sorted(self.arrivals)
        first = most = 0
        for last, at in enumerate(arrivals):
            while arrivals[first] <= at - WINDOW:
                first += 1
            most = max(most, last - first + 1)
        return most


CALL = st.tuples(
    st.integers(0, 4_000),  # since the call before
    st.one_of(st.integers(0, 800), st.integers(0, CALL_MAX_MS)),  # latency
    st.floats(0, 1),  # when within its latency the call arrives
    st.integers(0, 2),  # which process
    st.sampled_from(["token", "ingest", "dispatch"]),
    st.integers(1, 8),  # how many at once
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CALL, max_size=60), st.integers(3, 8), st.sampled_from([1.0, 70.0]))
def test_no_window_of_the_vendor_holds_more_calls_than_the_limit(
    calls: list[tuple[int, int, float, int, str, int]], ceiling: int, multiplier: float
) -> None:
    simulation = Simulation(ceiling, 3, multiplier)
    for gap, latency, arrives, process, priority, times in calls:
        simulation.advance(gap)
        for _ in range(int(times * multiplier)):
            simulation.call(process, latency, arrives, priority)
    assert simulation.most_in_a_window() <= simulation.limit


def test_counting_from_the_sending_would_break_the_limit() -> None:
    """The case that a naive log gets wrong, so that the property above is known to be able to fail:
    slow calls arrive late, and quick ones right after the senders' window."""
    simulation = Simulation(5)
    for _ in range(5):
        assert simulation.call(0, 3_000, 1.0)
    simulation.advance(WINDOW + 1)
    assert not any(simulation.call(0, 1, 0.0) for _ in range(5))
    simulation.advance(3_000)
    assert all(simulation.call(0, 1, 0.0) for _ in range(5))
    assert simulation.most_in_a_window() == 5


def test_a_saturated_budget_makes_95_percent_of_the_allowed_calls() -> None:
    simulation = Simulation(100)
    while simulation.clocks.now < 1_000_000 + 4 * WINDOW:
        while simulation.call(0, 450, 0.5):
            pass
        simulation.advance(5)
    made = sum(at >= 1_000_000 + WINDOW for at in simulation.arrivals)
    assert made >= 0.95 * 3 * 100


def test_dispatch_leaves_slots_for_tokens() -> None:
    simulation = Simulation(5)
    assert sum(simulation.call(0, 10, 0.5, "dispatch") for _ in range(9)) == 3
    assert sum(simulation.call(0, 10, 0.5, "token") for _ in range(9)) == 2


def test_processes_share_one_window() -> None:
    simulation = Simulation(6, processes=3)
    made = [simulation.call(process % 3, 10, 0.5) for process in range(12)]
    assert sum(made) == 6


def test_slots_of_a_dead_process_come_back() -> None:
    simulation = Simulation(4, processes=2)
    for _ in range(4):
        simulation.budgets[0].acquire(("default",), "token")  # sent, never answered
    simulation.advance(WINDOW)
    assert not simulation.call(1, 10, 0.5)
    simulation.advance(CALL_MAX_MS + 5 * SECOND)
    assert simulation.call(1, 10, 0.5)


def test_a_chunk_is_settled_by_its_last_answer() -> None:
    simulation = Simulation(4, multiplier=100)  # chunks of two: a quick call and a slow one
    for number in range(400):
        assert simulation.call(0, 5_000 if number % 2 else 10, 1.0)
    simulation.advance(WINDOW + 100)
    assert not simulation.call(0, 10, 0.0)
    simulation.advance(5_000)
    assert simulation.call(0, 10, 0.0)


def test_unused_slots_of_a_chunk_are_given_back() -> None:
    simulation = Simulation(10, processes=2, multiplier=100)  # chunks of five
    assert simulation.call(0, 10, 0.5)
    simulation.advance(4 * SECOND)
    assert simulation.call(0, 10, 0.5)  # finds its chunk too old
    assert sum(simulation.call(1, 10, 0.5) for _ in range(1_100)) == 1_000 - 1 - 5


def test_waits_for_a_slot_up_to_its_patience() -> None:
    clocks = ManualClocks()
    limits = {"search": Limit(1, SECOND)}
    budget = Budget(MemoryBudgetStore(), clocks, limits, sleep=clocks.sleep)
    with budget.acquire(("search",), "ingest"):
        pass
    before = clocks.now
    with budget.acquire(("search",), "ingest"):
        pass
    assert SECOND <= clocks.now - before <= SECOND + 100


def test_exhaustion_names_an_instant_and_keeps_no_other_slot() -> None:
    clocks = ManualClocks()
    limits = {"default": Limit(5, WINDOW), "search": Limit(1, 60 * SECOND)}
    store = MemoryBudgetStore()
    budget = Budget(store, clocks, limits, patience_ms=100, sleep=clocks.sleep)
    budget.acquire(("search",), "ingest")
    for _ in range(20):
        with pytest.raises(BudgetExhausted) as caught:
            budget.acquire(("default", "search"), "ingest")
        assert caught.value.until > clocks.now
    for _ in range(5):
        budget.acquire(("default",), "ingest")


def test_a_hold_off_stops_every_process_until_it_is_over() -> None:
    simulation = Simulation(50, processes=2)
    simulation.budgets[0].hold_off(Wall(simulation.clocks.now + 3_000))
    simulation.budgets[0].hold_off(Wall(simulation.clocks.now + 1_000))  # shorter: no effect
    for budget in simulation.budgets:
        with pytest.raises(RateLimited) as caught:
            budget.acquire(("default",), "token")
        assert caught.value.until == simulation.clocks.now + 3_000
    simulation.advance(3_000)
    assert simulation.call(1, 10, 0.5)


class Halted(MemoryBudgetStore):
    """A store whose installation is stopped while a call waits for its slot."""

    halted = False

    def stopped(self) -> bool:
        return self.halted


def test_what_waited_for_a_slot_is_not_sent_after_a_stop() -> None:
    clocks, store = ManualClocks(), Halted()

    def sleep(seconds: float) -> None:
        clocks.sleep(seconds)
        store.halted = True

    limits = {"default": Limit(1, WINDOW)}
    budget = Budget(store, clocks, limits, patience_ms=2 * WINDOW, sleep=sleep)
    with budget.acquire(("default",), "dispatch"):
        pass
    with pytest.raises(Stopped):
        budget.acquire(("default",), "dispatch")
    assert store.halted, "it had waited"
    with budget.acquire(("default",), "ingest"):
        pass  # reading goes on, in the slot that the stopped call gave back
    with pytest.raises(Stopped):
        budget.acquire(("default",), "dispatch")
