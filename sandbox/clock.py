"""Business time of the sandbox: the clock, and the agenda of what the world still has to do.

Instants are int milliseconds since the epoch, UTC. Only business time lives here; token expiry,
rate windows and delivery retries run on wall time and never read this clock.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

Mode = Literal["simulated", "wall"]


class Clock:
    """Business time. Simulated time stands still until the barrier moves it; wall time runs."""

    def __init__(self, mode: Mode = "simulated", start: int = 0) -> None:
        self.mode: Mode = mode
        self._now = start

    def now(self) -> int:
        """The current business instant, in ms since the epoch."""
        return time.time_ns() // 1_000_000 if self.mode == "wall" else self._now

    def begin(self, instant: int) -> None:
        """Set simulated time before anything has happened; a restored world begins so too."""
        self._now = instant

    def move(self, instant: int) -> None:
        """Move simulated time to `instant`; an earlier instant is a bug of the caller."""
        if self.mode == "wall":
            return
        if instant < self._now:
            raise ValueError(f"business time stands at {self._now}; it cannot go back to {instant}")
        self._now = instant


class Due(NamedTuple):
    """One thing the world does at an instant.

    `action` names a registered handler and `args` are its arguments: plain data, because the agenda
    is persisted with the world (a closure could not be). `order` breaks ties, so that two events of
    one instant happen in an order that does not depend on when they were put on the agenda.
    """

    at: int
    order: tuple[Any, ...]
    seq: int
    action: str
    args: tuple[Any, ...]


class Agenda:
    """A heap of what is to happen in the world. Safe to fill from any thread."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._handlers: dict[str, Callable[..., None]] = {}
        self._seq = itertools.count()
        self._lock = threading.Lock()

    def handle(self, action: str, handler: Callable[..., None]) -> None:
        """Say what is called for entries named `action`; a second registration replaces it."""
        self._handlers[action] = handler

    def add(self, at: int, action: str, *args: Any, order: tuple[Any, ...] = ()) -> None:
        """Put `action(*args)` on the agenda at instant `at`.

        Orders of one instant must be comparable with each other: tuples of strings and numbers.
        """
        with self._lock:
            heapq.heappush(self._heap, Due(at, order, next(self._seq), action, args))

    def extend(self, entries: list[tuple[int, str, tuple[Any, ...], tuple[Any, ...]]]) -> None:
        """Put many `(at, action, args, order)` on the agenda at once."""
        with self._lock:
            self._heap.extend(
                Due(at, order, next(self._seq), action, args) for at, action, args, order in entries
            )
            heapq.heapify(self._heap)

    def next_at(self) -> int | None:
        """The instant of the next entry, or None when the world has nothing left to do."""
        heap = self._heap
        return heap[0].at if heap else None

    def last_at(self) -> int | None:
        """The instant of the last entry: where a replay ends."""
        with self._lock:
            return max((due.at for due in self._heap), default=None)

    def pop(self, until: int) -> Due | None:
        """Take the next entry not later than `until`."""
        with self._lock:
            if self._heap and self._heap[0].at <= until:
                return heapq.heappop(self._heap)
            return None

    def run(self, due: Due) -> None:
        """Do one entry."""
        handler = self._handlers.get(due.action)
        if handler is None:
            raise LookupError(
                f"the agenda holds {due.action!r}, which nothing handles; register it with handle()"
            )
        handler(*due.args)

    def __len__(self) -> int:
        return len(self._heap)

    def snapshot(self) -> list[tuple[int, tuple[Any, ...], str, tuple[Any, ...]]]:
        """Everything still to happen, in order, as plain data."""
        with self._lock:
            return [(due.at, due.order, due.action, due.args) for due in sorted(self._heap)]

    def restore(self, entries: list[tuple[int, tuple[Any, ...], str, tuple[Any, ...]]]) -> None:
        """Replace the agenda by what `snapshot` returned."""
        with self._lock:
            self._heap = [
                Due(at, order, next(self._seq), action, args) for at, order, action, args in entries
            ]
            heapq.heapify(self._heap)
