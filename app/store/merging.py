"""Two records that are one: everything that hangs on the one goes to the other.

Rows keep their derived ids, so what was decided about either stays decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from app.model.quotes import KEPT as QUOTED
from app.model.quotes import LAST
from app.store import events, sets
from app.store.counts import COUNTED
from app.store.tables import (
    activities,
    contact_activity,
    contact_holds,
    contacts,
    crm_objects,
    enrolments,
    holds,
    ledger,
    native_enrolments,
    notices,
    outcomes,
    person_acts,
    stage_entries,
    subject_contacts,
    subjects,
    suppressions,
    timers,
    touches,
)

_LATEST = ("last_activity_at", "last_reply_at", "last_meeting_at", "next_meeting_at", "furthest")


def rename_subject(conn: Connection, subject_id: int, crm_id: str) -> None:
    """The subject goes on under another CRM id. Where it was first seen stays: ids hang on it."""
    conn.execute(update(subjects).where(subjects.c.id == subject_id).values(crm_id=crm_id))


def unite_subjects(
    conn: Connection, inst: int, kept: Mapping[str, Any], gone: Mapping[str, Any]
) -> None:
    """Give all history of `gone` to `kept` (rows of `subjects`) and remove it."""
    to, of = kept["id"], gone["id"]
    for table in (enrolments, touches, ledger, notices):
        conn.execute(update(table).where(table.c.subject_id == of).values(subject_id=to))
    _move(conn, outcomes, of, to, ("kind", "cause"))
    _move(conn, activities, of, to, ("cause",))
    _move(conn, stage_entries, of, to, ("stage_id", "entered_at"))
    _move(conn, holds, of, to, ("reason",))
    _move_timers(conn, inst, of, to)
    conn.execute(delete(subject_contacts).where(subject_contacts.c.subject_id == of))
    # What was known latest of either: silence counts from whatever happened last with both.
    latest = {
        name: max(both)
        for name in _LATEST
        if (both := [row[name] for row in (kept, gone) if row[name] is not None])
    }
    fields = _fields_of_both(kept, gone)
    conn.execute(update(subjects).where(subjects.c.id == to).values({**latest, **fields}))
    conn.execute(delete(subjects).where(subjects.c.id == of))


def _fields_of_both(kept: Mapping[str, Any], gone: Mapping[str, Any]) -> dict[str, str]:
    """An inquiry's leads are its own and those of whoever turned out to be the same person; of the
    quotes of two deals the one that was sent last counts."""
    mine, theirs = sets.loads(kept["fields"]), sets.loads(gone["fields"])
    more: dict[str, Any] = {}
    if theirs.get("leads"):
        more["leads"] = list(dict.fromkeys([*theirs["leads"], *mine.get("leads", ())]))
    if (theirs.get(LAST) or [0])[0] > (mine.get(LAST) or [0])[0]:
        more |= {name: theirs.get(name) for name in QUOTED}
    return {"fields": sets.dumps({**mine, **more})} if more else {}


def _move(conn: Connection, table: Table, of: int, to: int, same: tuple[str, ...]) -> None:
    """Move rows that `to` has not; those that it has (by the columns `same`) are removed."""
    mine = select(*(table.c[name] for name in same)).where(table.c.subject_id == to)
    taken = {tuple(row) for row in conn.execute(mine)}
    theirs = select(table).where(table.c.subject_id == of)
    for row in conn.execute(theirs).mappings().all():
        one = [table.c.subject_id == of, *(table.c[name] == row[name] for name in same)]
        if tuple(row[name] for name in same) in taken:
            conn.execute(delete(table).where(*one))
        else:
            conn.execute(update(table).where(*one).values(subject_id=to))


def _move_timers(conn: Connection, inst: int, of: int, to: int) -> None:
    """A timer's signal names its subject, and travels with it."""
    _move(conn, timers, of, to, ("rule",))
    query = select(timers.c.rule, timers.c.data).where(
        timers.c.installation_id == inst, timers.c.subject_id == to
    )
    for rule, text in conn.execute(query).all():
        data = sets.loads(text)
        if data.get("subject") == of:
            conn.execute(
                update(timers)
                .where(
                    timers.c.installation_id == inst,
                    timers.c.subject_id == to,
                    timers.c.rule == rule,
                )
                .values(data=sets.dumps({**data, "subject": to}))
            )


def unite_contacts(conn: Connection, inst: int, kept: str, gone: str) -> None:
    """Give what is known of the person `gone` to `kept`: touches, counts, suppressions, links."""
    for table in (enrolments, touches, outcomes, native_enrolments):
        conn.execute(
            update(table)
            .where(table.c.installation_id == inst, table.c.contact_id == gone)
            .values(contact_id=kept)
        )
    events.unite(conn, inst, kept, gone)
    _unite_acts(conn, inst, kept, gone)
    _unite_counts(conn, inst, kept, gone)
    _unite_suppressions(conn, inst, kept, gone)
    _unite_holds(conn, inst, kept, gone)
    _relink(conn, inst, kept, gone)
    _unite_rows(conn, inst, kept, gone)
    _unite_leads(conn, inst, kept, gone)


def _unite_leads(conn: Connection, inst: int, kept: str, gone: str) -> None:
    """Leads beside people name the person whom they are of."""
    c = crm_objects.c
    of_lead = (c.installation_id == inst, c.type == "lead")
    for id, text in conn.execute(select(c.crm_id, c.known).where(*of_lead)).all():
        known = sets.loads(text)
        if known["contact"] == gone:
            values = {"known": sets.dumps({**known, "contact": kept})}
            conn.execute(update(crm_objects).where(*of_lead, c.crm_id == id).values(values))


def _unite_counts(conn: Connection, inst: int, kept: str, gone: str) -> None:
    """Caps are a person's: the touches of both add up, day by day. Whose the others' were is lost
    where both have some; the next exact reading says it again."""
    mine = (contact_activity.c.installation_id == inst, contact_activity.c.contact_id == gone)
    rows = conn.execute(select(contact_activity).where(*mine)).mappings().all()
    sets.upsert(
        conn,
        contact_activity,
        [{**row, "contact_id": kept} for row in rows],
        ("installation_id", "contact_id", "day"),
        (),
        COUNTED,
    )
    conn.execute(delete(contact_activity).where(*mine))


def _unite_acts(conn: Connection, inst: int, kept: str, gone: str) -> None:
    """What was done with both at once was done once."""
    p = person_acts.c
    theirs = (p.installation_id == inst, p.contact_id == gone)
    rows = conn.execute(select(person_acts).where(*theirs)).mappings().all()
    sets.insert_ignore(conn, person_acts, [{**row, "contact_id": kept} for row in rows])
    conn.execute(delete(person_acts).where(*theirs))


def _unite_suppressions(conn: Connection, inst: int, kept: str, gone: str) -> None:
    """The old id stays on the list too: an import may bring it back."""
    query = select(suppressions).where(
        suppressions.c.installation_id == inst,
        suppressions.c.kind == "contact",
        suppressions.c.value == gone,
    )
    rows = [{**row, "value": kept} for row in conn.execute(query).mappings()]
    sets.insert_ignore(conn, suppressions, rows)


def _unite_holds(conn: Connection, inst: int, kept: str, gone: str) -> None:
    """Whoever of the two is away or wants to be left alone is now one person."""
    h = contact_holds.c
    theirs = (h.installation_id == inst, h.contact_id == gone)
    rows = [
        {**row, "contact_id": kept}
        for row in conn.execute(select(contact_holds).where(*theirs)).mappings()
    ]
    sets.insert_ignore(conn, contact_holds, rows)
    conn.execute(delete(contact_holds).where(*theirs))


def _relink(conn: Connection, inst: int, kept: str, gone: str) -> None:
    link = subject_contacts.c
    query = select(subject_contacts).where(link.installation_id == inst, link.contact_id == gone)
    rows = [{**row, "contact_id": kept} for row in conn.execute(query).mappings()]
    sets.insert_ignore(conn, subject_contacts, rows)
    conn.execute(
        delete(subject_contacts).where(link.installation_id == inst, link.contact_id == gone)
    )


def _unite_rows(conn: Connection, inst: int, kept: str, gone: str) -> None:
    c = contacts.c
    query = select(contacts).where(c.installation_id == inst, c.crm_id.in_((kept, gone)))
    rows = {row["crm_id"]: row for row in conn.execute(query).mappings()}
    old, new = rows.get(gone), rows.get(kept)
    if old is None:
        return
    if new is None:
        conn.execute(
            update(contacts)
            .where(c.installation_id == inst, c.crm_id == gone)
            .values(crm_id=kept, deleted=False)
        )
        return
    latest = {
        name: max(old[name] or 0, new[name] or 0) or None
        for name in ("last_two_way_at", "last_reply_at", "form_submitted_at", "contacted_at")
    }
    for name in ("contacted", "contacted_first", "contacted_exact"):
        # The CRM adds the counters of both; without ours added too that would look like touches.
        both = old[name], new[name]
        latest[name] = None if None in both else sum(both)
    conn.execute(
        update(contacts).where(c.installation_id == inst, c.crm_id == kept).values(latest)
    )
    conn.execute(delete(contacts).where(c.installation_id == inst, c.crm_id == gone))
