"""The mirror: subjects, contacts, their links and stage entries; every query takes a set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, select, update

from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import (
    contacts,
    crm_objects,
    stage_entries,
    subject_contacts,
    subjects,
    suppressions,
    touches,
)

Row = Mapping[str, Any]

_s = subjects.c
_BY_CRM_ID = Fixed(
    select(subjects).where(
        _s.installation_id == arg("inst"), _s.type == arg("type"), among(_s.crm_id, "ids")
    )
)
_BY_ID = Fixed(select(subjects).where(among(_s.id, "ids")))


def by_crm_id(conn: Connection, inst: int, type: str, ids: Iterable[str]) -> dict[str, Row]:
    """CRM id → row of `subjects`."""
    rows = _BY_CRM_ID.dicts(conn, inst=inst, type=type, ids=list(ids))
    return {row["crm_id"]: row for row in rows}


def by_id(conn: Connection, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Row id → row of `subjects`, the caller's to change."""
    return {row["id"]: row for row in _BY_ID.dicts(conn, ids=list(ids))}


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


_OF_TASKS = Fixed(
    select(touches.c.subject_id)
    .join(crm_objects, crm_objects.c.touch_id == touches.c.id)
    .where(
        crm_objects.c.installation_id == arg("inst"),
        crm_objects.c.type == "task",
        among(crm_objects.c.crm_id, "ids"),
    )
)


def subjects_of_tasks(conn: Connection, inst: int, task_ids: Iterable[str]) -> set[int]:
    """Subjects whose touches stand as these tasks in the CRM."""
    return {row[0] for row in _OF_TASKS.rows(conn, inst=inst, ids=list(task_ids))}


def update_subjects(conn: Connection, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """subject id → columns to set. One statement for each distinct set of columns."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for subject_id, values in changes.items():
        if values:
            groups[tuple(sorted(values))].append({"id": subject_id, **values})
    for columns, rows in groups.items():
        ordered = [{name: row[name] for name in ("id", *columns)} for row in rows]
        sets.update_many(conn, subjects, "id", ordered)


_LAST_ENTRIES = Fixed(
    select(stage_entries.c.subject_id, stage_entries.c.stage_id, stage_entries.c.entered_at)
    .join(subjects, _s.id == stage_entries.c.subject_id)
    .where(
        among(stage_entries.c.subject_id, "ids"),
        stage_entries.c.entered_at >= _s.stage_entered_at,
    )
)


def last_entries(conn: Connection, ids: Iterable[int]) -> dict[int, frozenset[tuple[str, int]]]:
    """subject id → its remembered entries that carry its newest timestamp."""
    found: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for subject_id, stage_id, at in _LAST_ENTRIES.rows(conn, ids=list(ids)):
        found[subject_id].add((stage_id, at))
    return {key: frozenset(value) for key, value in found.items()}


_ENTRIES = Fixed(
    select(stage_entries.c.subject_id, stage_entries.c.stage_id, stage_entries.c.entered_at)
    .where(among(stage_entries.c.subject_id, "ids"))
    .order_by(stage_entries.c.entered_at)
)


def entries_of(conn: Connection, ids: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """subject id → its whole stage history as (stage id, entered at), oldest first."""
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for subject_id, stage_id, at in _ENTRIES.rows(conn, ids=list(ids)):
        found[subject_id].append((stage_id, at))
    return found


def add_entries(conn: Connection, inst: int, entries: Iterable[tuple[int, str, int]]) -> None:
    rows = [
        {"installation_id": inst, "subject_id": subject, "stage_id": stage, "entered_at": at}
        for subject, stage, at in entries
    ]
    sets.insert_ignore(conn, stage_entries, rows)


_CONTACTS = Fixed(
    select(contacts).where(
        contacts.c.installation_id == arg("inst"), among(contacts.c.crm_id, "ids")
    )
)


def contact_rows(conn: Connection, inst: int, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """CRM id → row of `contacts`, the caller's to change."""
    return {row["crm_id"]: row for row in _CONTACTS.dicts(conn, inst=inst, ids=list(ids))}


CONTACT_COLUMNS = (
    "name", "email", "zone", "opted_out", "bounced", "control", "owner_id", "created_at",
    "last_reply_at", "form_submitted_at", "fields", "deleted", "in_sequence", "contacted",
    "contacted_first", "contacted_at", "phone_zones",
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


_TWO_WAY = Fixed(
    update(contacts)
    .where(
        contacts.c.installation_id == arg("inst"),
        contacts.c.crm_id == arg("contact"),
        func.coalesce(contacts.c.last_two_way_at, 0) < arg("seen"),
    )
    .values(last_two_way_at=arg("seen"))
)


def note_two_way(conn: Connection, inst: int, seen: Mapping[str, int]) -> None:
    """contact id → instant of its latest two-way activity."""
    for contact, at in seen.items():
        _TWO_WAY.run(conn, inst=inst, contact=contact, seen=at)


_link = subject_contacts.c
_UNLINK = Fixed(
    delete(subject_contacts).where(
        _link.installation_id == arg("inst"), among(_link.subject_id, "ids")
    )
)


def link_contacts(
    conn: Connection, inst: int, links: Mapping[int, Sequence[tuple[str, bool, tuple[str, ...]]]]
) -> None:
    """subject id → all its contacts as (id, primary, labels); replaces what was linked."""
    if not links:
        return
    _UNLINK.run(conn, inst=inst, ids=list(links))
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


_OF_CONTACTS = Fixed(
    select(_link.contact_id, _link.subject_id)
    .where(_link.installation_id == arg("inst"), among(_link.contact_id, "ids"))
    # The primary key has both columns too, and every link of the account.
    .with_hint(subject_contacts, "INDEXED BY ix_subject_contacts_contact", "sqlite")
)


def subjects_of_contacts(
    conn: Connection, inst: int, ids: Iterable[str]
) -> dict[str, list[int]]:
    """contact id → subjects that it stands on: its deals, and itself where it is a subject."""
    found: dict[str, list[int]] = defaultdict(list)
    for contact, subject in _OF_CONTACTS.rows(conn, inst=inst, ids=list(ids)):
        found[contact].append(subject)
    return found


_LINKS = Fixed(
    select(_link.subject_id, _link.contact_id, _link.is_primary, _link.labels)
    .where(_link.installation_id == arg("inst"), among(_link.subject_id, "ids"))
    .order_by(_link.subject_id, _link.contact_id)
)


def links(
    conn: Connection, inst: int, ids: Iterable[int]
) -> dict[int, list[tuple[str, bool, tuple[str, ...]]]]:
    """subject id → its contacts as (id, primary, labels), by id."""
    found: dict[int, list[tuple[str, bool, tuple[str, ...]]]] = defaultdict(list)
    for subject, contact, primary, labels in _LINKS.rows(conn, inst=inst, ids=list(ids)):
        parsed = () if labels == "[]" else tuple(orjson.loads(labels))
        found[subject].append((contact, bool(primary), parsed))
    return found


_SUPPRESSED = Fixed(
    select(suppressions.c.value, suppressions.c.reason).where(
        suppressions.c.installation_id == arg("inst"),
        suppressions.c.kind == "contact",
        among(suppressions.c.value, "ids"),
    )
)


def suppressed(conn: Connection, inst: int, contact_ids: Iterable[str]) -> dict[str, str]:
    """contact id → why our own list keeps it from being contacted."""
    rows = _SUPPRESSED.rows(conn, inst=inst, ids=list(contact_ids))
    return dict(rows)  # type: ignore[arg-type]


def suppress(conn: Connection, inst: int, contact_id: str, reason: str, at: int) -> None:
    row = {
        "installation_id": inst, "kind": "contact", "value": contact_id, "reason": reason,
        "since_at": at,
    }  # fmt: skip
    sets.insert_ignore(conn, suppressions, [row])


_OBJECTS = Fixed(
    select(crm_objects).where(
        crm_objects.c.installation_id == arg("inst"),
        crm_objects.c.type == arg("type"),
        among(crm_objects.c.crm_id, "ids"),
    )
)


def objects(conn: Connection, inst: int, type: str, ids: Iterable[str]) -> dict[str, Row]:
    """CRM id → row of `crm_objects`: what we last knew of a task or a meeting."""
    rows = _OBJECTS.dicts(conn, inst=inst, type=type, ids=list(ids))
    return {row["crm_id"]: row for row in rows}


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


def forget_objects(conn: Connection, inst: int, type: str) -> None:
    """Nothing is known any more of the records of a type."""
    c = crm_objects.c
    conn.execute(delete(crm_objects).where(c.installation_id == inst, c.type == type))


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
