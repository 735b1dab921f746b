"""What was done before the connection: mails, calls, meetings and tasks of the last months, page by
page.

It signals nothing and starts nothing: it is the ground of the figures, which could not say without
it where momentum was lost before, and of backtests. The main job does not wait for it, and its
calls give way to all others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product

from sqlalchemy import Connection

from app.lanes.context import Lanes, Tenant
from app.lanes.sampling import sample_texts
from app.lanes.trouble import note_error
from app.model.activities import Activity, PersonAct
from app.model.time import DAY, Business
from app.signals.activities import activities_of, activity_rows, done_with
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
"""Long enough for 90 days of figures, for the stage stays that reach into them, and for the month
before a backtest's 90 days that caps look at."""

MOST_DAYS = 730
"""A backtest over longer ago does with what is known of the last two years."""

_TYPES: tuple[ObjectType, ...] = ("email", "call", "meeting", "task")
_BEGAN = "history:began"
_FAILED = "history:failed"
"""Cursor: JSON [how often the next page could not be read, when to try again (wall)]."""


def begin(conn: Connection, inst: int) -> None:
    """The past is to be read; done again, it finds what it found."""
    cursors.put(conn, inst, activities.HISTORY, "")


def reach(lanes: Lanes, inst: int, since: Business) -> tuple[int | None, bool]:
    """From when on the past is known (None: nothing of it is yet), and whether more is being read.

    Where it is known from later on than `since`, the rest is read from now on, once: the next to
    ask for as much finds it.
    """
    wanted = max(since, lanes.now() - MOST_DAYS * DAY, 1)
    with lanes.store.read() as conn:
        known, open_ = activities.known_since(conn, inst), activities.past_open(conn, inst)
    if known is None or open_ or known <= wanted:
        return known, open_
    with lanes.store.write() as conn:
        activities.want(conn, inst, wanted)
    return known, True


def drain_history(lanes: Lanes, tenant: Tenant) -> bool:
    """Read one page. True if there was one and it could be read."""
    with lanes.store.read() as conn:
        mark = cursors.get(conn, tenant.id, activities.HISTORY)
        began = Business(cursors.number(conn, tenant.id, _BEGAN) or lanes.now())
        wanted = cursors.number(conn, tenant.id, activities.WANTED)
        failed, retry = loads(cursors.get(conn, tenant.id, _FAILED) or "[0, 0]")
    if mark is None or lanes.wall() < retry:
        return False
    type, _, after = (mark or f"{_TYPES[0]}:").partition(":")
    number = [*map(str, _TYPES)].index(type)
    since = Business(wanted or max(0, began - HISTORY_DAYS * DAY))
    connector = lanes.connector_for(tenant.id).aside()
    try:
        page = connector.logged_since(_TYPES[number], since, after or None)
    except (Forbidden, FeatureUnavailable, Invalid, NotFound):
        # The account or the grant shows none of these, and will not at the next try either.
        _store(lanes, tenant, (), began, since, _next(number, None))
        sample_texts(lanes, tenant)
        return True
    except CrmError as error:
        again = note_error(lanes, tenant, error, failed)
        with lanes.store.write() as conn:
            cursors.put(conn, tenant.id, _FAILED, dumps([failed + 1, again]))
        return False
    _store(lanes, tenant, page.records, began, since, _next(number, page.after))
    sample_texts(lanes, tenant)
    return True


def _next(number: int, after: str | None) -> str | None:
    """Where the next page begins; None where there is none."""
    if after is not None:
        return f"{_TYPES[number]}:{after}"
    return f"{_TYPES[number + 1]}:" if number + 1 < len(_TYPES) else None


def _store(
    lanes: Lanes, tenant: Tenant, records: Sequence[CrmRecord], began: Business, since: Business,
    mark: str | None,
) -> None:  # fmt: skip
    about, with_people = _about(lanes, tenant, records)
    with lanes.store.write() as conn:
        activities.note(conn, tenant.id, activity_rows(about))
        activities.note_people(conn, tenant.id, with_people)
        cursors.forget(conn, tenant.id, _FAILED)
        if mark is None:
            for name in (activities.HISTORY, _BEGAN, activities.WANTED):
                cursors.forget(conn, tenant.id, name)
            known = activities.known_since(conn, tenant.id)
            cursors.put(conn, tenant.id, activities.SINCE, str(min(known or since, since) or 1))
        else:
            cursors.put(conn, tenant.id, activities.HISTORY, mark)
            cursors.put(conn, tenant.id, _BEGAN, str(began))
        if cursors.get(conn, tenant.id, activities.CONNECTED) is None:
            cursors.put(conn, tenant.id, activities.CONNECTED, str(began))


def _about(
    lanes: Lanes, tenant: Tenant, records: Sequence[CrmRecord]
) -> tuple[list[tuple[int, Activity]], list[PersonAct]]:
    """Each activity with each subject that it is about, by its deals and its people; and with each
    of its people who stands on any."""
    deals = {id for one in records for id in (one.associations or {}).get("deal", ())}
    people = {id for one in records for id in (one.associations or {}).get("contact", ())}
    with lanes.store.read() as conn:
        of_deal = mirror.by_crm_id(conn, tenant.id, "deal", deals)
        own = mirror.by_crm_id(conn, tenant.id, "contact", people)
        of_person = mirror.subjects_of_contacts(conn, tenant.id, people)
    # Whoever was erased stands there as a number, and nothing is noted of them any more.
    alive = (who for who, row in own.items() if not row["deleted"])
    known: Collection[str] = {*alive, *(who for who, ids in of_person.items() if ids)}
    found: list[tuple[int, Activity]] = []
    with_people: list[PersonAct] = []
    for record in records:
        linked = record.associations or {}
        contacts = linked.get("contact", [])
        about = {of_deal[id]["id"] for id in linked.get("deal", ()) if id in of_deal}
        for contact in contacts:
            about.update(of_person.get(contact, ()))
            if contact in own:
                about.add(own[contact]["id"])
        found.extend(product(sorted(about), activities_of(record)))
        with_people += done_with(record, contacts, known)
    return found, with_people
