"""Activities: what reps and prospects did about each subject, whenever it became known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.store import cursors, sets
from app.store.tables import activities

HISTORY = "history"
"""Cursor: how far the past was read, as `type:page`; gone once all of it is."""

CONNECTED = "connected"
"""Cursor: when this account's past began to be read (business). An inquiry of before that is heard
of since is known, and what reps had done for it is not."""

_KEYS = ("subject_id", "cause")


def note(conn: Connection, inst: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep activities; one that is known (by subject and cause) is what was read last.

    rows: subject_id, cause, kind, at, owner_id.
    """
    full = [{"installation_id": inst, **row} for row in rows]
    sets.upsert(conn, activities, full, _KEYS, ("kind", "at", "owner_id"))


def past_open(conn: Connection, inst: int) -> bool:
    """Whether some of the past is still to be read."""
    return cursors.get(conn, inst, HISTORY) is not None
