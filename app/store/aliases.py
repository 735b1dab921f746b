"""Ids that a merge took away, and the record that goes on in their place."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from app.store import sets
from app.store.tables import aliases

_a = aliases.c


def add(conn: Connection, inst: int, type: str, old: str, new: str) -> None:
    """`old` is `new` from now on, and so is whatever was `old` before."""
    conn.execute(
        update(aliases)
        .where(_a.installation_id == inst, _a.type == type, _a.new_id == old)
        .values(new_id=new)
    )
    row = {"installation_id": inst, "type": type, "old_id": old, "new_id": new}
    sets.upsert(conn, aliases, [row], ("installation_id", "type", "old_id"))


def of(conn: Connection, inst: int, type: str, ids: Iterable[str]) -> dict[str, str]:
    """Old id → the id that stands for it, for those of `ids` that were merged away."""
    query = select(_a.old_id, _a.new_id).where(
        _a.installation_id == inst, _a.type == type, sets.among(conn, _a.old_id, list(ids))
    )
    return {row.old_id: row.new_id for row in conn.execute(query)}


def former(conn: Connection, inst: int, type: str, id: str) -> list[str]:
    """The ids that were merged into one, in order."""
    query = select(_a.old_id).where(
        _a.installation_id == inst, _a.type == type, _a.new_id == id
    )
    return sorted(conn.execute(query).scalars())
