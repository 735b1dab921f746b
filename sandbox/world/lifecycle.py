"""The end of records, and their way back: archive, restore, forget, merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.world import effects
from sandbox.world.records import Actor, Change, Link, NotFound, Record

if TYPE_CHECKING:
    from sandbox.world.account import Account


class Lifecycle:
    """The part of an account that takes records away and brings them back."""

    def archive(
        self: Account, kind: str, record_id: str, actor: Actor, at: int | None = None
    ) -> Record | None:
        """Moves a live record to the recycle bin; None when there is none to move."""
        with self.world.lock:
            record = self.objects[kind].get(record_id)
            if record is None:
                return None
            now = self.world.clock.now() if at is None else at
            self._keep_shadow(record)
            neighbours = self._detach(record)
            record.archived, record.archived_at = True, now
            record.updated_at = max(record.updated_at, now)
            del self.objects[kind][record_id]
            self.archived[kind][record_id] = record
            self._unindex(record, record.fields)
            for name, index in self.unique_archived[kind].items():
                if name in record.fields:
                    index[effects.unique_key(kind, name, record.fields[name])] = record.id
            self.world.tell(Change(self.portal_id, kind, record, "deleted", now, actor))
            effects.after_unlink(self, record, neighbours, now)
            return record

    def restore(
        self: Account, kind: str, record_id: str, actor: Actor, at: int | None = None
    ) -> Record:
        """Takes a record back out of the recycle bin with the associations it had."""
        with self.world.lock:
            record = self.archived[kind].get(record_id)
            if record is None or record.merged_into:
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
            for name, index in self.unique_archived[kind].items():
                if name in record.fields:
                    index.pop(effects.unique_key(kind, name, record.fields[name]), None)
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
            self.archive(kind, record_id, actor, at=now)
            record = self.archived[kind].pop(record_id, None)
            if record is None:
                return False
            for name, index in self.unique_archived[kind].items():
                if name in record.fields:
                    index.pop(effects.unique_key(kind, name, record.fields[name]), None)
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
        """Merges ``other_id`` into ``primary_id``: its associations and the values it had alone.

        Afterwards both ids read as the primary record.
        """
        with self.world.lock:
            primary, other = self.need(kind, primary_id), self.need(kind, other_id)
            if primary is other:
                raise ValueError(f"{kind} {primary_id} cannot be merged into itself")
            now = self.world.clock.now() if at is None else at
            links = [
                (kind_, id_, labels)
                for kind_, ids in other.links.items()
                for id_, labels in ids.items()
            ]
            alone = {n: v for n, v in other.fields.items() if not primary.fields.get(n)}
            self.archive(kind, other.id, actor, at=now)
            other.merged_into = primary.id
            for name in self.unique_archived[kind]:
                if name in other.fields:
                    key = effects.unique_key(kind, name, other.fields[name])
                    self.unique_archived[kind][name].pop(key, None)
            self.merged[kind][other.id] = primary.id
            for old, new in self.merged[kind].items():
                if new == other.id:
                    self.merged[kind][old] = primary.id
            if alone:
                self.update(kind, primary.id, alone, actor, at=now)
            for kind_, id_, labels in links:
                if self.find(kind_, id_) is not None:
                    self.associate((kind, primary.id), Link(kind_, id_, labels), actor, at=now)
            self.world.tell(
                Change(
                    self.portal_id, kind, primary, "merged", now, actor, alone, other_id=other.id
                )
            )
            return primary
