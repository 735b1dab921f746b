"""A privacy deletion: the person is erased in the transaction that ends what was for them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from app.decisions.codes import Deed
from app.lanes.context import Tenant
from app.model.decisions import Explanation
from app.model.time import Business, Wall
from app.store import aliases, audit, erasure, ledger


def forget(
    conn: Connection, tenant: Tenant, ids: Collection[str], now: Business, wall: Wall
) -> None:
    """Erase contacts, and whatever was merged into them, everywhere."""
    every = set(ids)
    for id in ids:
        every.update(aliases.former(conn, tenant.id, "contact", id))
    about = erasure.erase(conn, tenant.id, every, now)
    lines = [
        Explanation(subject, "record", "erased", Deed.ERASED, now, True, {}) for subject in about
    ]
    ledger.write(conn, tenant.id, lines)
    what = {"contacts": sorted(every), "records": len(about)}
    audit.write(conn, tenant.id, "the CRM", "contact_erased", wall, what)
