"""What was done before the connection: mails, calls and meetings of the last months, page by page.

It signals nothing and starts nothing: it is the ground of the figures, which could not say without
it where momentum was lost before. The main job does not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from sqlalchemy import Connection

from app.lanes.context import Lanes, Tenant
from app.lanes.sampling import sample_texts
from app.lanes.trouble import note_error
from app.model.activities import Activity
from app.model.time import DAY, Business
from app.signals.activities import activities_of, activity_rows
from app.store import activities, cursors, mirror
from app.store.sets import dumps, loads
from connectors.contract import (
    CrmError,
    CrmRecord,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    ObjectType,
)

HISTORY_DAYS = 120
"""Long enough for 90 days of figures and for the stage stays that reach into them."""

_TYPES: tuple[ObjectType, ...] = ("email", "call", "meeting")
_BEGAN = "history:began"
_FAILED = "history:failed"
"""Cursor: JSON [how often the next page could not be read, when to try again (wall)]."""


def begin(conn: Connection, inst: int) -> None:
    """The past is to be read; done again, it finds what it found."""
    cursors.put(conn, inst, activities.HISTORY, "")


def drain_history(lanes: Lanes, tenant: Tenant) -> bool:
    """Read one page. True if there was one and it could be read."""
    with lanes.store.read() as conn:
        mark = cursors.get(conn, tenant.id, activities.HISTORY)
        began = cursors.number(conn, tenant.id, _BEGAN) or lanes.now()
        failed, retry = loads(cursors.get(conn, tenant.id, _FAILED) or "[0, 0]")
    if mark is None or lanes.wall() < retry:
        return False
    type, _, after = (mark or f"{_TYPES[0]}:").partition(":")
    number = [*map(str, _TYPES)].index(type)
    since = Business(max(0, began - HISTORY_DAYS * DAY))
    connector = lanes.connector_for(tenant.id)
    try:
        page = connector.changed_since(_TYPES[number], since, after or None)
        ids = [record.id for record in page.records]
        found = (
            connector.read(_TYPES[number], ids, associations=("contact", "deal")) if ids else []
        )
    except (Forbidden, FeatureUnavailable, Invalid, NotFound):
        # The account or the grant shows none of these, and will not at the next try either.
        _store(lanes, tenant, (), began, _next(number, None))
        sample_texts(lanes, tenant)
        return True
    except CrmError as error:
        again = note_error(lanes, tenant, error, failed)
        with lanes.store.write() as conn:
            cursors.put(conn, tenant.id, _FAILED, dumps([failed + 1, again]))
        return False
    _store(lanes, tenant, found, began, _next(number, page.after))
    sample_texts(lanes, tenant)
    return True


def _next(number: int, after: str | None) -> str | None:
    """Where the next page begins; None where there is none."""
    if after is not None:
        return f"{_TYPES[number]}:{after}"
    return f"{_TYPES[number + 1]}:" if number + 1 < len(_TYPES) else None


def _store(
    lanes: Lanes, tenant: Tenant, records: Sequence[CrmRecord], began: Business | int,
    mark: str | None,
) -> None:  # fmt: skip
    rows = activity_rows(_about(lanes, tenant, records))
    with lanes.store.write() as conn:
        activities.note(conn, tenant.id, rows)
        cursors.forget(conn, tenant.id, _FAILED)
        if mark is None:
            cursors.forget(conn, tenant.id, activities.HISTORY)
            cursors.forget(conn, tenant.id, _BEGAN)
        else:
            cursors.put(conn, tenant.id, activities.HISTORY, mark)
            cursors.put(conn, tenant.id, _BEGAN, str(began))
        if cursors.get(conn, tenant.id, activities.CONNECTED) is None:
            cursors.put(conn, tenant.id, activities.CONNECTED, str(began))


def _about(
    lanes: Lanes, tenant: Tenant, records: Sequence[CrmRecord]
) -> list[tuple[int, Activity]]:
    """Each activity with each subject that it is about, by its deals and its people."""
    deals = {id for one in records for id in (one.associations or {}).get("deal", ())}
    people = {id for one in records for id in (one.associations or {}).get("contact", ())}
    with lanes.store.read() as conn:
        of_deal = mirror.by_crm_id(conn, tenant.id, "deal", deals)
        own = mirror.by_crm_id(conn, tenant.id, "contact", people)
        of_person = mirror.subjects_of_contacts(conn, tenant.id, people)
    found: list[tuple[int, Activity]] = []
    for record in records:
        done = activities_of(record)
        linked = record.associations or {}
        about = {of_deal[id]["id"] for id in linked.get("deal", ()) if id in of_deal}
        for contact in linked.get("contact", ()):
            about.update(of_person.get(contact, ()))
            if contact in own:
                about.add(own[contact]["id"])
        found.extend(product(sorted(about), done))
    return found
