"""Drains an installation: every lane in turn until nothing is left that is due now."""

from __future__ import annotations

from collections.abc import Callable

from app.lanes.context import Lanes, Tenant
from app.lanes.dispatch import drain_due
from app.lanes.ingest import drain_inbox, drain_timers
from app.lanes.resolve import drain_wishes
from app.lanes.summary import drain_summaries
from app.lanes.sync import import_page
from app.lanes.upkeep import drain_daily, drain_overdue, next_daily
from app.model.time import Business
from app.store import inbox, mirror, timers, work

Lane = Callable[[Lanes, Tenant], bool]

LANES: dict[str, tuple[Lane, ...]] = {
    "ingest": (drain_inbox, drain_timers),
    "dispatch": (drain_due, drain_wishes, drain_summaries),
    "upkeep": (drain_overdue, drain_daily),
}
"""Lane → its drains in order. What has happened is taken in before anything is carried out, so
that a stop that arrived in time is never overtaken by the touch it stops."""

_ORDER = tuple(step for lane in LANES.values() for step in lane)


def drain(lanes: Lanes, installation_id: int, rounds: int = 10_000) -> bool:
    """Work until nothing is due, at most `rounds` batches. True if anything was done.

    After each batch it starts over with the inbox: events outrank everything else.
    """
    tenant = lanes.tenant(installation_id)
    if tenant.status == "importing":
        return import_page(lanes, tenant)
    if tenant.status != "active":
        return False
    worked = False
    for _ in range(rounds):
        if not any(step(lanes, tenant) for step in _ORDER):
            return worked
        worked = True
        tenant = lanes.tenant(installation_id)
        if tenant.status != "active":
            return worked
    return worked


def outstanding(lanes: Lanes, installation_id: int) -> bool:
    """Whether anything is due, claimed or waiting for a retry: work not yet drained up to now."""
    tenant, now = lanes.tenant(installation_id), lanes.now()
    if tenant.status == "importing":
        return True
    if tenant.status != "active":
        return False
    with lanes.store.read() as conn:
        if inbox.depth(conn, tenant.id) > 0:
            return True
        due = timers.next_due(conn, tenant.id)
        if due is not None and due <= now:
            return True
        if tenant.stopped:
            return False
        if work.outstanding(conn, tenant.id, now) > 0:
            return True
        summary = mirror.next_summary(conn, tenant.id)
        return summary is not None and summary <= now


def next_due(lanes: Lanes, installation_id: int) -> Business | None:
    """The next business instant at which this installation has anything to do."""
    tenant = lanes.tenant(installation_id)
    if tenant.status != "active":
        return None
    with lanes.store.read() as conn:
        found = [timers.next_due(conn, tenant.id)]
        if not tenant.stopped:
            found += [work.next_due(conn, tenant.id), mirror.next_summary(conn, tenant.id)]
    found.append(next_daily(lanes, tenant))
    return min((Business(at) for at in found if at is not None), default=None)
