"""Enrolments and rule firings: what runs, what ran, and what their end entails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from app.model.decisions import ChooseContact, EndEnrolment
from app.model.time import Business
from app.model.vocabulary import (
    DUTY_STEPS,
    OPEN_TOUCHES,
    QUESTION,
    EnrolmentState,
    Outcome,
    StopReason,
    TouchState,
)
from app.store import natives, sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import enrolments, touches

Row = Mapping[str, Any]

_e, _t = enrolments.c, touches.c

_RUNNING = Fixed(
    select(enrolments)
    .where(among(_e.subject_id, "ids"), _e.state != "ended")
    .order_by(_e.started_at, _e.id)
)
_HISTORY = Fixed(
    select(
        _e.subject_id, _e.definition, _e.rule, _e.anchor, _e.started_at, _e.contact_id, _e.mode,
        _e.end_reason, _e.ended_at,
    ).where(among(_e.subject_id, "ids"))
)
_BY_ID = Fixed(select(enrolments).where(among(_e.id, "ids")))
_ENDS = Fixed(select(_e.id, _e.end_reason).where(among(_e.id, "ids"), _e.state == "ended"))
_OF_STEPS = (
    "enrolment_id", "id", "step", "occurrence", "state", "reason", "outcome", "outcome_at",
    "outcome_why", "owed_at", "due_at", "write_at", "planned_at", "edited", "wish", "wish_why",
)  # fmt: skip
_STEPS = Fixed(
    select(*(_t[name] for name in _OF_STEPS)).where(among(_t.enrolment_id, "ids"))
)


def running(conn: Connection, subject_ids: Iterable[int]) -> dict[int, list[Row]]:
    """subject id → its enrolments that have not ended, oldest first."""
    return _grouped(_RUNNING.dicts(conn, ids=list(subject_ids)), "subject_id")


def history(conn: Connection, subject_ids: Iterable[int]) -> dict[int, list[Row]]:
    """subject id → (definition, rule, anchor, started_at, contact, end) of all enrolments ever."""
    return _grouped(_HISTORY.dicts(conn, ids=list(subject_ids)), "subject_id")


def by_id(conn: Connection, ids: Iterable[str]) -> dict[str, Row]:
    """Enrolment id → row of `enrolments`."""
    return {row["id"]: row for row in _BY_ID.dicts(conn, ids=list(ids))}


def ends_of(conn: Connection, ids: Iterable[str]) -> dict[str, str | None]:
    """Enrolment id → why it ended, of those that have."""
    return dict(_ENDS.rows(conn, ids=list(ids)))  # type: ignore[arg-type]


def steps_of(conn: Connection, ids: Iterable[str]) -> dict[str, list[Row]]:
    """enrolment id → rows of its touches as `EnrolmentView.touches` has them."""
    return _grouped(_STEPS.dicts(conn, ids=list(ids)), "enrolment_id")


def _grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


_DROP_IMAGINED = Fixed(
    delete(enrolments).where(
        among(_e.id, "ids"),
        or_(_e.mode == "shadow", _e.end_reason == StopReason.SHADOW_OVER.value),
    )
)


def add(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert enrolments; a derived id that exists already is the same decision made twice.

    A shadow enrolment gives way to a real one of the same id, and so does one that had not begun
    when its rule's mode changed: neither had an effect.
    """
    real = [row["id"] for row in rows if row["mode"] != "shadow"]
    if real:
        _DROP_IMAGINED.run(conn, ids=real)
    sets.insert_ignore(conn, enrolments, rows)


def end(conn: Connection, ends: Sequence[EndEnrolment]) -> None:
    """End enrolments: planned touches are dropped, open tasks are wished resolved.

    A planned touch that was attempted may stand in the CRM: dropped here, its task would stay there
    for ever. It stays due instead, is looked for, and then resolved or dropped.

    The revision goes up, so that a touch claimed before this instant finds out before it acts.
    A proposal, backlog or shadow enrolment ends the same way and has nothing to drop.
    """
    rows = [
        {
            "key": item.enrolment,
            "ended": item.at,
            "why": item.reason.value,
            "recycle": item.recycle_at,
        }
        for item in ends
    ]
    for statement in (_END, _DROP, _RESOLVE):
        statement.run_many(conn, rows)
    natives.stop_with(conn, ends)


_END = Fixed(
    update(enrolments)
    .where(_e.id == arg("key"), _e.state != "ended")
    .values(
        state=EnrolmentState.ENDED.value,
        ended_at=arg("ended"),
        end_reason=arg("why"),
        recycle_at=arg("recycle"),
        revision=_e.revision + 1,
    )
)
_DROP = Fixed(
    update(touches)
    .where(
        _t.enrolment_id == arg("key"),
        _t.attempts == 0,
        _t.step.not_in(DUTY_STEPS),
        _t.state.in_((TouchState.PLANNED.value, TouchState.WAITING.value)),
    )
    .values(
        state=TouchState.DROPPED.value,
        reason=arg("why"),
        outcome_at=arg("ended"),
        waits_for=None,
    )
)
_RESOLVE = Fixed(
    update(touches)
    .where(
        _t.enrolment_id == arg("key"),
        _t.step.not_in(DUTY_STEPS),
        _t.state == TouchState.PERFORMED.value,
        _t.outcome == Outcome.OPEN.value,
    )
    .values(wish="resolve", wish_why=arg("why"), overdue_at=None)
)


_MOVE = Fixed(update(enrolments).where(_e.id == arg("key")).values(subject_id=arg("subject")))
_MOVE_TOUCHES = Fixed(
    update(touches).where(_t.enrolment_id == arg("key")).values(subject_id=arg("subject"))
)


_CHOOSE = Fixed(
    update(enrolments)
    .where(_e.id == arg("key"), _e.contact_id.is_(None))
    .values(contact_id=arg("contact"), choice=arg("why"))
)
_CHOOSE_TOUCHES = Fixed(
    update(touches)
    .where(
        _t.enrolment_id == arg("key"),
        _t.contact_id.is_(None),
        _t.state.in_([state.value for state in OPEN_TOUCHES]),
    )
    .values(contact_id=arg("contact"))
)


def choose(conn: Connection, chosen: Sequence[ChooseContact]) -> None:
    """Whom enrolments are for that had nobody; tasks that stand in the CRM stay as they are."""
    rows = [
        {"key": key, "contact": one.contact, "why": one.reason}
        for one in chosen
        for key in one.enrolments
    ]
    _CHOOSE.run_many(conn, rows)
    _CHOOSE_TOUCHES.run_many(conn, rows)


_other = enrolments.alias("other")
_MOOT = Fixed(
    select(_e.id, _e.subject_id).where(
        among(_e.subject_id, "ids"),
        _e.definition == QUESTION,
        _e.state != "ended",
        ~select(_other.c.id)
        .where(
            _other.c.subject_id == _e.subject_id,
            _other.c.definition != QUESTION,
            _other.c.contact_id.is_(None),
            _other.c.state == "active",
            _other.c.mode != "shadow",
        )
        .exists(),
    )
)


def end_moot(conn: Connection, subject_ids: Iterable[int], now: Business) -> None:
    """End the question for the contact where nothing that runs needs the answer any more."""
    rows = _MOOT.rows(conn, ids=sorted(set(subject_ids)))
    end(conn, [EndEnrolment(key, subject, StopReason.NOT_NEEDED, now) for key, subject in rows])


def move(conn: Connection, moved: Mapping[str, int]) -> None:
    """enrolment id → the subject that it is about from now on, under its old id."""
    rows = [{"key": key, "subject": subject} for key, subject in moved.items()]
    _MOVE.run_many(conn, rows)
    _MOVE_TOUCHES.run_many(conn, rows)


def set_state(
    conn: Connection,
    ids: Sequence[str],
    was: EnrolmentState,
    state: EnrolmentState,
    mode: str | None = None,
) -> int:
    """Those in another state by now stay there; answers how many were not. mode: None keeps it."""
    values = {"state": state.value} if mode is None else {"state": state.value, "mode": mode}
    query = (
        update(enrolments)
        .where(sets.among(conn, enrolments.c.id, ids), enrolments.c.state == was.value)
        .values(values)
    )
    return conn.execute(query).rowcount


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
    found = conn.execute(query.limit(limit) if limit else query).mappings()
    return [dict(row) for row in found]


def waiting_after(
    conn: Connection, inst: int, state: EnrolmentState, after: str, limit: int
) -> list[Row]:
    """Enrolments in one state, in the order of their ids, from behind one."""
    e = enrolments.c
    query = (
        select(enrolments)
        .where(e.installation_id == inst, e.state == state.value, e.id > after)
        .order_by(e.id)
        .limit(limit)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


_ANY = Fixed(
    select(_e.id).where(_e.installation_id == arg("inst"), _e.state == arg("state")).limit(1)
)


def any_in(conn: Connection, inst: int, state: EnrolmentState) -> bool:
    """Whether any enrolment is in a state."""
    return _ANY.value(conn, inst=inst, state=state.value) is not None


_RECENT = Fixed(
    select(_e.rule, func.count())
    .where(
        _e.installation_id == arg("inst"),
        among(_e.rule, "rules"),
        # A rule in manual mode floods its reps with proposals as a live one does with tasks.
        _e.state.in_((EnrolmentState.ACTIVE.value, EnrolmentState.PROPOSED.value)),
        _e.started_at > arg("since"),
        _e.mode != "shadow",
    )
    .group_by(_e.rule)
)


def recent_firings(
    conn: Connection, inst: int, rules: Sequence[str], since: int
) -> dict[str, int]:
    """rule → how often it acted since an instant, for its limit."""
    if not rules:
        return {}
    rows = _RECENT.rows(conn, inst=inst, rules=rules, since=since)
    return dict(rows)  # type: ignore[arg-type]


def versions_in_use(conn: Connection, inst: int) -> set[int]:
    """Playbook versions that running enrolments keep."""
    e = enrolments.c
    query = select(e.version_id).where(e.installation_id == inst, e.state != "ended").distinct()
    return set(conn.execute(query).scalars())
