"""Enrolments and rule firings: what runs, what ran, and what their end entails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from app.model.decisions import EndEnrolment
from app.model.vocabulary import EnrolmentState, Outcome, TouchState
from app.store import sets
from app.store.tables import enrolments, touches

Row = Mapping[Any, Any]


def running(conn: Connection, subject_ids: Iterable[int]) -> dict[int, list[Row]]:
    """subject id → its enrolments that have not ended, oldest first."""
    query = (
        select(enrolments)
        .where(enrolments.c.subject_id.in_(list(subject_ids)), enrolments.c.state != "ended")
        .order_by(enrolments.c.started_at, enrolments.c.id)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for row in conn.execute(query).mappings():
        found[row["subject_id"]].append(row)
    return found


def history(conn: Connection, subject_ids: Iterable[int]) -> dict[int, list[Row]]:
    """subject id → (definition, rule, anchor, started_at, contact) of all enrolments ever."""
    e = enrolments.c
    query = select(
        e.subject_id, e.definition, e.rule, e.anchor, e.started_at, e.contact_id, e.mode
    ).where(e.subject_id.in_(list(subject_ids)))
    found: dict[int, list[Row]] = defaultdict(list)
    for row in conn.execute(query).mappings():
        found[row["subject_id"]].append(row)
    return found


def by_id(conn: Connection, ids: Iterable[str]) -> dict[str, Row]:
    query = select(enrolments).where(enrolments.c.id.in_(list(ids)))
    return {row["id"]: row for row in conn.execute(query).mappings()}


def steps_of(conn: Connection, ids: Iterable[str]) -> dict[str, list[Row]]:
    """enrolment id → (step, state, outcome, outcome_at) of its touches."""
    t = touches.c
    query = select(
        t.enrolment_id, t.id, t.step, t.state, t.outcome, t.outcome_at, t.performed_at
    ).where(t.enrolment_id.in_(list(ids)))
    found: dict[str, list[Row]] = defaultdict(list)
    for row in conn.execute(query).mappings():
        found[row["enrolment_id"]].append(row)
    return found


def add(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert enrolments; a derived id that exists already is the same decision made twice.

    A shadow enrolment gives way to a real one of the same id: it had no effect.
    """
    real = [row["id"] for row in rows if row["mode"] != "shadow"]
    if real:
        e = enrolments.c
        conn.execute(delete(enrolments).where(e.id.in_(real), e.mode == "shadow"))
    sets.insert_ignore(conn, enrolments, rows)


def end(conn: Connection, ends: Sequence[EndEnrolment]) -> None:
    """End enrolments: planned touches are dropped, open tasks are wished resolved.

    A planned touch that was attempted may stand in the CRM: dropped here, its task would stay there
    for ever. It is due at once instead, is looked for, and then resolved or dropped.

    The revision goes up, so that a touch claimed before this instant finds out before it acts.
    A proposal, backlog or shadow enrolment ends the same way and has nothing to drop.
    """
    if not ends:
        return
    rows = [
        {
            "key": item.enrolment,
            "ended": item.at,
            "why": item.reason.value,
            "recycle": item.recycle_at,
        }
        for item in ends
    ]
    conn.execute(_END, rows)
    conn.execute(_LOOK_FOR, rows)
    conn.execute(_DROP, rows)
    conn.execute(_RESOLVE, rows)


_END = (
    update(enrolments)
    .where(enrolments.c.id == bindparam("key"), enrolments.c.state != "ended")
    .values(
        state=EnrolmentState.ENDED.value,
        ended_at=bindparam("ended"),
        end_reason=bindparam("why"),
        recycle_at=bindparam("recycle"),
        revision=enrolments.c.revision + 1,
    )
)
_LOOK_FOR = (
    update(touches)
    .where(
        touches.c.enrolment_id == bindparam("key"),
        touches.c.state == TouchState.PLANNED.value,
        touches.c.attempts > 0,
    )
    .values(write_at=bindparam("ended"))
)
_DROP = (
    update(touches)
    .where(
        touches.c.enrolment_id == bindparam("key"),
        touches.c.attempts == 0,
        # Not `in_`: its parameters are expanded at execution, which an executemany cannot do.
        or_(
            touches.c.state == TouchState.PLANNED.value,
            touches.c.state == TouchState.WAITING.value,
        ),
    )
    .values(
        state=TouchState.DROPPED.value,
        reason=bindparam("why"),
        outcome_at=bindparam("ended"),
        waits_for=None,
    )
)
_RESOLVE = (
    update(touches)
    .where(
        touches.c.enrolment_id == bindparam("key"),
        touches.c.state == TouchState.PERFORMED.value,
        touches.c.outcome == Outcome.OPEN.value,
    )
    .values(wish="resolve", wish_why=bindparam("why"), overdue_at=None)
)


def move(conn: Connection, moved: Mapping[str, int]) -> None:
    """enrolment id → the subject that it is about from now on, under its old id."""
    if moved:
        rows = [{"key": key, "subject": subject} for key, subject in moved.items()]
        key, subject = bindparam("key"), bindparam("subject")
        conn.execute(
            update(enrolments).where(enrolments.c.id == key).values(subject_id=subject), rows
        )
        conn.execute(
            update(touches).where(touches.c.enrolment_id == key).values(subject_id=subject), rows
        )


def set_state(conn: Connection, ids: Sequence[str], state: EnrolmentState) -> None:
    """Those that have ended meanwhile stay ended."""
    conn.execute(
        update(enrolments)
        .where(enrolments.c.id.in_(list(ids)), enrolments.c.state != EnrolmentState.ENDED.value)
        .values(state=state.value)
    )


def of_rule(
    conn: Connection, inst: int, rule: str, state: EnrolmentState, limit: int | None = None
) -> list[Row]:
    """Enrolments of a rule in one state, oldest anchor first."""
    e = enrolments.c
    query = (
        select(enrolments)
        .where(e.installation_id == inst, e.rule == rule, e.state == state.value)
        .order_by(e.anchor_at, e.id)
    )
    return list(conn.execute(query.limit(limit) if limit else query).mappings())


def recent_firings(
    conn: Connection, inst: int, rules: Sequence[str], since: int
) -> dict[str, int]:
    """rule → how often it acted since an instant, for its limit."""
    if not rules:
        return {}
    e = enrolments.c
    query = (
        select(e.rule, func.count())
        .where(
            e.installation_id == inst,
            e.rule.in_(rules),
            e.state == EnrolmentState.ACTIVE.value,
            e.started_at > since,
            e.mode == "live",
        )
        .group_by(e.rule)
    )
    return dict(conn.execute(query).all())


def versions_in_use(conn: Connection, inst: int) -> set[int]:
    """Playbook versions that running enrolments keep."""
    e = enrolments.c
    query = select(e.version_id).where(e.installation_id == inst, e.state != "ended").distinct()
    return set(conn.execute(query).scalars())
