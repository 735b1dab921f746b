"""The end of records, and their way back: archive, restore, forget, merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.world import effects, sequences
from sandbox.world.merging import moved, united, united_links
from sandbox.world.records import Actor, Change, Labels, NotFound, Record

if TYPE_CHECKING:
    from sandbox.world.account import Account


class Lifecycle:
    """The part of an account that takes records away and brings them back."""

    def archive(
        self: Account, kind: str, record_id: str, actor: Actor, at: int | None = None
    ) -> Record | None:
        """Moves a live record to the recycle bin; None when there is none to move."""
        with self.world.lock:
            record = self.find(kind, record_id)
            if record is None:
                return None
            now = self.world.clock.now() if at is None else at
            self._keep_shadow(record)
            neighbours = self._detach(record)
            record.archived, record.archived_at = True, now
            record.updated_at = max(record.updated_at, now)
            del self.objects[kind][record.id]
            self.archived[kind][record.id] = record
            self._unindex(record, record.fields)
            self._index(record, record.fields, archived=True)
            self.world.tell(Change(self.portal_id, kind, record, "deleted", now, actor))
            effects.after_unlink(self, record, neighbours, now)
            return record

    def restore(
        self: Account, kind: str, record_id: str, actor: Actor, at: int | None = None
    ) -> Record:
        """Takes a record back out of the recycle bin with the associations it had."""
        with self.world.lock:
            record = self.archived[kind].get(record_id)
            if record is None:
                raise NotFound(kind, [record_id])
            self._check_unique(kind, record.fields, None)
            now = self.world.clock.now() if at is None else at
            del self.archived[kind][record_id]
            record.archived, record.archived_at = False, None
            record.updated_at = max(record.updated_at, now)
            store = self.objects[kind]
            store[record_id] = record
            self.objects[kind] = {one: store[one] for one in sorted(store, key=int)}
            self._index(record, record.fields)
            self._unindex(record, record.fields, archived=True)
            self._reattach(record)
            self.world.tell(Change(self.portal_id, kind, record, "restored", now, actor))
            effects.after_create(self, record, now)
            return record

    def forget(
        self: Account, kind: str, record_id: str, actor: Actor, at: int | None = None
    ) -> bool:
        """A privacy deletion: archived or not, the record is gone for good. False: never was."""
        with self.world.lock:
            now = self.world.clock.now() if at is None else at
            record_id = self.merged[kind].get(record_id, record_id)
            self.archive(kind, record_id, actor, at=now)
            record = self.archived[kind].pop(record_id, None)
            if record is None:
                return False
            self._unindex(record, record.fields, archived=True)
            record.fields.clear()
            record.history.clear()
            record.links.clear()
            record.shadow = None
            self.world.tell(Change(self.portal_id, kind, record, "forgotten", now, actor))
            return True

    def merge(
        self: Account,
        kind: str,
        primary_id: str,
        other_id: str,
        actor: Actor,
        at: int | None = None,
    ) -> Record:
        """Merges two records; answers the one that is left, to which both ids lead from now on.

        At HubSpot it is a new record, elsewhere the primary one with its id. What was merged away
        is gone for good: not in the recycle bin, not to be restored.
        """
        with self.world.lock:
            primary, other = self.need(kind, primary_id), self.need(kind, other_id)
            if primary is other:
                raise ValueError(f"{kind} {primary_id} cannot be merged into itself")
            now = self.world.clock.now() if at is None else at
            new_id = self.world.new_id() if self.crm == "hubspot" else primary.id
            record = united(new_id, primary, other, now, actor)
            links = united_links(primary, other)
            if self.world.shadow_seconds:
                self._keep_shadow(primary)
                record.shadow = primary.shadow
            neighbours = self._replace(primary, other, record, links)
            told = Change(self.portal_id, kind, other, "deleted", now, actor)
            self.world.tell(told)
            self.world.tell(
                Change(
                    self.portal_id,
                    kind,
                    record,
                    "merged",
                    now,
                    actor,
                    other_id=other.id,
                    primary_id=primary.id,
                    moved=moved(primary, other),
                )
            )
            effects.after_merge(self, record, neighbours, now)
            if kind == "contacts":
                sequences.merged(self, primary.id, other.id, record)
            return record

    def _replace(
        self: Account,
        primary: Record,
        other: Record,
        record: Record,
        links: dict[str, dict[str, Labels]],
    ) -> list[Record]:
        """Puts the merged record where the two stood; returns its neighbours."""
        kind = record.kind
        for gone in (primary, other):
            self._detach(gone)
            self._unindex(gone, gone.fields)
            del self.objects[kind][gone.id]
            if gone.id != record.id:
                self.merged[kind][gone.id] = record.id
        for old, new in self.merged[kind].items():
            if new in (primary.id, other.id):
                self.merged[kind][old] = record.id
        self.objects[kind][record.id] = record
        self._index(record, record.fields)
        neighbours: list[Record] = []
        for far_kind, ids in links.items():
            for far_id, labels in ids.items():
                far = self.find(far_kind, far_id)
                if far is not None and far is not record:
                    record.links.setdefault(far_kind, {})[far.id] = labels
                    far.links.setdefault(kind, {})[record.id] = labels
                    neighbours.append(far)
        return neighbours
