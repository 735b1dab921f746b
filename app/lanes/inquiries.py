"""Leads of a CRM that keeps them beside people: each is an inquiry of the person whom it is of.

The person without a deal is the subject, as everywhere; the lead says that they came (again), who
follows them up, where the tasks stand, and when it is over: a lead that is archived or deleted ends
what runs, unless it went because it has become a deal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from app.decisions.exits import LEAD
from app.lanes.context import Lanes, Tenant
from app.lanes.observe_leads import owner_change
from app.lanes.reading import Plan, Readings, fetch
from app.model.signals import Signal
from app.model.time import MINUTE, Business
from app.model.vocabulary import SignalKind
from app.signals.contacts import PersonFact
from app.store import mirror
from app.store.sets import dumps, loads
from connectors.contract import CrmRecord

if TYPE_CHECKING:
    from app.lanes.observe import Observer

SAME_MS = 10 * MINUTE
"""A lead that came so soon after its person is what the person was made for: one inquiry."""


def inquirers(conn: Connection, inst: int, leads: Iterable[str]) -> dict[str, str]:
    """Lead → the person whose inquiry it was when we last read it; of leads that we know."""
    ids = list(leads)
    known = mirror.objects(conn, inst, "lead", ids) if ids else {}
    return {id: loads(row["known"])["contact"] for id, row in known.items()}


def fetch_inquirers(lanes: Lanes, tenant: Tenant, plan: Plan, readings: Readings) -> None:
    """Read the people of leads who stand on no subject yet, and, where a lead is gone, what its
    person stands on by now. Leads that a reading did not find come as gone."""
    asked = plan.reads.get(("lead", True), set())
    there = {record.id for record in readings.of("lead")}
    absent = {id for id in asked - there if ("lead", id) not in readings.refused}
    now = lanes.now()
    readings.gone.extend(("lead", id, now) for id in sorted(absent))
    left = absent | {id for type, id, _ in plan.gone if type == "lead"}
    if not there and not left:
        return
    people = {contact for record in readings.of("lead") for contact in _people(record)}
    with lanes.store.read() as conn:
        people -= mirror.subjects_of_contacts(conn, tenant.id, people).keys()
        over = set(inquirers(conn, tenant.id, left).values())
    wanted = people | over
    if not wanted:
        return
    found = fetch(lanes, tenant, {("contact", True): wanted})
    kept = [record for record in readings.of("contact") if record.id not in wanted]
    readings.records["contact"] = [*kept, *found.of("contact")]
    readings.gone.extend(found.gone)
    readings.merged.extend(found.merged)
    readings.noes |= found.noes
    read = {record.id for record in readings.of("deal") if record.associations is not None}
    deals = {
        deal
        for record in found.of("contact")
        if record.id in over
        for deal in (record.associations or {}).get("deal", ())
    } - read
    if deals:
        # A lead that was converted is no more, and its deal may not have been told of yet.
        more = fetch(lanes, tenant, {("deal", True): deals}).of("deal")
        rest = [record for record in readings.of("deal") if record.id not in deals]
        readings.records["deal"] = [*rest, *more]


def _people(record: CrmRecord) -> Sequence[str]:
    return (record.associations or {}).get("contact", ())


class LeadObserver:
    """The part of observing that concerns such leads; its findings are the observer's."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def read(self, records: Iterable[CrmRecord]) -> None:
        """Leads as read, none of them archived. One without a person is nobody's inquiry yet."""
        for record in records:
            for contact in _people(record)[:1]:
                known = self._known(record.id)
                if known is not None and known["contact"] != contact:
                    self._let_go(record.id, known["contact"], record.updated_at)
                    known = None
                self._note(record.id, contact, is_open=True)
                self._stands(record, contact, is_new=known is None)

    def gone(self, id: str, at: int) -> None:
        """A lead was archived or deleted; one that we never read is no matter of ours."""
        known = self._known(id)
        if known is not None and known["open"]:
            self._note(id, known["contact"], is_open=False)
            self._let_go(id, known["contact"], at)

    def _known(self, id: str) -> dict[str, Any] | None:
        stored = self._observer.snapshot.objects.get(("lead", id))
        return None if stored is None else loads(stored["known"])

    def _note(self, id: str, contact: str, *, is_open: bool) -> None:
        known = {"contact": contact, "open": is_open}
        self._observer.found.objects["lead"].append(
            {"crm_id": id, "touch_id": None, "known": known, "pending": {}}
        )

    def _inquiry(self, contact: str) -> int | None:
        """The subject that the person is, without a deal."""
        subject = self._observer.subject_of("contact", contact)
        if subject is None or self._observer.snapshot.rows[subject]["deleted"]:
            return None
        return subject

    def _stands(self, record: CrmRecord, contact: str, *, is_new: bool) -> None:
        observer, subject = self._observer, self._inquiry(contact)
        created = record.fields.get("created_at") or record.created_at
        same = False
        if subject is not None:
            row = observer.snapshot.rows[subject]
            own = loads(row["fields"])
            leads: list[str] = own.get("leads", [])
            same = "leads" not in own and 0 <= created - (row["created_at"] or 0) <= SAME_MS
            if record.id not in leads:
                leads = [*leads, record.id]
                fields = {"fields": dumps({**own, "leads": leads})}
                observer.found.change(subject, observer.snapshot, fields)
            owner = record.fields.get("owner") or None
            if is_new and same:
                observer.found.change(subject, observer.snapshot, {"owner_id": owner})
            elif leads[-1] == record.id:
                for signal in owner_change(observer, subject, owner, record.updated_at):
                    observer.signal(signal)
        if is_new and not same:
            data = {"form": record.fields.get("name") or ""}
            cause = f"{LEAD}:{record.id}"
            fact = PersonFact(SignalKind.FORM_SUBMITTED, created, cause, data)
            observer.facts([fact], [contact], [])

    def _let_go(self, id: str, contact: str, at: int) -> None:
        """The inquiry is over with its last lead; the person stays, and may come again."""
        observer, subject = self._observer, self._inquiry(contact)
        if subject is None:
            return
        own = loads(observer.snapshot.rows[subject]["fields"])
        # An empty list stays: what is still to settle sees that there was a lead, and is none now.
        leads = [one for one in own.get("leads", ()) if one != id]
        fields = {"fields": dumps({**own, "leads": leads})}
        observer.found.change(subject, observer.snapshot, fields)
        if not leads:
            cause = f"{LEAD}:{id}:{at}"
            signal = Signal(SignalKind.DELETED, subject, Business(at), cause, data={LEAD: id})
            observer.signal(signal)
