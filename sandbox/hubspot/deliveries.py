"""Sending webhook events: signed, in batches of up to 100, tried again until accepted.

Every batch has a number, sent as ``X-Sandbox-Delivery`` and unchanged by retries; the simulation's
barrier counts by it. What waits is kept with the world, so a restored sandbox sends it still.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial

import orjson

from sandbox.faults import Faults
from sandbox.har import Har
from sandbox.hubspot import signing
from sandbox.hubspot.grants import Grants
from sandbox.hubspot.webhooks import Event, Webhooks
from sandbox.sender import BaseSender
from sandbox.settings import Settings
from sandbox.world.kept import kept
from sandbox.world.records import ACTIVITY_KINDS, App, Change
from sandbox.world.store import World

BATCH = 100
FIRST_EVENT_ID = 1_000_001
RELEASE = "hubspot.release"
"""On the agenda where held events are due, so that business time stops there."""


@dataclass(slots=True)
class Batch:
    """Events for one app and account on their way."""

    number: int
    app_id: int
    portal_id: int
    events: list[Event]
    attempts: int = 0


@dataclass(slots=True)
class _Box:
    """What waits to be sent; kept with the world."""

    accepted: int = 0
    next_event: int = FIRST_EVENT_ID
    waiting: deque[tuple[int, Event]] = field(default_factory=deque)
    batches: deque[Batch] = field(default_factory=deque)
    held: list[tuple[int, int, Event]] = field(default_factory=list)
    """(business instant of delivery, app id, event) of what comes late on purpose."""


class Deliveries(BaseSender):
    """The sender of one sandbox's webhooks; has the shape of the barrier's outbox."""

    def __init__(self, world: World, settings: Settings, faults: Faults, har: Har) -> None:
        super().__init__(world, settings, faults, har, "webhooks")
        self._webhooks = Webhooks(world, settings)
        world.on_change(self._on_change)
        world.agenda.handle(RELEASE, self._wake.set)

    @property
    def _box(self) -> _Box:
        return kept(self._world.extra, "hubspot_outbox", _Box)

    def _on_change(self, change: Change) -> None:
        events = self._webhooks.events(change)
        if not events:
            return
        settings = self._settings
        delivers = settings.quote_events if change.kind == "quotes" else settings.activity_events
        if change.kind in (*ACTIVITY_KINDS, "quotes") and not delivers:
            self.counts["dropped"] += len(events)  # an app learns of them by polling alone
            return
        box = self._box
        for app_id, event in events:
            event["eventId"] = box.next_event
            box.next_event += 1
            box.waiting.append((app_id, event))
        self._wake_up()

    # --- what the barrier asks -----------------------------------------------------------------

    def last_number(self) -> int:
        """The number of the newest delivery that was accepted or is under way.

        One that was dropped, because its app was uninstalled meanwhile, nobody will ever have.
        """
        under_way = (batch.number for batch in list(self._box.batches))
        return max(self._box.accepted, max(under_way, default=0))

    def pending(self) -> bool:
        """Whether something waits to be delivered or accepted."""
        box = self._box
        return bool(box.waiting or box.batches or self._due(box.held))

    def flush(self, seconds: float | None = None) -> bool:
        """Delivers everything pending; returns when all was accepted, dropped or given up.

        With ``seconds`` it stops trying after that long. False: something is still pending.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._one_sender:
            while not self._stopped.is_set():
                self._gather()
                batches = list(self._box.batches)
                if not batches:
                    return True
                if not all(self._each(lambda batch: self._send(batch, deadline), batches)):
                    return False
        return not self.pending()

    # --- inside --------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Makes batches of the events that wait, with the losses and disorder asked for."""
        with self._world.lock:
            box = self._box
            late = self._due(box.held)
            if not box.waiting and not late:
                return
            waiting = list(box.waiting)
            box.waiting.clear()
            per_target: dict[tuple[int, int], list[Event]] = {}
            if late:
                box.held = [entry for entry in box.held if entry not in late]
                for _, app_id, event in late:
                    per_target.setdefault((app_id, event["portalId"]), []).append(event)
            undisturbed = self._undisturbed()
            for app_id, event in waiting:
                target = (app_id, event["portalId"])
                rows = per_target.get(target)
                if rows is None:
                    rows = per_target[target] = []
                if undisturbed:
                    rows.append(event)
                else:
                    self._meet(event["subscriptionType"], event, rows, partial(self._hold, app_id))
            for (app_id, portal_id), events in per_target.items():
                if self._settings.webhook_disorder:
                    self._random.shuffle(events)
                for start in range(0, len(events), BATCH):
                    number = self._world.new_delivery()
                    chunk = events[start : start + BATCH]
                    box.batches.append(Batch(number, app_id, portal_id, chunk))

    def _hold(self, app_id: int, at: int, event: Event) -> None:
        """Keeps an event that comes late on purpose."""
        self._box.held.append((at, app_id, event))
        self._world.agenda.add(at, RELEASE, order=("",))

    def _send(self, batch: Batch, deadline: float | None) -> bool:
        """Tries one batch until it is accepted; False when stopped before that."""
        pause = self._settings.webhook_retry_first_seconds
        while not self._stopped.is_set():
            app = self._world.apps.get(batch.app_id)
            if app is None or batch.app_id not in Grants.of(self._world).installed(batch.portal_id):
                return self._settle(batch, "dropped")
            if self._attempt(app, batch):
                return self._settle(batch, "delivered")
            batch.attempts += 1
            self.counts["retried"] += 1
            if 0 < self._settings.webhook_attempts <= batch.attempts:
                return self._settle(batch, "given_up")
            if deadline is not None and time.monotonic() + pause > deadline:
                return False
            self._stopped.wait(pause)
            pause = min(pause * 2, self._settings.webhook_retry_most_seconds)
        return False

    def _settle(self, batch: Batch, how: str) -> bool:
        with self._world.lock:
            with contextlib.suppress(ValueError):
                self._box.batches.remove(batch)
            self.counts[how] += 1
            if how == "delivered":
                self._box.accepted = max(self._box.accepted, batch.number)
                self.counts["events"] += len(batch.events)
        return True

    def _attempt(self, app: App, batch: Batch) -> bool:
        for event in batch.events:
            event["attemptNumber"] = batch.attempts
        body = orjson.dumps(batch.events)
        timestamp = str(int(time.time() * 1000))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "HubSpot Connect 2.0",
            "X-HubSpot-Signature-v3": signing.v3(
                app.client_secret, "POST", app.webhook_url, body, timestamp
            ),
            "X-HubSpot-Request-Timestamp": timestamp,
            "X-Sandbox-Delivery": str(batch.number),
        }
        if self._settings.webhooks_signed_v1:
            headers["X-HubSpot-Signature"] = signing.v1(app.client_secret, body)
            headers["X-HubSpot-Signature-Version"] = "v1"
        comment = f"webhook delivery {batch.number}, attempt {batch.attempts}"
        return 200 <= self._outgoing.send("POST", app.webhook_url, body, headers, comment) < 300
