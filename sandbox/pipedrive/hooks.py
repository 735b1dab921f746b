"""Webhooks as they are registered, their bans and their end. Kept with the world.

Ten first attempts that fail bring a ban of half an hour, in which events are lost; a webhook that
nothing reached for three days is deleted. Source: guide for webhooks v2, policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.pipedrive import words
from sandbox.world.kept import kept
from sandbox.world.store import World

ACTIONS = ("create", "change", "delete", "*")
OBJECTS = (
    *("activity", "deal", "lead", "note", "organization", "person", "pipeline", "product"),
    *("stage", "user", "*"),
)
MOST = 40
"""Webhooks that a user may have, of their own and of one app each."""
BAN_AFTER = 10
BAN_MS = 30 * 60_000
DEAD_MS = 3 * words.DAY
FIRST_ID = 700_001


@dataclass(slots=True)
class Hook:
    """One webhook. Instants are business ms."""

    id: int
    portal_id: int
    app_id: int
    owner_id: str
    user_id: str
    action: str
    object: str
    url: str
    name: str
    auth_user: str
    auth_password: str
    added: int
    removed: int | None = None
    reason: str = ""
    last_delivery: int | None = None
    last_status: int | None = None
    last_success: int = 0
    failures: int = 0
    """First attempts that failed since the last ban."""
    banned_until: int = 0

    def wants(self, entity: str, action: str) -> bool:
        """Whether an event is one of those that it is for."""
        return self.object in ("*", entity) and self.action in ("*", action)


@dataclass(slots=True)
class _Box:
    hooks: dict[int, Hook] = field(default_factory=dict)
    next_id: int = FIRST_ID


class Hooks:
    """All webhooks of one sandbox."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def _box(self) -> _Box:
        return kept(self._world.extra, "pipedrive_hooks", _Box)

    def add(self, **fields: Any) -> Hook:
        """Registers a webhook."""
        box = self._box
        now = self._world.clock.now()
        hook = Hook(id=box.next_id, added=now, last_success=now, **fields)
        box.next_id += 1
        box.hooks[hook.id] = hook
        return hook

    def get(self, hook_id: int) -> Hook | None:
        """The live webhook of that id."""
        found = self._box.hooks.get(hook_id)
        return found if found is not None and found.removed is None else None

    def of(self, portal_id: int) -> Iterable[Hook]:
        """The live webhooks of an account."""
        return (
            hook
            for hook in list(self._box.hooks.values())
            if hook.portal_id == portal_id and hook.removed is None
        )

    def wanting(self, portal_id: int, entity: str, action: str) -> list[Hook]:
        """The webhooks that an event is for."""
        return [hook for hook in self.of(portal_id) if hook.wants(entity, action)]

    def remove(self, hook: Hook, reason: str) -> None:
        """Ends a webhook."""
        hook.removed, hook.reason = self._world.clock.now(), reason

    def remove_of(self, app_id: int, portal_id: int, owner_id: str) -> None:
        """Ends the webhooks that an app made for a user: they go with the installation."""
        for hook in self.of(portal_id):
            if (hook.app_id, hook.owner_id) == (app_id, owner_id):
                self.remove(hook, "app uninstalled")

    # --- what becomes of attempts --------------------------------------------------------------

    def banned(self, hook: Hook) -> bool:
        """Whether a webhook's events are lost now."""
        return hook.banned_until > self._world.clock.now()

    def tried(self, hook: Hook, status: int, *, first: bool, last: bool) -> bool:
        """Keeps what became of one attempt (0: no answer); True when it was accepted."""
        now = self._world.clock.now()
        hook.last_delivery, hook.last_status = now, status or None
        if 200 <= status < 300:
            hook.last_success = now
            return True
        if first:
            hook.failures += 1
            if hook.failures >= BAN_AFTER:
                hook.failures, hook.banned_until = 0, now + BAN_MS
        if last and now - hook.last_success >= DEAD_MS:
            self.remove(hook, "no successful delivery on 3 consecutive days")
        return False
