"""The control group's figures: how the share was set, who was decided on, what they did then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Subquery, and_, exists, func, or_, select, true

from app.model.vocabulary import Mode, SignalKind
from app.store import cursors, sets
from app.store.reading import rows
from app.store.tables import enrolments, outcomes, stage_entries, stages, subjects, touches

_e, _o, _s, _t = enrolments.c, outcomes.c, subjects.c, touches.c

_SHARES = "holdout_shares"
"""Cursor: JSON [[at, percent], …], each change of the share, oldest first."""

_ANSWERS = (SignalKind.REPLIED.value, SignalKind.MEETING_BOOKED.value)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch in which one share was held out. until: None while it is."""

    percent: int
    since: int
    until: int | None


def note_share(conn: Connection, inst: int, percent: int, at: int) -> None:
    """Keep from when a share holds; nothing is noted while it stays as it is."""
    noted = sets.loads(cursors.get(conn, inst, _SHARES) or "[]")
    if percent != (noted[-1][1] if noted else 0):
        cursors.put(conn, inst, _SHARES, sets.dumps([*noted, [at, percent]]))


def latest(conn: Connection, inst: int) -> Period | None:
    """The latest stretch with a share above zero; None where nothing was ever held out."""
    noted = sets.loads(cursors.get(conn, inst, _SHARES) or "[]")
    until: int | None = None
    for at, percent in reversed(noted):
        if percent:
            return Period(percent, at, until)
        until = at
    return None


def _begun(inst: int, period: Period) -> Subquery:
    """(rule, subject, at): a rule's first live decision on a subject, where it fell in the period
    and owed a touch. Both arms plan their touches; the guard drops those of the control group."""
    first = func.min(_e.started_at)
    return (
        select(_e.rule, _e.subject_id, first.label("at"))
        .where(
            _e.installation_id == inst,
            _e.mode == Mode.LIVE.value,
            exists().where(_t.enrolment_id == _e.id),
        )
        .group_by(_e.rule, _e.subject_id)
        .having(
            and_(
                first >= period.since,
                true() if period.until is None else first < period.until,
            )
        )
        .subquery()
    )


def begun(conn: Connection, inst: int, period: Period) -> list[dict[str, Any]]:
    """For each rule and subject: `at`, `first_type` and `first_id` that its draw goes by, and the
    `stratum` of that first decision, empty where it is not known."""
    found = _begun(inst, period)
    query = (
        select(
            found.c.rule, found.c.subject_id, found.c.at, _s.first_type, _s.first_id,
            func.coalesce(func.min(_e.stratum), "").label("stratum"),
        )
        .join(subjects, _s.id == found.c.subject_id)
        .join(
            enrolments,
            and_(
                _e.rule == found.c.rule,
                _e.subject_id == found.c.subject_id,
                _e.started_at == found.c.at,
            ),
        )
        .where(_e.mode == Mode.LIVE.value)
        .group_by(found.c.rule, found.c.subject_id, found.c.at, _s.first_type, _s.first_id)
        .order_by(found.c.rule, found.c.subject_id)
    )  # fmt: skip
    return rows(conn, query)


def answers(
    conn: Connection, inst: int, period: Period, window: int
) -> dict[tuple[str, int], Mapping[str, int]]:
    """(rule, subject) → kind → when it first replied or booked a meeting within `window` ms.

    The latest answer is no reply while it is known to be a machine's.
    """
    found = _begun(inst, period)
    query = (
        select(found.c.rule, found.c.subject_id, _o.kind, func.min(_o.occurred_at).label("first"))
        .join(
            outcomes,
            and_(
                _o.installation_id == inst,
                _o.subject_id == found.c.subject_id,
                _o.kind.in_(_ANSWERS),
                _o.occurred_at > found.c.at,
                _o.occurred_at <= found.c.at + window,
            ),
        )
        .join(subjects, _s.id == found.c.subject_id)
        .where(
            or_(
                _o.kind != SignalKind.REPLIED.value,
                _s.machine_reply_at.is_(None),
                _o.occurred_at != _s.machine_reply_at,
            )
        )
        .group_by(found.c.rule, found.c.subject_id, _o.kind)
    )
    kept: dict[tuple[str, int], dict[str, int]] = {}
    for row in conn.execute(query):
        kept.setdefault((row.rule, row.subject_id), {})[row.kind] = row.first
    return dict(kept)


def entries(conn: Connection, inst: int, period: Period) -> dict[int, list[dict[str, Any]]]:
    """subject → its stage entries, oldest first, each with `entered_at`, pipeline, position, kind.
    """
    found = _begun(inst, period)
    query = (
        select(
            stage_entries.c.subject_id, stage_entries.c.entered_at, stages.c.pipeline_id,
            stages.c.position, stages.c.kind,
        )
        .join(
            stages,
            and_(stages.c.installation_id == inst, stages.c.id == stage_entries.c.stage_id),
        )
        .where(stage_entries.c.subject_id.in_(select(found.c.subject_id)))
        .order_by(stage_entries.c.subject_id, stage_entries.c.entered_at)
    )  # fmt: skip
    kept: dict[int, list[dict[str, Any]]] = {}
    for row in rows(conn, query):
        kept.setdefault(row["subject_id"], []).append(row)
    return kept
