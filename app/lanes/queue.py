"""The queue of what found no place: counted, and begun oldest first as places free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.decisions.codes import Deed
from app.lanes.beginning import begin
from app.lanes.context import Lanes, Tenant
from app.lanes.ingest import read_again
from app.lanes.placed import places_of
from app.lanes.trouble import note_error
from app.model.time import DAY, Business
from app.model.vocabulary import EnrolmentState
from app.store import places, running
from connectors.contract import CrmError

_LOOKED_AT = 500
"""Enrolments of the queue that are looked at together."""

Row = Mapping[Any, Any]


def startable(lanes: Lanes, tenant: Tenant) -> list[Row]:
    """What waits and has a place now, oldest first. One rep's full day holds up nobody else's."""
    now = lanes.now()
    with lanes.store.read() as conn:
        if not running.any_in(conn, tenant.id, EnrolmentState.QUEUED):
            return []
        rows = places.queued(conn, tenant.id, _LOOKED_AT)
        taken = places_of(conn, tenant, now, queue=False) if rows else None
    found: list[Row] = []
    for row in rows:
        sequence = tenant.sequence(row["version_id"], row["definition"])
        if sequence is not None and taken is not None:
            if taken.full(sequence, row["owner_id"]) is not None:
                continue
            taken.take(sequence.key, row["owner_id"])
        found.append(row)
    return found


def drain_queue(lanes: Lanes, tenant: Tenant) -> bool:
    """Begin what has a place; what is not owed any more ends instead. True if anything did."""
    if tenant.stopped or tenant.status != "active":
        return False
    rows = startable(lanes, tenant)
    if not rows:
        return False
    try:
        read_again(lanes, tenant, rows)
    except CrmError as error:
        # Nothing is begun on what the record was once; the next drain tries again.
        note_error(lanes, tenant, error, 0)
        return False
    done = begin(lanes, tenant, rows, Deed.PLACE_FREE, lambda _: None)
    return bool(done.started or done.gone)


def next_place(lanes: Lanes, tenant: Tenant) -> Business | None:
    """When a place frees by the passing of time alone; None where nobody waits for that."""
    if tenant.settings.rep_new_per_day is None:
        return None
    now = lanes.now()
    with lanes.store.read() as conn:
        if not running.any_in(conn, tenant.id, EnrolmentState.QUEUED):
            return None
        oldest = places.next_place(conn, tenant.id, now - DAY)
    return None if oldest is None else Business(oldest + DAY)
