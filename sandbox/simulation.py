"""One running sandbox: its world, its business time, its people, and the file they are kept in."""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.barrier import Barrier, Outbox
from sandbox.clock import Agenda, Clock, Mode
from sandbox.imports.importer import Importer
from sandbox.world.account import Account
from sandbox.world.generator import DEFAULT_START, WEEK, generate
from sandbox.world.people import People
from sandbox.world.store import World

FIRST_PORTAL = 4_242_001
BEFORE_IMPORT = 3_600_000
"""An import's time begins an hour before its first row, so that an app can be installed first."""

log = logging.getLogger(__name__)


class Quiet:
    """An outbox without an app to deliver to: nothing is ever pending."""

    def flush(self) -> None:
        return None

    def last_number(self) -> int:
        return 0

    def pending(self) -> bool:
        return False

    def lost(self) -> int:
        return 0


class Simulation:
    """Everything of a sandbox except its HTTP."""

    def __init__(self, mode: Mode = "simulated", start: int = DEFAULT_START) -> None:
        self.clock = Clock(mode, start)
        self.agenda = Agenda()
        self.world = World(self.clock, self.agenda)
        self.people = People(self.world, self.agenda)
        self.importer = Importer(self.world, self.agenda)
        self.barrier = Barrier(self.clock, self.agenda, Quiet())
        self.barrier.on_look = self.people.look
        self.ends_at = start
        self._stopped = threading.Event()

    def connect(
        self,
        outbox: Outbox,
        requests: Callable[[], tuple[int, int]],
        unheard: Callable[[], bool] = lambda: False,
    ) -> None:
        """Give the barrier the webhook sender, the count of CRM requests (all, under way), and
        whether something has happened of which no webhook tells."""
        self.barrier.outbox = outbox
        self.barrier.requests = requests
        self.barrier.unheard = unheard

    def generate(
        self,
        *,
        seed: int = 1,
        deals: int = 200,
        weeks: float = 4,
        start: int | None = None,
        portal_id: int | None = None,
        tier: str = "",
        pipelines: int = 1,
        crm: str = "hubspot",
    ) -> Account:
        """A generated account. `start` counts only for the first; later ones start now."""
        begins = self._begin(DEFAULT_START if start is None else start)
        account = generate(
            self.world,
            self.people,
            seed=seed,
            deals=deals,
            start=begins,
            weeks=weeks,
            portal_id=self._portal(portal_id),
            tier=tier,
            pipelines=pipelines,
            crm=crm,
        )
        account.extra["span"] = (begins, begins + round(weeks * WEEK))
        self.ends_at = max(self.ends_at, account.extra["span"][1])
        return account

    def import_files(
        self,
        mapping: Path | str,
        data: Path | str,
        portal_id: int | None = None,
        crm: str = "hubspot",
    ) -> Account:
        """An imported account; in simulated time it must be the first, as its rows have dates."""
        if self.world.accounts:
            raise ValueError(
                "an import sets the business time of the sandbox; start one without other accounts"
            )
        account, read, table = self.importer.load(mapping, data, self._portal(portal_id), crm)
        self._begin(table.starts_at - BEFORE_IMPORT, again=True)
        self.barrier.quantum = read.quantum
        account.extra["span"] = (self.clock.now(), table.ends_at)
        self.ends_at = table.ends_at
        return account

    def _begin(self, start: int, *, again: bool = False) -> int:
        if self.clock.mode == "simulated" and (again or not self.world.accounts):
            self.barrier.begin(start)
        return self.clock.now()

    def _portal(self, portal_id: int | None) -> int:
        if portal_id is not None:
            return portal_id
        return max((*self.world.accounts, FIRST_PORTAL - 1)) + 1

    # --- wall time ---------------------------------------------------------------------------

    def tick(self) -> int:
        """In wall mode: do what has come due; returns how many things were done."""
        done = 0
        with self.barrier.still():
            self.people.look()
            while (due := self.agenda.pop(self.clock.now())) is not None:
                self.agenda.run(due)
                done += 1
        return done

    def run_wall(self, every_s: float = 0.25) -> threading.Thread:
        """Let the world go on by the wall clock until `stop`."""

        def loop() -> None:
            while not self._stopped.wait(every_s):
                try:
                    self.tick()
                except Exception:
                    log.exception("a deed of the world failed; the world goes on without it")

        thread = threading.Thread(target=loop, name="world", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stopped.set()

    # --- persistence -------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write world, agenda and business time to a file, replacing it in one step.

        Waits for a move under way: an entry taken from the agenda and not yet done would be lost.
        """
        with self.barrier.still(), self.world.lock:
            state: dict[str, Any] = {
                "world": self.world.snapshot(),
                "agenda": self.agenda.snapshot(),
                "granted_until": self.barrier.granted_until,
                "quantum": self.barrier.quantum,
                "ends_at": self.ends_at,
            }
        partial = path.with_suffix(path.suffix + ".part")
        with partial.open("wb") as file:
            pickle.dump(state, file, protocol=pickle.HIGHEST_PROTOCOL)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a file that `save` wrote. Only read files of your own: the format is pickle,
        which runs what it is told."""
        state = pickle.loads(path.read_bytes())
        now = self.world.restore(state["world"])
        self.agenda.restore(state["agenda"])
        self.barrier.begin(now)
        self.barrier.granted_until = state["granted_until"]
        self.barrier.quantum = state["quantum"]
        self.ends_at = state["ends_at"]
        self.people.return_to()
