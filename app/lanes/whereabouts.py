"""Where the people of touches are, by their companies, for those whose own records do not say.

Asked only for steps that have hours of the person's day, and of each company once a day: two calls
for a batch at most, of which most batches need none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.decisions.guard.quiet_hours import binds
from app.installations.whereabouts import zones_of_country, zones_of_phone
from app.lanes.case import Case
from app.lanes.context import Lanes, Tenant
from app.model.guard import GuardFacts
from app.model.record import changer
from app.model.records import BY_COMPANY, ContactView, Place, SubjectView
from app.model.time import DAY, Business
from app.model.vocabulary import SubjectType
from app.store import mirror, whereabouts
from connectors.contract import Connector, Forbidden, NotFound

KEPT_MS = DAY
"""How long what a company says of its place counts before it is read again."""

Known = tuple[str | None, str | None]
"""Zones, and what of the company says so."""

_NOTHING: Known = (None, None)

_nearby = changer(ContactView, "nearby")
_of_contact = changer(GuardFacts, "contact")


def place_people(
    lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business, *, keep: bool = True
) -> None:
    """Let the facts of these touches say where their people are. Raises what the connector raises,
    but for a grant that shows no companies: then nothing is known by them. keep False: look only.
    """
    asking = {
        case.facts.contact.crm_id: case
        for case in cases
        if case.facts.contact is not None and binds(case.facts) and not _sure(case.facts.contact)
    }
    if not asking:
        return
    with lanes.store.read() as conn:
        rows = mirror.contact_rows(conn, tenant.id, asking)
    due = {id: case for id, case in asking.items() if _stale(rows.get(id), now)}
    if not due:
        return
    deals = {id: _deal(case.facts.subject) for id, case in due.items()}
    found = ask(lanes.connector_for(tenant.id), deals)
    if keep:
        with lanes.store.write() as conn:
            read = {id: found[id] for id in due if id in rows}
            whereabouts.note_companies(conn, tenant.id, read, now)
    for case in cases:
        contact = case.facts.contact
        if contact is None or contact.crm_id not in found:
            continue
        placed = _placed(contact, *found[contact.crm_id])
        if placed is not contact:
            case.ground.contact = placed
            case.facts = _of_contact(case.facts, placed)


def _sure(contact: ContactView) -> bool:
    """Whether one zone is known from the contact alone."""
    own = [place for place in contact.places if place.by not in BY_COMPANY]
    return bool(own) and len(own[0].zones) == 1


def _stale(row: Mapping[str, Any] | None, now: Business) -> bool:
    read_at = row["company_read_at"] if row is not None else None
    return read_at is None or not now - KEPT_MS < read_at <= now


def _deal(subject: SubjectView) -> str | None:
    return subject.crm_id if subject.type is SubjectType.DEAL else None


def ask(connector: Connector, deals: Mapping[str, str | None]) -> dict[str, Known]:
    """Contact id → what their company says, and where they have none, that of their deal. deals:
    contact id → the deal that it is about."""
    try:
        whose = connector.companies_of("contact", sorted(deals))
        wanting = {deal for id, deal in deals.items() if deal and not whose.get(id)}
        of_deals = connector.companies_of("deal", sorted(wanting)) if wanting else {}
        main = {
            id: next(iter(whose.get(id) or of_deals.get(deal or "") or ()), "")
            for id, deal in deals.items()
        }
        wanted = sorted({id for id in main.values() if id})
        read = connector.read("company", wanted) if wanted else []
    except (Forbidden, NotFound):
        return dict.fromkeys(deals, _NOTHING)
    said = {record.id: said_by(record.fields) for record in read}
    return {id: said.get(company, _NOTHING) for id, company in main.items()}


def said_by(fields: Mapping[str, Any]) -> Known:
    """What a company says of its place: its own zone, else its country's, else its telephone's. A
    later one goes before an earlier only where it is of fewer zones: a number in New York says
    where in the United States a company is."""
    country = zones_of_country(fields.get("country"), fields.get("state"))
    known = (fields.get("zone"), country, zones_of_phone(fields.get("phone")))
    told = [(zones, by) for zones, by in zip(known, BY_COMPANY, strict=True) if zones]
    if not told:
        return _NOTHING
    return min(told, key=lambda one: len(one[0].split()))


def _placed(contact: ContactView, zones: str | None, by: str | None) -> ContactView:
    own = tuple(place for place in contact.nearby if place.by not in BY_COMPANY)
    theirs = (Place(by, tuple(zones.split())),) if zones and by else ()
    nearby = (*own, *theirs)
    return contact if nearby == contact.nearby else _nearby(contact, nearby)
