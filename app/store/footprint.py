"""Our properties in the account: which of them somebody deleted there."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.store import cursors, installations, sets

_LOST = "properties_lost"


def lost(conn: Connection, inst: int) -> list[str]:
    """Properties of ours that are gone from the account, such as `tasks.followthrough_state`."""
    return list(sets.loads(cursors.get(conn, inst, _LOST) or "[]"))


def lose(conn: Connection, inst: int, properties: Iterable[str]) -> None:
    """Remember that properties are gone. Without the touch id tasks are sought by their marks."""
    found = set(properties)
    cursors.put(conn, inst, _LOST, sets.dumps(sorted(found.union(lost(conn, inst)))))
    if any(name.endswith("_touch_id") for name in found):
        installations.change(conn, inst, unique_touch_id=False)
        installations.bump(conn, inst)


def repaired(conn: Connection, inst: int) -> None:
    """They were made again, as far as the CRM would."""
    cursors.put(conn, inst, _LOST, "[]")
