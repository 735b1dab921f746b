"""The sync lane: the first import by listing, and the reconcile that makes webhooks only faster."""

from __future__ import annotations

from app.lanes.commit import store_findings
from app.lanes.context import Lanes, Tenant
from app.lanes.ingest import Readings, load_snapshot, place
from app.lanes.observe import Observer
from app.lanes.trouble import note_error
from app.model.time import HOUR, MINUTE, Business, Wall
from app.store import cursors, inbox, installations
from connectors.contract import CrmError, CrmRecord, Event, ObjectType, Page

RECONCILE_MS = HOUR
OVERLAP_MS = 5 * MINUTE
"""Pages of what changed begin this long before the last watermark: indexes lag behind writes."""

_IMPORTED: tuple[ObjectType, ...] = ("contact", "deal")
_RECONCILED: tuple[ObjectType, ...] = ("deal", "contact", "task", "email", "meeting", "call")
_DONE = "done"


def import_page(lanes: Lanes, tenant: Tenant) -> bool:
    """Import one page of contacts, then of deals; the installation turns active after the last.

    An import is a baseline: it remembers where everything stands and signals nothing.
    """
    with lanes.store.read() as conn:
        places = [(type, cursors.get(conn, tenant.id, f"import:{type}")) for type in _IMPORTED]
    left = [(type, after) for type, after in places if after != _DONE]
    if not left:
        return False
    type, after = left[0]
    connector = lanes.connector_for(tenant.id)
    try:
        page = connector.page(
            type,
            after,
            history=type == "deal",
            associations=("contact",) if type == "deal" else (),
        )
    except CrmError as error:
        note_error(lanes, tenant, error, 0)
        return False
    _store_page(lanes, tenant, type, page)
    return True


def _store_page(lanes: Lanes, tenant: Tenant, type: ObjectType, page: Page) -> None:
    now = lanes.now()
    readings = Readings({type: page.records})
    if type == "deal":
        place(lanes, tenant, readings)
    with lanes.store.read() as conn:
        snapshot, known = load_snapshot(conn, tenant, readings, (), now)
    observer = Observer(tenant, snapshot, now)
    if type == "contact":
        observer.contacts(page.records, baseline=True)
    else:
        observer.deals(page.records, known, baseline=True)
    last = type == _IMPORTED[-1] and page.after is None
    with lanes.store.write() as conn:
        store_findings(conn, tenant, observer.found)
        cursors.put(conn, tenant.id, f"import:{type}", page.after or _DONE)
        installations.add_imported(conn, tenant.id, len(page.records))
        if last:
            installations.change(conn, tenant.id, status="active")
            for name in _RECONCILED:
                cursors.raise_to(conn, tenant.id, f"watermark:{name}", now)


def reconcile(lanes: Lanes, tenant: Tenant) -> int:
    """Queue a reading of everything that changed since the last time. Answers how many records."""
    connector = lanes.connector_for(tenant.id)
    now = lanes.now()
    found = 0
    for type in _RECONCILED:
        with lanes.store.read() as conn:
            watermark = cursors.number(conn, tenant.id, f"watermark:{type}")
        after: str | None = None
        while True:
            page = connector.changed_since(
                type, Business(max(0, watermark - OVERLAP_MS)), after
            )
            hints = [_hint(type, record) for record in page.records]
            with lanes.store.write() as conn:
                inbox.insert_events(conn, tenant.id, hints, lanes.wall())
            found += len(hints)
            after = page.after
            if after is None:
                break
        with lanes.store.write() as conn:
            cursors.raise_to(conn, tenant.id, f"watermark:{type}", now)
    return found


def _hint(type: ObjectType, record: CrmRecord) -> Event:
    return Event(
        kind="changed",
        object_type=type,
        object_id=record.id,
        at=record.updated_at,
        dedupe=f"poll:{type}:{record.id}:{record.updated_at}",
    )


def reconcile_due(lanes: Lanes, tenant: Tenant, last: Wall) -> bool:
    """Hourly by the wall; a simulation conducts its own."""
    return not lanes.simulated and lanes.wall() - last >= RECONCILE_MS
