"""One writer at a time on SQLite: a fair lock inside the process, webhooks before everybody else.

SQLite's own answer to two writers is to let one of them poll until it is lucky, which starves
whoever has the longest pauses. Waiting in our own queue costs less than a busy retry and is fair.
"""

from __future__ import annotations

import threading
from collections import deque

_URGENT_IN_A_ROW = 4
"""Urgent holders served while an ordinary one waits; without an end, a flood of webhooks would
stop the very lanes that work it off."""


class WriteLock:
    """First come, first served; urgent before ordinary, but never so that ordinary starves."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._holder: int | None = None
        self._urgent: deque[threading.Lock] = deque()
        self._ordinary: deque[threading.Lock] = deque()
        self._urgent_in_a_row = 0

    def acquire(self, *, urgent: bool = False) -> None:
        """Wait for the turn. Raises RuntimeError when this thread holds the lock already."""
        me = threading.get_ident()
        with self._mutex:
            if self._holder is None:
                self._holder = me
                return
            if self._holder == me:
                raise RuntimeError(
                    "a write transaction is open in this thread; pass its connection on instead "
                    "of opening a second one, which would wait for the first for ever"
                )
            turn = threading.Lock()
            turn.acquire()
            (self._urgent if urgent else self._ordinary).append(turn)
        turn.acquire()  # released by the holder before, who has handed the lock over to nobody else
        with self._mutex:
            self._holder = me

    def release(self) -> None:
        """Hand over to the next in line."""
        with self._mutex:
            turn = self._next()
            if turn is None:
                self._holder = None
                return
            self._holder = 0  # handed over: taken, and by no thread that could ask again
            turn.release()

    def _next(self) -> threading.Lock | None:
        pass_over = self._urgent_in_a_row >= _URGENT_IN_A_ROW and bool(self._ordinary)
        if self._urgent and not pass_over:
            self._urgent_in_a_row += 1
            return self._urgent.popleft()
        self._urgent_in_a_row = 0
        return self._ordinary.popleft() if self._ordinary else None
