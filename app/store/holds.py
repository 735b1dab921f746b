"""Holds: reasons for a subject to wait, or for whatever runs for a person. It goes on when the last
of them clears."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select

from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import contact_holds, holds


def put(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with installation_id, subject_id, reason and until_at (None: until lifted)."""
    sets.upsert(conn, holds, rows, ("installation_id", "subject_id", "reason"))


_OF = Fixed(
    select(holds.c.subject_id, holds.c.reason, holds.c.until_at).where(
        holds.c.installation_id == arg("inst"),
        among(holds.c.subject_id, "ids"),
        or_(holds.c.until_at.is_(None), holds.c.until_at > arg("now")),
    )
)


def of(
    conn: Connection, inst: int, subject_ids: Iterable[int], now: int
) -> dict[int, dict[str, int | None]]:
    """subject id → reason → until, for holds that still stand at `now`."""
    found: dict[int, dict[str, int | None]] = defaultdict(dict)
    for subject, reason, until in _OF.rows(conn, inst=inst, ids=list(subject_ids), now=now):
        found[subject][reason] = until
    return found


def put_contacts(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with installation_id, contact_id, reason and until_at (None: until lifted)."""
    sets.upsert(conn, contact_holds, rows, ("installation_id", "contact_id", "reason"))


_OF_CONTACTS = Fixed(
    select(contact_holds.c.contact_id, contact_holds.c.reason, contact_holds.c.until_at).where(
        contact_holds.c.installation_id == arg("inst"),
        among(contact_holds.c.contact_id, "ids"),
        or_(contact_holds.c.until_at.is_(None), contact_holds.c.until_at > arg("now")),
    )
)


def of_contacts(
    conn: Connection, inst: int, contact_ids: Iterable[str], now: int
) -> dict[str, dict[str, int | None]]:
    """contact id → reason → until, for holds that still stand at `now`."""
    found: dict[str, dict[str, int | None]] = defaultdict(dict)
    for contact, reason, until in _OF_CONTACTS.rows(
        conn, inst=inst, ids=list(contact_ids), now=now
    ):
        found[contact][reason] = until
    return found


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
