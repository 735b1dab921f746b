"""Leases: one worker at a time for a name, until an instant by which it must have renewed."""

from __future__ import annotations

from sqlalchemy import Connection, delete, text, update

from app.model.time import Wall
from app.store.tables import leases

# One statement: whether the lease is free and taking it cannot come apart.
_TAKE = text(
    "INSERT INTO leases (name, holder, until_wall) VALUES (:name, :holder, :until) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_wall = excluded.until_wall "
    "WHERE leases.until_wall <= :wall OR leases.holder = excluded.holder"
)


def acquire(conn: Connection, name: str, holder: str, wall: Wall, ms: int) -> bool:
    """Take the lease `name` for `ms`; False when somebody else holds it. Own leases are renewed."""
    values = {"name": name, "holder": holder, "until": wall + ms, "wall": wall}
    return conn.execute(_TAKE, values).rowcount == 1


def renew(conn: Connection, name: str, holder: str, wall: Wall, ms: int) -> bool:
    """Extend a lease to `wall + ms`; False when another has taken it meanwhile: stop at once."""
    query = (
        update(leases)
        .where(leases.c.name == name, leases.c.holder == holder)
        .values(until_wall=wall + ms)
    )
    return conn.execute(query).rowcount == 1


def release(conn: Connection, name: str, holder: str) -> None:
    """Give a lease back; nothing happens when it is another's by now."""
    conn.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def clear(conn: Connection) -> int:
    """Drop all leases: at the start of an embedded process, which holds the file lock, each is
    that of a dead predecessor."""
    return conn.execute(delete(leases)).rowcount
