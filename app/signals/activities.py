"""What reps and prospects did, as the CRM logged it: the ground of every figure about follow-up.

Signals say what is new; activities say what was, of the time before the connection too. Both are
read from the same records, so that a mail counts once by whichever path it came.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

from app.model.activities import (
    BOOKED,
    CALL,
    CALLED,
    EMAIL,
    INBOUND,
    MEETING,
    MISSED,
    REPLY,
    TASK,
    Activity,
    PersonAct,
)
from app.model.vocabulary import PICKED_UP
from connectors.contract import CrmRecord


def activities_of(record: CrmRecord) -> list[Activity]:
    """What an e-mail, call or meeting shows to have been done, or a task that is not ours."""
    fields = record.fields
    at, owner = fields.get("at") or 0, fields.get("owner") or None
    if record.type == "task":
        if fields.get("touch_id") or fields.get("status") != "completed":
            return []
        return [task_done(record.id, fields.get("completed_at") or record.updated_at, owner)]
    if record.type == "email":
        inbound = fields.get("direction") == "in"
        return [reply_at(at) if inbound else Activity(EMAIL, at, f"email:{record.id}", owner)]
    if record.type == "call":
        kind = CALLED if fields.get("direction") == "in" else CALL
        return [Activity(kind, at, f"call:{record.id}", owner)]
    found = [Activity(BOOKED, record.created_at, f"booked:{record.id}", owner)]
    if fields.get("outcome") == "held":
        start = fields.get("start_at") or at or record.created_at
        found.append(Activity(MEETING, start, f"meeting:{record.id}", owner))
    return found


_UNSENT = frozenset({"bounced", "failed", "scheduled"})


def addresses(record: CrmRecord) -> bool:
    """Whether a call or e-mail was made to somebody; an answer was not, nor a mail not sent."""
    fields = record.fields
    return fields.get("direction") != "in" and fields.get("status") not in _UNSENT


def done_with(
    record: CrmRecord, contacts: Sequence[str], known: Container[str]
) -> list[PersonAct]:
    """The same, with each of its people whom we know. Who of several wrote is not sure enough to be
    said, and a mail that was never sent reached nobody."""
    done = activities_of(record)
    if record.type == "meeting" and record.fields.get("outcome") == "no_show":
        at = record.fields.get("start_at") or record.created_at
        done.append(Activity(MISSED, at, f"missed:{record.id}", None))
    found: list[PersonAct] = []
    for one in done:
        came = one.kind in INBOUND
        if (one.kind == EMAIL and not addresses(record)) or (came and len(contacts) != 1):
            continue
        spoke = record.type == "call" and record.fields.get("disposition") == "connected"
        answered = came or (spoke and len(contacts) == 1)
        found += [PersonAct(who, one.kind, one.at, one.cause, one.owner, answered)
                  for who in contacts if who in known]  # fmt: skip
    return found


def picked_up(
    record: CrmRecord, contacts: Sequence[str], subjects: Iterable[int]
) -> list[dict[str, Any]]:
    """Outcomes of a call that was answered, or was the prospect's own, by the one person on it."""
    fields, rows = record.fields, list[dict[str, Any]]()
    spoke = fields.get("disposition") == "connected" or fields.get("direction") == "in"
    if record.type != "call" or not spoke or len(contacts) != 1 or not fields.get("at"):
        return rows
    for subject in subjects:
        rows.append(
            {"subject_id": subject, "kind": PICKED_UP, "cause": f"call:{record.id}",
             "occurred_at": fields["at"], "contact_id": contacts[0], "data": {}}
        )  # fmt: skip
    return rows


def reply_at(at: int) -> Activity:
    """An answer of the prospect's, known by its record or by the CRM's stamp alone."""
    return Activity(REPLY, at, f"reply:{at}", None)


def task_done(task_id: str, at: int, owner: str | None) -> Activity:
    """A task that somebody completed."""
    return Activity(TASK, at, f"task:{task_id}", owner or None)


def activity_rows(found: Iterable[tuple[int, Activity]]) -> list[dict[str, Any]]:
    """Rows for the store, one for each subject and cause; the latest word on each wins."""
    last = {(subject, one.cause): one for subject, one in found}
    return [
        {"subject_id": subject, "cause": cause, "kind": one.kind, "at": one.at,
         "owner_id": one.owner}
        for (subject, cause), one in last.items()
    ]  # fmt: skip
