"""What the senders of webhooks have in common: the background, and losses to order."""

from __future__ import annotations

import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sandbox.faults import Faults
from sandbox.har import Har
from sandbox.outgoing import Outgoing
from sandbox.settings import Settings
from sandbox.world.store import World

LINGER_SECONDS = 0.02
"""How long the background sender gathers events before it sends them."""
Item = TypeVar("Item")
Result = TypeVar("Result")
Held = TypeVar("Held", bound=tuple[Any, ...])


class BaseSender(ABC):
    """A vendor's sender. ``name`` is that of its thread."""

    def __init__(
        self, world: World, settings: Settings, faults: Faults, har: Har, name: str
    ) -> None:
        self._world = world
        self._settings = settings
        self._faults = faults
        self._name = name
        self._random = random.Random(settings.webhook_seed)
        self._outgoing = Outgoing(settings, har)
        self._one_sender = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.counts = {"delivered": 0, "events": 0, "retried": 0, "dropped": 0, "given_up": 0}

    @abstractmethod
    def flush(self, seconds: float | None = None) -> bool:
        """Delivers what is pending."""

    def lost(self) -> int:
        """Events dropped and given up: what an app learns only by polling."""
        return self.counts["dropped"] + self.counts["given_up"]

    # --- the background ------------------------------------------------------------------------

    def start(self) -> None:
        """Sends in the background as things happen; for wall time and for tests."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the background and every attempt under way."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _wake_up(self) -> None:
        """Tells the background, where there is one, that something is to be sent."""
        if self._thread is not None and not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(1.0)
            self._wake.clear()
            if self._stopped.wait(LINGER_SECONDS):
                return
            self.flush()

    def _each(self, send: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Sends things, as many at once as the settings have it."""
        most = self._settings.webhook_concurrency
        if most <= 1 or len(items) == 1:
            return [send(item) for item in items]
        with ThreadPoolExecutor(min(most, len(items))) as pool:
            return list(pool.map(send, items))

    # --- losses and disorder -------------------------------------------------------------------

    def _undisturbed(self) -> bool:
        """Whether no event can meet anything: asked once for thousands of them."""
        settings = self._settings
        return not (self._faults.any() or settings.webhook_drop or settings.webhook_duplicate)

    def _meet(
        self, path: str, event: Item, rows: list[Item], hold: Callable[[int, Item], None]
    ) -> None:
        """Puts one event among those to be sent, as often and where the faults have it.

        ``hold`` keeps one that is to come late, until a business instant.
        """
        settings, now = self._settings, self._world.clock.now()
        faults = self._faults.meet("EVENT", path, now)
        if not (faults or settings.webhook_drop or settings.webhook_duplicate):
            rows.append(event)
            return
        kinds = {fault.kind for fault in faults}
        if "drop" in kinds or self._chance(settings.webhook_drop):
            self.counts["dropped"] += 1
            return
        twice = "duplicate" in kinds or self._chance(settings.webhook_duplicate)
        copies = [event] * (2 if twice else 1)
        if "delay" in kinds:
            delays = [fault for fault in faults if fault.kind == "delay"]
            at = max(fault.until or now + round(fault.seconds * 1000) for fault in delays)
            for copy in copies:
                hold(at, copy)
        elif "disorder" in kinds:
            for copy in copies:
                rows.insert(self._random.randint(0, len(rows)), copy)
        else:
            rows.extend(copies)

    def _due(self, held: list[Held]) -> list[Held]:
        """What was held back and is to be sent by now; each begins with its business instant."""
        if not held:
            return []
        now = self._world.clock.now()
        return [entry for entry in held if entry[0] <= now]

    def _chance(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
