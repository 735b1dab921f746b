"""A person is forgotten: every table at once, and a tombstone so that no import brings them back.

What stays names nobody: that something was done about a record, when, and what came of it. The
tombstone is the CRM's id, which leads nowhere any more, and the e-mail address as a salted hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, or_, select, update

from app.store import cursors, events, sets
from app.store.tables import (
    contact_activity,
    contact_holds,
    contacts,
    crm_objects,
    enrolments,
    holds,
    inbox,
    ledger,
    notices,
    outcomes,
    person_acts,
    subject_contacts,
    subjects,
    suppressions,
    timers,
    touches,
)

REASON = "erased"
_SALT = "erasure_salt"
_HASH = "email_hash"
_ERASED = "[erased]"
_TEXTS = ("subject", "body")
"""Fields of a task that quote the person."""


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Who must not come back: salted hashes of e-mail addresses."""

    salt: str = ""
    hashes: frozenset[str] = frozenset()

    def bar(self, email: str | None) -> bool:
        """Whether this address was that of somebody who was erased."""
        return bool(self.hashes and email) and _hash(self.salt, email or "") in self.hashes


def tombstones(conn: Connection, inst: int) -> Tombstones:
    """The tombstones of an installation; most have none."""
    query = select(suppressions.c.value).where(
        suppressions.c.installation_id == inst, suppressions.c.kind == _HASH
    )
    found = frozenset(conn.execute(query).scalars())
    return Tombstones(cursors.get(conn, inst, _SALT) or "", found) if found else Tombstones()


def erase(conn: Connection, inst: int, ids: Collection[str], at: int) -> list[int]:
    """Forget contacts by CRM id. Answers the subjects that they stood on, their own left out.

    Their open tasks keep what tells whether a rep touched them, without their texts.
    """
    people = _people(conn, inst, ids)
    about = _subjects(conn, inst, ids)
    own = select(subjects.c.id).where(
        subjects.c.installation_id == inst,
        subjects.c.type == "contact",
        subjects.c.crm_id.in_(list(ids)),
    )
    theirs = list(conn.execute(own).scalars())
    concerned = [*about, *theirs]
    words = _Words(people)
    _bury(conn, inst, ids, people, at)
    _forget_tasks(conn, inst, ids, concerned, words)
    _forget_events(conn, inst, ids, words)
    events.forget(conn, inst, ids, [email for _, email in people])
    for table, key, names in (
        (ledger, ledger.c.id, ("data",)),
        (notices, notices.c.id, ("data",)),
        (outcomes, outcomes.c.id, ("data",)),
        (touches, touches.c.id, ("shown_subject", "error", "draft")),
    ):
        words.strike(conn, table, key, names, concerned)
    _strike_timers(conn, inst, concerned, words)
    conn.execute(
        update(outcomes)
        .where(outcomes.c.installation_id == inst, outcomes.c.contact_id.in_(list(ids)))
        .values(data="{}")
    )
    for table in (contacts, contact_activity, contact_holds, person_acts, subject_contacts):
        column = table.c.crm_id if table is contacts else table.c.contact_id
        conn.execute(delete(table).where(table.c.installation_id == inst, column.in_(list(ids))))
    conn.execute(delete(holds).where(holds.c.subject_id.in_(theirs)))
    _forget_subjects(conn, theirs)
    return about


def _forget_subjects(conn: Connection, ids: Collection[int]) -> None:
    """Their own subjects stay as numbers: of the fields only which deal an inquiry became."""
    query = select(subjects.c.id, subjects.c.fields).where(subjects.c.id.in_(list(ids)))
    for row in conn.execute(query).all():
        deal = sets.loads(row.fields).get("became_deal")
        kept = {} if deal is None else {"became_deal": deal}
        conn.execute(
            update(subjects)
            .where(subjects.c.id == row.id)
            .values(
                name="", summary="", summary_due_at=None, deleted=True, fields=sets.dumps(kept)
            )
        )


def _people(conn: Connection, inst: int, ids: Collection[str]) -> list[tuple[str, str]]:
    query = select(contacts.c.name, contacts.c.email).where(
        contacts.c.installation_id == inst, contacts.c.crm_id.in_(list(ids))
    )
    return [(row.name, row.email) for row in conn.execute(query)]


def _subjects(conn: Connection, inst: int, ids: Collection[str]) -> list[int]:
    """Every subject that they stand on now, or that we ever decided something about for them."""
    found: set[int] = set()
    for table in (subject_contacts, enrolments, touches, outcomes):
        query = select(table.c.subject_id).where(
            table.c.installation_id == inst, table.c.contact_id.in_(list(ids))
        )
        found.update(conn.execute(query).scalars())
    own = select(subjects.c.id).where(
        subjects.c.id.in_(found), subjects.c.type == "contact", subjects.c.crm_id.in_(list(ids))
    )
    return sorted(found - set(conn.execute(own).scalars()))


def _bury(
    conn: Connection, inst: int, ids: Collection[str], people: Iterable[tuple[str, str]], at: int
) -> None:
    salt = cursors.get(conn, inst, _SALT)
    if salt is None:
        salt = secrets.token_hex(16)
        cursors.put(conn, inst, _SALT, salt)
    values = [("contact", id) for id in ids]
    values += [(_HASH, _hash(salt, email)) for _, email in people if email]
    sets.upsert(
        conn,
        suppressions,
        [
            {"installation_id": inst, "kind": kind, "value": value, "reason": REASON,
             "since_at": at}
            for kind, value in values
        ],
        ("installation_id", "kind", "value"),
    )  # fmt: skip


def _hash(salt: str, email: str) -> str:
    text = email.strip().lower().encode()
    return hashlib.blake2b(text, key=salt.encode(), digest_size=20).hexdigest()


class _Words:
    """Names and addresses to be struck out wherever they stand in a text."""

    def __init__(self, people: Iterable[tuple[str, str]]) -> None:
        said = {word for person in people for word in person if word}
        # In JSON a quote or a backslash of a name stands escaped.
        said |= {sets.dumps(word)[1:-1] for word in said}
        longest = sorted(said, key=len, reverse=True)
        self._found = (
            re.compile("|".join(map(re.escape, longest)), re.IGNORECASE) if said else None
        )

    def out(self, text: str | None) -> str | None:
        if not text or self._found is None:
            return text
        return self._found.sub(_ERASED, text)

    def strike(
        self, conn: Connection, table: Table, key: Column[Any], names: tuple[str, ...],
        about: Collection[int],
    ) -> None:  # fmt: skip
        """Strike them out of some columns of the rows about these subjects."""
        columns = [table.c[name] for name in names]
        query = select(key, *columns).where(sets.among(conn, table.c.subject_id, about))
        self.save(conn, table, str(key.key), conn.execute(query).mappings().all())

    def save(
        self, conn: Connection, table: Table, key: str, rows: Iterable[Mapping[Any, Any]]
    ) -> None:
        changed: list[dict[str, Any]] = []
        for row in rows:
            clean = {name: row[name] if name == key else self.out(row[name]) for name in row}
            if clean != dict(row):
                changed.append(clean)
        sets.update_many(conn, table, key, changed)


def _forget_tasks(
    conn: Connection, inst: int, ids: Collection[str], about: Collection[int], words: _Words
) -> None:
    """Titles and texts of their tasks go; of others' about the same records, where they name them.
    """
    t = touches.c
    query = select(t.id, t.contact_id, t.task_id).where(sets.among(conn, t.subject_id, about))
    rows = conn.execute(query).all()
    theirs = [row.id for row in rows if row.contact_id in ids]
    conn.execute(
        update(touches)
        .where(sets.among(conn, t.id, theirs))
        .values(shown_subject=None, error=None, draft=None)
    )
    o = crm_objects.c
    standing = select(o.crm_id, o.touch_id, o.known, o.pending).where(
        o.installation_id == inst,
        o.type == "task",
        sets.among(conn, o.crm_id, [row.task_id for row in rows if row.task_id]),
    )
    mine, changed = set(theirs), list[dict[str, Any]]()
    for row in conn.execute(standing).all():
        named = words.out(row.known) != row.known or words.out(row.pending) != row.pending
        if row.touch_id in mine or named:
            key = {"installation_id": inst, "type": "task", "crm_id": row.crm_id}
            known, pending = (_wordless(text) for text in (row.known, row.pending))
            changed.append({**key, "known": known, "pending": pending})
    sets.update_many(conn, crm_objects, ("installation_id", "type", "crm_id"), changed)


def _wordless(text: str) -> str:
    return sets.dumps({k: v for k, v in sets.loads(text).items() if k not in _TEXTS})


def _forget_events(conn: Connection, inst: int, ids: Collection[str], words: _Words) -> None:
    """Events that quote them become bare hints to look again."""
    i = inbox.c
    conn.execute(
        delete(inbox).where(
            i.installation_id == inst, i.object_type == "contact", i.object_id.in_(list(ids))
        )
    )
    query = select(i.id, i.value, i.dedupe).where(
        i.installation_id == inst, or_(i.value.is_not(None), i.dedupe.is_not(None))
    )
    for row in conn.execute(query).all():
        if words.out(row.value) != row.value or words.out(row.dedupe) != row.dedupe:
            conn.execute(
                update(inbox)
                .where(i.id == row.id)
                .values(field=None, value=None, dedupe=f"{_ERASED}:{row.id}")
            )


def _strike_timers(
    conn: Connection, inst: int, about: Collection[int], words: _Words
) -> None:
    """What a waiting signal says about mail or meetings, struck where it names them."""
    c = timers.c
    query = select(c.subject_id, c.rule, c.data).where(
        c.installation_id == inst, sets.among(conn, c.subject_id, about)
    )
    for row in conn.execute(query).all():
        text = words.out(row.data)
        if text != row.data:
            conn.execute(
                update(timers)
                .where(
                    c.installation_id == inst, c.subject_id == row.subject_id, c.rule == row.rule
                )
                .values(data=text)
            )
