"""Changes of records as events of webhooks v2: what a record is now, and what of it was otherwise.

Values are shown a little differently than in API v2: custom fields with their type, a due time with
its zone, ids of the frame as text. Several changes that one user makes to one record at one instant
are one event; what an app writes comes back to it, too.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.pipedrive import fields, visible, words
from sandbox.pipedrive.frame_events import Key
from sandbox.pipedrive.hooks import Hook
from sandbox.pipedrive.shapes import Shape, View
from sandbox.settings import Settings
from sandbox.world.account import Account
from sandbox.world.records import Change, Record

ACTIONS = {
    "created": "create",
    "updated": "change",
    "restored": "change",
    "associated": "change",
    "dissociated": "change",
    "merged": "change",
    "deleted": "delete",
    "forgotten": "delete",
}
BULK = ("CRM_UI_BULK_ACTION", "BATCH_UPDATE", "IMPORT")


@dataclass(slots=True)
class Event:
    """One event before it is sent to anybody. ``was`` and ``now`` are the record's shapes; ``kind``
    and ``record_id`` are the world's names of the record."""

    id: str
    correlation: str
    portal_id: int
    kind: str
    record_id: str
    entity: str
    entity_id: str
    action: str
    at: int
    user_id: str
    source: str
    bulk: bool
    was: Shape | None
    now: Shape | None
    hooks: list[int]
    permitted: list[str]
    """The users who see the record."""
    merged_to: str = ""
    merged_from: str = ""

    def previous(self) -> Shape | None:
        """Of a change the fields that were otherwise, of a deletion all that there was."""
        if self.action != "change":
            return self.was
        was, now = self.was or {}, self.now or {}
        changed = {name: value for name, value in was.items() if now.get(name) != value}
        custom, old = now.get("custom_fields"), changed.get("custom_fields")
        if isinstance(custom, dict) and isinstance(old, dict):
            kept = {key: value for key, value in old.items() if custom.get(key) != value}
            changed["custom_fields"] = kept
        return changed


class Events:
    """Makes events of changes; ``wanting`` names the webhooks that one is for."""

    def __init__(self, settings: Settings, wanting: Callable[[int, str, str], list[Hook]]) -> None:
        self._settings = settings
        self._wanting = wanting
        self._random = random.Random(settings.webhook_seed)

    def of(self, account: Account, change: Change) -> Event | None:
        """The event of a change, None when nobody is to hear of it."""
        entity, action = words.ENTITIES.get(change.kind), ACTIONS.get(change.action)
        if entity is None or action is None or change.actor.source_type == "CALCULATED":
            return None
        if change.new_record and change.at == change.record.created_at:
            return None  # part of the creation, which nobody is to hear of
        hooks = self._wanting(account.portal_id, entity, action)
        if not hooks:
            return None
        view = View(account, self._settings)
        users = [
            owner for owner in account.owners.values() if visible.sees(view, owner, change.record)
        ]
        seeing = {owner.id for owner in users}
        hooks = [hook for hook in hooks if hook.user_id in seeing]
        if not hooks:
            return None
        now = None if action == "delete" else shape(view, entity, change.record)
        was = None
        if action == "delete":
            was = shape(view, entity, change.record)
        elif action == "change":
            was = shape(view, entity, former(change))
            joined = change.action in ("associated", "dissociated")
            mail = change.other_kind == "emails" and self._settings.pipedrive_mail_tells
            if joined and not (mail or _differ(was, now or {})):
                return None
            if mail and now:
                now["update_time"] = words.rfc3339(change.at)
        behind = words.person_behind(account, change.actor, change.record)
        event = Event(
            id=self._uuid(),
            correlation=self._uuid(),
            portal_id=account.portal_id,
            kind=change.kind,
            record_id=change.record.id,
            entity=entity,
            entity_id=str((now or was or {}).get("id", change.record.id)),
            action=action,
            at=change.at,
            user_id=behind.id if behind else "",
            source=words.source_of(change.actor.source_type),
            bulk=change.actor.source_type in BULK,
            was=was,
            now=now,
            hooks=[hook.id for hook in hooks],
            permitted=[owner.id for owner in users if not owner.archived],
        )
        if change.action == "merged":
            event.merged_from = change.other_id
        elif change.action == "deleted":
            event.merged_to = account.merged[change.kind].get(change.record.id, "")
        return event

    def of_frame(
        self, account: Account, action: str, key: Key, was: Shape | None, now: Shape | None
    ) -> Event | None:
        """The event of something that an admin changed, None when nobody is to hear of it."""
        entity, entity_id = key
        hooks = self._wanting(account.portal_id, entity, action)
        if not hooks:
            return None
        return Event(
            id=self._uuid(),
            correlation=self._uuid(),
            portal_id=account.portal_id,
            kind=entity,
            record_id=entity_id,
            entity=entity,
            entity_id=entity_id,
            action=action,
            at=account.world.clock.now(),
            user_id=next(iter(account.owners), ""),
            source="app",
            bulk=False,
            was=was,
            now=now,
            hooks=[hook.id for hook in hooks],
            permitted=[owner.id for owner in account.owners.values() if not owner.archived],
        )

    def completes(self, account: Account, earlier: Event, change: Change) -> bool:
        """Adds a change to an event of the same record, user and instant; False when it is not."""
        if change.actor.source_type == "CALCULATED" or earlier.action == "delete":
            return False
        behind = words.person_behind(account, change.actor, change.record)
        source = words.source_of(change.actor.source_type)
        mine = (change.at, behind.id if behind else "", source)
        if mine != (earlier.at, earlier.user_id, earlier.source):
            return False
        if ACTIONS.get(change.action) != "change" or change.action == "merged":
            return False
        if visible.FIELD in change.fields:
            return False  # others are to hear of it from then on
        earlier.now = shape(View(account, self._settings), earlier.entity, change.record)
        return True

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def _differ(was: Shape, now: Shape) -> bool:
    return any(now.get(name) != value for name, value in was.items() if name != "update_time")


def shape(view: View, entity: str, record: Record) -> Shape:
    """A record as webhooks show it."""
    made: Shape = getattr(view, entity)(record)
    if "visible_to" in made:
        made["visible_to"] = str(made["visible_to"])
    if made.get("custom_fields"):
        known = fields.custom(view.account, record.kind)
        made["custom_fields"] = {
            key: fields.wrapped(known[key], value) for key, value in made["custom_fields"].items()
        }
    if entity == "activity" and made["due_time"] is not None:
        made["due_time"] = {"timezone_id": None, "value": made["due_time"]}
    return made


def former(change: Change) -> Record:
    """The record as it was before a change."""
    record = change.record
    written = {**change.fields, **change.derived}
    history = {
        name: past[:-1] if name in written else past for name, past in record.history.items()
    }
    values = dict(record.fields)
    for name in written:
        past = history.get(name)
        values[name] = past[-1].value if past else ""
    stamps = [past[-1].at for past in history.values() if past]
    links = {kind: dict(ids) for kind, ids in record.links.items()}
    if change.action == "associated":
        links.get(change.other_kind, {}).pop(change.other_id, None)
    elif change.action == "dissociated":
        mine = links.setdefault(change.other_kind, {})
        mine[change.other_id] = (*mine.get(change.other_id, ()), *change.labels)
    was = Record(
        record.kind,
        record.id,
        values,
        history,
        record.created_at,
        max((record.created_at, *stamps)),
        record.created_by,
        archived=change.action == "restored",
        archived_at=record.archived_at,
        links=links,
    )
    return was


def payload(event: Event, hook: Any, account: Account, attempt: int) -> dict[str, Any]:
    """What is sent to one webhook."""
    meta: dict[str, Any] = {
        "action": event.action,
        "entity": event.entity,
        "entity_id": event.entity_id,
        "company_id": str(event.portal_id),
        "correlation_id": event.correlation,
        "id": event.id,
        "is_bulk_edit": event.bulk,
        "timestamp": words.with_ms(event.at),
        "type": "application",
        "user_id": event.user_id,
        "version": "2.0",
        "webhook_id": str(hook.id),
        "webhook_owner_id": hook.owner_id,
        "change_source": event.source,
        "attempt": attempt,
        "host": "-".join(account.name.lower().split()) + ".pipedrive.com",
    }
    if event.entity != "user":
        meta["permitted_user_ids"] = event.permitted
    if event.merged_to:
        meta["merged_to_id"] = event.merged_to
    if event.merged_from:
        meta["merged_from_id"] = event.merged_from
    return {"data": event.now, "previous": event.previous(), "meta": meta}
