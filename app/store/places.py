"""What takes a place among the sequences that may run at a time, and what waits for one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, case, func, or_, select

from app.model.vocabulary import EnrolmentState, StopReason
from app.store.tables import enrolments, subjects

_e = enrolments.c

NEVER_BEGUN = (
    StopReason.NOT_OWED.value,
    StopReason.DECLINED.value,
    StopReason.DISCARDED.value,
    StopReason.SHADOW_OVER.value,
)
"""Why enrolments ended that had waited for a word or a place and never began."""


def queued(conn: Connection, inst: int, limit: int) -> list[dict[str, Any]]:
    """Enrolments that wait for a place, oldest first, with `owner_id` of their subjects."""
    query = (
        select(enrolments, subjects.c.owner_id)
        .join(subjects, subjects.c.id == _e.subject_id)
        .where(_e.installation_id == inst, _e.state == EnrolmentState.QUEUED.value)
        .order_by(_e.started_at, _e.anchor_at, _e.id)
        .limit(limit)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def occupied(
    conn: Connection, inst: int, since: int, *, queue: bool
) -> list[tuple[str | None, str, int, int]]:
    """(owner id, definition, running, begun after `since`) of sequences, by both.

    queue: what waits for a place counts as running and begun.
    """
    acts = _e.state.in_(
        (EnrolmentState.ACTIVE.value, *((EnrolmentState.QUEUED.value,) if queue else ()))
    )
    begun = or_(acts, _e.state == EnrolmentState.ENDED.value) & (_e.started_at > since)
    query = (
        select(
            subjects.c.owner_id,
            _e.definition,
            func.sum(case((acts, 1), else_=0)),
            func.sum(case((begun, 1), else_=0)),
        )
        .join(subjects, subjects.c.id == _e.subject_id)
        .where(
            _e.installation_id == inst,
            _e.is_firing.is_(False),
            _e.mode == "live",
            or_(acts, begun),
            or_(_e.end_reason.is_(None), _e.end_reason.not_in(NEVER_BEGUN)),
        )
        .group_by(subjects.c.owner_id, _e.definition)
    )
    return [(owner, key, int(acts), int(new)) for owner, key, acts, new in conn.execute(query)]


def next_place(conn: Connection, inst: int, since: int) -> int | None:
    """When the oldest of the sequences that began after `since` did."""
    query = select(func.min(_e.started_at)).where(
        _e.installation_id == inst,
        _e.is_firing.is_(False),
        _e.mode == "live",
        _e.started_at > since,
        _e.state.in_((EnrolmentState.ACTIVE.value, EnrolmentState.ENDED.value)),
    )
    return conn.execute(query).scalar_one()
