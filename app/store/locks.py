"""Playbooks and sequences that an admin has locked: others use them, and do not change them."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, delete, select

from app.model.time import Wall
from app.store import sets
from app.store.tables import locks

_l = locks.c


def read(conn: Connection, inst: int) -> dict[str, RowMapping]:
    """What is locked, a playbook or `playbook/sequence`, with `locked_by` and `locked_wall`."""
    query = select(locks).where(_l.installation_id == inst).order_by(_l.what)
    return {row["what"]: row for row in conn.execute(query).mappings()}


def put(conn: Connection, inst: int, what: str, who: str, wall: Wall) -> bool:
    """False where it was locked already; then it stays whose lock it was."""
    row = {"installation_id": inst, "what": what, "locked_by": who, "locked_wall": wall}
    return sets.insert_ignore(conn, locks, [row]) == 1


def remove(conn: Connection, inst: int, what: str) -> bool:
    """False where it was not locked."""
    query = delete(locks).where(_l.installation_id == inst, _l.what == what)
    return conn.execute(query).rowcount == 1
