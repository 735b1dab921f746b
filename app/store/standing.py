"""What our open work stands on in the CRM: looked up by id, because lists of changes show no
deletions."""

from __future__ import annotations

from sqlalchemy import Connection, select

from app.store.conditions import among_open, among_running
from app.store.sets import loads
from app.store.tables import contacts as people
from app.store.tables import enrolments, subjects, touches


def open_tasks(conn: Connection, inst: int) -> list[str]:
    """CRM ids of all our tasks that nobody has finished, in order."""
    t = touches.c
    query = among_open(
        select(t.task_id).where(t.installation_id == inst, t.task_id.is_not(None))
    )
    return sorted(str(id) for id in conn.execute(query).scalars())


def deals(conn: Connection, inst: int) -> list[str]:
    """CRM ids of the deals for which anything runs, in order."""
    return _subjects(conn, inst, "deal")


def _subjects(conn: Connection, inst: int, type: str) -> list[str]:
    s, e = subjects.c, enrolments.c
    query = among_running(
        select(s.crm_id)
        .join(enrolments, e.subject_id == s.id)
        .where(e.installation_id == inst, s.type == type, s.deleted.is_(False))
        .distinct()
    )
    return sorted(conn.execute(query).scalars())


def deleted_contacts(conn: Connection, inst: int) -> list[str]:
    """CRM ids of people of whom we still hold something although the CRM deleted them, in order."""
    c = people.c
    query = select(c.crm_id).where(c.installation_id == inst, c.deleted.is_(True), c.email != "")
    return sorted(conn.execute(query).scalars())


def inquirers(conn: Connection, inst: int) -> list[str]:
    """CRM ids of the people without a deal for whom anything runs, in order."""
    return _subjects(conn, inst, "contact")


def leads(conn: Connection, inst: int) -> list[str]:
    """CRM ids of the leads, beside their people, for which anything runs, in order."""
    s, e = subjects.c, enrolments.c
    query = among_running(
        select(s.fields)
        .join(enrolments, e.subject_id == s.id)
        .where(
            e.installation_id == inst, s.type == "contact", s.fields.like('%"leads"%')
        )
        .distinct()
    )
    return sorted(
        {lead for fields in conn.execute(query).scalars() for lead in loads(fields)["leads"]}
    )


def contacts(conn: Connection, inst: int) -> list[str]:
    """CRM ids of the people for whom anything runs, in order."""
    e = enrolments.c
    query = among_running(
        select(e.contact_id)
        .where(e.installation_id == inst, e.contact_id.is_not(None))
        .distinct()
    )
    return sorted(str(id) for id in conn.execute(query).scalars())
