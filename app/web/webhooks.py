"""Webhooks in: verify, store, answer. Nothing is decided here, and nothing answered before it is
stored: an event is a hint, and the lanes read the record again before anyone acts on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from app.model.time import Wall
from app.store import calls, cursors, inbox, installations
from app.web.answers import Refusal, refuse, services
from connectors.contract import BadSignature, CrmError, Event

blueprint = Blueprint("webhooks", __name__)

DELIVERY = "delivery"
"""Cursor of the simulation's highest delivery number that is stored; no installation owns it."""


@blueprint.post("/webhooks/<crm>")
def receive(crm: str) -> Response:
    """Take up to 100 events. 204 once they are stored; 401 for what the vendor did not sign."""
    parts = services()
    wall = parts.clocks.wall()
    try:
        vendor = parts.connectors.vendor(crm)
    except KeyError:
        raise Refusal(404, "crm", f"this server is not set up for {crm!r}",
                      "Check the address registered with the vendor.") from None
    raw = request.get_data(cache=False)
    headers = cast(Mapping[str, str], request.headers)  # looks names up without regard to case
    # The vendor signs the address that was registered; what a proxy made of it is not that.
    query = request.query_string.decode("latin-1")
    url = parts.config.webhook_url(crm) + (f"?{query}" if query else "")
    try:
        vendor.verify_webhook(request.method, url, headers, raw, wall)
        events = vendor.parse_webhook(raw)
    except BadSignature as error:
        return _count(Refusal(
            401, "webhook_signature", error.message,
            f"Only {crm} may send here. Its app must be registered with exactly {url}, the secret "
            "must be the app's client secret, and this server's clock must be right to 5 minutes.",
        ), wall)
    except CrmError as error:
        return _count(Refusal(
            400, "webhook_malformed", error.message,
            "The signature is right but the body is not a list of events; it was not stored.",
        ), wall)
    stored = parts.store.write_together(
        partial(_store, crm=crm, events=events, wall=wall, delivery=_delivery())
    )
    for installation_id in stored:
        parts.connectors.heard(installation_id, wall)
        parts.runtime.poke("ingest", installation_id)
    return Response(status=204)


def _store(
    conn: Connection, crm: str, events: Sequence[Event], wall: Wall, delivery: int
) -> list[int]:
    """Store events under their installations, all in the caller's transaction."""
    found: list[int] = []
    for account, theirs in _by_account(events).items():
        installation_id = _installation(conn, crm, account)
        if installation_id is None:
            calls.refuse(conn, "webhook_unknown_account", wall, len(theirs))
            continue
        inbox.insert_events(conn, installation_id, theirs, wall)
        found.append(installation_id)
    if delivery:
        cursors.raise_to(conn, cursors.EVERYONE, DELIVERY, delivery)
    return found


def _by_account(events: Sequence[Event]) -> dict[str, Sequence[Event]]:
    if not events:
        return {}
    first = events[0].account
    if all(event.account == first for event in events):  # as good as always
        return {first: events}
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault(event.account, []).append(event)
    return dict(groups)


def _installation(conn: Connection, crm: str, account: str) -> int | None:
    """The installation of an account. Found ones are remembered: the pair never changes its id."""
    known = cast(dict[tuple[str, str], int], current_app.extensions.setdefault("accounts", {}))
    found = known.get((crm, account))
    if found is None:
        row = installations.find(conn, crm, account)
        if row is None:
            return None
        found = known[crm, account] = row["id"]
    return found


def _delivery() -> int:
    """The simulation's number of this delivery; 0 outside of one, whatever a header says."""
    if services().config.simulation is None:
        return 0
    text = request.headers.get("X-Sandbox-Delivery", "")
    return int(text) if text.isdigit() else 0


def _count(refusal: Refusal, wall: Wall) -> Response:
    with services().store.write() as conn:
        calls.refuse(conn, refusal.code, wall)
    return refuse(refusal)
