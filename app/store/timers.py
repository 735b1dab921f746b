"""Timers: at most one row for (subject, rule), the instant at which a rule looks again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from app.model.decisions import ArmTimer
from app.model.time import Business
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import timers


def arm(conn: Connection, installation_id: int, armed: Sequence[ArmTimer]) -> int:
    """Set timers, each replacing the one that (subject, rule) had; the last of equals wins."""
    rows = [
        {
            "installation_id": installation_id,
            "subject_id": timer.subject,
            "rule": timer.rule,
            "due_at": timer.due_at,
            "data": sets.dumps(timer.data),
        }
        for timer in armed
    ]
    return sets.upsert(conn, timers, rows, ("installation_id", "subject_id", "rule"))


def disarm(conn: Connection, installation_id: int, pairs: Iterable[tuple[int, str]]) -> int:
    """Remove the timers of (subject, rule); those that do not exist are no error."""
    rows = [
        {"installation_id": installation_id, "subject_id": subject, "rule": rule}
        for subject, rule in pairs
    ]
    return sets.delete_many(conn, timers, ("installation_id", "subject_id", "rule"), rows)


_COLUMNS = (timers.c.subject_id, timers.c.rule, timers.c.due_at, timers.c.data)
_DUE = Fixed(
    select(*_COLUMNS)
    .where(timers.c.installation_id == arg("inst"), timers.c.due_at <= arg("now"))
    .order_by(timers.c.due_at, timers.c.subject_id, timers.c.rule)
    .limit(arg("most"))
)


def due(
    conn: Connection, installation_id: int, now: Business, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` timers due by `now`, oldest first: subject_id, rule, due_at, data (JSON)."""
    return _DUE.dicts(conn, inst=installation_id, now=now, most=limit)


_OF_SUBJECTS = Fixed(
    select(*_COLUMNS).where(
        timers.c.installation_id == arg("inst"), among(timers.c.subject_id, "ids")
    )
)


def of_subjects(
    conn: Connection, installation_id: int, subjects: Sequence[int]
) -> list[dict[str, Any]]:
    """All timers of some subjects: subject_id, rule, due_at, data (JSON)."""
    return _OF_SUBJECTS.dicts(conn, inst=installation_id, ids=subjects)


def next_due(conn: Connection, installation_id: int | None = None) -> Business | None:
    """The earliest due instant; None when no timer is armed. Without installation: of all."""
    query = select(func.min(timers.c.due_at))
    if installation_id is not None:
        query = query.where(timers.c.installation_id == installation_id)
    return conn.execute(query).scalar_one()
