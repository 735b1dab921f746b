"""Who changed what: every change that a person makes through pages, API or command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, select

from app.model.time import Wall
from app.store import sets
from app.store.tables import audit


def write(
    conn: Connection,
    installation_id: int,
    who: str,
    what: str,
    wall: Wall,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Record a change in the transaction that makes it. who: address of the person, or `cli`."""
    row = {
        "installation_id": installation_id,
        "who": who,
        "what": what,
        "data": sets.dumps(data or {}),
        "done_wall": wall,
    }
    sets.insert(conn, audit, [row])


def read(
    conn: Connection,
    installation_id: int,
    limit: int = 100,
    before: int | None = None,
    who: str | None = None,
    what: str | None = None,
) -> list[RowMapping]:
    """The latest changes first; `before`: an id, to page on. `data` is JSON. who, what: only of
    that person, only of that kind."""
    query = select(audit).where(audit.c.installation_id == installation_id)
    if before is not None:
        query = query.where(audit.c.id < before)
    if who is not None:
        query = query.where(audit.c.who == who)
    if what is not None:
        query = query.where(audit.c.what == what)
    return list(conn.execute(query.order_by(audit.c.id.desc()).limit(limit)).mappings())


def people(conn: Connection, installation_id: int) -> list[str]:
    """Everybody who ever changed something."""
    return _distinct(conn, installation_id, audit.c.who)


def kinds(conn: Connection, installation_id: int) -> list[str]:
    """Every kind of change that there ever was."""
    return _distinct(conn, installation_id, audit.c.what)


def _distinct(conn: Connection, inst: int, column: Column[str]) -> list[str]:
    query = select(column).where(audit.c.installation_id == inst).distinct().order_by(column)
    return list(conn.execute(query).scalars())


def latest(conn: Connection, installation_id: int, what: str) -> RowMapping | None:
    """The last change of one kind."""
    query = (
        select(audit)
        .where(audit.c.installation_id == installation_id, audit.c.what == what)
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    return conn.execute(query).mappings().one_or_none()
