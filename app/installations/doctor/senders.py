"""Who cannot start the CRM's own sequences, as far as the CRM has said so."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from app.installations.doctor.findings import About, Finding
from app.installations.settings import Settings
from app.store import cursors, people, sending
from app.store.sets import loads

_WHY = {
    "native_no_seat": (
        "has no seat of Sales or Service Hub",
        "Assign the seat in the CRM, or leave it so.",
    ),
    "native_no_inbox": (
        "has not connected the inbox {inbox}",
        "Have the inbox connected in the CRM, or name another one in the settings.",
    ),
}


def senders(say: About, conn: Connection, inst: int, settings: Settings) -> Iterator[Finding]:
    """One finding for each person whom the CRM refused and has not let through since.

    It lists neither seats nor connected inboxes, so nobody is known before the first try.
    """
    if not settings.native_sequences:
        return
    sent = sending.last_enrolled(conn, inst)
    users = {row["user_id"]: row for row in people.read(conn, inst).values() if row["active"]}
    for name, kept in cursors.starting(conn, inst, cursors.SENDER).items():
        code, inbox, at = loads(kept)
        person = users.get(name.removeprefix(cursors.SENDER))
        if person is None or code not in _WHY or sent.get(inbox, 0) > at:
            continue
        why, remedy = _WHY[code]
        yield say.note(
            "cannot_send_sequences",
            f"Followthrough cannot enrol contacts in sequences of {person['name'] or inbox}, who "
            f"{why.format(inbox=inbox)}.",
            "Instead: a step that asks for a sequence becomes a task for the rep, with the draft "
            "where it has one.",
            remedy,
        )  # fmt: skip
