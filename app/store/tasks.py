"""Touches that stand as tasks in the CRM: open ones, their outcomes, and what is wished of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, case, or_, select, update

from app.model.vocabulary import Outcome, TouchState
from app.store.fixed import Fixed, among, arg
from app.store.tables import enrolments, touches

Row = Mapping[str, Any]

_t = touches.c

_OPEN = Fixed(
    select(
        touches, enrolments.c.is_firing, enrolments.c.definition, enrolments.c.version_id
    )
    .join(enrolments, enrolments.c.id == _t.enrolment_id)
    .where(_t.outcome == Outcome.OPEN.value, among(_t.subject_id, "ids"))
    .order_by(_t.due_at, _t.id)
)


def open_of_subjects(conn: Connection, subject_ids: Iterable[int]) -> dict[int, list[Row]]:
    """subject id → touches whose task is open in the CRM, by due time, with `is_firing`, the
    `definition` and the `version_id` of what they come from."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in _OPEN.dicts(conn, ids=list(subject_ids)):
        found[row["subject_id"]].append(row)
    return found


_CLOSE = Fixed(
    update(touches)
    .where(_t.id == arg("key"))
    .values(
        outcome=arg("outcome"),
        outcome_at=arg("outcome_at"),
        outcome_why=arg("outcome_why"),
        overdue_at=None,
        wish=None,
        wish_why=None,
    )
)


def close(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record outcomes. Rows have key, outcome, outcome_at, outcome_why; wakes who waited."""
    if not rows:
        return
    _CLOSE.run_many(conn, rows)
    wake(conn, [row["key"] for row in rows], max(row["outcome_at"] for row in rows))


_WAKE = Fixed(
    update(touches)
    .where(
        _t.waits_for.is_not(None),
        among(_t.waits_for, "ids"),
        _t.state == TouchState.WAITING.value,
    )
    .values(state=TouchState.PLANNED.value, waits_for=None, write_at=arg("now"))
)


def wake(conn: Connection, touch_ids: Iterable[str], now: int) -> None:
    """Touches that waited for these are due again: their late policy applies when claimed."""
    _WAKE.run(conn, ids=list(touch_ids), now=now)


_WAKE_SUBJECTS = Fixed(
    update(touches)
    .where(
        among(_t.subject_id, "ids"),
        _t.state == TouchState.WAITING.value,
        _t.waits_for.is_(None),
    )
    .values(state=TouchState.PLANNED.value, write_at=arg("now"))
)


def wake_subjects(conn: Connection, subject_ids: Iterable[int], now: int) -> None:
    """Touches of these subjects that wait for a hold or a control to clear are judged anew."""
    _WAKE_SUBJECTS.run(conn, ids=list(subject_ids), now=now)


_RECALL = Fixed(
    update(touches)
    .where(
        among(_t.subject_id, "ids"),
        _t.state == TouchState.PLANNED.value,
        _t.reason == arg("why"),
        _t.due_at > arg("now"),
    )
    .values(
        write_at=arg("now"),
        due_at=case((_t.owed_at > arg("now"), _t.owed_at), else_=arg("now")),
    )
)


def recall(conn: Connection, subject_ids: Iterable[int], why: str, now: int) -> None:
    """Touches of these subjects that were put off for this reason are judged anew, due when they
    are owed, or now: what held them is lifted before its time."""
    _RECALL.run(conn, ids=list(subject_ids), why=why, now=now)


_WAKE_RULE = Fixed(
    update(touches)
    .where(
        _t.enrolment_id.in_(
            select(enrolments.c.id).where(
                enrolments.c.installation_id == arg("inst"), enrolments.c.rule == arg("rule")
            )
        ),
        _t.state == TouchState.WAITING.value,
        _t.reason == arg("why"),
    )
    .values(state=TouchState.PLANNED.value, write_at=arg("now"))
)


def wake_rule(conn: Connection, inst: int, rule: str, why: str, now: int) -> None:
    """Touches of a rule that wait for the reason given are judged anew."""
    _WAKE_RULE.run(conn, inst=inst, rule=rule, why=why, now=now)


DATE_MOVED = "date_moved"
"""Why a task is wished moved whose due time alone changes: its owner stays, be it a cover."""

_WISH_OPEN = Fixed(
    update(touches)
    .where(
        among(_t.subject_id, "ids"),
        _t.outcome == Outcome.OPEN.value,
        or_(_t.wish.is_(None), _t.wish_why == DATE_MOVED),
    )
    .values(wish=arg("what"), wish_why=arg("why"), wish_wall=0)
)


def wish_open(conn: Connection, subject_ids: Iterable[int], what: str, why: str) -> None:
    """Wish something of all open tasks of these subjects; a wish to resolve stands above."""
    _WISH_OPEN.run(conn, ids=list(subject_ids), what=what, why=why)


_GIVE = Fixed(
    update(touches)
    .where(_t.outcome == Outcome.OPEN.value, among(_t.subject_id, "ids"))
    .values(assignee=arg("to"), assigned_by=arg("by"))
)


def give(conn: Connection, subject_ids: Iterable[int], to: str | None, by: str) -> None:
    """Open tasks of these subjects are somebody else's from now on, on the ground given."""
    _GIVE.run(conn, ids=list(subject_ids), to=to, by=by)


_EDITED = Fixed(
    update(touches)
    .where(_t.id == arg("key"))
    .values(
        edited=True,
        due_at=arg("due_at"),
        owner_id=arg("owner_id"),
        overdue_at=arg("overdue_at"),
    )
)


def mark_edited(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """A rep changed a task: key, due_at, owner_id and overdue_at as they now are."""
    _EDITED.run_many(conn, rows)


_WISH = Fixed(
    update(touches)
    .where(among(_t.id, "ids"))
    .values(wish=arg("what"), wish_why=arg("why"), wish_wall=arg("wall"))
)


def wish(
    conn: Connection, ids: Iterable[str], what: str | None, why: str | None, wall: int = 0
) -> None:
    """Wish something of these tasks, not before `wall`; None: nothing any more."""
    _WISH.run(conn, ids=list(ids), what=what, why=why, wall=wall)


_WISHED = Fixed(
    select(touches)
    .where(
        _t.installation_id == arg("inst"), _t.wish.is_not(None), _t.wish_wall <= arg("wall")
    )
    .order_by(_t.wish_wall, _t.id)
    .limit(arg("most"))
)


def wished(conn: Connection, inst: int, wall: int, limit: int) -> list[dict[str, Any]]:
    """Tasks that are to be resolved or moved, oldest wish first."""
    return _WISHED.dicts(conn, inst=inst, wall=wall, most=limit)


_PUT_OFF = Fixed(update(touches).where(among(_t.id, "ids")).values(wish_wall=arg("wall")))


def put_off(conn: Connection, ids: Iterable[str], wall: int) -> None:
    """Wishes that failed are tried again from `wall` on."""
    _PUT_OFF.run(conn, ids=list(ids), wall=wall)


_MOVED = Fixed(
    update(touches).where(_t.id == arg("key")).values(owner_id=arg("owner"), due_at=arg("due_at"))
)
_REDUE = Fixed(update(touches).where(_t.id == arg("key")).values(overdue_at=arg("overdue_at")))


def moved(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with key, owner and due_at: tasks as they now stand with somebody, or on a day."""
    _MOVED.run_many(conn, rows)


def redue(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with key and overdue_at: tasks whose due day is another now."""
    _REDUE.run_many(conn, rows)


_OVERDUE = Fixed(
    select(touches)
    .where(
        _t.installation_id == arg("inst"),
        _t.overdue_at.is_not(None),
        _t.overdue_at <= arg("now"),
    )
    .order_by(_t.overdue_at, _t.id)
    .limit(arg("most"))
)


def overdue(conn: Connection, inst: int, now: int, limit: int) -> list[dict[str, Any]]:
    """Tasks whose due day is over and of which nobody was told."""
    return _OVERDUE.dicts(conn, inst=inst, now=now, most=limit)


_TOLD = Fixed(update(touches).where(among(_t.id, "ids")).values(overdue_at=None))


def told_overdue(conn: Connection, ids: Iterable[str]) -> None:
    _TOLD.run(conn, ids=list(ids))
