"""Posted events on their way to a person: found by CRM id, then by e-mail, and never guessed.

Who posts may know an address that the CRM has twice, or not at all; such an event is refused and
shown with what to do, and can be placed once the CRM knows better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.lanes.context import Lanes, Tenant
from app.lanes.observe import Observer
from app.lanes.reading import Readings, fetch
from app.model.events import spec
from app.signals.events import concerned, event_cause, event_signal, still_open
from app.store import aliases, erasure, events, mirror
from app.store.sets import loads
from connectors.contract import Connector, Forbidden

_LOOKS = 3
"""Looks for a person or record before an event is refused: a CRM shows a new one after seconds."""

UNKNOWN, AMBIGUOUS, NO_RECORD = "person_unknown", "person_ambiguous", "no_record"
COMPANY_UNREADABLE, COMPANY_WITHOUT, DEAL_UNKNOWN = (
    "company_unreadable", "company_without_deal", "deal_unknown",
)  # fmt: skip
ERASED = events.STRUCK

REASONS: Mapping[str, str] = {
    UNKNOWN: "Nobody in the CRM has this id or address. Create the contact, then place the event.",
    AMBIGUOUS: "Several contacts have this address. Merge them, or send the id of the one meant.",
    NO_RECORD: "The contact has no deal here and is no inquiry. Give it a deal, then place it.",
    DEAL_UNKNOWN: "The CRM has no such deal. Send the id that stands in the deal's address.",
    COMPANY_UNREADABLE: "The grant shows no companies. Connect again and allow them, or send "
    "the person or the deal.",
    COMPANY_WITHOUT: "The company has no open deal. Nothing is owed there; forget the event.",
    ERASED: "This person was erased for privacy; nothing of the event was kept.",
}
"""Why an event belongs to nobody → what is so, and what to do."""


@dataclass(slots=True)
class Posting:
    """row: of `events`. contact, deals: whom and what it is about, as far as that is known.

    problem: why it is refused, a key of `REASONS`.
    """

    row: Mapping[str, Any]
    contact: str | None = None
    deals: tuple[str, ...] = ()
    problem: str | None = None


def postings(
    lanes: Lanes, tenant: Tenant, rows: Sequence[Mapping[Any, Any]], readings: Readings
) -> list[int]:
    """Find out whom the events among these rows of the inbox are about, and read those records.

    They go into `readings.posted`. Answers the inbox's rows that are to be looked at again, as the
    CRM may not show their person yet. Raises what the connector raises.
    """
    hints = [row for row in rows if row["object_type"] == events.HINT]
    if not hints:
        return []
    with lanes.store.read() as conn:
        found = [
            Posting(row)
            for row in events.new(conn, tenant.id, [hint["object_id"] for hint in hints])
        ]
        _strike_erased(tenant, conn, found)
    try:
        resolve(lanes, tenant, found, readings)
    except Forbidden as error:
        # A grant that was taken back holds up these events and nothing else.
        readings.refused.update(((events.HINT, one.row["event_id"]), error) for one in found)
        return []
    tries = {hint["object_id"]: hint for hint in hints}
    again: list[int] = []
    for one in found:
        hint = tries[one.row["event_id"]]
        if one.problem in (UNKNOWN, DEAL_UNKNOWN) and hint["attempts"] + 1 < _LOOKS:
            again.append(hint["id"])
        else:
            readings.posted.append(one)
    return again


def resolve(
    lanes: Lanes, tenant: Tenant, found: Sequence[Posting], readings: Readings
) -> None:
    """Say of each posting whose it is, and read what a decision about it will look at."""
    connector = lanes.connector_for(tenant.id)
    found = [one for one in found if one.problem is None]
    _people_by_id(lanes, tenant, found, readings)
    _people_by_email(lanes, tenant, connector, found)
    _deals(lanes, tenant, found)
    _companies(connector, found)
    _read(lanes, tenant, found, readings)
    read = {record.id for record in readings.of("deal")}
    with lanes.store.read() as conn:
        asked = {deal for one in found for deal in one.deals}
        known = mirror.by_crm_id(conn, tenant.id, "deal", asked) if asked else {}
    for one in found:
        if one.row["deal_id"] and not set(one.deals) & (read | known.keys()):
            one.problem = DEAL_UNKNOWN


def _strike_erased(tenant: Tenant, conn: Connection, found: Sequence[Posting]) -> None:
    stones = erasure.tombstones(conn, tenant.id)
    ids = {one.row["person_id"] for one in found if one.row["person_id"]}
    barred = mirror.suppressed(conn, tenant.id, ids) if ids else {}
    for one in found:
        if stones.bar(one.row["person_email"]) or (
            barred.get(one.row["person_id"] or "") == erasure.REASON
        ):
            one.problem = ERASED


def _people_by_id(
    lanes: Lanes, tenant: Tenant, found: Sequence[Posting], readings: Readings
) -> None:
    ids: set[str] = {one.row["person_id"] for one in found if one.row["person_id"]}
    if not ids:
        return
    with lanes.store.read() as conn:
        merged = aliases.of(conn, tenant.id, "contact", ids)
        rows = mirror.contact_rows(conn, tenant.id, {merged.get(id, id) for id in ids})
    live = {id for id, row in rows.items() if not row["deleted"]}
    unknown = {id for id in ids if merged.get(id, id) not in live}
    if unknown:
        fresh = fetch(lanes, tenant, {("contact", True): unknown})
        for record in fresh.of("contact"):
            live.add(record.id)
            merged.update(
                (id, record.id) for id in record.fields.get("merged_ids") or () if id in unknown
            )
        extend(readings, fresh)
    for one in found:
        id = one.row["person_id"]
        if id and merged.get(id, id) in live:
            one.contact = merged.get(id, id)


def _people_by_email(
    lanes: Lanes, tenant: Tenant, connector: Connector, found: Sequence[Posting]
) -> None:
    """The mirror knows those who stand on a record; the CRM knows everybody."""
    wanted = [one for one in found if one.contact is None and one.row["person_email"]]
    emails = {one.row["person_email"] for one in wanted}
    if emails:
        with lanes.store.read() as conn:
            theirs = events.by_email(conn, tenant.id, emails)
        unknown = sorted(emails - theirs.keys())
        if unknown:
            theirs |= connector.contacts_by_email(unknown)
        for one in wanted:
            who = set(theirs.get(one.row["person_email"], ()))
            if len(who) == 1:
                one.contact = who.pop()
            elif who:
                one.problem = AMBIGUOUS
    for one in found:
        named = one.row["person_id"] or one.row["person_email"]
        if named and one.contact is None and one.problem is None:
            one.problem = UNKNOWN


def _deals(lanes: Lanes, tenant: Tenant, found: Sequence[Posting]) -> None:
    ids: set[str] = {one.row["deal_id"] for one in found if one.row["deal_id"]}
    if not ids:
        return
    with lanes.store.read() as conn:
        merged = aliases.of(conn, tenant.id, "deal", ids)
    for one in found:
        id: str | None = one.row["deal_id"]
        if id:
            one.deals = (merged.get(id, id),)


def _companies(connector: Connector, found: Sequence[Posting]) -> None:
    about = [
        one
        for one in found
        if one.row["company_id"] and not one.deals and not one.contact and not one.problem
    ]
    if not about:
        return
    try:
        theirs = connector.deals_of_companies(sorted({one.row["company_id"] for one in about}))
    except Forbidden:
        for one in about:
            one.problem = COMPANY_UNREADABLE
        return
    for one in about:
        one.deals = tuple(theirs.get(one.row["company_id"], ()))
        if not one.deals:
            one.problem = COMPANY_WITHOUT


def _read(
    lanes: Lanes, tenant: Tenant, found: Sequence[Posting], readings: Readings
) -> None:
    """The people and deals as they are now; a person who stands on nothing yet with their deals,
    as an inquiry of their own unless there are any."""
    people = {one.contact for one in found if one.contact and one.problem is None}
    deals = {deal for one in found if one.problem is None for deal in one.deals}
    linked = {r.id for r in readings.of("contact") if r.associations is not None}
    with lanes.store.read() as conn:
        standing = mirror.subjects_of_contacts(conn, tenant.id, people) if people else {}
        rows = mirror.by_id(conn, {id for ids in standing.values() for id in ids})
        known = mirror.by_crm_id(conn, tenant.id, "deal", deals) if deals else {}
    strangers = people - standing.keys() - linked
    theirs = {row["crm_id"] for row in rows.values() if row["type"] == "deal"}
    reads: dict[tuple[str, bool], Iterable[str]] = {
        ("contact", True): strangers,
        ("contact", False): tenant.fresh.stale("contact", people - strangers - linked),
        ("deal", True): deals - known.keys(),
        ("deal", False): tenant.fresh.stale("deal", (theirs | known.keys()) & (theirs | deals)),
    }
    wanted = {key: set(ids) for key, ids in reads.items() if ids}
    if wanted:
        extend(readings, fetch(lanes, tenant, wanted))


def extend(readings: Readings, more: Readings) -> None:
    """Take in what was read besides."""
    for type, records in more.records.items():
        read = {record.id for record in records}
        kept = [record for record in readings.of(type) if record.id not in read]
        readings.records[type] = [*kept, *records]
    readings.gone.extend(more.gone)
    readings.merged.extend(more.merged)
    readings.noes |= more.noes


def subjects_of(posting: Posting, observer: Observer) -> tuple[list[int], str | None]:
    """The subjects that an event is about, or why there are none."""
    view = observer.snapshot.subject
    if posting.deals:
        ids = [observer.subject_of("deal", deal) for deal in posting.deals]
        deals = [view(id) for id in ids if id is not None]
        if posting.row["deal_id"]:
            about = [deal.id for deal in deals if not deal.deleted]
            return about, None if about else DEAL_UNKNOWN
        about = still_open(deals)
        return about, None if about else COMPANY_WITHOUT
    about = concerned(
        posting.row["name"],
        [view(id) for id in observer.subjects_of_contact(posting.contact or "")],
    )
    return about, None if about else NO_RECORD


def take_posted(observer: Observer, posted: Sequence[Posting]) -> None:
    """Make signals of events, for every subject that each is about."""
    for one in posted:
        about, problem = ([], one.problem) if one.problem else subjects_of(one, observer)
        row = one.row
        contact = one.contact if problem is None else None
        observer.found.posted.append(
            {
                "id": row["id"],
                "state": events.REFUSED if problem else events.PLACED,
                "contact_id": contact,
                "reason": problem,
            }
        )
        for subject in about:
            observer.signal(
                event_signal(
                    subject, row["name"], row["at"], event_cause(row["event_id"]), contact,
                    loads(row["data"]),
                ),
                spec(row["name"]).breaks_silence,
            )  # fmt: skip
