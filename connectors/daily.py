"""A vendor's budget of a day: calls of different cost, counted from one reset to the next.

Tokens are taken before a call is sent, by what it costs at most, from chunks that all processes
lease from one store; what a process that ends had left is lost to the day, never spent twice. So
that what is heard at the end of a day is still heard, an opt-out above all, work that acts may not
spend the last of it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.model.time import MINUTE, Clocks, Wall
from connectors.contract import ACTING, ASIDE, BudgetExhausted, BudgetStore

BUCKET = "day"
"""Bucket of the budget store."""

LOOK_AGAIN_MS = 10 * MINUTE
"""Work that waits for the next day looks again so often, which costs nothing: an admin may have
allowed more."""

_CHUNK = 100
_KEPT: Mapping[str, float] = {ACTING: 0.15, "ingest": 0.05, ASIDE: 0.5}
"""Priority → the share that it must leave to others."""


def next_reset(now: Wall, zone: str = "UTC") -> Wall:
    """The midnight to come in that zone."""
    here = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))
    midnight = datetime.combine(here.date() + timedelta(days=1), datetime.min.time(), here.tzinfo)
    return Wall(round(midnight.timestamp() * 1000))


@dataclass(slots=True)
class _Chunk:
    """Tokens of one lease. until: the reset at which they are void."""

    left: int
    until: Wall


class Daily:
    """One installation's budget of the day as one process sees it; safe for threads."""

    def __init__(
        self, store: BudgetStore, clocks: Clocks, allowance: int, zone: str = "UTC"
    ) -> None:
        """allowance: tokens that may be spent between two resets."""
        self._store = store
        self._clocks = clocks
        self._allowance = allowance
        self._zone = zone
        self._lock = threading.Lock()
        self._chunks: dict[str, _Chunk] = {}

    def take(self, cost: int, priority: str) -> None:
        """Spend. Raises BudgetExhausted, and has spent nothing, where less than that is left."""
        with self._lock:
            now = self._clocks.wall()
            until = next_reset(now, self._zone)
            chunk = self._chunks.get(priority)
            if chunk is None or chunk.until <= now:
                chunk = self._chunks[priority] = _Chunk(0, until)
            if chunk.left < cost:
                chunk.left += self._lease(max(_CHUNK, cost) - chunk.left, priority, now, until)
            if chunk.left < cost:
                raise BudgetExhausted(
                    "The day's budget of API calls is used up as far as the product may spend it; "
                    "the work goes on when it begins again.",
                    Wall(min(until, now + LOOK_AGAIN_MS)),
                    f"{cost} tokens for {priority}",
                )
            chunk.left -= cost

    def give_back(self, cost: int, priority: str) -> None:
        """Nothing was sent after all."""
        with self._lock:
            chunk = self._chunks.get(priority)
            if chunk is not None and chunk.until > self._clocks.wall():
                chunk.left += cost

    def _lease(self, want: int, priority: str, now: Wall, until: Wall) -> int:
        most = max(1, int(self._allowance * (1 - _KEPT.get(priority, 0.0))))
        return self._store.lease(BUCKET, want, until - now, most, now)
