"""What was heard of replies: the one event by which every source tells what a reply means, and the
rows that are read before it is acted on.

A rep on the record's page, a program over the API, a property that a workflow of the CRM sets, and
the mail itself all become the same row of the inbox. So what was said survives a crash, is acted on
once, and in one way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection

from app.decisions.recycling import TIMER
from app.decisions.reply_table import REPLY_AT
from app.lanes.context import Tenant
from app.lanes.snapshot import Snapshot
from app.model.playbook import Playbook, Template
from app.model.replies import LETTERS, Placed, ReplyGround, Said, said_of
from app.model.signals import Signal
from app.model.time import DAY, Business
from app.model.vocabulary import StopReason
from app.playbooks.codec import from_json
from app.store import holds, playbooks, replies, running, timers
from app.store.sets import dumps, loads
from connectors.contract import Event, ObjectType

SAID = "said"
"""Kind of the event."""

LATELY_MS = 30 * DAY
"""What a reply ended longer ago does not go on, and no letter answers a mail that is older."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """type, id: whose latest reply it is; a contact's, or whoever of a deal wrote last.

    at: when it was said. about: the CRM id of the deal on which it was said, which gets the task.
    only_asked: it counts only where a mail of ours asked for it.
    """

    type: str
    id: str
    said: Said
    at: int
    about: str | None = None
    only_asked: bool = False


def event_of(heard: Heard, dedupe: str) -> Event:
    """The event to store. dedupe: the same for the same word by the same source."""
    value = {**heard.said.as_data(), "about": heard.about, "only_asked": heard.only_asked}
    return Event(
        kind=SAID,
        object_type=cast(ObjectType, heard.type),
        object_id=heard.id,
        at=Business(heard.at),
        value=dumps(value),
        dedupe=f"{SAID}:{dedupe}",
    )


def heard_of(row: Mapping[Any, Any]) -> Heard:
    """What a row of the inbox says."""
    value: dict[str, Any] = loads(row["value"])
    return Heard(
        row["object_type"], row["object_id"], said_of(value), row["occurred_at"],
        value.get("about"), bool(value.get("only_asked")),
    )  # fmt: skip


# --- what is read before it is acted on ----------------------------------------------------------


@dataclass(slots=True)
class Ground:
    """Rows for the subjects of a snapshot. rows, steps: of enrolments that a reply ended lately.

    asked: (subject id, contact id) → choices of the latest mail that asked for a letter.
    """

    rows: dict[str, Row]
    steps: Mapping[str, list[Row]]
    ended: Mapping[int, list[Row]]
    placed: Mapping[str, Placed]
    holds: Mapping[int, Mapping[str, int | None]]
    of_person: Mapping[str, Mapping[str, int | None]]
    recycled: Mapping[int, Mapping[str, Mapping[str, Any]]]
    asked: Mapping[tuple[int, str | None], Mapping[str, str]]

    def of(self, snapshot: Snapshot, signal: Signal) -> ReplyGround:
        """What the decision on a signal reads."""
        at = int(signal.data[REPLY_AT])
        return self.of_whom(snapshot, signal.subject, signal.contact, at)

    def of_whom(
        self, snapshot: Snapshot, subject: int, contact: str | None, replied_at: int = 0
    ) -> ReplyGround:
        """What is read of one subject and person. replied_at: what ended before was not ended by
        that reply."""
        ended = tuple(
            view
            for row in self.ended.get(subject, ())
            if row["ended_at"] >= replied_at
            and (view := snapshot.enrolment_with(row, self.steps.get(row["id"], ()))).sequence
        )
        return ReplyGround(
            ended=ended,
            placed=self.placed,
            holds=cast(Mapping[str, Any], self.holds.get(subject, {})),
            of_person=cast(Mapping[str, Any], self.of_person.get(contact or "", {})),
            recycled=self.recycled.get(subject, {}),
        )

    def meaning(self, said: Said, subjects: Iterable[int], contact: str | None) -> str | None:
        """What a letter means by the mail that asked for it; None where none did."""
        letter = LETTERS.get(said.kind)
        for subject in subjects:
            for whom in (contact, None):
                choices = self.asked.get((subject, whom))
                if letter is not None and choices is not None and letter in choices:
                    return choices[letter]
        return None


def load_ground(conn: Connection, tenant: Tenant, snapshot: Snapshot, now: Business) -> Ground:
    """Everything for all subjects of a snapshot, by sets."""
    ids = snapshot.ids
    ended = replies.ended_by(conn, ids, StopReason.REPLIED, now - LATELY_MS)
    rows = {row["id"]: row for found in ended.values() for row in found}
    runs = [row["id"] for found in snapshot.running.values() for row in found]
    placed = replies.placed(conn, [*runs, *rows])
    recycled: dict[int, dict[str, Mapping[str, Any]]] = {}
    for timer in timers.of_subjects(conn, tenant.id, ids):
        if timer["rule"].startswith(TIMER):
            mine = recycled.setdefault(timer["subject_id"], {})
            mine[timer["rule"]] = loads(timer["data"])
    people = {contact for links in snapshot.links.values() for contact, _, _ in links}
    return Ground(
        rows=rows,
        steps=running.steps_of(conn, rows),
        ended=ended,
        placed={
            key: Placed(Business(owed), Business(due), edited)
            for key, (owed, due, edited) in placed.items()
        },
        holds=holds.of(conn, tenant.id, ids, now),
        of_person=holds.of_contacts(conn, tenant.id, people, now),
        recycled=recycled,
        asked=_asked(conn, tenant, ids, now),
    )


def _asked(
    conn: Connection, tenant: Tenant, ids: Iterable[int], now: Business
) -> dict[tuple[int, str | None], Mapping[str, str]]:
    found: dict[tuple[int, str | None], Mapping[str, str]] = {}
    written = replies.performed_since(conn, ids, now - LATELY_MS)
    versions = {row["version_id"] for row in written}
    books = _books(conn, tenant, versions)
    for row in written:
        template = _template(books.get(row["version_id"]), row["definition"], row["step"])
        if template is not None and template.choices:
            found[row["subject_id"], row["contact_id"]] = dict(template.choices)
    return found


def _books(conn: Connection, tenant: Tenant, versions: set[int]) -> dict[int, Playbook]:
    """The versions, those too that nothing runs by any more."""
    books = {key: tenant.playbooks[key] for key in versions if key in tenant.playbooks}
    missing = versions - books.keys()
    if missing:
        read = playbooks.load(conn, missing)
        books |= {key: from_json(loads(row["data"])) for key, row in read.items()}
    return books


def _template(book: Playbook | None, definition: str, step: str) -> Template | None:
    sequence = book.sequences.get(definition.partition("/")[2]) if book else None
    if book is None or sequence is None:
        return None
    named = next((one.template for one in sequence.steps if one.id == step), None)
    return book.templates.get(named) if named else None
