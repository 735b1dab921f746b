"""Whose seat and inbox an enrolment takes, and which of the CRM's sequences that person sees.

The CRM lists neither seats nor connected inboxes: both are learnt when it refuses. A refusal is
remembered for an hour, so that a rep without a seat costs one failed call and not one a contact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.lanes.case import Case
from app.lanes.context import Lanes, Tenant
from app.model.native import Sender, Used
from app.model.time import HOUR, MINUTE, Business
from app.store import cursors, people, sending
from app.store.sets import dumps, loads
from connectors.contract import Connector, CrmSequence

REMEMBER_MS = HOUR
BOOK_MS = 15 * MINUTE
"""Sequences read this recently are not read again (wall ms), unless one is missing among them."""


def senders_of(
    lanes: Lanes,
    tenant: Tenant,
    cases: Sequence[Case],
    used: Mapping[str, Used],
    now: Business,
) -> dict[str, Sender]:
    """Touch id → who sends: the record's owner, or one of the owner's team where the step says so.

    A team takes turns: whoever has sent least within 24 hours is next. A person once written to by
    one of them hears from that one again, so that their mails stay in one hand and one thread.
    used: what each inbox has sent within that time.
    """
    turns = [case for case in cases if by_team(case)]
    with lanes.store.read() as conn:
        owners = None if turns else sorted({case.owner_id for case in cases if case.owner_id})
        rows = people.read(conn, tenant.id, owners)
        known = {owner: _sender(conn, tenant, owner, row, now) for owner, row in rows.items()}
        teams = _teams(rows) if turns else {}
        whom = sorted({case.facts.touch.contact or "" for case in turns})
        earlier = sending.known_senders(conn, tenant.id, whom) if turns else {}
    sent = Counter({inbox: one.count for inbox, one in used.items()})
    nobody = Sender(None, "", active=False)
    found = {case.id: known.get(case.owner_id or "", nobody) for case in cases}
    for case in turns:
        able = [known[owner] for owner in teams.get(case.owner_id or "", ()) if _can(known[owner])]
        if able:
            address = earlier.get(case.facts.touch.contact or "")
            again = next((one for one in able if one.inbox == address), None)
            chosen = again or min(able, key=lambda one: sent[one.inbox])
            sent[chosen.inbox] += 1
            found[case.id] = chosen
    return found


def by_team(case: Case) -> bool:
    """Whether anybody of the owner's team may send."""
    native = case.facts.touch.step.native
    return native is not None and native.sender == "team"


def _can(sender: Sender) -> bool:
    return sender.active and bool(sender.user_id and sender.inbox) and sender.problem is None


def _teams(rows: Mapping[str, Mapping[Any, Any]]) -> dict[str, list[str]]:
    """Owner id → the owner ids of their team, in a fixed order; without a team only themselves."""
    return {
        owner: [other for other, one in sorted(rows.items()) if one["team"] == row["team"]]
        if row["team"]
        else [owner]
        for owner, row in rows.items()
    }


def _sender(
    conn: Connection, tenant: Tenant, owner: str, row: Mapping[Any, Any], now: Business
) -> Sender:
    user = row["user_id"]
    inbox = tenant.settings.sequence_inboxes.get(owner) or row["email"]
    kept = cursors.get(conn, tenant.id, _name(user)) if user else None
    problem = None
    if kept is not None:
        code, address, at = loads(kept)
        problem = code if address == inbox and now < at + REMEMBER_MS else None
    return Sender(user, inbox, row["active"], problem)


def note_problem(
    lanes: Lanes, tenant: Tenant, sender: Sender, code: str, now: Business
) -> None:
    """The CRM would not let this person send; another inbox of theirs is tried at once."""
    assert sender.user_id is not None
    with lanes.store.write() as conn:
        value = dumps([code, sender.inbox, now])
        cursors.put(conn, tenant.id, _name(sender.user_id), value)


def _name(user_id: str) -> str:
    return f"{cursors.SENDER}{user_id}"


def find_sequence(
    lanes: Lanes, tenant: Tenant, connector: Connector, name: str, user_id: str
) -> CrmSequence | None:
    """The sequence of that id or name which a user sees; of several, their own. None: there is
    none, even now. Raises CrmError."""
    key = (tenant.id, user_id)
    book = lanes.sequences.get(key)
    fresh = book is not None and lanes.wall() - book[0] <= BOOK_MS
    if fresh and book is not None:
        found = _among(book[1], name, user_id)
        if found is not None:
            return found
    read = connector.sequences(user_id)
    lanes.sequences[key] = (lanes.wall(), read)
    return _among(read, name, user_id)


def _among(
    known: Iterable[CrmSequence], name: str, user_id: str
) -> CrmSequence | None:
    wanted = name.strip().casefold()
    same = [one for one in known if one.id == name or one.name.strip().casefold() == wanted]
    same.sort(key=lambda one: (one.id != name, one.user_id != user_id))
    return same[0] if same else None
