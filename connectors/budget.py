"""The vendor's rate limit as a sliding log of slots.

A call holds a slot from before it is sent until the vendor's window after its answer. The vendor
counts a call when it arrives, which is somewhere between the two, so no window of the vendor's can
hold more arrivals than there are slots. Counting from the sending was refused: with a slow answer
the vendor's window would begin after ours had ended.

Slots are leased from a store that all processes share. A lease is taken for as long as a call may
last, and settled to the true instant once its calls are answered; a process that dies in between
leaves slots taken for a minute, never too few.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

from app.model.time import SECOND, Clocks, Wall
from connectors.contract import ACTING, BudgetExhausted, BudgetStore, RateLimited, Stopped
from connectors.daily import Daily

USE_WITHIN_MS = 2 * SECOND
"""A leased slot that is not used within this time is given back."""

CALL_MAX_MS = 60 * SECOND
"""The longest that a call is expected to last, all its time-outs together."""

PATIENCE_MS = 2 * SECOND
"""The longest that a thread sleeps for a slot; beyond, the work goes back to the database."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`ceiling` calls within `window_ms`. reserved: priority → slots that it must leave free."""

    ceiling: int
    window_ms: int
    reserved: Mapping[str, int] = field(default_factory=dict[str, int])

    def for_priority(self, priority: str, multiplier: float) -> int:
        """Slots that this priority may fill; at least one."""
        free = self.ceiling - self.reserved.get(priority, 0)
        return max(1, int(free * multiplier))


@dataclass(slots=True)
class _Chunk:
    """Slots of one lease. answered: the latest answer among the calls that used it."""

    bucket: str
    leased_until: Wall
    use_until: Wall
    left: int
    used: int = 0
    flying: int = 0
    answered: int = 0


class Slot:
    """Permission for one call; a context manager around its sending and its answer."""

    __slots__ = ("_budget", "_chunks")

    def __init__(self, budget: Budget, chunks: list[_Chunk]) -> None:
        self._budget = budget
        self._chunks = chunks

    def __enter__(self) -> Slot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._budget.answered(self._chunks)


class Budget:
    """One installation's budget as one process sees it; safe to share between threads.

    multiplier raises all ceilings (for a simulation); the code is the same. daily: what a vendor
    grants for a day besides, by what calls cost.
    """

    def __init__(
        self,
        store: BudgetStore,
        clocks: Clocks,
        limits: Mapping[str, Limit],
        *,
        multiplier: float = 1.0,
        daily: Daily | None = None,
        patience_ms: int = PATIENCE_MS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._clocks = clocks
        self._limits = limits
        self._multiplier = multiplier
        self._daily = daily
        self._patience = patience_ms
        self._sleep = sleep
        self._lock = threading.Lock()
        self._chunks: dict[tuple[str, str], _Chunk] = {}
        # One thread of a kind polls the store, the others queue behind it: eight pollers would
        # write to the database eight times as often for the same slots.
        self._turns: dict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)

    def hold_off(self, until: Wall) -> None:
        """The vendor refused a call: nothing is sent before `until`, by any process."""
        self._store.hold_off(until)
        with self._lock:
            chunks, self._chunks = list(self._chunks.values()), {}
            for chunk in chunks:
                self._give_back(chunk)

    def acquire(self, buckets: Iterable[str], priority: str, cost: int = 0) -> Slot:
        """A slot in each of the buckets, waiting up to the patience, and the cost of the day's.

        Raises RateLimited while the vendor holds us off, BudgetExhausted when no slot came free or
        the day's budget does not hold the cost, and Stopped for what would act while everything is
        stopped. That is asked last, after any waiting: so a stop holds before the very next call,
        whoever had it in hand.
        """
        taken: list[_Chunk] = []
        spent = 0
        try:
            for bucket in buckets:
                taken.append(self._one(bucket, priority))
            if self._daily is not None and cost:
                self._daily.take(cost, priority)
                spent = cost
            if priority == ACTING and self._store.stopped():
                raise Stopped("Everything is stopped; it goes on when an admin starts it again.")
        except (RateLimited, Stopped):
            self._unused(taken)
            if self._daily is not None and spent:
                self._daily.give_back(spent, priority)
            raise
        return Slot(self, taken)

    def answered(self, chunks: Iterable[_Chunk]) -> None:
        """The call is over, whether answered or given up: its slots now run out."""
        now = self._clocks.wall()
        with self._lock:
            for chunk in chunks:
                chunk.flying -= 1
                chunk.answered = max(chunk.answered, now)
                self._settle_if_over(chunk)

    def _unused(self, chunks: Iterable[_Chunk]) -> None:
        with self._lock:
            for chunk in chunks:
                chunk.flying -= 1
                chunk.used -= 1
                chunk.left += 1
                if self._chunks_hold(chunk):
                    continue
                self._give_back(chunk)

    def _one(self, bucket: str, priority: str) -> _Chunk:
        key = (bucket, priority)
        chunk = self._from_chunk(key)
        if chunk is not None:
            return chunk
        limit = self._limits[bucket]
        step = max(5, min(50, limit.window_ms // max(1, limit.ceiling) // 2))
        turn = self._turns[key]
        if not turn.acquire(timeout=self._patience / 1000):
            raise self._exhausted(bucket, limit)
        waited = 0
        try:
            while True:
                chunk = self._from_chunk(key) or self._lease(key, limit)
                if chunk is not None:
                    return chunk
                if waited >= self._patience:
                    raise self._exhausted(bucket, limit)
                self._sleep(step / 1000)
                waited += step
        finally:
            turn.release()

    def _from_chunk(self, key: tuple[str, str]) -> _Chunk | None:
        with self._lock:
            chunk = self._chunks.get(key)
            if chunk is None:
                return None
            if chunk.use_until < self._clocks.wall():
                del self._chunks[key]
                self._give_back(chunk)
                return None
            return self._take(key, chunk)

    def _lease(self, key: tuple[str, str], limit: Limit) -> _Chunk | None:
        bucket, priority = key
        now = self._clocks.wall()
        held = self._store.not_before()
        if held > now:
            raise RateLimited(
                "The CRM asked us to slow down; the work goes on by itself shortly.", held
            )
        ceiling = limit.for_priority(priority, self._multiplier)
        lease_ms = limit.window_ms + USE_WITHIN_MS + CALL_MAX_MS
        # One slot a lease at the vendor's true limits, where each second of an idle slot counts;
        # more only when a simulation raises them and the store would become the limit.
        want = max(1, ceiling // 200)
        granted = self._store.lease(bucket, want, lease_ms, ceiling, now)
        if granted <= 0:
            return None
        chunk = _Chunk(bucket, Wall(now + lease_ms), Wall(now + USE_WITHIN_MS), granted)
        with self._lock:
            return self._take(key, chunk)

    def _take(self, key: tuple[str, str], chunk: _Chunk) -> _Chunk:
        chunk.left -= 1
        chunk.used += 1
        chunk.flying += 1
        if chunk.left:
            self._chunks[key] = chunk
        else:
            self._chunks.pop(key, None)
        return chunk

    def _chunks_hold(self, chunk: _Chunk) -> bool:
        return any(held is chunk for held in self._chunks.values())

    def _give_back(self, chunk: _Chunk) -> None:
        """Return the slots that were never used; the others settle with their answers."""
        if chunk.left:
            self._store.settle(chunk.bucket, chunk.leased_until, chunk.left, Wall(0))
            chunk.left = 0
        self._settle_if_over(chunk)

    def _settle_if_over(self, chunk: _Chunk) -> None:
        if chunk.flying or chunk.left or not chunk.used:
            return
        until = Wall(chunk.answered + self._limits[chunk.bucket].window_ms)
        self._store.settle(chunk.bucket, chunk.leased_until, chunk.used, until)
        chunk.used = 0

    def _exhausted(self, bucket: str, limit: Limit) -> BudgetExhausted:
        until = Wall(self._clocks.wall() + max(200, limit.window_ms // 10))
        return BudgetExhausted(
            "The CRM's rate limit is used up for the moment; the work goes on by itself.",
            until,
            f"bucket {bucket}",
        )


class MemoryBudgetStore:
    """A budget store for one process and for tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._not_before = Wall(0)
        self._taken: dict[str, dict[int, int]] = defaultdict(dict)

    def not_before(self) -> Wall:
        return self._not_before

    def stopped(self) -> bool:
        return False

    def hold_off(self, until: Wall) -> None:
        with self._lock:
            self._not_before = max(self._not_before, until)

    def lease(self, bucket: str, want: int, window_ms: int, limit: int, now: Wall) -> int:
        with self._lock:
            taken = self._taken[bucket]
            for until in [until for until in taken if until <= now]:
                del taken[until]
            granted = max(0, min(want, limit - sum(taken.values())))
            if granted:
                until = now + window_ms
                taken[until] = taken.get(until, 0) + granted
            return granted

    def settle(self, bucket: str, leased_until: Wall, slots: int, until: Wall) -> None:
        with self._lock:
            taken = self._taken[bucket]
            left = taken.get(leased_until, 0) - slots
            if left > 0:
                taken[leased_until] = left
            else:
                taken.pop(leased_until, None)
            if until:
                taken[until] = taken.get(until, 0) + slots
