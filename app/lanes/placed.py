"""Which places are taken among the sequences that may run at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.decisions.places import Places
from app.lanes.context import Tenant
from app.model.time import DAY, Business
from app.model.vocabulary import EnrolmentState
from app.store import places as store


def places_of(
    conn: Connection, tenant: Tenant, now: Business, *, queue: bool = True
) -> Places | None:
    """What is taken now; None where the installation limits nothing. queue: the queue counts."""
    if not tenant.limits_places:
        return None
    settings = tenant.settings
    places = Places(settings.rep_active, settings.rep_new_per_day, settings.default_owner)
    for owner, key, acts, new in store.occupied(conn, tenant.id, now - DAY, queue=queue):
        places.take(key, owner, active=acts, new=new)
    return places


def note(places: Places | None, row: Mapping[Any, Any], owner: str | None) -> None:
    """An enrolment just decided has its place, or is next for one."""
    taken = (EnrolmentState.ACTIVE.value, EnrolmentState.QUEUED.value)
    if places is not None and not row["is_firing"] and row["state"] in taken:
        places.take(row["definition"], owner)
