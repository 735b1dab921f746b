"""The sync lane: the first import by listing, and the reconcile that makes webhooks only faster."""

from __future__ import annotations

from collections.abc import Sequence

from app.lanes import history
from app.lanes.commit import store_findings
from app.lanes.context import Lanes, Tenant
from app.lanes.loading import load_snapshot, place
from app.lanes.observe import Observer
from app.lanes.quoting import DONE, UNREADABLE, begin, end, forget, reads_quotes, with_quotes
from app.lanes.reading import Readings, not_shown_yet
from app.lanes.trouble import note_error
from app.model.time import MINUTE, Business
from app.signals.tasks import WATCHED
from app.store import audit, cursors, inbox, installations, mirror, standing
from app.store.sets import dumps
from connectors.config import LEADS_BESIDE
from connectors.contract import (
    SEVERAL,
    Connector,
    CrmError,
    CrmRecord,
    Event,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    ObjectType,
    Page,
)

OVERLAP_MS = 5 * MINUTE
"""Pages of what changed begin this long before the last watermark: indexes lag behind writes."""

_IMPORTED: tuple[ObjectType, ...] = ("contact", "deal")
RECONCILED: tuple[ObjectType, ...] = ("deal", "contact", "task", "email", "meeting", "call")
"""Types of records that every CRM has and whose changes are listed."""
_DAY = "reconcile:day"
_LOST = "reconcile:lost"


def import_page(lanes: Lanes, tenant: Tenant) -> bool:
    """Import one page of contacts, then of deals; the installation turns active after the last.
    Quotes come then, where the account lets us read them.

    An import is a baseline: it remembers where everything stands and signals nothing. Where it was
    made before, an installation that was connected again catches up instead.
    """
    with lanes.store.read() as conn:
        places: list[tuple[ObjectType, str | None]] = [
            (type, cursors.get(conn, tenant.id, f"import:{type}")) for type in _IMPORTED
        ]
    left: list[tuple[ObjectType, str | None]] = [row for row in places if row[1] != DONE]
    if not left:
        return _catch_up(lanes, tenant)
    type, after = left[0]
    connector = lanes.connector_for(tenant.id)
    try:
        if reads_quotes(connector):
            begin(lanes, tenant, connector)
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
    if type == _IMPORTED[-1] and page.after is None:
        _import_quotes(lanes, tenant, connector)
    return True


def _import_quotes(lanes: Lanes, tenant: Tenant, connector: Connector) -> None:
    """What a failing CRM leaves undone the next reconcile goes on with."""
    try:
        with_quotes(lanes, tenant, connector, ())
    except CrmError as error:
        note_error(lanes, tenant, error, 0)


def _catch_up(lanes: Lanes, tenant: Tenant) -> bool:
    """Connected again: queue what changed while nobody let us in; then go on as before."""
    try:
        reconcile(lanes, tenant)
    except CrmError as error:
        note_error(lanes, tenant, error, 0)
        return False
    with lanes.store.write() as conn:
        installations.change(conn, tenant.id, status="active")
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
        store_findings(conn, tenant, observer.found, now)
        cursors.put(conn, tenant.id, f"import:{type}", page.after or DONE)
        installations.add_imported(conn, tenant.id, len(page.records))
        if last:
            installations.change(conn, tenant.id, status="active")
            history.begin(conn, tenant.id)
            for name in (*RECONCILED, "lead"):
                cursors.raise_to(conn, tenant.id, f"watermark:{name}", now)


def read_again(lanes: Lanes, installation_id: int, *, quotes: bool = False) -> None:
    """Let the next reconcile read every deal and contact: what is read of them has changed. quotes:
    those as well, of which nothing that is known holds any longer."""
    with lanes.store.write() as conn:
        if quotes:
            forget(conn, installation_id)
            mirror.forget_objects(conn, installation_id, "quote")
        for type in _IMPORTED:
            cursors.put(conn, installation_id, f"watermark:{type}", "0")
        cursors.forget(conn, installation_id, _DAY)


def reconcile(lanes: Lanes, tenant: Tenant) -> int:
    """Queue a reading of everything that changed since the last time. Answers how many records.

    Deletions show in no list of changes: what our open work stands on is looked up by its ids.
    """
    connector = lanes.connector_for(tenant.id)
    now = lanes.now()
    _listen(lanes, tenant, connector)
    types = (*RECONCILED, "lead") if tenant.crm in LEADS_BESIDE else RECONCILED
    types = with_quotes(lanes, tenant, connector, types)
    found = list_changes(lanes, tenant, connector, now, types)
    return found + _look_for_gone(lanes, tenant, connector, now)


def _listen(lanes: Lanes, tenant: Tenant, connector: Connector) -> None:
    """See that the CRM goes on telling us. Before what changed is read: so nothing falls between.
    """
    try:
        dropped = connector.listen()
    except (Forbidden, Invalid, FeatureUnavailable):
        return  # the account or our address does not allow it; the doctor says so
    if dropped:
        with lanes.store.write() as conn:
            audit.write(
                conn, tenant.id, "followthrough", "subscribed_again", lanes.wall(),
                {"to": list(dropped)},
            )  # fmt: skip


def list_changes(
    lanes: Lanes,
    tenant: Tenant,
    connector: Connector,
    now: Business,
    types: Sequence[ObjectType],
    *,
    unlisted: bool = False,
) -> int:
    """Queue a reading of what changed since the last time. unlisted: without what an earlier poll
    listed just so, since polls overlap. Quotes, which come last, may be hidden meanwhile."""
    with lanes.store.read() as conn:
        marks = [cursors.number(conn, tenant.id, f"watermark:{type}") for type in types]
    begin = [Business(max(0, mark - OVERLAP_MS)) for mark in marks]
    since = dict(zip(types, begin, strict=True))
    found = 0
    listed: list[ObjectType] = []
    try:
        for type, page in connector.changes(since):
            while True:
                records = [
                    record
                    for record in page.records
                    if tenant.fresh.is_new(_list_of(type, record), record.id, record.updated_at)
                    or not unlisted
                ]
                found += queue(lanes, tenant, [_hint(type, record) for record in records])
                if page.after is None:
                    break
                page = connector.changed_since(type, since[type], page.after)
            listed.append(type)
    except UNREADABLE:
        if set(types) - {*listed} != {"quote"}:
            raise
        end(lanes, tenant)
    finally:
        # What an earlier type's list told is queued, also where a later one could not be had.
        with lanes.store.write() as conn:
            for type in listed:
                cursors.raise_to(conn, tenant.id, f"watermark:{type}", now)
    return found


def _look_for_gone(lanes: Lanes, tenant: Tenant, connector: Connector, now: Business) -> int:
    with lanes.store.read() as conn:
        wanted: dict[ObjectType, list[str]] = {
            "task": standing.open_tasks(conn, tenant.id),
            "deal": standing.deals(conn, tenant.id),
            "contact": standing.contacts(conn, tenant.id),
            "lead": standing.leads(conn, tenant.id) if tenant.crm in LEADS_BESIDE else [],
        }
        deleted = standing.deleted_contacts(conn, tenant.id)
    gone: list[Event] = []
    for type, ids in wanted.items():
        there = connector.there(type, ids, ours=type == "task")
        absent = [id for id in ids if id not in there]
        unseen = not_shown_yet(connector, tenant, type, absent)
        gone.extend(_gone("deleted", type, id, now) for id in absent if id not in unseen)
        if type == "contact":
            gone.extend(_erased(connector, [*deleted, *absent], now))
    return queue(lanes, tenant, gone)


def _erased(connector: Connector, ids: Sequence[str], now: Business) -> list[Event]:
    """People who are not even in the CRM's recycle bin: it forgot them for good, on request or
    because the time to restore them is over, and so do we.

    An id that leads to another record was merged, whatever that record says of it; each is asked
    for alone before anything is erased, which nothing could bring back.
    """
    binned = {record.id for record in connector.read("contact", ids, archived=True)}
    return [
        _gone("erased", "contact", id, now)
        for id in ids
        if id not in binned and not connector.read("contact", [id])
    ]


def _gone(kind: str, type: ObjectType, id: str, now: Business) -> Event:
    return Event(kind=kind, object_type=type, object_id=id, at=now, dedupe=f"{kind}:{type}:{id}")


def queue(lanes: Lanes, tenant: Tenant, hints: Sequence[Event]) -> int:
    """Queue hints at what to read, as if webhooks had told of it. Answers how many."""
    if hints:
        with lanes.store.write() as conn:
            inbox.insert_events(conn, tenant.id, hints, lanes.wall())
    return len(hints)


def _list_of(type: ObjectType, record: CrmRecord) -> str:
    """The list that a record came in: its own, or that of whose people changed."""
    return f"{type}:people" if record.associations is not None else type


def _hint(type: ObjectType, record: CrmRecord) -> Event:
    """A task comes with what was read of it: where that is all known, it is not read again. A deal
    that comes with its people is listed because they changed."""
    known = {name: record.fields[name] for name in WATCHED if name in record.fields}
    told = type == "task" and not record.archived
    linked = record.associations is not None
    return Event(
        kind="deleted" if record.archived else "associated" if linked else "changed",
        object_type=type,
        object_id=record.id,
        at=record.updated_at,
        field=SEVERAL if told else None,
        value=dumps(known) if told else None,
        dedupe=f"poll:{type}:{record.id}:{record.updated_at}{':people' if linked else ''}",
    )


def reconcile_daily(lanes: Lanes, tenant: Tenant, lost: int) -> bool:
    """In a simulation: reconcile once a local day, skipped while no delivery was lost and nothing
    rests on what no webhook tells of.

    lost: how many deliveries never reached us, ever. True: there is work to drain, or the CRM
    failed and it is to be tried again.
    """
    today = tenant.calendars.day_start(lanes.now())
    with lanes.store.read() as conn:
        if cursors.number(conn, tenant.id, _DAY) >= today:
            return False
        seen = cursors.number(conn, tenant.id, _LOST)
    found = 0
    if lost != seen or tenant.polls:
        try:
            found = reconcile(lanes, tenant)
        except CrmError as error:
            note_error(lanes, tenant, error, 0)
            return True
    with lanes.store.write() as conn:
        cursors.raise_to(conn, tenant.id, _DAY, today)
        cursors.put(conn, tenant.id, _LOST, str(lost))
    return found > 0


def next_reconcile(lanes: Lanes, tenant: Tenant, lost: int) -> Business | None:
    """When the next daily reconcile is due; None while there is nothing that it could find."""
    if not tenant.polls:
        with lanes.store.read() as conn:
            if cursors.number(conn, tenant.id, _LOST) == lost:
                return None
    return tenant.calendars.next_day_start(lanes.now())
