"""Counts of calls to the CRM and of what we refused to take in; added in bulk from memory."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, delete, select

from app.model.time import HOUR, Wall
from app.store import sets
from app.store.tables import call_hours, calls, refusals

HOURS = 7 * 24
"""Hours of which calls are kept one by one."""


def add(conn: Connection, counts: Mapping[tuple[int, str, int], int], wall: Wall) -> None:
    """Add to the counts of (installation id, endpoint such as `POST /crm/…`, HTTP status), and to
    those of the hour that it is."""
    rows = [
        {"installation_id": installation, "endpoint": endpoint[:120], "status": status, "count": n}
        for (installation, endpoint, status), n in sorted(counts.items())
    ]
    sets.upsert(conn, calls, rows, ("installation_id", "endpoint", "status"), (), ("count",))
    hour = wall // HOUR
    hours: dict[int, dict[str, int]] = {}
    for (installation, _, status), n in counts.items():
        row = hours.setdefault(
            installation, {"installation_id": installation, "hour": hour, "count": 0, "refused": 0}
        )
        row["count"] += n
        row["refused"] += n if status >= 400 or status == 0 else 0
    keys, both = ("installation_id", "hour"), ("count", "refused")
    sets.upsert(conn, call_hours, list(hours.values()), keys, (), both)
    for installation in hours:
        old = call_hours.c.installation_id == installation, call_hours.c.hour <= hour - HOURS
        conn.execute(delete(call_hours).where(*old))


def by_hour(conn: Connection, installation_id: int, wall: Wall, hours: int) -> list[dict[str, int]]:
    """`hour_wall`, `count`, `refused` of the latest hours, the present one last, none left out."""
    last = wall // HOUR
    query = select(call_hours).where(
        call_hours.c.installation_id == installation_id, call_hours.c.hour > last - hours
    )
    known = {row["hour"]: row for row in conn.execute(query).mappings()}
    nothing = {"count": 0, "refused": 0}
    return [
        {
            "hour_wall": hour * HOUR,
            "count": int(known.get(hour, nothing)["count"]),
            "refused": int(known.get(hour, nothing)["refused"]),
        }
        for hour in range(last - hours + 1, last + 1)
    ]


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
