"""Who gets tasks that do not go to the record's owner, and who had the latest turn in each team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from app.model.vocabulary import TouchState
from app.store import sets
from app.store.fixed import Fixed, arg
from app.store.tables import touches, turns

_t = touches.c


def read(conn: Connection, inst: int) -> dict[str, str]:
    """Team → owner id of whoever had the latest turn."""
    query = select(turns.c.team, turns.c.last_owner).where(turns.c.installation_id == inst)
    return {team: owner for team, owner in conn.execute(query)}  # noqa: C416 - rows, not pairs


def take(conn: Connection, inst: int, last: Mapping[str, str], given: Mapping[str, int]) -> None:
    """The latest turn of each team, and how many were given just now."""
    rows = [
        {"installation_id": inst, "team": team, "last_owner": owner, "given": given[team]}
        for team, owner in last.items()
    ]
    sets.upsert(conn, turns, rows, ("installation_id", "team"), ("last_owner",), ("given",))


_ASSIGN = Fixed(
    update(touches)
    .where(
        _t.id == arg("key"),
        _t.fence == arg("held"),
        _t.state == TouchState.CLAIMED.value,
    )
    .values(assignee=arg("assignee"), assigned_by=arg("assigned_by"))
)


def assign(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with key, held (the claim's fence), assignee and assigned_by."""
    _ASSIGN.run_many(conn, rows)
