"""The mirror: subjects, contacts, their links and stage entries; every query takes a set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, case, delete, func, select, update

from app.store import sets
from app.store.tables import (
    contacts,
    crm_objects,
    stage_entries,
    subject_contacts,
    subjects,
    suppressions,
    touches,
)

Row = Mapping[Any, Any]


def by_crm_id(conn: Connection, inst: int, type: str, ids: Iterable[str]) -> dict[str, Row]:
    """CRM id → row of `subjects`."""
    query = select(subjects).where(
        subjects.c.installation_id == inst,
        subjects.c.type == type,
        subjects.c.crm_id.in_(list(ids)),
    )
    return {row["crm_id"]: row for row in conn.execute(query).mappings()}


def by_id(conn: Connection, ids: Iterable[int]) -> dict[int, Row]:
    query = select(subjects).where(subjects.c.id.in_(list(ids)))
    return {row["id"]: row for row in conn.execute(query).mappings()}


def add_subjects(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of `subjects`; those that exist already (by CRM id) are left alone."""
    sets.insert_ignore(conn, subjects, rows)


def blank(inst: int, type: str, crm_id: str) -> dict[str, Any]:
    """A placeholder row for a record not seen before; without `modified_at` until it was read."""
    return {
        "installation_id": inst,
        "type": type,
        "crm_id": crm_id,
        "first_type": type,
        "first_id": crm_id,
    }


def subjects_of_tasks(conn: Connection, inst: int, task_ids: Iterable[str]) -> set[int]:
    """Subjects whose touches stand as these tasks in the CRM."""
    query = (
        select(touches.c.subject_id)
        .join(crm_objects, crm_objects.c.touch_id == touches.c.id)
        .where(
            crm_objects.c.installation_id == inst,
            crm_objects.c.type == "task",
            crm_objects.c.crm_id.in_(list(task_ids)),
        )
    )
    return set(conn.execute(query).scalars())


def update_subjects(conn: Connection, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """subject id → columns to set. One statement for each distinct set of columns."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for subject_id, values in changes.items():
        if values:
            groups[tuple(sorted(values))].append({"key": subject_id, **values})
    for columns, rows in groups.items():
        statement = (
            update(subjects)
            .where(subjects.c.id == bindparam("key"))
            .values({name: bindparam(name) for name in columns})
        )
        conn.execute(statement, rows)


def last_entries(conn: Connection, ids: Iterable[int]) -> dict[int, frozenset[tuple[str, int]]]:
    """subject id → its remembered entries that carry its newest timestamp."""
    query = (
        select(stage_entries.c.subject_id, stage_entries.c.stage_id, stage_entries.c.entered_at)
        .join(subjects, subjects.c.id == stage_entries.c.subject_id)
        .where(
            stage_entries.c.subject_id.in_(list(ids)),
            stage_entries.c.entered_at >= subjects.c.stage_entered_at,
        )
    )
    found: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for subject_id, stage_id, at in conn.execute(query):
        found[subject_id].add((stage_id, at))
    return {key: frozenset(value) for key, value in found.items()}


def add_entries(conn: Connection, inst: int, entries: Iterable[tuple[int, str, int]]) -> None:
    rows = [
        {"installation_id": inst, "subject_id": subject, "stage_id": stage, "entered_at": at}
        for subject, stage, at in entries
    ]
    sets.insert_ignore(conn, stage_entries, rows)


def contact_rows(conn: Connection, inst: int, ids: Iterable[str]) -> dict[str, Row]:
    query = select(contacts).where(
        contacts.c.installation_id == inst, contacts.c.crm_id.in_(list(ids))
    )
    return {row["crm_id"]: row for row in conn.execute(query).mappings()}


CONTACT_COLUMNS = (
    "name", "email", "zone", "opted_out", "bounced", "control", "owner_id", "created_at",
    "last_reply_at", "form_submitted_at", "deleted",
)  # fmt: skip


def save_contacts(conn: Connection, inst: int, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """CRM id → values from `signals.contacts.contact_values`."""
    sets.upsert(
        conn,
        contacts,
        [{"installation_id": inst, "crm_id": key, **value} for key, value in rows.items()],
        ("installation_id", "crm_id"),
        CONTACT_COLUMNS,
    )


def note_two_way(conn: Connection, inst: int, seen: Mapping[str, int]) -> None:
    """contact id → instant of its latest two-way activity."""
    statement = (
        update(contacts)
        .where(
            contacts.c.installation_id == inst,
            contacts.c.crm_id == bindparam("key"),
            func.coalesce(contacts.c.last_two_way_at, 0) < bindparam("seen"),
        )
        .values(last_two_way_at=bindparam("seen"))
    )
    if seen:
        conn.execute(statement, [{"key": key, "seen": at} for key, at in seen.items()])


def link_contacts(
    conn: Connection, inst: int, links: Mapping[int, Sequence[tuple[str, bool, tuple[str, ...]]]]
) -> None:
    """subject id → all its contacts as (id, primary, labels); replaces what was linked."""
    if not links:
        return
    conn.execute(delete(subject_contacts).where(subject_contacts.c.subject_id.in_(list(links))))
    rows = [
        {
            "installation_id": inst,
            "subject_id": subject,
            "contact_id": contact,
            "is_primary": primary,
            "labels": orjson.dumps(labels).decode(),
        }
        for subject, found in links.items()
        for contact, primary, labels in found
    ]
    sets.insert_ignore(conn, subject_contacts, rows)


def subjects_of_contacts(
    conn: Connection, inst: int, ids: Iterable[str]
) -> dict[str, list[int]]:
    """contact id → subjects that it stands on: its deals, and itself where it is a subject."""
    wanted = list(ids)
    found: dict[str, list[int]] = defaultdict(list)
    links = select(subject_contacts.c.contact_id, subject_contacts.c.subject_id).where(
        subject_contacts.c.installation_id == inst, subject_contacts.c.contact_id.in_(wanted)
    )
    for contact, subject in conn.execute(links):
        found[contact].append(subject)
    return found


def links(
    conn: Connection, inst: int, ids: Iterable[int]
) -> dict[int, list[tuple[str, bool, tuple[str, ...]]]]:
    """subject id → its contacts as (id, primary, labels), by id."""
    link = subject_contacts.c
    query = (
        select(link.subject_id, link.contact_id, link.is_primary, link.labels)
        .where(link.installation_id == inst, link.subject_id.in_(list(ids)))
        .order_by(link.subject_id, link.contact_id)
    )
    found: dict[int, list[tuple[str, bool, tuple[str, ...]]]] = defaultdict(list)
    for subject, contact, primary, labels in conn.execute(query):
        parsed = () if labels == "[]" else tuple(orjson.loads(labels))
        found[subject].append((contact, bool(primary), parsed))
    return found


def suppressed(conn: Connection, inst: int, contact_ids: Iterable[str]) -> dict[str, str]:
    """contact id → why our own list keeps it from being contacted."""
    s = suppressions.c
    query = select(s.value, s.reason).where(
        s.installation_id == inst, s.kind == "contact", s.value.in_(list(contact_ids))
    )
    return dict(conn.execute(query).all())


def suppress(conn: Connection, inst: int, contact_id: str, reason: str, at: int) -> None:
    row = {
        "installation_id": inst, "kind": "contact", "value": contact_id, "reason": reason,
        "since_at": at,
    }  # fmt: skip
    sets.insert_ignore(conn, suppressions, [row])


def objects(conn: Connection, inst: int, type: str, ids: Iterable[str]) -> dict[str, Row]:
    """CRM id → row of `crm_objects`: what we last knew of a task or a meeting."""
    query = select(crm_objects).where(
        crm_objects.c.installation_id == inst,
        crm_objects.c.type == type,
        crm_objects.c.crm_id.in_(list(ids)),
    )
    return {row["crm_id"]: row for row in conn.execute(query).mappings()}


def save_objects(conn: Connection, inst: int, type: str, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with crm_id, touch_id, known, pending (dicts) and archived."""
    sets.upsert(
        conn,
        crm_objects,
        [
            {
                "installation_id": inst,
                "type": type,
                "crm_id": row["crm_id"],
                "touch_id": row.get("touch_id"),
                "known": orjson.dumps(row["known"]).decode(),
                "pending": orjson.dumps(row["pending"]).decode() if row["pending"] else "{}",
                "archived": row.get("archived", False),
            }
            for row in rows
        ],
        ("installation_id", "type", "crm_id"),
        ("touch_id", "known", "pending", "archived"),
    )


def mark_dirty(conn: Connection, ids: Iterable[int], now: int, every_ms: int) -> None:
    """Our properties of these subjects are to be written, at most once in `every_ms`."""
    earliest = func.coalesce(subjects.c.summary_written_at, 0) + every_ms
    conn.execute(
        update(subjects)
        .where(subjects.c.id.in_(list(ids)), subjects.c.summary_due_at.is_(None))
        .values(summary_due_at=case((earliest > now, earliest), else_=now))
    )


def dirty(conn: Connection, inst: int, now: int, limit: int) -> list[Row]:
    """Subjects whose summary is due."""
    query = (
        select(subjects)
        .where(
            subjects.c.installation_id == inst,
            subjects.c.summary_due_at.is_not(None),
            subjects.c.summary_due_at <= now,
        )
        .order_by(subjects.c.summary_due_at, subjects.c.id)
        .limit(limit)
    )
    return list(conn.execute(query).mappings())


def next_summary(conn: Connection, inst: int) -> int | None:
    query = select(func.min(subjects.c.summary_due_at)).where(
        subjects.c.installation_id == inst, subjects.c.summary_due_at.is_not(None)
    )
    return conn.execute(query).scalar()


def summarised(conn: Connection, written: Mapping[int, str | None], now: int) -> None:
    """Summaries that are done: subject id → JSON as written, None where nothing had changed."""
    changed = [
        {"key": key, "text": text, "at": now} for key, text in written.items() if text is not None
    ]
    same = [key for key, text in written.items() if text is None]
    if changed:
        conn.execute(
            update(subjects)
            .where(subjects.c.id == bindparam("key"))
            .values(
                summary=bindparam("text"), summary_written_at=bindparam("at"), summary_due_at=None
            ),
            changed,
        )
    if same:
        conn.execute(update(subjects).where(subjects.c.id.in_(same)).values(summary_due_at=None))


def put_off_summary(conn: Connection, ids: Iterable[int], at: int) -> None:
    conn.execute(update(subjects).where(subjects.c.id.in_(list(ids))).values(summary_due_at=at))


def ids_after(conn: Connection, inst: int, after: int, limit: int) -> list[int]:
    """Row ids of live subjects in order, for going through all of them."""
    query = (
        select(subjects.c.id)
        .where(
            subjects.c.installation_id == inst,
            subjects.c.id > after,
            subjects.c.deleted.is_(False),
        )
        .order_by(subjects.c.id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())
