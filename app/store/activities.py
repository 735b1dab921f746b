"""Activities: what reps and prospects did about each subject, and with each person, whenever it
became known: when and which way, never what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from app.model.activities import Activity, PersonAct
from app.store import cursors, sets
from app.store.tables import activities, person_acts

HISTORY = "history"
"""Cursor: how far the past was read, as `type:page`; gone once all of it is."""

CONNECTED = "connected"
"""Cursor: when this account's past began to be read (business). An inquiry of before that is heard
of since is known, and what reps had done for it is not."""

SINCE = "history:since"
"""Cursor: from when on (business) the past is known, once it was read."""

WANTED = "history:wanted"
"""Cursor: from when on (business) somebody wants it to be known, where that is earlier."""

_KEYS = ("subject_id", "cause")
_PERSON = ("installation_id", "contact_id", "cause")


def note(conn: Connection, inst: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep activities; one that is known (by subject and cause) is what was read last.

    rows: subject_id, cause, kind, at, owner_id.
    """
    full = [{"installation_id": inst, **row} for row in rows]
    sets.upsert(conn, activities, full, _KEYS, ("kind", "at", "owner_id"))


def past_open(conn: Connection, inst: int) -> bool:
    """Whether some of the past is still to be read."""
    return cursors.get(conn, inst, HISTORY) is not None


def note_people(conn: Connection, inst: int, acts: Sequence[PersonAct]) -> None:
    """Keep what was done with people; what is known (by person and cause) is what was read last."""
    rows = {(one.contact, one.cause): one for one in acts}
    full = [
        {
            "installation_id": inst, "contact_id": one.contact, "cause": one.cause,
            "kind": one.kind, "at": one.at, "owner_id": one.owner, "answered": one.answered,
        }
        for one in rows.values()
    ]  # fmt: skip
    sets.upsert(conn, person_acts, full, _PERSON, ("kind", "at", "owner_id", "answered"))


def of_subjects(
    conn: Connection, subject_ids: Sequence[int], since: int
) -> dict[int, list[Activity]]:
    """subject id → what was done about it since then, in the order of time."""
    a = activities.c
    query = (
        select(a.subject_id, a.kind, a.at, a.cause, a.owner_id)
        .where(sets.among(conn, a.subject_id, subject_ids), a.at >= since)
        .order_by(a.at, a.cause)
    )
    found: dict[int, list[Activity]] = defaultdict(list)
    for subject, *one in conn.execute(query):
        found[subject].append(Activity(*one))
    return found


def with_people(
    conn: Connection, inst: int, contacts: Collection[str], since: int
) -> dict[str, list[PersonAct]]:
    """contact id → what was done with them since then, in the order of time."""
    p = person_acts.c
    query = (
        select(p.contact_id, p.kind, p.at, p.cause, p.owner_id, p.answered)
        .where(p.installation_id == inst, sets.among(conn, p.contact_id, contacts), p.at >= since)
        .order_by(p.at, p.cause)
    )
    found: dict[str, list[PersonAct]] = defaultdict(list)
    for contact, *one in conn.execute(query):
        found[contact].append(PersonAct(contact, *one))
    return found


def known_since(conn: Connection, inst: int) -> int | None:
    """From when on the past is known; None while none of it was read to its end."""
    return cursors.number(conn, inst, SINCE) or None


def connected(conn: Connection, inst: int) -> int:
    """When this account's past began to be read; 0 where it never was."""
    return cursors.number(conn, inst, CONNECTED)


def want(conn: Connection, inst: int, since: int) -> None:
    """Have the past read from earlier on than it is known."""
    cursors.put(conn, inst, WANTED, str(since))
    cursors.put(conn, inst, HISTORY, "")
