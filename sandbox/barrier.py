"""The barrier: business time moves only when neither side has anything left to do.

The app reports that it is drained; the sandbox moves on to the next instant at which either side
has something due, lets it happen and delivers what the app is to hear of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sandbox.clock import Agenda, Clock


class Outbox(Protocol):
    """What the barrier needs of whoever sends the webhooks."""

    def flush(self) -> object:
        """Deliver everything pending and return when all of it was accepted."""
        ...

    def last_number(self) -> int:
        """The number of the newest delivery made."""
        ...

    def pending(self) -> bool:
        """Whether something waits to be delivered."""
        ...

    def lost(self) -> int:
        """How much was never delivered and never will be."""
        ...


class Barrier:
    """Moves simulated time only when the app said that it has nothing left to do at this instant.

    A report is believed only if nothing happened since the app wrote it: same instant, no newer
    delivery, nothing waiting to be delivered, no CRM request under way or arrived since. The last
    reporter wins: a report of an earlier run of the app (a killed process) never moves time.
    """

    POLL_S = 2.0

    def __init__(
        self,
        clock: Clock,
        agenda: Agenda,
        outbox: Outbox,
        *,
        quantum: int = 0,
        requests: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        """`quantum` (ms): world events up to that much later are applied in the same move.

        `requests()` returns (CRM requests arrived so far, CRM requests under way now).
        """
        self.clock = clock
        self.agenda = agenda
        self.outbox = outbox
        self.quantum = quantum
        self.granted_until = clock.now()
        self.moves = 0
        self.on_look: Callable[[], None] = lambda: None
        """Called before time is moved: the people look at what the app has done."""
        self.on_move: Callable[[], None] = lambda: None
        """Called after the world's events of a move, before their webhooks go out."""
        self.requests = requests
        self.unheard: Callable[[], bool] = lambda: False
        """Whether anything has happened, since this was last asked, of which no webhook tells: an
        app that polls has to be given the chance to."""
        self.current_run = ""
        self._ended_runs: set[str] = set()
        self._moving = threading.Lock()
        self._changed = threading.Condition()

    def state(self) -> dict[str, Any]:
        """The answer of `GET /sandbox/time`.

        `moving`: a move is under way, and its webhooks may still wait for an app that was away; an
        app that starts must not act on `now` before they have arrived.
        """
        return {
            "mode": self.clock.mode,
            "now": self.clock.now(),
            "delivery": self.outbox.last_number(),
            "lost": self.outbox.lost(),
            "granted_until": self.granted_until,
            "moving": self._moving.locked(),
        }

    def grant(self, until: int) -> dict[str, Any]:
        """Let business time run up to `until`; a grant never takes back what was granted."""
        with self._changed:
            self.granted_until = max(self.granted_until, until)
            self._changed.notify_all()
        return self.state()

    def begin(self, instant: int) -> None:
        """Let business time start at `instant`, with nothing granted yet."""
        with self._changed:
            self.clock.begin(instant)
            self.granted_until = instant

    def poke(self) -> None:
        """Wake a waiting report: something happened (a person acted through the CRM page)."""
        with self._changed:
            self._changed.notify_all()

    def still(self) -> AbstractContextManager[object]:
        """Keep the world from moving, for instance while it is saved."""
        return self._moving

    def drained(
        self,
        run: str,
        now: int,
        delivery: int,
        next_due: int | None,
        granted: int | None = None,
        asks_at: int | None = None,
    ) -> dict[str, Any]:
        """Take the app's report; answer `{"now", "delivery", "lost", "moved", "granted_until"}`
        and, unmoved, a `reason`. lost: what webhooks never told; an app polls for it, once a
        business day.

        granted: up to where time was granted when the app looked for its next due instant. What an
        admin did before granting more (an activation arms timers) is not in a report from before
        the grant, so such a report moves nothing.

        asks_at: from when on an app would ask a CRM that sends no webhooks what happened. It is
        given its turn then, or at the first thing that happens later.
        """
        if self.clock.mode == "wall":
            return self._answer(moved=False, reason="wall clock: nothing to move")
        if not self._current(run):
            return self._answer(moved=False, reason="a newer run of the app has reported")
        arrived, _ = self.requests()
        deadline = time.monotonic() + self.POLL_S
        while True:
            if not self._moving.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return self._answer(moved=False, reason="deliveries are still being accepted")
            try:
                reason = self._stale(run, now, delivery, next_due, arrived)
                if granted is not None and granted != self.granted_until:
                    reason = reason or "more time was granted after the report"
                if reason:
                    return self._answer(moved=False, reason=reason)
                self.on_look()
                until = self.granted_until
                target = self._target(next_due)
                if target is not None:
                    self._move(target, next_due, asks_at)
                    return self._answer(moved=True)
            finally:
                self._moving.release()
            if not self._wait(deadline, run, until, arrived, delivery):
                return self._answer(moved=False, reason="nothing may move: grant more time")

    def _current(self, run: str) -> bool:
        with self._changed:
            if run in self._ended_runs:
                return False
            if run != self.current_run:
                self._ended_runs.add(self.current_run)
                self.current_run = run
                self._changed.notify_all()
            return True

    def _stale(
        self, run: str, now: int, delivery: int, next_due: int | None, arrived: int
    ) -> str | None:
        """Why the report no longer holds, or None. Pending deliveries are made on the way."""
        if run != self.current_run:
            return "a newer run of the app has reported"
        if now != self.clock.now():
            return f"time is {self.clock.now()}, not {now}"
        if next_due is not None and next_due <= now:
            return f"next_due {next_due} is not after now: what is due is not drained"
        total, under_way = self.requests()
        if total != arrived or under_way:
            return "a CRM request came after the report"
        if self.outbox.pending():
            self.outbox.flush()
            return "deliveries were made after the report"
        if self.outbox.last_number() > delivery:
            return f"delivery {self.outbox.last_number()} is newer than {delivery}"
        return None

    def _target(self, next_due: int | None) -> int | None:
        """The instant to move to, or None when nothing may move."""
        now = self.clock.now()
        instants = [self.granted_until]
        if next_due is not None:
            instants.append(next_due)
        coming = self.agenda.next_at()
        if coming is not None:
            # An entry that lies in the past (a person reacting at once) happens now.
            instants.append(max(coming, now))
        target = min(instants)
        if target > now or (coming is not None and coming <= now):
            return target
        return None

    def _move(self, target: int, next_due: int | None, asks_at: int | None) -> None:
        """Move to `target`, and on through instants of which the app would hear nothing."""
        going: int | None = target
        self.unheard()  # what the app has done itself
        while going is not None:
            happened = self._play(going, next_due)
            now = self.clock.now()
            if happened and asks_at is not None:
                turn = max(now, asks_at)
                next_due = turn if next_due is None else min(next_due, turn)
            if self.outbox.pending() or now == next_due or now >= self.granted_until:
                break
            if self.unheard():
                break
            going = self._target(next_due)
        self.moves += 1
        self.on_move()
        self.outbox.flush()

    def _play(self, target: int, next_due: int | None) -> bool:
        """Let happen what the world has at `target`, and within the quantum after it. Whether that
        was anything."""
        limit = target
        if (self.agenda.next_at() or target + 1) <= target:
            limit = min(target + self.quantum, self.granted_until)
            if next_due is not None:
                limit = min(limit, next_due)
            limit = max(limit, target)
        happened = False
        while (due := self.agenda.pop(limit)) is not None:
            self.clock.move(max(due.at, self.clock.now()))
            self.agenda.run(due)
            happened = True
        self.clock.move(max(target, self.clock.now()))
        return happened

    def _wait(self, deadline: float, run: str, granted: int, arrived: int, delivery: int) -> bool:
        """Wait for a grant, a request or a delivery; False when the long poll is over."""
        with self._changed:
            while True:
                if (
                    self.granted_until != granted
                    or self.current_run != run
                    or self.requests()[0] != arrived
                    or self.outbox.last_number() > delivery
                    or self.outbox.pending()
                    or (self.agenda.next_at() or self.granted_until + 1) <= self.clock.now()
                ):
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                # CRM requests do not notify (that would cost every call a lock): look often.
                self._changed.wait(min(left, 0.05))

    def _answer(self, *, moved: bool, reason: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = {
            "now": self.clock.now(),
            "delivery": self.outbox.last_number(),
            "lost": self.outbox.lost(),
            "moved": moved,
            "granted_until": self.granted_until,
        }
        if reason:
            answer["reason"] = reason
        return answer
