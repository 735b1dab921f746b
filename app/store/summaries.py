"""Our properties on subjects: which are to be written, from what, and what was last written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, case, func, or_, select, update

from app.model.vocabulary import Outcome, TouchState
from app.store import passages, sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import enrolments, subjects, touches

Row = Mapping[str, Any]

_s, _t, _e = subjects.c, touches.c, enrolments.c

_earliest = func.coalesce(_s.summary_written_at, 0) + arg("every")
_MARK = Fixed(
    update(subjects)
    .where(among(_s.id, "ids"), _s.summary_due_at.is_(None))
    .values(summary_due_at=case((_earliest > arg("now"), _earliest), else_=arg("now")))
)


def mark_dirty(conn: Connection, ids: Iterable[int], now: int, every_ms: int) -> None:
    """Our properties of these subjects are to be written, at most once in `every_ms`."""
    _MARK.run(conn, ids=list(ids), now=now, every=every_ms)


_DIRTY = Fixed(
    select(subjects)
    .where(
        _s.installation_id == arg("inst"),
        _s.summary_due_at.is_not(None),
        _s.summary_due_at <= arg("now"),
    )
    .order_by(_s.summary_due_at, _s.id)
    .limit(arg("most"))
)


def dirty(conn: Connection, inst: int, now: int, limit: int) -> list[dict[str, Any]]:
    """Subjects whose summary is due."""
    return _DIRTY.dicts(conn, inst=inst, now=now, most=limit)


_SAME = Fixed(update(subjects).where(among(_s.id, "ids")).values(summary_due_at=None))


def summarised(conn: Connection, written: Mapping[int, str | None], now: int) -> None:
    """Summaries that are done: subject id → JSON as written, None where nothing had changed."""
    changed = [
        {"id": key, "summary": text, "summary_written_at": now, "summary_due_at": None}
        for key, text in written.items()
        if text is not None
    ]
    sets.update_many(conn, subjects, "id", changed)
    same = [key for key, text in written.items() if text is None]
    if same:
        _SAME.run(conn, ids=same)


_PUT_OFF = Fixed(update(subjects).where(among(_s.id, "ids")).values(summary_due_at=arg("at")))


def put_off(conn: Connection, ids: Iterable[int], at: int) -> None:
    """These summaries could not be written; they are due again at `at`."""
    _PUT_OFF.run(conn, ids=list(ids), at=at)


_NEXT = Fixed(
    select(_t.subject_id, func.min(_t.due_at))
    .where(
        among(_t.subject_id, "ids"),
        or_(
            _t.outcome == Outcome.OPEN.value,
            _t.state.in_((TouchState.PLANNED.value, TouchState.WAITING.value)),
        ),
    )
    .group_by(_t.subject_id)
)
_LAST = Fixed(
    select(_t.subject_id, func.max(_t.outcome_at))
    .where(among(_t.subject_id, "ids"), _t.outcome == Outcome.COMPLETED.value)
    .group_by(_t.subject_id)
)
_SEQUENCE = Fixed(
    select(_e.subject_id, func.min(_e.definition))
    .where(among(_e.subject_id, "ids"), _e.state == "active", _e.mode == "live")
    .group_by(_e.subject_id)
)


def last_completed(conn: Connection, subject_ids: Sequence[int]) -> dict[int, int]:
    """subject id → when a task of ours for it was last completed."""
    return dict(_LAST.rows(conn, ids=subject_ids))


def facts(conn: Connection, subject_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """subject id → next_at, last_at and the sequence that runs, for the subject's properties."""
    found: dict[int, dict[str, Any]] = {key: {} for key in subject_ids}
    for name, statement in (("next_at", _NEXT), ("last_at", _LAST), ("sequence", _SEQUENCE)):
        for subject, value in statement.rows(conn, ids=subject_ids):
            found[subject][name] = value
    # What waits has no touch ahead: it is looked at again on this day, whatever comes of it.
    for subject, at in passages.looked_at(conn, subject_ids).items():
        found[subject].setdefault("next_at", at)
    return found
