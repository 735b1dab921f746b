"""Read-only figures behind the pages, the API and the metrics: what happened, what waits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, Table, and_, case, exists, func, or_, select

from app.store.conditions import IS_BACKLOG, IS_BROKEN, IS_PLANNED, among_open
from app.store.reading import rows
from app.store.tables import (
    calls,
    crm_objects,
    enrolments,
    inbox,
    outcomes,
    rule_states,
    stage_entries,
    stages,
    subject_contacts,
    subjects,
    timers,
    touches,
)

_t, _e, _s = touches.c, enrolments.c, subjects.c


# --- what happened -------------------------------------------------------------------------------


def stage_counts(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """For each stage in order: entries seen, records in it now, enrolments anchored on it."""
    entered = (
        select(stage_entries.c.stage_id, func.count().label("n"))
        .where(stage_entries.c.installation_id == inst)
        .group_by(stage_entries.c.stage_id)
        .subquery()
    )
    standing = (
        select(_s.stage_id, func.count().label("n"))
        .where(_s.installation_id == inst, _s.deleted.is_(False), _s.stage_id.is_not(None))
        .group_by(_s.stage_id)
        .subquery()
    )
    enrolled = (
        select(_e.anchor_stage, func.count().label("n"))
        .where(_e.installation_id == inst, _e.mode == "live", _e.anchor_stage.is_not(None))
        .group_by(_e.anchor_stage)
        .subquery()
    )
    query = (
        select(
            stages.c.pipeline_id, stages.c.id, stages.c.label, stages.c.kind, stages.c.confirmed,
            func.coalesce(entered.c.n, 0).label("entries"),
            func.coalesce(standing.c.n, 0).label("now"),
            func.coalesce(enrolled.c.n, 0).label("enrolments"),
        )
        .outerjoin(entered, entered.c.stage_id == stages.c.id)
        .outerjoin(standing, standing.c.stage_id == stages.c.id)
        .outerjoin(enrolled, enrolled.c.anchor_stage == stages.c.id)
        .where(stages.c.installation_id == inst, stages.c.archived.is_(False))
        .order_by(stages.c.pipeline_id, stages.c.position)
    )  # fmt: skip
    return rows(conn, query)


def rule_counts(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """For each rule that ever decided: enrolments by mode and state."""
    query = (
        select(_e.rule, _e.mode, _e.state, func.count().label("count"))
        .where(_e.installation_id == inst)
        .group_by(_e.rule, _e.mode, _e.state)
        .order_by(_e.rule, _e.mode, _e.state)
    )
    return rows(conn, query)


def rule_touches(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """For each rule: touches by state and outcome."""
    query = (
        select(_e.rule, _t.state, _t.outcome, func.count().label("count"))
        .join(enrolments, _e.id == _t.enrolment_id)
        .where(_t.installation_id == inst)
        .group_by(_e.rule, _t.state, _t.outcome)
        .order_by(_e.rule, _t.state, _t.outcome)
    )
    return rows(conn, query)


def stop_counts(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """For each reason: how many live enrolments it ended."""
    query = (
        select(_e.end_reason.label("reason"), func.count().label("count"))
        .where(_e.installation_id == inst, _e.mode == "live", _e.end_reason.is_not(None))
        .group_by(_e.end_reason)
        .order_by(func.count().desc(), _e.end_reason)
    )
    return rows(conn, query)


def touch_counts(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """Touches by state, outcome and the reason for it. Found through the records, so that it takes
    no longer where others have more."""
    why = case((_t.state == "performed", _t.outcome_why), else_=_t.reason)
    query = (
        select(_t.state, _t.outcome, why.label("why"), func.count().label("count"))
        .select_from(subjects)
        .join(touches, _t.subject_id == _s.id)
        .where(_s.installation_id == inst)
        .group_by(_t.state, _t.outcome, why)
        .order_by(_t.state, _t.outcome, why)
    )
    return rows(conn, query)


def open_by_owner(conn: Connection, inst: int, now: int) -> list[dict[str, Any]]:
    """For each rep: open tasks of ours, those due by now, and those whose due day is over."""
    query = among_open(
        select(
            _t.owner_id,
            func.count().label("open"),
            func.sum(case((_t.due_at <= now, 1), else_=0)).label("due"),
            # An open task loses its instant once its owner was told that it is overdue.
            func.sum(
                case((or_(_t.overdue_at.is_(None), _t.overdue_at <= now), 1), else_=0)
            ).label("overdue"),
        )
        .where(_t.installation_id == inst)
        .group_by(_t.owner_id)
        .order_by(_t.owner_id)
    )
    return rows(conn, query)


def signal_count(conn: Connection, inst: int) -> int:
    """Stage entries and other outcomes seen."""
    entries = select(func.count()).where(stage_entries.c.installation_id == inst)
    others = select(func.count()).where(outcomes.c.installation_id == inst)
    return conn.execute(entries).scalar_one() + conn.execute(others).scalar_one()


def failed_work(conn: Connection, inst: int, limit: int = 100) -> list[dict[str, Any]]:
    """Touches that failed or whose fate is unknown, and those that keep failing, with the error."""
    query = (
        select(
            _t.id, _t.step, _t.state, _t.error, _t.attempts, _t.retry_wall, _t.due_at, _e.rule,
            _s.type, _s.crm_id, _s.name,
        )
        .join(enrolments, _e.id == _t.enrolment_id)
        .join(subjects, _s.id == _t.subject_id)
        .where(_t.installation_id == inst, IS_BROKEN)
        .order_by(_t.due_at, _t.id)
        .limit(limit)
    )  # fmt: skip
    return rows(conn, query)


def failing_events(conn: Connection, inst: int, limit: int = 100) -> list[dict[str, Any]]:
    """Events that could not be worked off yet, with the error."""
    query = (
        select(
            inbox.c.id, inbox.c.kind, inbox.c.object_type, inbox.c.object_id, inbox.c.attempts,
            inbox.c.retry_wall, inbox.c.error,
        )
        .where(inbox.c.installation_id == inst, inbox.c.error.is_not(None))
        .order_by(inbox.c.id)
        .limit(limit)
    )  # fmt: skip
    return rows(conn, query)


def backlog(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """For each rule with a backlog: how many wait, since when, and what was released."""
    query = (
        select(
            _e.rule, func.count().label("count"), func.min(_e.anchor_at).label("oldest_at"),
            rule_states.c.mode, rule_states.c.release_per_day, rule_states.c.released_until_at,
        )
        .outerjoin(
            rule_states,
            and_(
                rule_states.c.installation_id == _e.installation_id,
                rule_states.c.rule == _e.rule,
            ),
        )
        .where(_e.installation_id == inst, IS_BACKLOG)
        .group_by(
            _e.rule, rule_states.c.mode, rule_states.c.release_per_day,
            rule_states.c.released_until_at,
        )
        .order_by(_e.rule)
    )  # fmt: skip
    return rows(conn, query)


def unowned(conn: Connection, inst: int, limit: int = 50) -> list[dict[str, Any]]:
    """Open records that nobody owns, inquiries too: no owner, no follow-up."""
    return rows(conn, _open_records(inst, limit).where(_s.owner_id.is_(None)))


def without_step(conn: Connection, inst: int, now: int, limit: int = 50) -> list[dict[str, Any]]:
    """Open records for which nothing is planned: no touch, no open task, nothing ahead in the CRM.
    """
    standing = exists().where(
        _t.subject_id == _s.id,
        or_(
            _t.outcome.in_(("open", "running")),
            and_(_t.outcome.is_(None), _t.state.in_(("planned", "waiting", "claimed", "sending"))),
        ),
    )
    query = _open_records(inst, limit).where(
        ~standing,
        func.coalesce(_s.next_meeting_at, 0) <= now,
        func.coalesce(_s.next_activity_at, 0) <= now,
    )
    return rows(conn, query)


def _open_records(inst: int, limit: int) -> Select[Any, Any, Any, Any]:
    return (
        select(_s.type, _s.crm_id, _s.name, func.coalesce(stages.c.label, "").label("stage"))
        .outerjoin(
            stages,
            and_(stages.c.installation_id == _s.installation_id, stages.c.id == _s.stage_id),
        )
        .where(
            _s.installation_id == inst, _s.deleted.is_(False),
            or_(
                _s.type == "contact",
                and_(
                    stages.c.confirmed.is_(True), stages.c.kind.not_in(("won", "lost", "ignored"))
                ),
            ),
        )
        .order_by(_s.name, _s.id)
        .limit(limit)
    )  # fmt: skip


def due(conn: Connection, inst: int, now: int) -> int:
    """Touches that are due and not written yet."""
    query = select(func.count()).where(
        _t.installation_id == inst, IS_PLANNED, _t.write_at <= now
    )
    return conn.execute(query).scalar_one()


# --- health --------------------------------------------------------------------------------------


def backlog_of_work(conn: Connection, inst: int | None = None) -> dict[str, int | None]:
    """How much waits and since when; None: of all installations.

    inbox: events; oldest_event_wall: since when the oldest waits; oldest_due_at: earliest business
    instant at which a touch was to be written; next_timer_at: earliest timer.
    """

    def mine(query: Select[Any], column: Any) -> Any:
        scoped = query if inst is None else query.where(column == inst)
        return conn.execute(scoped).scalar_one()

    return {
        "inbox": mine(select(func.count()).select_from(inbox), inbox.c.installation_id),
        "oldest_event_wall": mine(
            select(func.min(inbox.c.received_wall)), inbox.c.installation_id
        ),
        "oldest_due_at": mine(
            select(func.min(_t.write_at)).where(IS_PLANNED), _t.installation_id
        ),
        "next_timer_at": mine(select(func.min(timers.c.due_at)), timers.c.installation_id),
    }


def touch_states(conn: Connection) -> dict[str, int]:
    """Touches of all installations by state."""
    query = select(_t.state, func.count().label("n")).group_by(_t.state).order_by(_t.state)
    return {row.state: row.n for row in conn.execute(query)}


def more_touches_than(conn: Connection, most: int) -> bool:
    """Whether all installations together have more touches than so many."""
    some = select(_t.id).limit(most + 1).subquery()
    return conn.execute(select(func.count()).select_from(some)).scalar_one() > most


def calls_by_status(conn: Connection) -> dict[int, int]:
    """Calls to CRMs of all installations by HTTP status; 0 is a call without an answer."""
    query = select(calls.c.status, func.sum(calls.c.count)).group_by(calls.c.status)
    return {status: int(count) for status, count in conn.execute(query.order_by(calls.c.status))}


def totals(conn: Connection, inst: int) -> dict[str, int]:
    """Sizes: subjects, contacts linked, records of ours in the CRM; each by an index alone."""
    return {
        "subjects": subjects_known(conn, inst),
        "contacts": _count(conn, subject_contacts, inst),
        "crm_objects": _count(conn, crm_objects, inst),
    }


def subjects_known(conn: Connection, inst: int) -> int:
    """How many records are mirrored."""
    return _count(conn, subjects, inst)


def _count(conn: Connection, table: Table, inst: int) -> int:
    query = select(func.count()).select_from(table).where(table.c.installation_id == inst)
    return conn.execute(query).scalar_one()
