"""The outbox: touches planned, claimed, put back with a verdict, or performed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, select, update

from app.model.vocabulary import DUTY_STEPS, OPEN_TOUCHES, Outcome, TouchState
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import touches
from app.store.tasks import DATE_MOVED

Row = Mapping[str, Any]

_t = touches.c


def add(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert planned touches; a derived id that exists is the same touch decided twice."""
    sets.insert_ignore(conn, touches, rows)


CLAIMED = (
    "id", "enrolment_id", "subject_id", "contact_id", "step", "owed_at", "due_at", "write_at",
    "planned_at", "priority", "reason", "owner_id", "fence", "attempts", "instead",
    "shown_subject", "assignee", "assigned_by", "draft",
)  # fmt: skip
"""Columns of a claimed touch: hundreds of them pass at once, so none that nobody reads."""


def _claim(locked: bool, duties: bool = False) -> Fixed:
    which = (_t.step.in_(DUTY_STEPS),) if duties else ()
    due = (
        select(_t.id)
        .where(
            *which,
            _t.installation_id == arg("inst"),
            _t.state == TouchState.PLANNED.value,
            _t.write_at <= arg("now"),
            _t.retry_wall <= arg("wall"),
        )
        # Touches of one subject that are due together are judged together.
        .order_by(_t.write_at, _t.priority, _t.subject_id, _t.id)
        .limit(arg("most"))
    )
    if locked:
        due = due.with_for_update(skip_locked=True)
    return Fixed(
        update(touches)
        .where(_t.id.in_(due.scalar_subquery()))
        .values(
            state=TouchState.CLAIMED.value,
            lease_wall=arg("lease"),
            fence=_t.fence + 1,
            attempts=_t.attempts + 1,
        )
        .returning(*(_t[name] for name in CLAIMED))
    )


_CLAIM = {"sqlite": _claim(False), "postgresql": _claim(True)}
_CLAIM_DUTIES = {"sqlite": _claim(False, True), "postgresql": _claim(True, True)}


def claim(
    conn: Connection,
    inst: int,
    now: int,
    wall: int,
    limit: int,
    lease_ms: int,
    *,
    duties: bool = False,
) -> list[dict[str, Any]]:
    """Take up to `limit` due touches, in the order due, priority, subject, id, and lease them.

    `attempts` goes up here, before anything is sent: after a crash a touch with more than one
    attempt is looked for in the CRM before it is created. duties: only those of `DUTY_STEPS`.
    """
    claims = _CLAIM_DUTIES if duties else _CLAIM
    rows = claims[conn.dialect.name].dicts(
        conn, inst=inst, now=now, wall=wall, most=limit, lease=wall + lease_ms
    )
    rows.sort(key=lambda row: (row["write_at"], row["priority"], row["subject_id"], row["id"]))
    return rows


_RECLAIM = Fixed(
    update(touches)
    .where(
        _t.installation_id == arg("inst"),
        _t.state == TouchState.CLAIMED.value,
        _t.lease_wall <= arg("wall"),
    )
    .values(state=TouchState.PLANNED.value, lease_wall=0)
)


def reclaim(
    conn: Connection, inst: int, wall: int, all: bool = False, after_ms: int | None = None
) -> int:
    """Give back claims whose lease ran out; at start, under the file lock, all of them.

    after_ms: they are due again so long after the end of their lease (before it, if negative).
    """
    if not all and after_ms is None:
        return _RECLAIM.run(conn, inst=inst, wall=wall)
    stale = and_(_t.installation_id == inst, _t.state == TouchState.CLAIMED.value)
    if not all:
        stale = and_(stale, _t.lease_wall <= wall)
    result = conn.execute(
        update(touches)
        .where(stale)
        .values(
            state=TouchState.PLANNED.value,
            lease_wall=0,
            retry_wall=_t.retry_wall if after_ms is None else _t.lease_wall + after_ms,
        )
    )
    return result.rowcount


SETTLED = (
    "state", "reason", "waits_for", "owed_at", "due_at", "write_at", "attempts", "retry_wall",
    "error", "owner_id", "outcome_at",
)  # fmt: skip
"""Columns that `put_back` sets."""

_PUT_BACK = Fixed(
    update(touches)
    .where(
        _t.id == arg("key"),
        _t.fence == arg("held"),
        _t.state == TouchState.CLAIMED.value,
    )
    .values({name: arg(name) for name in SETTLED})
)


def put_back(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store verdicts on claimed touches: deferred, dropped, failed or to be tried again.

    Each row has `key`, `held` (its fence) and every column of `SETTLED`. A touch that somebody
    else claimed since (its fence is higher), or that is settled already, is left alone.
    """
    _PUT_BACK.run_many(conn, rows)


PERFORMED = (
    "task_id", "performed_at", "owner_id", "due_at", "outcome", "outcome_at", "outcome_why",
    "overdue_at", "wish", "wish_why", "shown_subject", "contact_id",
)  # fmt: skip
"""Columns that `performed` sets."""

_PERFORMED = Fixed(
    update(touches)
    .where(_t.id == arg("key"))
    .values(
        state=TouchState.PERFORMED.value,
        error=None,
        reason=None,
        waits_for=None,
        **{name: arg(name) for name in PERFORMED},
    )
)


def performed(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record tasks that stand in the CRM. Rows have `key` and every column of `PERFORMED`."""
    _PERFORMED.run_many(conn, rows)


_MOVE = Fixed(
    update(touches)
    .where(
        _t.id == arg("key"),
        _t.state.in_((TouchState.PLANNED.value, TouchState.WAITING.value)),
    )
    .values(
        owed_at=arg("owed_at"),
        due_at=arg("due_at"),
        write_at=arg("write_at"),
        # What it waited for says nothing of its new day: it is judged anew then.
        state=TouchState.PLANNED.value,
        waits_for=None,
    )
)
_MOVE_TASK = Fixed(
    update(touches)
    .where(
        _t.id == arg("key"),
        _t.outcome == Outcome.OPEN.value,
        _t.edited.is_(False),
        _t.due_at != arg("due_at"),
    )
    .values(
        owed_at=arg("owed_at"),
        due_at=arg("due_at"),
        wish=func.coalesce(_t.wish, "move"),
        wish_why=func.coalesce(_t.wish_why, DATE_MOVED),
    )
)


def move(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Give touches other instants: key, owed_at, due_at, write_at. What stands in the CRM is wished
    moved there too; a claimed one is told by the guard, which reads the same date."""
    _MOVE.run_many(conn, rows)
    _MOVE_TASK.run_many(conn, [{k: v for k, v in row.items() if k != "write_at"} for row in rows])


_WITHDRAW = Fixed(
    update(touches)
    .where(
        among(_t.id, "ids"),
        _t.attempts == 0,
        _t.state.in_((TouchState.PLANNED.value, TouchState.WAITING.value)),
    )
    .values(
        state=TouchState.DROPPED.value, reason=arg("why"), outcome_at=arg("now"), waits_for=None
    )
)
_RESOLVE = Fixed(
    update(touches)
    .where(
        among(_t.id, "ids"),
        _t.state == TouchState.PERFORMED.value,
        _t.outcome == Outcome.OPEN.value,
    )
    .values(wish="resolve", wish_why=arg("why"), overdue_at=None)
)


def withdraw(conn: Connection, ids: Sequence[str], why: str, now: int) -> None:
    """Drop touches that are planned, and wish resolved those that stand as open tasks."""
    _WITHDRAW.run(conn, ids=ids, why=why, now=now)
    _RESOLVE.run(conn, ids=ids, why=why)


_UNPERFORMED = Fixed(
    select(_t.enrolment_id, _t.id, _t.step, _t.occurrence, _t.owed_at, _t.due_at, _t.write_at)
    .where(
        among(_t.enrolment_id, "ids"),
        _t.state.in_([state.value for state in OPEN_TOUCHES]),
    )
    .order_by(_t.due_at, _t.id)
)


def unperformed(conn: Connection, enrolments: Iterable[str]) -> dict[str, list[Row]]:
    """Enrolment id → its touches that are neither done nor dropped, by due time."""
    found: dict[str, list[Row]] = {}
    for row in _UNPERFORMED.dicts(conn, ids=list(enrolments)):
        found.setdefault(row["enrolment_id"], []).append(row)
    return found


_BY_ID = Fixed(select(touches).where(among(_t.id, "ids")))


def by_id(conn: Connection, ids: Iterable[str]) -> dict[str, Row]:
    """Touch id → row of `touches`."""
    return {row["id"]: row for row in _BY_ID.dicts(conn, ids=list(ids))}
