"""How often others touched the people about to be touched, read one by one where that decides.

The CRM's counter of a contact comes with every reading and is an upper bound: it counts answers,
meetings, and calls with which a task of ours was carried out. Only where that bound reaches a cap
are the engagements themselves read, for all such people of a batch together, and never again before
the counter has grown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from app.decisions.counting import days_of
from app.decisions.guard.caps import capped, channel_of
from app.decisions.timing import local_date
from app.lanes.context import Lanes, Tenant
from app.model.guard import GuardSettings
from app.model.time import DAY, Business
from app.model.touches import Borne, Done, Logged
from app.model.vocabulary import TaskType
from app.signals.activities import addresses
from app.store import counts, mirror
from connectors.contract import Forbidden, ObjectType

WEEK, MONTH = 7, 30
"""Days of the two windows."""

Row = Mapping[Any, Any]

_READ: tuple[ObjectType, ...] = ("call", "email")
_KIND = {"call": TaskType.CALL, "email": TaskType.EMAIL}


def days_before(day: str, number: int) -> str:
    """ISO date so many days before another."""
    return (date.fromisoformat(day) - timedelta(days=number)).isoformat()


def count_exactly(lanes: Lanes, tenant: Tenant, rows: Sequence[Row], now: Business) -> None:
    """Read what others did to the people of these touches, where it could make a cap's difference.

    Raises what the connector raises; where engagements may not be read the counter has to do.
    """
    if not capped(tenant.guard):
        return
    people = {row["contact_id"] for row in rows if row["contact_id"]}
    if not people:
        return
    today = local_date(now, tenant.zone)
    with lanes.store.read() as conn:
        known = mirror.contact_rows(conn, tenant.id, people)
        loose = {who: row for who, row in known.items() if _is_loose(row)}
        if not loose:
            return
        borne = counts.borne(
            conn, tenant.id, loose, days_before(today, WEEK), days_before(today, MONTH)
        )
    week, month = _lowest(tenant.guard)
    near = {
        who: row["contacted"]
        for who, row in loose.items()
        if _may_reach(row, borne.get(who, Borne()), week, month, now)
    }
    if near:
        _count(lanes, tenant, near, today, now)


def _is_loose(row: Row) -> bool:
    """Whether the CRM's counter knows of more than was read one by one."""
    return bool(row["contacted"]) and row["contacted"] > (row["contacted_exact"] or 0)


def _may_reach(row: Row, borne: Borne, week: int | None, month: int | None, now: Business) -> bool:
    """By the counter. What it stood at when we first saw it lies at unknown days, unless nothing
    has come in the last month."""
    unknown = 0
    if row["contacted_exact"] is None and (row["contacted_at"] or 0) > now - (MONTH + 1) * DAY:
        unknown = row["contacted_first"] or 0
    return any(
        cap is not None and count + unknown >= cap
        for cap, count in zip((week, month), borne.all, strict=True)
    )


def _lowest(guard: GuardSettings) -> tuple[int | None, int | None]:
    """The lowest caps of anybody, by whatever channel, for 7 and for 30 days."""
    caps = [(guard.cap_7_days, guard.cap_30_days)]
    for segment in guard.segments:
        caps += [(cap.week, cap.month) for cap in (segment.all, *segment.channels.values())]
    weeks, months = zip(*caps, strict=True)
    return min(filter(None, weeks), default=None), min(filter(None, months), default=None)


def _count(
    lanes: Lanes, tenant: Tenant, near: Mapping[str, int], today: str, now: Business
) -> None:
    since = Business(now - (MONTH + 2) * DAY)
    try:
        logged = _engagements(lanes, tenant, near, since)
    except Forbidden:
        return
    with lanes.store.read() as conn:
        done = carried_out(conn, tenant, near, since)
    found = {who: days_of(logged[who], done[who], tenant.zone) for who in near}
    with lanes.store.write() as conn:
        counts.put_others(conn, tenant.id, days_before(today, MONTH), found, near)


def _engagements(
    lanes: Lanes, tenant: Tenant, people: Iterable[str], since: Business
) -> dict[str, list[Logged]]:
    """contact id → what addressed them since then; an answer of theirs did not."""
    connector = lanes.connector_for(tenant.id)
    linked = connector.read("contact", sorted(people), associations=_READ)
    found: dict[str, list[Logged]] = defaultdict(list)
    for type in _READ:
        of: dict[str, list[str]] = defaultdict(list)
        for record in linked:
            for id in (record.associations or {}).get(type, ()):
                of[id].append(record.id)
        for record in connector.read(type, sorted(of)) if of else ():
            if record.fields.get("at", 0) >= since and addresses(record):
                one = Logged(_KIND[type], record.fields.get("owner"), record.fields["at"])
                for who in of[record.id]:
                    found[who].append(one)
    return found


def carried_out(
    conn: Connection, tenant: Tenant, people: Iterable[str], since: Business
) -> dict[str, list[Done]]:
    """contact id → touches of ours that were carried out since then."""
    found = mirror.subjects_of_contacts(conn, tenant.id, set(people))
    subjects = {subject for ids in found.values() for subject in ids}
    rows = counts.carried_out(conn, subjects, since)
    done: dict[str, list[Done]] = defaultdict(list)
    for row in rows:
        steps = tenant.steps(row["version_id"], row["definition"], row["is_firing"])
        step = next((step for step in steps if step.id == row["step"]), None)
        kind = channel_of(step) if step is not None else None
        if kind is not None:
            native = step is not None and step.native is not None
            at = row["performed_at"] if native else row["outcome_at"]
            done[row["contact_id"]].append(Done(kind, row["owner_id"], Business(at)))
    return done
