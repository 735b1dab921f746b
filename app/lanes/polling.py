"""CRMs that send no webhooks: asked for changes every few minutes, and before anything is done. And
those whose webhooks do not tell of mail: asked for it now and then."""

from __future__ import annotations

from app.installations.registry import POLLED
from app.lanes.context import Lanes, Tenant
from app.lanes.ingest import drain_inbox
from app.lanes.quoting import with_quotes
from app.lanes.sync import OVERLAP_MS, RECONCILED, list_changes, queue
from app.lanes.trouble import note_error
from app.model.time import SECOND, Business
from app.store import cursors, standing
from connectors.config import MAIL_UNTOLD, SILENT
from connectors.contract import Connector, CrmError, Event, ObjectType

_MAIL: tuple[ObjectType, ...] = ("email",)
_ASKED = "poll"
"""As which a poll is noted among what was read just now."""


def poll(lanes: Lanes, tenant: Tenant) -> int:
    """As `reconcile` for a CRM that sends no webhooks, whose lists of changes do show deletions;
    for mail alone where that is all that is not told. Nothing is looked up by id, so it may be done
    every few minutes."""
    now = lanes.now()
    connector = lanes.connector_for(tenant.id)
    if tenant.crm in SILENT:
        types = with_quotes(lanes, tenant, connector, RECONCILED)
        found = list_changes(lanes, tenant, connector, now, types, unlisted=True)
    else:
        found = list_changes(lanes, tenant, connector, now, _MAIL, unlisted=True)
        found += _wrote(lanes, tenant, connector)
    with lanes.store.write() as conn:
        cursors.raise_to(conn, tenant.id, POLLED, now)
    tenant.fresh.note(_ASKED, [""])
    return found


def _wrote(lanes: Lanes, tenant: Tenant, connector: Connector) -> int:
    """Queue a reading of inquirers who wrote; what is written on deals comes with their mails. Only
    of those for whom something runs, so that it stays cheap."""
    with lanes.store.read() as conn:
        ids = standing.inquirers(conn, tenant.id)
        last = cursors.number(conn, tenant.id, POLLED)
    found: list[Event] = []
    for person in connector.read("contact", ids) if ids else ():
        at = person.fields.get("last_reply_at")
        if at is not None and at >= last - OVERLAP_MS:
            # A mail need not change the person's record, so it is told by the mail's own time.
            key = f"wrote:{person.id}:{at}"
            found.append(Event("changed", "contact", person.id, Business(at), dedupe=key))
    return queue(lanes, tenant, found)


def poll_if_due(lanes: Lanes, tenant: Tenant) -> bool:
    """Poll where the CRM does not tell everything and the last poll is long enough ago. True: there
    is work to drain, or the CRM failed and it is to be tried again."""
    due = asks_at(lanes, tenant)
    if due is None or tenant.status != "active" or lanes.now() < due:
        return False
    try:
        return poll(lanes, tenant) > 0
    except CrmError as error:
        note_error(lanes, tenant, error, 0)
        return True


def next_poll(lanes: Lanes, tenant: Tenant) -> Business | None:
    """In a simulation: when the next poll is due; None while no time has passed since the last, in
    which nothing can have happened."""
    due = asks_at(lanes, tenant)
    waited = due is not None and lanes.now() > due - _every(tenant)
    return due if waited else None


def asks_at(lanes: Lanes, tenant: Tenant) -> Business | None:
    """From when on a poll is due; None where the CRM tells of changes itself."""
    every = _every(tenant)
    if not every:
        return None
    with lanes.store.read() as conn:
        last = cursors.number(conn, tenant.id, POLLED)
    return Business(last + every)


def _every(tenant: Tenant) -> int:
    """How long from one poll to the next (ms); 0: there are none."""
    if tenant.crm in SILENT:
        return tenant.settings.poll_seconds * SECOND
    return tenant.settings.mail_poll_seconds * SECOND if tenant.crm in MAIL_UNTOLD else 0


def hear_first(lanes: Lanes, tenant: Tenant) -> None:
    """Before anything is done in such a CRM: take in what happened there, unless it was asked just
    now. A reply shows on no record that is read again anyway. Raises CrmError."""
    if tenant.crm not in SILENT or not tenant.fresh.stale(_ASKED, [""]):
        return
    poll(lanes, tenant)
    while drain_inbox(lanes, tenant):
        pass
