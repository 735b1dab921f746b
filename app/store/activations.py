"""Activations of playbooks, what each rule was set to before, and what began by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select, true, update

from app.model.vocabulary import EnrolmentState, Outcome, TouchState
from app.store import sets
from app.store.reading import rows as read_rows
from app.store.tables import activations, enrolments, subjects, touches

_a, _e, _t, _s = activations.c, enrolments.c, touches.c, subjects.c

Spans = Mapping[str, tuple[int, int | None]]
"""Rule key → (from, until) in which it began things by one activation; until None: to this day."""


def add(
    conn: Connection,
    inst: int,
    playbook: str,
    mode: str,
    rules: Mapping[str, Mapping[str, Any] | None],
    now: int,
    who: str,
) -> int:
    """Note an activation; its id. rules: what each was set to before it."""
    row = {
        "installation_id": inst,
        "playbook": playbook,
        "mode": mode,
        "rules": sets.dumps(rules),
        "activated_at": now,
        "activated_by": who,
    }
    return conn.execute(activations.insert().values(row).returning(_a.id)).scalar_one()


def read(
    conn: Connection, inst: int, *, after: int = 0, limit: int | None = None
) -> list[dict[str, Any]]:
    """Activations behind an id, the latest first; `rules` as stored by `add`."""
    query = (
        select(activations)
        .where(_a.installation_id == inst, _a.id > after)
        .order_by(_a.id.desc())
    )
    found = read_rows(conn, query.limit(limit) if limit else query)
    return [{**row, "rules": sets.loads(row["rules"])} for row in found]


def get(conn: Connection, inst: int, id: int) -> dict[str, Any] | None:
    found = read(conn, inst, after=id - 1)
    return found[-1] if found and found[-1]["id"] == id else None


def undone(conn: Connection, id: int, now: int, who: str) -> None:
    conn.execute(update(activations).where(_a.id == id).values(undone_at=now, undone_by=who))


# --- what began by one ---------------------------------------------------------------------------


def _within(spans: Spans) -> ColumnElement[bool]:
    parts = [
        and_(
            _e.rule == rule,
            _e.started_at >= since,
            true() if until is None else _e.started_at < until,
        )
        for rule, (since, until) in spans.items()
    ]
    return or_(false(), *parts)


def begun(
    conn: Connection, inst: int, spans: Spans, limit: int, after: str = ""
) -> list[dict[str, Any]]:
    """Enrolments that began in the spans and not in shadow, in the order of their ids."""
    query = (
        select(enrolments)
        .where(_e.installation_id == inst, _e.mode != "shadow", _within(spans), _e.id > after)
        .order_by(_e.id)
        .limit(limit)
    )
    return read_rows(conn, query)


def counts(conn: Connection, inst: int, spans: Spans) -> dict[str, int]:
    """What undoing would meet: running, planned, archived, edited, completed, deleted."""
    scope = and_(_e.installation_id == inst, _e.mode != "shadow", _within(spans))
    running = select(func.count()).where(scope, _e.state != EnrolmentState.ENDED.value)
    found = {"running": conn.execute(running).scalar_one()}
    query = (
        select(_t.state, _t.outcome, _t.edited, func.count().label("count"))
        .join(enrolments, _e.id == _t.enrolment_id)
        .where(scope)
        .group_by(_t.state, _t.outcome, _t.edited)
    )
    for row in read_rows(conn, query):
        name = _fate(row)
        if name:
            found[name] = found.get(name, 0) + row["count"]
    return {name: found.get(name, 0) for name in _FATES}


_FATES = ("running", "planned", "archived", "edited", "completed", "deleted")


def _fate(row: Mapping[str, Any]) -> str | None:
    if row["state"] in (TouchState.PLANNED, TouchState.WAITING, TouchState.CLAIMED):
        return "planned"
    if row["outcome"] == Outcome.OPEN.value:
        return "edited" if row["edited"] else "archived"
    return {"completed": "completed", "deleted": "deleted", "left": "edited"}.get(
        row["outcome"] or ""
    )


def open_tasks(
    conn: Connection, inst: int, spans: Spans, limit: int
) -> list[dict[str, Any]]:
    """Open tasks of ours that began in the spans, by due time, with the record they stand on."""
    query = (
        select(
            _t.id, _t.task_id, _t.shown_subject.label("title"), _t.due_at, _t.owner_id, _t.edited,
            _s.type.label("subject_type"), _s.crm_id.label("subject_id"), _s.name.label("subject"),
        )
        .join(enrolments, _e.id == _t.enrolment_id)
        .join(subjects, _s.id == _t.subject_id)
        .where(
            _e.installation_id == inst, _e.mode != "shadow", _within(spans),
            _t.outcome == Outcome.OPEN.value,
        )
        .order_by(_t.due_at, _t.id)
        .limit(limit)
    )  # fmt: skip
    return read_rows(conn, query)


def wish_resolved(conn: Connection, enrolment_ids: Sequence[str], why: str) -> None:
    """Wish the open tasks of these enrolments resolved, of those that have ended too."""
    conn.execute(
        update(touches)
        .where(
            sets.among(conn, _t.enrolment_id, enrolment_ids),
            _t.outcome == Outcome.OPEN.value,
        )
        .values(wish="resolve", wish_why=why, wish_wall=0, overdue_at=None)
    )
