"""Read-only queries behind the pages and the JSON API; nothing that acts depends on these."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Executable, Select, and_, case, func, or_, select

from app.store import sets
from app.store.tables import (
    calls,
    contacts,
    crm_objects,
    enrolments,
    holds,
    inbox,
    notices,
    outcomes,
    rule_states,
    stage_entries,
    stages,
    subject_contacts,
    subjects,
    timers,
    touches,
)

Row = Mapping[Any, Any]

_t, _e, _s = touches.c, enrolments.c, subjects.c


def _rows(conn: Connection, query: Executable) -> list[dict[str, Any]]:
    return [dict(row) for row in conn.execute(query).mappings()]


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
    return _rows(conn, query)


def rule_counts(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """For each rule that ever decided: enrolments by mode and state."""
    query = (
        select(_e.rule, _e.mode, _e.state, func.count().label("count"))
        .where(_e.installation_id == inst)
        .group_by(_e.rule, _e.mode, _e.state)
        .order_by(_e.rule, _e.mode, _e.state)
    )
    return _rows(conn, query)


def rule_touches(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """For each rule: touches by state and outcome."""
    query = (
        select(_e.rule, _t.state, _t.outcome, func.count().label("count"))
        .join(enrolments, _e.id == _t.enrolment_id)
        .where(_t.installation_id == inst)
        .group_by(_e.rule, _t.state, _t.outcome)
        .order_by(_e.rule, _t.state, _t.outcome)
    )
    return _rows(conn, query)


def stop_counts(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """For each reason: how many live enrolments it ended."""
    query = (
        select(_e.end_reason.label("reason"), func.count().label("count"))
        .where(_e.installation_id == inst, _e.mode == "live", _e.end_reason.is_not(None))
        .group_by(_e.end_reason)
        .order_by(func.count().desc(), _e.end_reason)
    )
    return _rows(conn, query)


def touch_counts(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """Touches by state, outcome and the reason for it."""
    why = case((_t.state == "performed", _t.outcome_why), else_=_t.reason)
    query = (
        select(_t.state, _t.outcome, why.label("why"), func.count().label("count"))
        .where(_t.installation_id == inst)
        .group_by(_t.state, _t.outcome, why)
        .order_by(_t.state, _t.outcome, why)
    )
    return _rows(conn, query)


def open_by_owner(conn: Connection, inst: int, now: int) -> list[dict[str, Any]]:
    """For each rep: open tasks of ours, those due by now, and those whose due day is over."""
    query = (
        select(
            _t.owner_id,
            func.count().label("open"),
            func.sum(case((_t.due_at <= now, 1), else_=0)).label("due"),
            func.sum(case((_t.overdue_at <= now, 1), else_=0)).label("overdue"),
        )
        .where(_t.installation_id == inst, _t.outcome == "open")
        .group_by(_t.owner_id)
        .order_by(_t.owner_id)
    )
    return _rows(conn, query)


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
        .where(
            _t.installation_id == inst,
            or_(_t.state.in_(("failed", "unknown")), _t.error.is_not(None)),
        )
        .order_by(_t.due_at, _t.id)
        .limit(limit)
    )  # fmt: skip
    return _rows(conn, query)


def failing_events(conn: Connection, inst: int, limit: int = 100) -> list[dict[str, Any]]:
    """Events that could not be worked off yet, with the error."""
    query = (
        select(
            inbox.c.kind, inbox.c.object_type, inbox.c.object_id, inbox.c.attempts,
            inbox.c.retry_wall, inbox.c.error,
        )
        .where(inbox.c.installation_id == inst, inbox.c.error.is_not(None))
        .order_by(inbox.c.id)
        .limit(limit)
    )  # fmt: skip
    return _rows(conn, query)


# --- one subject ---------------------------------------------------------------------------------


def enrolments_of(conn: Connection, subject_id: int) -> list[dict[str, Any]]:
    """All enrolments and firings of a subject, the latest first."""
    query = (
        select(enrolments)
        .where(_e.subject_id == subject_id)
        .order_by(_e.started_at.desc(), _e.id)
    )
    return _rows(conn, query)


def touches_of(conn: Connection, subject_id: int) -> list[dict[str, Any]]:
    """All touches of a subject with rule and definition, by due time."""
    query = (
        select(*_TOUCH)
        .join(enrolments, _e.id == _t.enrolment_id)
        .join(subjects, _s.id == _t.subject_id)
        .where(_t.subject_id == subject_id)
        .order_by(_t.due_at, _t.id)
    )
    return _rows(conn, query)


def contacts_of(conn: Connection, inst: int, subject_id: int) -> list[dict[str, Any]]:
    """The people on a subject, the primary one first; opted_out None is unread and counts as no."""
    link, c = subject_contacts.c, contacts.c
    query = (
        select(
            link.contact_id.label("id"), c.name, c.email, c.opted_out, c.bounced,
            link.is_primary.label("primary"), link.labels,
        )
        .outerjoin(
            contacts,
            and_(c.installation_id == link.installation_id, c.crm_id == link.contact_id),
        )
        .where(link.installation_id == inst, link.subject_id == subject_id)
        .order_by(link.is_primary.desc(), link.contact_id)
    )  # fmt: skip
    return [{**row, "labels": sets.loads(row["labels"])} for row in _rows(conn, query)]


def holds_of(conn: Connection, subject_id: int) -> list[dict[str, Any]]:
    query = select(holds.c.reason, holds.c.until_at).where(holds.c.subject_id == subject_id)
    return _rows(conn, query.order_by(holds.c.reason))


def outcomes_of(conn: Connection, subject_id: int) -> list[dict[str, Any]]:
    """What happened with a subject, the latest first."""
    query = (
        select(outcomes.c.kind, outcomes.c.occurred_at, outcomes.c.cause, outcomes.c.contact_id)
        .where(outcomes.c.subject_id == subject_id)
        .order_by(outcomes.c.occurred_at.desc(), outcomes.c.id.desc())
        .limit(200)
    )
    return _rows(conn, query)


def search_subjects(
    conn: Connection, inst: int, words: str, owners: Collection[str] | None, limit: int = 50
) -> list[dict[str, Any]]:
    """Subjects whose name contains the words or whose CRM id they are; owners None: everybody's."""
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    query = select(_s.type, _s.crm_id, _s.name, _s.stage_id, _s.owner_id).where(
        _s.installation_id == inst,
        _s.deleted.is_(False),
        or_(_s.crm_id == words, func.lower(_s.name).like(pattern.lower(), escape="\\")),
    )
    if owners is not None:
        query = query.where(sets.among(conn, _s.owner_id, sorted(owners)))
    return _rows(conn, query.order_by(_s.name, _s.id).limit(limit))


# --- lists ---------------------------------------------------------------------------------------

_TOUCH = (
    _t.id, _s.type.label("subject_type"), _s.crm_id.label("subject_id"), _s.name.label("subject"),
    _t.contact_id, _e.rule, _e.definition, _t.step, _t.occurrence, _e.anchor, _e.anchor_at,
    _e.anchor_stage, _e.is_firing, _e.mode, _t.enrolment_id, _e.state.label("enrolment_state"),
    _e.end_reason, _t.owed_at, _t.due_at, _t.write_at, _t.planned_at, _t.state, _t.reason,
    _t.owner_id, _t.task_id, _t.shown_subject, _t.performed_at, _t.outcome, _t.outcome_at,
    _t.outcome_why, _t.edited, _t.attempts, _t.error, _e.version_id, _t.priority,
)  # fmt: skip


def touches_after(conn: Connection, inst: int, after: str, limit: int) -> list[dict[str, Any]]:
    """Touches in the order of their ids, from behind one."""
    query = (
        select(*_TOUCH)
        .join(enrolments, _e.id == _t.enrolment_id)
        .join(subjects, _s.id == _t.subject_id)
        .where(_t.installation_id == inst, _t.id > after)
        .order_by(_t.id)
        .limit(limit)
    )
    return _rows(conn, query)


def tasks_of(
    conn: Connection, inst: int, owners: Collection[str] | None, limit: int = 200
) -> list[dict[str, Any]]:
    """Open tasks of ours by due time; owners None: everybody's."""
    query = (
        select(*_TOUCH)
        .join(enrolments, _e.id == _t.enrolment_id)
        .join(subjects, _s.id == _t.subject_id)
        .where(_t.installation_id == inst, _t.outcome == "open")
    )
    if owners is not None:
        query = query.where(sets.among(conn, _t.owner_id, sorted(owners)))
    return _rows(conn, query.order_by(_t.due_at, _t.id).limit(limit))


def notices_of(
    conn: Connection, inst: int, owner_id: str | None, limit: int = 100
) -> list[dict[str, Any]]:
    """What somebody was told, the latest first; owner_id None: what went to the admins."""
    whose = (
        notices.c.owner_id.is_(None) if owner_id is None else notices.c.owner_id == owner_id
    )
    query = (
        select(
            notices.c.id, notices.c.code, notices.c.data, notices.c.noticed_at,
            _s.type.label("subject_type"), _s.crm_id.label("subject_id"), _s.name.label("subject"),
        )
        .outerjoin(subjects, _s.id == notices.c.subject_id)
        .where(notices.c.installation_id == inst, whose)
        .order_by(notices.c.noticed_at.desc(), notices.c.id)
        .limit(limit)
    )  # fmt: skip
    return [{**row, "data": sets.loads(row["data"])} for row in _rows(conn, query)]


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
        .where(_e.installation_id == inst, _e.state == "backlog")
        .group_by(
            _e.rule, rule_states.c.mode, rule_states.c.release_per_day,
            rule_states.c.released_until_at,
        )
        .order_by(_e.rule)
    )  # fmt: skip
    return _rows(conn, query)


def unowned(conn: Connection, inst: int, limit: int = 50) -> list[dict[str, Any]]:
    """Open records in a stage that nobody owns: no owner, no follow-up."""
    query = (
        select(_s.type, _s.crm_id, _s.name, stages.c.label.label("stage"))
        .join(
            stages,
            and_(stages.c.installation_id == _s.installation_id, stages.c.id == _s.stage_id),
        )
        .where(
            _s.installation_id == inst, _s.owner_id.is_(None), _s.deleted.is_(False),
            stages.c.confirmed.is_(True), stages.c.kind.not_in(("won", "lost", "ignored")),
        )
        .order_by(_s.name, _s.id)
        .limit(limit)
    )  # fmt: skip
    return _rows(conn, query)


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
            select(func.min(_t.write_at)).where(_t.state == "planned"), _t.installation_id
        ),
        "next_timer_at": mine(select(func.min(timers.c.due_at)), timers.c.installation_id),
    }


def touch_states(conn: Connection) -> dict[str, int]:
    """Touches of all installations by state."""
    query = select(_t.state, func.count().label("n")).group_by(_t.state).order_by(_t.state)
    return {row.state: row.n for row in conn.execute(query)}


def calls_by_status(conn: Connection) -> dict[int, int]:
    """Calls to CRMs of all installations by HTTP status; 0 is a call without an answer."""
    query = select(calls.c.status, func.sum(calls.c.count)).group_by(calls.c.status)
    return {status: int(count) for status, count in conn.execute(query.order_by(calls.c.status))}


def totals(conn: Connection, inst: int | None = None) -> dict[str, int]:
    """Sizes: subjects, contacts linked, records of ours in the CRM."""

    def count(table: Any) -> int:
        query = select(func.count()).select_from(table)
        if inst is not None:
            query = query.where(table.c.installation_id == inst)
        return conn.execute(query).scalar_one()

    return {
        "subjects": count(subjects),
        "contacts": count(subject_contacts),
        "touches": count(touches),
        "crm_objects": count(crm_objects),
    }
