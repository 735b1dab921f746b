"""Work that failed, put back by a person's word: tried again, or settled by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select, update

from app.model.vocabulary import TouchState
from app.store.tables import inbox, touches

_t, _i = touches.c, inbox.c

_RETRIABLE = or_(
    _t.state == TouchState.FAILED.value,
    and_(_t.state == TouchState.PLANNED.value, _t.error.is_not(None)),
)


def retry(conn: Connection, inst: int, id: str | None) -> list[int]:
    """Let one failed touch, or all, be tried again at once; the subjects that they are about.

    Attempts stay: whatever was sent before is looked for in the CRM first.
    """
    query = (
        update(touches)
        .where(_t.installation_id == inst, _RETRIABLE)
        .values(
            state=TouchState.PLANNED.value, reason=None, error=None, retry_wall=0, outcome_at=None
        )
    )
    if id is not None:
        query = query.where(_t.id == id)
    return list(conn.execute(query.returning(_t.subject_id)).scalars())


def unknown(conn: Connection, inst: int, id: str) -> dict[str, Any] | None:
    """A touch whose fate is unknown."""
    query = select(touches).where(
        _t.installation_id == inst, _t.id == id, _t.state == TouchState.UNKNOWN.value
    )
    row = conn.execute(query).mappings().one_or_none()
    return dict(row) if row else None


def settle(conn: Connection, id: str, done: bool, now: int) -> bool:
    """A person looked: it was done, or it was not. False where it is known by now."""
    state = TouchState.PERFORMED if done else TouchState.DROPPED
    query = (
        update(touches)
        .where(_t.id == id, _t.state == TouchState.UNKNOWN.value)
        .values(
            state=state.value,
            reason=None if done else "not_done",
            error=None,
            performed_at=now if done else None,
            outcome="completed" if done else None,
            outcome_at=now,
            outcome_why="settled_by_hand" if done else None,
        )
    )
    return conn.execute(query).rowcount == 1


def retry_event(conn: Connection, inst: int, id: int, wall: int) -> bool:
    """Let an event that keeps failing be worked off at once."""
    query = (
        update(inbox)
        .where(_i.installation_id == inst, _i.id == id, _i.error.is_not(None))
        .values(retry_wall=wall, attempts=0)
    )
    return conn.execute(query).rowcount == 1


def drop_event(conn: Connection, inst: int, id: int) -> bool:
    """Forget an event that keeps failing; the record is read again when it next changes."""
    query = delete(inbox).where(
        _i.installation_id == inst, _i.id == id, _i.error.is_not(None)
    )
    return conn.execute(query).rowcount == 1
