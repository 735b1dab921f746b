"""Holds: reasons for a subject to wait, or for whatever runs for a person. It goes on when the last
of them clears."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, delete, func, or_, select

from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import contact_holds, holds


def put(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with installation_id, subject_id, reason and until_at (None: until lifted)."""
    sets.upsert(conn, holds, rows, ("installation_id", "subject_id", "reason"))


def _standing(whose: Column[Any]) -> Fixed:
    """Holds that still stand, of those whom a column of one of the two tables names."""
    table = whose.table
    return Fixed(
        select(whose, table.c.reason, table.c.until_at).where(
            table.c.installation_id == arg("inst"),
            among(whose, "ids"),
            or_(table.c.until_at.is_(None), table.c.until_at > arg("now")),
        )
    )


def _by_reason(rows: Iterable[Any]) -> dict[Any, dict[str, int | None]]:
    found: dict[Any, dict[str, int | None]] = defaultdict(dict)
    for whose, reason, until in rows:
        found[whose][reason] = until
    return found


_OF, _OF_CONTACTS = _standing(holds.c.subject_id), _standing(contact_holds.c.contact_id)


def of(
    conn: Connection, inst: int, subject_ids: Iterable[int], now: int
) -> dict[int, dict[str, int | None]]:
    """subject id → reason → until, for holds that still stand at `now`."""
    return _by_reason(_OF.rows(conn, inst=inst, ids=list(subject_ids), now=now))


def put_contacts(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with installation_id, contact_id, reason and until_at (None: until lifted)."""
    sets.upsert(conn, contact_holds, rows, ("installation_id", "contact_id", "reason"))


def of_contacts(
    conn: Connection, inst: int, contact_ids: Iterable[str], now: int
) -> dict[str, dict[str, int | None]]:
    """contact id → reason → until, for holds that still stand at `now`."""
    return _by_reason(_OF_CONTACTS.rows(conn, inst=inst, ids=list(contact_ids), now=now))


def lift(conn: Connection, inst: int, subject_id: int, *reasons: str) -> None:
    conn.execute(
        delete(holds).where(
            holds.c.installation_id == inst,
            holds.c.subject_id == subject_id,
            holds.c.reason.in_(reasons),
        )
    )


def lift_of_contact(
    conn: Connection, inst: int, contact_id: str, reasons: Collection[str]
) -> None:
    conn.execute(
        delete(contact_holds).where(
            contact_holds.c.installation_id == inst,
            contact_holds.c.contact_id == contact_id,
            contact_holds.c.reason.in_(list(reasons)),
        )
    )


def count(conn: Connection, inst: int) -> int:
    query = select(func.count()).where(holds.c.installation_id == inst)
    return conn.execute(query).scalar_one()
