"""Ids of the world and of the API, for whoever conducts a run and talks to both."""

from __future__ import annotations

from sandbox.salesforce import ids
from sandbox.salesforce.tables import KINDS
from sandbox.world.account import Account
from sandbox.world.traces import LEAD_STATUS, Traces

_SOBJECTS = {
    "owners": "User",
    **{kind: name for name, kinds in reversed(KINDS.items()) for kind in kinds},
    "contacts": "Contact",
    "emails": "EmailMessage",
}


def outer_id(account: Account, kind: str, record_id: str) -> str:
    """How the API names a record of the world, or an owner; others keep their name."""
    name = _SOBJECTS.get(kind)
    if name is None or not record_id.isdigit():
        return record_id
    traces = Traces.of(account)
    person = account.find("contacts", record_id) if kind == "contacts" else None
    if person is not None and person.get(LEAD_STATUS) and person.id not in traces.converted:
        name = "Lead"
    return ids.make(name, int(record_id))


def inner_id(outer: str) -> str:
    """The world's id of what the API names so; anything else stays as it is."""
    try:
        prefix, number, _ = ids.read(outer)
    except ids.NoId:
        return outer
    return str(number) if prefix in ids.OBJECT_OF else outer
