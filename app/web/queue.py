"""A rep's queue: what is open, in the order of what matters, one at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.decisions.next_up import in_order
from app.model.time import Business
from app.store import people, reading
from app.web import telling
from app.web.access import Viewer

AHEAD = 8
"""Entries shown beside the one at hand: so many fit beside it on a screen."""

LIMIT = 500


def queue_of(
    conn: Connection, who: Viewer, now: Business, *, touch: str = "", done: str = ""
) -> dict[str, Any]:
    """The viewer's queue. touch: the one to show, else the first. done: one that was just dealt
    with, which the lanes may not have taken in yet.

    `item` is None where nothing is open; then `coming` says when the next one is.
    """
    found = reading.queue_of(conn, who.installation_id, who.owner_id, LIMIT)
    person = people.read(conn, who.installation_id, [who.owner_id]).get(who.owner_id)
    zone = (person["zone"] if person else None) or telling.zone_of(conn, who.installation_id)
    rows = in_order([row for row in found if row["id"] != done], now, zone)
    telling.titled(conn, rows)
    index = next((n for n, row in enumerate(rows) if row["id"] == touch), 0)
    if not rows:
        coming = reading.coming_of(conn, who.installation_id, who.owner_id)
        return {"item": None, "total": 0, "due": 0, "coming": coming, "ahead": []}
    return {
        "item": rows[index],
        "place": index + 1,
        "total": len(rows),
        "more": len(found) == LIMIT,
        "due": sum(1 for row in rows if row["due"]),
        "before": rows[index - 1]["id"] if index else None,
        "after": rows[index + 1]["id"] if index + 1 < len(rows) else None,
        "ahead": rows[index + 1 : index + 1 + AHEAD],
        "coming": None,
    }
