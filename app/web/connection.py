"""How the connection to the CRM is: what waits, what failed, what was called, what is left to call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.installations.registry import WEBHOOK
from app.model.time import Wall
from app.store import budgets, calls, cursors, figures, footprint, installations
from app.web.access import Viewer
from app.web.answers import services
from app.web.api.events import refused
from app.web.summaries import halt, installation_of
from connectors.daily import BUCKET

Row = Mapping[Any, Any]

_HOURS = 24
"""Hours of which the health page shows the calls."""


def _budget(conn: Connection, row: Row, wall: int) -> dict[str, Any]:
    """Calls that may still be made: `taken` and `free` in the vendor's present window, and what was
    `spent` of a budget of the day where the vendor has one; None where there is no such limit."""
    taken = budgets.taken(conn, row["id"], Wall(wall))
    vendor = services().config.vendors.get(row["crm"])
    most = int(vendor.ceiling * vendor.rate_multiplier) if vendor is not None else None
    now = taken.get("default", 0)
    return {
        "taken": now,
        "free": max(0, most - now) if most is not None else None,
        "spent": taken.get(BUCKET),
        "most": installations.get_settings(conn, row["id"]).get("tokens_per_day"),
    }


def health(conn: Connection, who: Viewer, now: int, wall: int) -> dict[str, Any]:
    """Connection, calls, what waits and since when, and what was refused."""
    inst = who.installation_id
    row = installation_of(conn, who)
    work = figures.backlog_of_work(conn, inst)
    oldest = work["oldest_due_at"]
    since = work["oldest_event_wall"]
    return {
        "status": row["status"],
        "stopped": bool(row["stopped"]),
        "halt": halt(conn, row, now),
        "held_off_ms": max(0, row["not_before_wall"] - wall),
        "now": now,
        "lost_properties": footprint.lost(conn, inst),
        **work,
        "late_ms": max(0, now - oldest) if oldest is not None else 0,
        "inbox_age_ms": max(0, wall - since) if since is not None else 0,
        "last_webhook_wall": cursors.number(conn, inst, WEBHOOK) or None,
        "calls": [dict(row) for row in calls.totals(conn, inst)],
        "hours": calls.by_hour(conn, inst, Wall(wall), _HOURS),
        "budget": _budget(conn, row, wall),
        "failed": figures.failed_work(conn, inst),
        "failing_events": figures.failing_events(conn, inst),
        "refused_events": refused(conn, inst),
        "refusals": [dict(row) for row in calls.refused(conn)] if who.role == "admin" else [],
    }
