"""Quotes of the CRM on their way in: what is read with them, and since when they are read.

A scope or an object that an account does not have costs it quotes and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.lanes.context import Lanes, Tenant
from app.lanes.events import extend
from app.lanes.reading import Plan, Readings, fetch
from app.model.time import Business
from app.store import cursors, mirror
from connectors.contract import Event

TIMER = "quote:"
"""Prefix of the timer that looks at a quote when it will have expired; the CRM's id follows."""

BEGUN = "quotes:begun"
"""Cursor: since when the account's quotes are read."""


def begun(conn: Connection, installation_id: int) -> int | None:
    """Since when the account's quotes are read; None while they are not."""
    value = cursors.get(conn, installation_id, BEGUN)
    return None if value is None else int(value)


def fetch_quoted(lanes: Lanes, tenant: Tenant, plan: Plan, readings: Readings) -> None:
    """Read the deals of quotes that are not known or were not read just now. Quotes that a reading
    did not find come as gone; those whose deals are hidden are refused as these are."""
    asked = plan.reads.get(("quote", True), set())
    quotes = readings.of("quote")
    if not asked:
        return
    absent = asked - {one.id for one in quotes}
    now = lanes.now()
    readings.gone.extend(
        ("quote", id, now) for id in sorted(absent) if ("quote", id) not in readings.refused
    )
    deals = {deal for one in quotes for deal in (one.associations or {}).get("deal", ())}
    deals -= {record.id for record in readings.of("deal")}
    if not deals:
        return
    with lanes.store.read() as conn:
        known = mirror.by_crm_id(conn, tenant.id, "deal", deals)
    stale = set(tenant.fresh.stale("deal", list(known)))
    reads = {("deal", True): deals - known.keys(), ("deal", False): stale}
    wanted = {key: ids for key, ids in reads.items() if ids}
    found = fetch(lanes, tenant, wanted, partly=True)
    extend(readings, found)
    readings.refused |= found.refused
    hidden = {
        one.id: error
        for one in quotes
        for deal in (one.associations or {}).get("deal", ())
        if (error := found.refused.get(("deal", deal))) is not None
    }
    if hidden:
        # Nobody may decide on a deal unread.
        readings.refused |= {("quote", id): error for id, error in hidden.items()}
        readings.records["quote"] = [one for one in quotes if one.id not in hidden]


def quote_hint(data: Mapping[str, Any], due_at: int) -> Event:
    """What a timer that is due asks to be read: a quote that may have expired. It names no change,
    so no reading can be too early for it."""
    at, id = Business(data["seen"]), str(data["quote"])
    return Event("changed", "quote", id, at, dedupe=f"due:quote:{id}:{due_at}")
