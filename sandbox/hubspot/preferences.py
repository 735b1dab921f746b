"""Communication preferences 2026-03, as far as they are read: definitions, statuses, opt-outs."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from sandbox.hubspot import errors
from sandbox.hubspot.batch import finished
from sandbox.hubspot.call import Answer, Call, route
from sandbox.hubspot.values import iso
from sandbox.world.preferences import NOT_SPECIFIED, UNSUBSCRIBED, Subscription

READ = "communication_preferences.read"
CHANNEL = "EMAIL"


def _channel(call: Call) -> None:
    if call.arg("channel") != CHANNEL:
        raise errors.refuse("preferences_channel", "query param channel must be EMAIL")


def _opted_out_at(call: Call, email: str) -> int | None:
    """When the owner of an address opted out of everything."""
    contact = call.account.find_unique("contacts", "email", email)
    if contact is None or contact.get("hs_email_optout") != "true":
        return None
    return contact.history["hs_email_optout"][-1].at


@route("GET", "/communication-preferences/{v}/definitions")
def definitions(call: Call) -> Answer:
    """The subscriptions of the account."""
    call.need(READ)
    made = iso(call.hub.world.clock.now())
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "description": row.description,
            "purpose": row.purpose,
            "communicationMethod": "Email",
            "isActive": True,
            "isDefault": True,
            "isInternal": False,
            "createdAt": made,
            "updatedAt": made,
        }
        for row in call.account.preferences.known.values()
    ]
    return 200, finished(call, rows)


@route("GET", "/communication-preferences/{v}/statuses/{email}")
def statuses(call: Call, email: str) -> Answer:
    """What the owner of an address chose, one entry for each subscription."""
    call.need(READ)
    _channel(call)
    address = unquote(email)
    with call.hub.world.lock:
        gone = _opted_out_at(call, address)
        rows = [
            _status(call, address, row, gone) for row in call.account.preferences.known.values()
        ]
    return 200, finished(call, rows)


def _status(call: Call, email: str, row: Subscription, gone: int | None) -> dict[str, Any]:
    choice = call.account.preferences.choice(email, row)
    status, at = (choice.status, choice.at) if choice else (NOT_SPECIFIED, 0)
    if gone is not None:
        status, at = UNSUBSCRIBED, gone
    shown: dict[str, Any] = {
        "subscriberIdString": email,
        "channel": CHANNEL,
        "subscriptionId": row.id,
        "subscriptionName": row.name,
        "status": status,
        "source": "PORTAL_WIDE" if gone is not None else "SUBSCRIPTION_STATUS",
        "timestamp": iso(at),
    }
    if choice is not None and choice.legal_basis and gone is None:
        shown["legalBasis"] = choice.legal_basis
    return shown


@route("GET", "/communication-preferences/{v}/statuses/{email}/unsubscribe-all")
def unsubscribed(call: Call, email: str) -> Answer:
    """Whether the owner of an address opted out of everything."""
    call.need(READ)
    _channel(call)
    address = unquote(email)
    gone = _opted_out_at(call, address)
    row = {
        "subscriberIdString": address,
        "channel": CHANNEL,
        "status": UNSUBSCRIBED if gone is not None else NOT_SPECIFIED,
        "wideStatusType": "PORTAL_WIDE",
        "timestamp": iso(gone or 0),
    }
    return 200, finished(call, [row])
