"""Read-only queries behind the pages and the API: one record and lists; nothing acts on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    and_,
    select,
    union,
)

from app.store import sets
from app.store.conditions import IS_PLANNED, IS_PROPOSED, among_open
from app.store.tables import (
    contact_holds,
    contacts,
    enrolments,
    holds,
    notices,
    outcomes,
    subject_contacts,
    subjects,
    touches,
)

_t, _e, _s = touches.c, enrolments.c, subjects.c


def rows(conn: Connection, query: Executable) -> list[dict[str, Any]]:
    """The rows of a query as dicts by column."""
    return [dict(row) for row in conn.execute(query).mappings()]


# --- one subject ---------------------------------------------------------------------------------


def enrolments_of(conn: Connection, subject_id: int) -> list[dict[str, Any]]:
    """All enrolments and firings of a subject, the latest first.

    follows: id of the enrolment after whose end it came, else None.
    """
    query = (
        select(enrolments)
        .where(_e.subject_id == subject_id)
        .order_by(_e.started_at.desc(), _e.id)
    )
    return [
        {**row, "follows": row["anchor"][4:] if row["anchor"].startswith("end:") else None}
        for row in rows(conn, query)
    ]


def touches_of(conn: Connection, subject_id: int) -> list[dict[str, Any]]:
    """All touches of a subject with rule and definition, by due time."""
    query = (
        select(*_TOUCH)
        .join(enrolments, _e.id == _t.enrolment_id)
        .join(subjects, _s.id == _t.subject_id)
        .where(_t.subject_id == subject_id)
        .order_by(_t.due_at, _t.id)
    )
    return rows(conn, query)


def contacts_of(conn: Connection, inst: int, subject_id: int) -> list[dict[str, Any]]:
    """The people on a subject, the primary one first; opted_out None is unread and counts as no.
    Zones and what of their company says so as in the table."""
    link, c = subject_contacts.c, contacts.c
    query = (
        select(
            link.contact_id.label("id"), c.name, c.email, c.opted_out, c.bounced,
            link.is_primary.label("primary"), link.labels,
            c.zone, c.phone_zones, c.company_zones, c.company_by,
        )
        .outerjoin(
            contacts,
            and_(c.installation_id == link.installation_id, c.crm_id == link.contact_id),
        )
        .where(link.installation_id == inst, link.subject_id == subject_id)
        .order_by(link.is_primary.desc(), link.contact_id)
    )  # fmt: skip
    return [{**row, "labels": sets.loads(row["labels"])} for row in rows(conn, query)]


def contact_of(conn: Connection, inst: int, id: str | None) -> dict[str, Any] | None:
    """A person whom a touch is for: name, e-mail, opt-out; None where nobody is chosen."""
    c = contacts.c
    query = select(c.crm_id.label("id"), c.name, c.email, c.opted_out).where(
        c.installation_id == inst, c.crm_id == id
    )
    return next(iter(rows(conn, query)), None)


def holds_of(conn: Connection, inst: int, subject_id: int) -> list[dict[str, Any]]:
    """Why a subject waits and until when: its own holds, and those of its people."""
    own = select(holds.c.reason, holds.c.until_at).where(
        holds.c.installation_id == inst, holds.c.subject_id == subject_id
    )
    link = subject_contacts.c
    theirs = (
        select(contact_holds.c.reason, contact_holds.c.until_at)
        .join(
            subject_contacts,
            and_(
                link.installation_id == contact_holds.c.installation_id,
                link.contact_id == contact_holds.c.contact_id,
            ),
        )
        .where(link.installation_id == inst, link.subject_id == subject_id)
    )
    return rows(conn, union(own, theirs).order_by("reason"))


def reply_said(conn: Connection, inst: int, subject_id: int) -> dict[str, Any] | None:
    """What was said last of a reply by one of a subject's people; None where nothing was."""
    link = subject_contacts.c
    query = (
        select(contacts.c.reply_said)
        .join(
            subject_contacts,
            and_(
                link.installation_id == contacts.c.installation_id,
                link.contact_id == contacts.c.crm_id,
            ),
        )
        .where(
            contacts.c.installation_id == inst,
            link.subject_id == subject_id,
            contacts.c.reply_said.is_not(None),
        )
    )
    said = [sets.loads(text) for text in conn.execute(query).scalars()]
    return max(said, key=lambda one: one["reply_at"], default=None)


def outcomes_of(conn: Connection, inst: int, subject_id: int) -> list[dict[str, Any]]:
    """What happened with a subject, the latest first."""
    query = (
        select(outcomes.c.kind, outcomes.c.occurred_at, outcomes.c.cause, outcomes.c.contact_id)
        .where(outcomes.c.installation_id == inst, outcomes.c.subject_id == subject_id)
        .order_by(outcomes.c.occurred_at.desc(), outcomes.c.id.desc())
        .limit(200)
    )
    return rows(conn, query)


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
    return rows(conn, query)


def tasks_of(
    conn: Connection, inst: int, owners: Collection[str] | None, limit: int = 200
) -> list[dict[str, Any]]:
    """Open tasks of ours by due time; owners None: everybody's."""
    query = among_open(
        select(*_TOUCH)
        .join(enrolments, _e.id == _t.enrolment_id)
        .join(subjects, _s.id == _t.subject_id)
        .where(_t.installation_id == inst)
    )
    if owners is not None:
        query = query.where(sets.among(conn, _t.owner_id, sorted(owners)))
    return rows(conn, query.order_by(_t.due_at, _t.id).limit(limit))


def queue_of(
    conn: Connection, inst: int, owner_id: str, limit: int = 500
) -> list[dict[str, Any]]:
    """A rep's open tasks by due time, with what their order rests on: `momentum`, `amount`."""
    query = among_open(
        select(*_TOUCH, _s.momentum, _s.amount, _s.currency)
        .join(enrolments, _e.id == _t.enrolment_id)
        .join(subjects, _s.id == _t.subject_id)
        .where(_t.installation_id == inst, _t.owner_id == owner_id)
    )
    return rows(conn, query.order_by(_t.due_at, _t.id).limit(limit))


def coming_of(conn: Connection, inst: int, owner_id: str) -> int | None:
    """When the next task of a rep's records is due; None where none is planned. Read in the order
    in which tasks are written, so that the first that is found ends the search."""
    query = (
        select(_t.due_at)
        .join(subjects, _s.id == _t.subject_id)
        .where(
            _t.installation_id == inst, IS_PLANNED,
            _s.owner_id == owner_id, _s.deleted.is_(False),
        )
        .order_by(_t.write_at)
        .limit(1)
    )  # fmt: skip
    return conn.execute(query).scalar_one_or_none()


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
    return [{**row, "data": sets.loads(row["data"])} for row in rows(conn, query)]


def proposals(
    conn: Connection, inst: int, owners: Collection[str] | None, limit: int = 200
) -> list[dict[str, Any]]:
    """What rules propose and nobody has decided on, the latest first; owners None: everybody's."""
    query = (
        select(
            _e.id, _e.rule, _e.definition, _e.version_id, _e.anchor_at, _e.started_at,
            _e.contact_id, _s.type.label("subject_type"), _s.crm_id.label("subject_id"),
            _s.name.label("subject"), _s.owner_id,
        )
        .join(subjects, _s.id == _e.subject_id)
        .where(_e.installation_id == inst, IS_PROPOSED)
    )  # fmt: skip
    if owners is not None:
        query = query.where(sets.among(conn, _s.owner_id, sorted(owners)))
    return rows(conn, query.order_by(_e.started_at.desc(), _e.id).limit(limit))
