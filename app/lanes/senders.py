"""Whose seat and inbox an enrolment takes, and which of the CRM's sequences that person sees.

The CRM lists neither seats nor connected inboxes: both are learnt when it refuses. A refusal is
remembered for an hour, so that a rep without a seat costs one failed call and not one a contact.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.lanes.context import Lanes, Tenant
from app.model.native import Sender
from app.model.time import HOUR, MINUTE, Business
from app.store import cursors, people
from app.store.sets import dumps, loads
from connectors.contract import Connector, CrmSequence

REMEMBER_MS = HOUR
BOOK_MS = 15 * MINUTE
"""Sequences read this recently are not read again (wall ms), unless one is missing among them."""


def senders_of(
    lanes: Lanes, tenant: Tenant, owner_ids: Iterable[str | None], now: Business
) -> dict[str, Sender]:
    """owner id → sender; "" for a record without an owner."""
    wanted = {owner for owner in owner_ids if owner}
    nobody = Sender(None, "", active=False)
    found = {"": nobody, **dict.fromkeys(wanted, nobody)}
    with lanes.store.read() as conn:
        for owner, row in people.read(conn, tenant.id, sorted(wanted)).items():
            user = row["user_id"]
            inbox = tenant.settings.sequence_inboxes.get(owner) or row["email"]
            kept = cursors.get(conn, tenant.id, _name(user)) if user else None
            problem = None
            if kept is not None:
                code, address, at = loads(kept)
                problem = code if address == inbox and now < at + REMEMBER_MS else None
            found[owner] = Sender(user, inbox, row["active"], problem)
    return found


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
