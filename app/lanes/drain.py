"""Drains an installation: every lane in turn until nothing is left that is due now."""

from __future__ import annotations

from collections.abc import Callable

from app.lanes.account_changes import drain_unsupported
from app.lanes.context import LEAVING, Lanes, Tenant
from app.lanes.dispatch import drain_due
from app.lanes.history import drain_history
from app.lanes.ingest import drain_inbox, drain_timers
from app.lanes.keeping import drain_figures
from app.lanes.leaving import finish_leaving
from app.lanes.natives import drain_natives
from app.lanes.queue import drain_queue, next_place, startable
from app.lanes.resolve import drain_wishes
from app.lanes.summary import drain_summaries
from app.lanes.sync import import_page
from app.lanes.upkeep import DAILY, drain_daily, drain_overdue, next_daily
from app.model.time import Business
from app.store import agenda, natives
from app.store.agenda import Look

Lane = Callable[[Lanes, Tenant], bool]

LANES: dict[str, tuple[tuple[str, Lane], ...]] = {
    "ingest": (("inbox", drain_inbox), ("timers", drain_timers)),
    "dispatch": (
        ("touches", drain_due),
        ("natives", drain_natives),
        ("wishes", drain_wishes),
        ("summaries", drain_summaries),
    ),
    "upkeep": (
        ("unsettled", drain_unsupported),
        ("queue", drain_queue),
        ("overdue", drain_overdue),
        ("day", drain_daily),
        ("history", drain_history),
        ("figures", drain_figures),
    ),
}
"""Lane → its drains in order, each with the kind of work that it does. What has happened is taken
in before anything is carried out, so that a stop that arrived in time is never overtaken by the
touch it stops."""

_ORDER = tuple(step for lane in LANES.values() for step in lane)


def drain(lanes: Lanes, installation_id: int, rounds: int = 10_000) -> bool:
    """Work until nothing is due, at most `rounds` batches. True if anything was done.

    After each batch it starts over with the inbox: events outrank everything else.
    """
    worked = False
    for _ in range(rounds):
        found = look(lanes, installation_id)
        tenant = lanes.tenant(installation_id, found)
        if tenant.status == "importing":
            return import_page(lanes, tenant) or worked
        if tenant.status != "active":
            return worked
        due = [step for name, step in _ORDER if _is_due(lanes, tenant, found, name)]
        if not any(step(lanes, tenant) for step in due) and not (
            tenant.leaving and finish_leaving(lanes, tenant)
        ):
            return worked
        worked = True
    return worked


def look(lanes: Lanes, installation_id: int) -> Look:
    """What an installation has to do now. Raises LookupError where there is no such one."""
    with lanes.store.read() as conn:
        found = agenda.look(conn, installation_id, lanes.now(), lanes.wall(), DAILY)
    if found is None:
        raise LookupError(f"installation {installation_id} does not exist")
    return found


def has_work(lanes: Lanes, installation_id: int) -> bool:
    """Whether `drain` would find anything to do now."""
    found = look(lanes, installation_id)
    if found.status != "active":
        return found.status in ("importing", LEAVING)
    tenant = lanes.tenant(installation_id, found)
    others = ("day", "unsettled", "queue")
    return found.anything or any(_is_due(lanes, tenant, found, name) for name in others)


def _is_due(lanes: Lanes, tenant: Tenant, found: Look, name: str) -> bool:
    if name == "day":
        return found.day < tenant.calendars.day_start(lanes.now())
    if name == "queue":
        # A limit that was lifted leaves a queue behind, which the change itself makes due.
        limited = tenant.limits_places or not lanes.is_settled(tenant)
        return limited and not tenant.stopped and bool(startable(lanes, tenant))
    if name == "unsettled":
        return not lanes.is_settled(tenant)
    return bool(getattr(found, name))


def outstanding(lanes: Lanes, installation_id: int) -> bool:
    """Whether anything is due, claimed or waiting for a retry: work not yet drained up to now."""
    tenant = lanes.tenant(installation_id)
    if tenant.status == "importing":
        return True
    if tenant.status != "active":
        return False
    with lanes.store.read() as conn:
        ahead = agenda.horizon(conn, tenant.id)
        held = tenant.leaving and natives.held(conn, tenant.id)
    # Who leaves has something to do until they have left, but may wait for a later instant.
    at_once = tenant.leaving and ahead.summaries is None and not held
    return at_once or ahead.outstanding(lanes.now(), tenant.stopped)


def next_due(lanes: Lanes, installation_id: int) -> Business | None:
    """The next business instant at which this installation has anything to do."""
    tenant = lanes.tenant(installation_id)
    if tenant.status != "active":
        return None
    with lanes.store.read() as conn:
        ahead = agenda.horizon(conn, tenant.id)
    found = [ahead.next(tenant.stopped), next_daily(lanes, tenant), next_place(lanes, tenant)]
    return min((Business(at) for at in found if at is not None), default=None)
