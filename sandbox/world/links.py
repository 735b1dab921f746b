"""Associations between records, kept on both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.world import effects
from sandbox.world.records import Actor, Change, Labels, Link, NotFound, Record

if TYPE_CHECKING:
    from sandbox.world.store import Account


class Links:
    """The part of an account that joins and parts records."""

    def associate(
        self: Account,
        record: tuple[str, str],
        link: Link,
        actor: Actor,
        at: int | None = None,
    ) -> None:
        """Joins ``record`` (kind, id) to ``link``; labels add to those already there.

        Raises :class:`NotFound` when either end is not a live record.
        """
        with self.world.lock:
            now = self.world.clock.now() if at is None else at
            near = self.need(*record)
            self._join(near, self._far_end(link), link.labels, actor, now)

    def dissociate(
        self: Account,
        record: tuple[str, str],
        other: tuple[str, str],
        actor: Actor,
        labels: Labels | None = None,
        at: int | None = None,
    ) -> bool:
        """Takes the labels (default: all of the association) away; False when there was none."""
        with self.world.lock:
            near, far = self.need(*record), self.find(*other)
            if far is None or far.id not in near.links.get(far.kind, {}):
                return False
            now = self.world.clock.now() if at is None else at
            had = near.links[far.kind][far.id]
            gone = had if labels is None else tuple(label for label in had if label in labels)
            left = tuple(label for label in had if label not in gone)
            self._keep_shadow(near)
            self._keep_shadow(far)
            if left:
                near.links[far.kind][far.id] = far.links[near.kind][near.id] = left
            else:
                del near.links[far.kind][far.id]
                del far.links[near.kind][near.id]
            self._tell_link(near, far, "dissociated", gone, actor, now)
            if not left:
                effects.after_unlink(self, near, [far], now)
                effects.after_unlink(self, far, [near], now)
            return True

    def _far_end(self: Account, link: Link) -> Record:
        record = self.find(link.kind, link.id)
        if record is None:
            raise NotFound(link.kind, [link.id])
        return record

    def _join(
        self: Account,
        near: Record,
        far: Record,
        labels: Labels,
        actor: Actor,
        now: int,
        quiet: bool = False,
    ) -> None:
        """``quiet`` leaves the effects of a new record's associations to its creation."""
        had = near.links.get(far.kind, {}).get(far.id, ())
        new = tuple(label for label in labels if label not in had)
        if not new:
            return
        if self.world.shadow_seconds:
            if not quiet:
                self._keep_shadow(near)
            self._keep_shadow(far)
        # An association always has its unlabelled type beside whatever labels it carries.
        both = had + new if "" in had or "" in new else ("", *had, *new)
        near.links.setdefault(far.kind, {})[far.id] = both
        far.links.setdefault(near.kind, {})[near.id] = both
        self._tell_link(near, far, "associated", new, actor, now, new_record=quiet)
        effects.after_link(self, near, far, now, new_record=quiet)

    def _tell_link(
        self: Account,
        near: Record,
        far: Record,
        action: str,
        labels: Labels,
        actor: Actor,
        now: int,
        *,
        new_record: bool = False,
    ) -> None:
        for one, other in ((near, far), (far, near)):
            self.world.tell(
                Change(
                    self.portal_id,
                    one.kind,
                    one,
                    action,
                    now,
                    actor,
                    other_kind=other.kind,
                    other_id=other.id,
                    labels=labels,
                    new_record=new_record,
                )
            )

    def _detach(self: Account, record: Record) -> list[Record]:
        """Takes a record out of its neighbours' links; its own stay, for a later restore."""
        neighbours: list[Record] = []
        for kind, ids in record.links.items():
            for other_id in ids:
                other = self.objects[kind].get(other_id)
                if other is not None:
                    self._keep_shadow(other)
                    other.links.get(record.kind, {}).pop(record.id, None)
                    neighbours.append(other)
        return neighbours

    def _reattach(self: Account, record: Record) -> None:
        for kind, ids in list(record.links.items()):
            for other_id, labels in list(ids.items()):
                other = self.find(kind, other_id)  # it may have been merged meanwhile
                if other is None or other.id != other_id:
                    del ids[other_id]
                if other is not None:
                    ids.setdefault(other.id, labels)
                    other.links.setdefault(record.kind, {})[record.id] = ids[other.id]
