"""The outbox: touches that are due, claimed, performed, and what is still wished of their tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update

from app.model.vocabulary import Outcome, TouchState
from app.store import sets
from app.store.tables import (
    contact_activity,
    enrolments,
    inbox,
    subjects,
    timers,
    touches,
)

Row = Mapping[Any, Any]

_t = touches.c


def add(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert planned touches; a derived id that exists is the same touch decided twice."""
    sets.insert_ignore(conn, touches, rows)


def claim(
    conn: Connection, inst: int, now: int, wall: int, limit: int, lease_ms: int
) -> list[Row]:
    """Take up to `limit` due touches, in the order due, priority, id, and lease them.

    `attempts` goes up here, before anything is sent: after a crash a touch with more than one
    attempt is looked for in the CRM before it is created.
    """
    due = (
        select(_t.id)
        .where(
            _t.installation_id == inst,
            _t.state == TouchState.PLANNED.value,
            _t.write_at <= now,
            _t.retry_wall <= wall,
        )
        .order_by(_t.write_at, _t.priority, _t.id)
        .limit(limit)
    )
    if conn.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    statement = (
        update(touches)
        .where(_t.id.in_(due.scalar_subquery()))
        .values(
            state=TouchState.CLAIMED.value,
            lease_wall=wall + lease_ms,
            fence=_t.fence + 1,
            attempts=_t.attempts + 1,
        )
        .returning(touches)
    )
    rows: list[Row] = list(conn.execute(statement).mappings())
    rows.sort(key=lambda row: (row["write_at"], row["priority"], row["id"]))
    return rows


def reclaim(conn: Connection, inst: int, wall: int, all: bool = False) -> int:
    """Give back claims whose lease ran out; at start, under the file lock, all of them."""
    stale = and_(_t.installation_id == inst, _t.state == TouchState.CLAIMED.value)
    if not all:
        stale = and_(stale, _t.lease_wall <= wall)
    result = conn.execute(
        update(touches).where(stale).values(state=TouchState.PLANNED.value, lease_wall=0)
    )
    return result.rowcount


_SETTLE = {
    name: bindparam(name)
    for name in (
        "state", "reason", "waits_for", "due_at", "write_at", "attempts", "retry_wall", "error",
        "owner_id", "outcome_at",
    )
}  # fmt: skip


def put_back(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store verdicts on claimed touches: deferred, dropped, failed or to be tried again.

    Each row has `key`, `held` (its fence) and every column of `_SETTLE`. A touch that somebody
    else claimed since (its fence is higher), or that is settled already, is left alone.
    """
    if rows:
        conn.execute(
            update(touches)
            .where(
                _t.id == bindparam("key"),
                _t.fence == bindparam("held"),
                _t.state == TouchState.CLAIMED.value,
            )
            .values(_SETTLE),
            list(rows),
        )


_PERFORMED = {
    name: bindparam(name)
    for name in (
        "task_id", "performed_at", "owner_id", "due_at", "outcome", "outcome_at", "outcome_why",
        "overdue_at", "wish", "wish_why", "shown_subject", "contact_id",
    )
}  # fmt: skip


def performed(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record tasks that stand in the CRM. Rows have `key` and every column of `_PERFORMED`."""
    if rows:
        conn.execute(
            update(touches)
            .where(_t.id == bindparam("key"))
            .values(
                state=TouchState.PERFORMED.value,
                error=None,
                reason=None,
                waits_for=None,
                **_PERFORMED,
            ),
            list(rows),
        )


def by_task(conn: Connection, inst: int, task_ids: Iterable[str]) -> dict[str, Row]:
    query = select(touches).where(
        _t.installation_id == inst, _t.task_id.is_not(None), _t.task_id.in_(list(task_ids))
    )
    return {row["task_id"]: row for row in conn.execute(query).mappings()}


def by_id(conn: Connection, ids: Iterable[str]) -> dict[str, Row]:
    query = select(touches).where(_t.id.in_(list(ids)))
    return {row["id"]: row for row in conn.execute(query).mappings()}


def open_of_subjects(conn: Connection, subject_ids: Iterable[int]) -> dict[int, list[Row]]:
    """subject id → touches whose task is open in the CRM, by due time, with `is_firing`."""
    query = (
        select(touches, enrolments.c.is_firing)
        .join(enrolments, enrolments.c.id == _t.enrolment_id)
        .where(_t.outcome == Outcome.OPEN.value, _t.subject_id.in_(list(subject_ids)))
        .order_by(_t.due_at, _t.id)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for row in conn.execute(query).mappings():
        found[row["subject_id"]].append(row)
    return found


def close(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record outcomes. Rows have key, outcome, outcome_at, outcome_why; wakes who waited."""
    if not rows:
        return
    statement = (
        update(touches)
        .where(_t.id == bindparam("key"))
        .values(
            outcome=bindparam("outcome"),
            outcome_at=bindparam("outcome_at"),
            outcome_why=bindparam("outcome_why"),
            overdue_at=None,
            wish=None,
            wish_why=None,
        )
    )
    conn.execute(statement, list(rows))
    wake(conn, [row["key"] for row in rows], max(row["outcome_at"] for row in rows))


def wake(conn: Connection, touch_ids: Iterable[str], now: int) -> None:
    """Touches that waited for these are due again: their late policy applies when claimed."""
    conn.execute(
        update(touches)
        .where(
            _t.waits_for.is_not(None),
            _t.waits_for.in_(list(touch_ids)),
            _t.state == TouchState.WAITING.value,
        )
        .values(state=TouchState.PLANNED.value, waits_for=None, write_at=now)
    )


def wake_subjects(conn: Connection, subject_ids: Iterable[int], now: int) -> None:
    """Touches of these subjects that wait for a hold or a control to clear are judged anew."""
    conn.execute(
        update(touches)
        .where(
            _t.subject_id.in_(list(subject_ids)),
            _t.state == TouchState.WAITING.value,
            _t.waits_for.is_(None),
        )
        .values(state=TouchState.PLANNED.value, write_at=now)
    )


def wish_open(conn: Connection, subject_ids: Iterable[int], what: str, why: str) -> None:
    """Wish something of all open tasks of these subjects; a wish to resolve stands above."""
    conn.execute(
        update(touches)
        .where(
            _t.subject_id.in_(list(subject_ids)),
            _t.outcome == Outcome.OPEN.value,
            _t.wish.is_(None),
        )
        .values(wish=what, wish_why=why, wish_wall=0)
    )


def mark_edited(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """A rep changed a task: key, due_at, owner_id and overdue_at as they now are."""
    if rows:
        conn.execute(
            update(touches)
            .where(_t.id == bindparam("key"))
            .values(
                edited=True,
                due_at=bindparam("due_at"),
                owner_id=bindparam("owner_id"),
                overdue_at=bindparam("overdue_at"),
            ),
            list(rows),
        )


def wish(
    conn: Connection, ids: Iterable[str], what: str | None, why: str | None, wall: int = 0
) -> None:
    conn.execute(
        update(touches)
        .where(_t.id.in_(list(ids)))
        .values(wish=what, wish_why=why, wish_wall=wall)
    )


def wished(conn: Connection, inst: int, wall: int, limit: int) -> list[Row]:
    """Tasks that are to be resolved or moved, oldest wish first."""
    query = (
        select(touches)
        .where(_t.installation_id == inst, _t.wish.is_not(None), _t.wish_wall <= wall)
        .order_by(_t.wish_wall, _t.id)
        .limit(limit)
    )
    return list(conn.execute(query).mappings())


def overdue(conn: Connection, inst: int, now: int, limit: int) -> list[Row]:
    query = (
        select(touches)
        .where(_t.installation_id == inst, _t.overdue_at.is_not(None), _t.overdue_at <= now)
        .order_by(_t.overdue_at, _t.id)
        .limit(limit)
    )
    return list(conn.execute(query).mappings())


def told_overdue(conn: Connection, ids: Iterable[str]) -> None:
    conn.execute(update(touches).where(_t.id.in_(list(ids))).values(overdue_at=None))


def next_due(conn: Connection, inst: int) -> int | None:
    """The next business instant at which this installation has a touch or a warning due."""
    planned = select(func.min(_t.write_at)).where(
        _t.installation_id == inst, _t.state == TouchState.PLANNED.value
    )
    late = select(func.min(_t.overdue_at)).where(
        _t.installation_id == inst, _t.overdue_at.is_not(None)
    )
    found = [conn.execute(query).scalar() for query in (planned, late)]
    return min((at for at in found if at is not None), default=None)


def outstanding(conn: Connection, inst: int, now: int) -> int:
    """How many touches are claimed, due, or have a wish: work not yet drained up to `now`."""
    query = select(func.count()).where(
        _t.installation_id == inst,
        or_(
            _t.state == TouchState.CLAIMED.value,
            and_(_t.state == TouchState.PLANNED.value, _t.write_at <= now),
            _t.wish.is_not(None),
        ),
    )
    return conn.execute(query).scalar_one()


def count_contact(conn: Connection, inst: int, rows: Sequence[tuple[str, str, int]]) -> None:
    """Add (contact id, ISO day, touches) to the daily counts that caps read."""
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for contact, day, number in rows:
        totals[contact, day] += number
    statement = (
        update(contact_activity)
        .where(
            contact_activity.c.installation_id == inst,
            contact_activity.c.contact_id == bindparam("who"),
            contact_activity.c.day == bindparam("on"),
        )
        .values(touches=contact_activity.c.touches + bindparam("more"))
    )
    values = [{"who": who, "on": on, "more": more} for (who, on), more in totals.items()]
    if values:
        sets.insert_ignore(
            conn,
            contact_activity,
            [
                {"installation_id": inst, "contact_id": v["who"], "day": v["on"], "touches": 0}
                for v in values
            ],
        )
        conn.execute(statement, values)


def contact_counts(
    conn: Connection, inst: int, contact_ids: Iterable[str], week: str, month: str
) -> dict[str, tuple[int, int]]:
    """contact id → touches on days later than `week`, and later than `month` (ISO dates)."""
    a = contact_activity.c
    query = select(a.contact_id, a.day, a.touches).where(
        a.installation_id == inst, a.contact_id.in_(list(contact_ids)), a.day > month
    )
    found: dict[str, tuple[int, int]] = {}
    for contact, day, number in conn.execute(query):
        in_week, in_month = found.get(contact, (0, 0))
        found[contact] = (in_week + (number if day > week else 0), in_month + number)
    return found


def due_between(conn: Connection, inst: int, start: int, end: int) -> list[tuple[str, int]]:
    """(owner id, due time) of tasks of ours falling due within a span, for daily budgets."""
    query = select(_t.owner_id, _t.due_at).where(
        _t.installation_id == inst,
        _t.owner_id.is_not(None),
        _t.due_at >= start,
        _t.due_at < end,
        _t.state == TouchState.PERFORMED.value,
        _t.outcome.in_((Outcome.OPEN.value, Outcome.COMPLETED.value)),
    )
    return [(owner, due) for owner, due in conn.execute(query)]


def put_off(conn: Connection, ids: Iterable[str], wall: int) -> None:
    """Wishes that failed are tried again from `wall` on."""
    conn.execute(update(touches).where(_t.id.in_(list(ids))).values(wish_wall=wall))


def set_owner(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with key and owner: tasks that we gave to somebody else."""
    if rows:
        conn.execute(
            update(touches).where(_t.id == bindparam("key")).values(owner_id=bindparam("owner")),
            list(rows),
        )


def summaries(conn: Connection, subject_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """subject id → next_at, last_at and the sequence that runs, for the subject's properties."""
    found: dict[int, dict[str, Any]] = {key: {} for key in subject_ids}
    pending = or_(
        _t.outcome == Outcome.OPEN.value,
        _t.state.in_((TouchState.PLANNED.value, TouchState.WAITING.value)),
    )
    next_at = (
        select(_t.subject_id, func.min(_t.due_at))
        .where(_t.subject_id.in_(subject_ids), pending)
        .group_by(_t.subject_id)
    )
    for subject, at in conn.execute(next_at):
        found[subject]["next_at"] = at
    last_at = (
        select(_t.subject_id, func.max(_t.outcome_at))
        .where(_t.subject_id.in_(subject_ids), _t.outcome == Outcome.COMPLETED.value)
        .group_by(_t.subject_id)
    )
    for subject, at in conn.execute(last_at):
        found[subject]["last_at"] = at
    e = enrolments.c
    running = (
        select(e.subject_id, func.min(e.definition))
        .where(e.subject_id.in_(subject_ids), e.state == "active", e.mode == "live")
        .group_by(e.subject_id)
    )
    for subject, definition in conn.execute(running):
        found[subject]["sequence"] = definition
    return found


def anything_due(conn: Connection, inst: int, now: int, wall: int) -> bool:
    """Whether an installation has anything to do now: one indexed look at each kind of work."""
    i, t, s = inbox.c, timers.c, subjects.c
    looks = (
        select(i.id).where(i.installation_id == inst, i.retry_wall <= wall),
        select(t.rule).where(t.installation_id == inst, t.due_at <= now),
        select(_t.id).where(
            _t.installation_id == inst,
            _t.state == TouchState.PLANNED.value,
            _t.write_at <= now,
            _t.retry_wall <= wall,
        ),
        select(_t.id).where(
            _t.installation_id == inst, _t.wish.is_not(None), _t.wish_wall <= wall
        ),
        select(_t.id).where(
            _t.installation_id == inst, _t.overdue_at.is_not(None), _t.overdue_at <= now
        ),
        select(s.id).where(
            s.installation_id == inst, s.summary_due_at.is_not(None), s.summary_due_at <= now
        ),
    )
    return any(conn.execute(look.limit(1)).first() is not None for look in looks)
