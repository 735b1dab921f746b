"""Counts of calls to the CRM and of what we refused to take in; added in bulk from memory."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, select

from app.model.time import Wall
from app.store import sets
from app.store.tables import calls, refusals


def add(conn: Connection, counts: Mapping[tuple[int, str, int], int]) -> None:
    """Add to the counts of (installation id, endpoint such as `POST /crm/…`, HTTP status)."""
    rows = [
        {"installation_id": installation, "endpoint": endpoint[:120], "status": status, "count": n}
        for (installation, endpoint, status), n in sorted(counts.items())
    ]
    sets.upsert(conn, calls, rows, ("installation_id", "endpoint", "status"), (), ("count",))


def totals(conn: Connection, installation_id: int) -> list[RowMapping]:
    """endpoint, status, count of one installation, the most frequent first."""
    query = (
        select(calls.c.endpoint, calls.c.status, calls.c.count)
        .where(calls.c.installation_id == installation_id)
        .order_by(calls.c.count.desc(), calls.c.endpoint, calls.c.status)
    )
    return list(conn.execute(query).mappings())


def refuse(conn: Connection, reason: str, wall: Wall, count: int = 1) -> None:
    """Count webhooks or OAuth answers refused for `reason`, a stable word."""
    row = {"reason": reason, "count": count, "last_wall": wall}
    sets.upsert(conn, refusals, [row], ("reason",), ("last_wall",), ("count",))


def refused(conn: Connection) -> list[RowMapping]:
    """reason, count, last_wall of everything refused, the latest first."""
    query = select(refusals).order_by(refusals.c.last_wall.desc(), refusals.c.reason)
    return list(conn.execute(query).mappings())
