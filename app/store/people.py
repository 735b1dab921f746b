"""The CRM's users who own records, with what an admin adds: role, manager, cover, absences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from app.store import sets
from app.store.tables import people


def put(conn: Connection, installation_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add or change people: rows with `owner_id` and what the CRM tells; other columns stay."""
    full = [{"installation_id": installation_id, **row} for row in rows]
    sets.upsert(conn, people, full, ("installation_id", "owner_id"))


def change(conn: Connection, installation_id: int, owner_id: str, **values: Any) -> bool:
    """Change columns of one person; False when there is none with this id."""
    query = (
        update(people)
        .where(people.c.installation_id == installation_id, people.c.owner_id == owner_id)
        .values(values)
    )
    return conn.execute(query).rowcount == 1


def read(
    conn: Connection, installation_id: int, owner_ids: Sequence[str] | None = None
) -> dict[str, RowMapping]:
    """People by owner id, the inactive included; None: all. `hours` and `absences` are JSON."""
    query = select(people).where(people.c.installation_id == installation_id)
    if owner_ids is not None:
        query = query.where(sets.among(conn, people.c.owner_id, owner_ids))
    rows = conn.execute(query.order_by(people.c.owner_id)).mappings()
    return {row["owner_id"]: row for row in rows}


def names(conn: Connection, installation_id: int, *, active: bool = False) -> dict[str, str]:
    """What everybody is called, by owner id; active: leaves out those who are not."""
    p = people.c
    query = select(p.owner_id, p.name, p.email).where(p.installation_id == installation_id)
    if active:
        query = query.where(p.active)
    return {owner: name or email for owner, name, email in conn.execute(query)}


def by_email(conn: Connection, email: str) -> list[RowMapping]:
    """Active people with this address in any installation; case does not count."""
    query = (
        select(people)
        .where(func.lower(people.c.email) == email.strip().lower(), people.c.active)
        .order_by(people.c.installation_id, people.c.owner_id)
    )
    return list(conn.execute(query).mappings())


def deactivate_others(
    conn: Connection, installation_id: int, owner_ids: Sequence[str]
) -> list[str]:
    """Mark everybody else inactive: gone from the CRM. Returns who was active until now."""
    query = (
        update(people)
        .where(
            people.c.installation_id == installation_id,
            people.c.active,
            ~sets.among(conn, people.c.owner_id, owner_ids),
        )
        .values(active=False)
        .returning(people.c.owner_id)
    )
    return sorted(conn.execute(query).scalars())
