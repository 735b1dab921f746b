"""Sending webhooks: one event a request, three retries in business time, bans.

A failed first attempt is tried again after 3, 30 and 150 seconds. In simulated time those pass on
the world's agenda, so that business time stops there. Every attempt has a number, sent as
``X-Sandbox-Delivery``; the simulation's barrier counts by it. What waits is kept with the world.
"""

from __future__ import annotations

import base64
import time
from collections import deque
from dataclasses import dataclass, field

import orjson

from sandbox.faults import Faults
from sandbox.har import Har
from sandbox.pipedrive.events import Event, Events, payload
from sandbox.pipedrive.frame_events import Frames, changed, shapes
from sandbox.pipedrive.hooks import Hook, Hooks
from sandbox.sender import BaseSender
from sandbox.settings import Settings
from sandbox.world.account import Account
from sandbox.world.kept import kept
from sandbox.world.records import Change
from sandbox.world.store import World

RETRY_AFTER_S = (3, 30, 150)
RETRY = "pipedrive.retry"
RELEASE = "pipedrive.release"
"""On the agenda where held events are due, so that business time stops there."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One event on its way to one webhook. ``number`` is that of the attempt."""

    number: int
    hook_id: int
    event: Event
    attempt: int = 1


@dataclass(slots=True)
class _Box:
    """What waits to be sent; kept with the world."""

    accepted: int = 0
    waiting: deque[Event] = field(default_factory=deque)
    ready: deque[Delivery] = field(default_factory=deque)
    retrying: dict[int, Delivery] = field(default_factory=dict)
    held: list[tuple[int, Event]] = field(default_factory=list)
    """(business instant of delivery, event) of what comes late on purpose."""


class Deliveries(BaseSender):
    """The sender of one sandbox's webhooks; has the shape of the barrier's outbox."""

    def __init__(
        self, world: World, settings: Settings, faults: Faults, har: Har, hooks: Hooks
    ) -> None:
        super().__init__(world, settings, faults, har, "pipedrive")
        self._hooks = hooks
        self._events = Events(settings, hooks.wanting)
        world.on_change(self._on_change)
        world.on_frame(self._on_frame)
        world.agenda.handle(RETRY, self._again)
        world.agenda.handle(RELEASE, self._wake.set)

    @property
    def _box(self) -> _Box:
        return kept(self._world.extra, "pipedrive_outbox", _Box)

    def _on_change(self, change: Change) -> None:
        account = self._world.accounts.get(change.portal_id)
        if account is None or account.crm != "pipedrive":
            return
        if change.kind == "users":
            self._on_frame(account)
            return
        waiting = self._box.waiting
        # The events of one instant stand at the end of what waits: looked through from there.
        for earlier in reversed(waiting):
            if earlier.at != change.at:
                break
            if (earlier.kind, earlier.record_id) == (change.kind, change.record.id):
                if self._events.completes(account, earlier, change):
                    return
                break
        event = self._events.of(account, change)
        if event is not None:
            waiting.append(event)
            self._wake_up()

    def _on_frame(self, account: Account) -> None:
        if account.crm != "pipedrive" or not any(self._hooks.of(account.portal_id)):
            return
        for action, key, was, now in changed(self._frames, account):
            event = self._events.of_frame(account, action, key, was, now)
            if event is not None:
                self._box.waiting.append(event)
        self._wake_up()

    def watch(self, account: Account) -> None:
        """An account has a new webhook: what changes of its frame from here on is told."""
        if len(list(self._hooks.of(account.portal_id))) == 1:
            self._frames.known[account.portal_id] = shapes(account)

    @property
    def _frames(self) -> Frames:
        return kept(self._world.extra, "pipedrive_frames", Frames)

    def _again(self, number: int) -> None:
        """The time of a retry has come."""
        with self._world.lock:
            delivery = self._box.retrying.pop(number, None)
            if delivery is not None:
                delivery.number = self._world.new_delivery()
                self._box.ready.append(delivery)
        self._wake.set()

    # --- what the barrier asks -----------------------------------------------------------------

    def last_number(self) -> int:
        """The number of the newest attempt that was accepted or is under way."""
        under_way = (one.number for one in list(self._box.ready))
        return max(self._box.accepted, max(under_way, default=0))

    def pending(self) -> bool:
        """Whether something waits to be tried now; what waits for a retry is on the agenda."""
        box = self._box
        return bool(box.waiting or box.ready or self._due(box.held))

    def flush(self, seconds: float | None = None) -> bool:
        """Tries everything pending once; False when stopped, or out of time, before that."""
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._one_sender:
            while not self._stopped.is_set():
                self._gather()
                ready = list(self._box.ready)
                if not ready:
                    return True
                if deadline is not None and time.monotonic() > deadline:
                    return False
                self._each(self._send, ready)
        return not self.pending()

    # --- inside --------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Makes deliveries of the events that wait, with the losses and disorder asked for."""
        with self._world.lock:
            box = self._box
            late = self._due(box.held)
            if not box.waiting and not late:
                return
            box.held = [entry for entry in box.held if entry not in late]
            events = [event for _, event in late]
            for event in box.waiting:
                self._meet(f"{event.action}.{event.entity}", event, events, self._hold)
            box.waiting.clear()
            if self._settings.webhook_disorder:
                self._random.shuffle(events)
            for event in events:
                for hook_id in event.hooks:
                    hook = self._hooks.get(hook_id)
                    if hook is None or self._hooks.banned(hook):
                        self.counts["dropped"] += 1
                        continue
                    box.ready.append(Delivery(self._world.new_delivery(), hook_id, event))

    def _hold(self, at: int, event: Event) -> None:
        """Keeps an event that comes late on purpose."""
        self._box.held.append((at, event))
        self._world.agenda.add(at, RELEASE, order=("",))

    def _send(self, delivery: Delivery) -> None:
        """One attempt, and what comes of it."""
        hook = self._hooks.get(delivery.hook_id)
        status = self._attempt(hook, delivery) if hook is not None else 0
        last = delivery.attempt > len(RETRY_AFTER_S)
        with self._world.lock:
            box = self._box
            box.ready.remove(delivery)
            if hook is None:
                self.counts["dropped"] += 1
            elif self._hooks.tried(hook, status, first=delivery.attempt == 1, last=last):
                box.accepted = max(box.accepted, delivery.number)
                self.counts["delivered"] += 1
                self.counts["events"] += 1
            elif last:
                self.counts["given_up"] += 1
            else:
                self.counts["retried"] += 1
                box.retrying[delivery.number] = delivery
                wait = RETRY_AFTER_S[delivery.attempt - 1] * 1000
                delivery.attempt += 1
                at = self._world.clock.now() + wait
                self._world.agenda.add(at, RETRY, delivery.number, order=("",))

    def _attempt(self, hook: Hook, delivery: Delivery) -> int:
        """The status that the webhook answers, 0 for none."""
        event = delivery.event
        account = self._world.accounts[event.portal_id]
        body = orjson.dumps(payload(event, hook, account, delivery.attempt))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Pipedrive Webhooks",
            "X-Sandbox-Delivery": str(delivery.number),
        }
        if hook.auth_user or hook.auth_password:
            pair = f"{hook.auth_user}:{hook.auth_password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        comment = f"webhook delivery {delivery.number}, attempt {delivery.attempt}"
        return self._outgoing.send("POST", hook.url, body, headers, comment)
