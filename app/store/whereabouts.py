"""What contacts' companies say of where they are."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from app.store import sets
from app.store.tables import contacts


def note_companies(
    conn: Connection, inst: int, found: Mapping[str, tuple[str | None, str | None]], at: int
) -> None:
    """contact id → zones by their company and what of it says so; None: it says nothing."""
    rows = [
        {"installation_id": inst, "crm_id": contact, "company_zones": zones, "company_by": by,
         "company_read_at": at}
        for contact, (zones, by) in found.items()
    ]  # fmt: skip
    columns = ("company_zones", "company_by", "company_read_at")
    sets.upsert(conn, contacts, rows, ("installation_id", "crm_id"), columns)
