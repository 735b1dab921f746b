"""Beginning to read the quotes of an account: when it is imported, or when it first lets us.

What stands there is remembered, for nobody knows what of it was followed up already; from then on
quotes are listed with everything else that changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app.lanes.context import Lanes, Tenant
from app.lanes.ingest import take_in
from app.lanes.quotes import BEGUN
from app.lanes.reading import Readings
from app.model.events import QUOTED
from app.store import cursors
from app.store.events import TELLS
from connectors.contract import (
    QUOTE_DENIED,
    QUOTES,
    Connector,
    FeatureUnavailable,
    Forbidden,
    NotFound,
    ObjectType,
)

PLACE = "import:quote"
"""Cursor: how far the quotes that stood there are read, or `DONE`."""

DONE = "done"

UNREADABLE = (Forbidden, NotFound, FeatureUnavailable)
"""By what a CRM says that it does not let us see quotes, whatever was granted once."""


def reads_quotes(connector: Connector) -> bool:
    """Whether the account lets us read quotes."""
    return any(one.name == QUOTES and one.available for one in connector.capabilities())


def begin(lanes: Lanes, tenant: Tenant, connector: Connector) -> None:
    """Note since when the account's quotes are read, and which events they can tell of."""
    with lanes.store.read() as conn:
        if cursors.get(conn, tenant.id, BEGUN) is not None:
            return
    denied = any(one.name == QUOTE_DENIED and one.available for one in connector.capabilities())
    tells = [name for name in QUOTED if denied or name != "quote_rejected"]
    with lanes.store.write() as conn:
        cursors.put(conn, tenant.id, BEGUN, str(lanes.now()))
        cursors.put(conn, tenant.id, TELLS, " ".join(tells))
        cursors.raise_to(conn, tenant.id, "watermark:quote", lanes.now())


def end(lanes: Lanes, tenant: Tenant) -> None:
    """The account does not let us read quotes, or no longer: they begin anew once it does."""
    with lanes.store.write() as conn:
        forget(conn, tenant.id)


def forget(conn: Connection, installation_id: int) -> None:
    """Let quotes begin anew."""
    for name in (PLACE, BEGUN, TELLS):
        cursors.forget(conn, installation_id, name)


def with_quotes(
    lanes: Lanes, tenant: Tenant, connector: Connector, types: Sequence[ObjectType]
) -> tuple[ObjectType, ...]:
    """The types of records to list, quotes last among them where the account lets us read them;
    those that stand there are read first. Raises what the connector raises."""
    with lanes.store.read() as conn:
        place, since = cursors.get(conn, tenant.id, PLACE), cursors.get(conn, tenant.id, BEGUN)
    if not reads_quotes(connector):
        if since is not None:
            end(lanes, tenant)
        return tuple(types)
    begin(lanes, tenant, connector)
    while place != DONE:
        try:
            page = connector.page("quote", place, history=True, associations=("deal", "contact"))
        except UNREADABLE:
            end(lanes, tenant)
            return tuple(types)
        take_in(lanes, tenant, Readings({"quote": page.records}))
        place = page.after or DONE
        with lanes.store.write() as conn:
            cursors.put(conn, tenant.id, PLACE, place)
    return (*types, "quote")
