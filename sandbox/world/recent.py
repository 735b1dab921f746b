"""Records by when they last changed, for CRMs that are asked every few minutes what is new.

A firm's records are many and what changed since a moment ago is little: looking through all of them
for each question would take longer with every day that is played.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sandbox.world.records import Change, Record

if TYPE_CHECKING:
    from sandbox.world.account import Account
    from sandbox.world.store import World


class _Order:
    """The live records of one kind, those changed last at the end."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._placed: dict[str, tuple[int, Record]] = {
            one.id: (one.updated_at, one) for one in records
        }
        self._sorted = False
        self._newest = 0

    def drop(self, record_id: str) -> None:
        self._placed.pop(record_id, None)

    def note(self, record: Record) -> None:
        known = self._placed.get(record.id)
        if known is None or known[0] != record.updated_at or known[1] is not record:
            self._placed.pop(record.id, None)
            self._placed[record.id] = (record.updated_at, record)
            # What is dated back, as an import is, finds its place with the next question.
            self._sorted = self._sorted and record.updated_at >= self._newest
            self._newest = max(self._newest, record.updated_at)

    def since(self, instant: int) -> list[Record]:
        if not self._sorted:
            rows = sorted(self._placed.items(), key=lambda one: one[1][0])
            self._placed, self._sorted = dict(rows), True
            self._newest = rows[-1][1][0] if rows else 0
        found: list[Record] = []
        for at, record in reversed(self._placed.values()):
            if at < instant:
                break
            found.append(record)
        return sorted(found, key=lambda record: int(record.id))


class _Recent:
    def __init__(self, account: Account) -> None:
        self.of = account.objects
        self.orders = {kind: _Order(rows.values()) for kind, rows in account.objects.items()}


_known: WeakKeyDictionary[Account, _Recent] = WeakKeyDictionary()


def changed_since(account: Account, kind: str, instant: int) -> list[Record]:
    """The live records of a kind that changed at or after an instant, in the order of their ids.
    Hold the world's lock."""
    recent = _known.get(account)
    if recent is None or recent.of is not account.objects:  # new, or put back to what it was
        recent = _known[account] = _Recent(account)
    return recent.orders[kind].since(instant)


def install(world: World) -> None:
    """Keep the orders of accounts of which somebody has asked."""

    def noticed(change: Change) -> None:
        account = world.accounts.get(change.portal_id)
        recent = _known.get(account) if account is not None else None
        if account is None or recent is None or recent.of is not account.objects:
            return
        record, order = change.record, recent.orders[change.kind]
        if account.objects[change.kind].get(record.id) is record:
            order.note(record)
        else:
            order.drop(record.id)
        if change.action == "merged":
            for gone in {change.primary_id, change.other_id} - {record.id}:
                order.drop(gone)

    world.on_change(noticed)
