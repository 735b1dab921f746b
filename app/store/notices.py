"""What people are told inside the product and in the day's digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from app.store import sets
from app.store.fixed import Fixed, arg
from app.store.tables import notices


def add(conn: Connection, installation_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """Tell once: rows whose derived `id` exists are ignored; returns how many are new.

    rows: id, subject_id, owner_id (None: every admin), code, data (a mapping), noticed_at.
    """
    full = [
        {
            "id": row["id"],
            "installation_id": installation_id,
            "subject_id": row["subject_id"],
            "owner_id": row["owner_id"],
            "code": row["code"],
            "data": sets.dumps(row["data"]),
            "noticed_at": row["noticed_at"],
        }
        for row in rows
    ]
    return sets.insert_ignore(conn, notices, full, order=("id",))


def read(
    conn: Connection, installation_id: int, owner_id: str | None, limit: int = 100
) -> list[RowMapping]:
    """The latest notices of one recipient; None: those for the admins. `data` is JSON."""
    query = (
        select(notices)
        .where(notices.c.installation_id == installation_id, notices.c.owner_id == owner_id)
        .order_by(notices.c.noticed_at.desc(), notices.c.id)
        .limit(limit)
    )
    return list(conn.execute(query).mappings())


def undigested(conn: Connection, installation_id: int) -> list[RowMapping]:
    """Notices that no digest has shown yet, oldest first."""
    query = (
        select(notices)
        .where(notices.c.installation_id == installation_id, ~notices.c.digested)
        .order_by(notices.c.noticed_at, notices.c.id)
    )
    return list(conn.execute(query).mappings())


def bind(conn: Connection, ids: Sequence[str], digest: str) -> None:
    """Settle which digest tells these notices, by the id of its first one."""
    query = update(notices).where(sets.among(conn, notices.c.id, ids)).values(digest=digest)
    conn.execute(query)


def digest(conn: Connection, ids: Sequence[str]) -> int:
    """Mark notices as shown in a digest."""
    query = update(notices).where(sets.among(conn, notices.c.id, ids)).values(digested=True)
    return conn.execute(query).rowcount


_UNTOLD = Fixed(
    select(notices.c.id)
    .where(
        notices.c.installation_id == arg("inst"),
        notices.c.digested.is_(False),
        notices.c.code != arg("but"),
    )
    .limit(1)
)


def anything_untold(conn: Connection, installation_id: int, but: str) -> bool:
    """Whether a digest has something to tell; notices of the code `but` are not for digests."""
    return _UNTOLD.value(conn, inst=installation_id, but=but) is not None
