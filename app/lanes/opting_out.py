"""The CRM would not mail a contact: for us that is an opt-out, by whichever way it came."""

from __future__ import annotations

from collections.abc import Sequence

from app.lanes.case import Case
from app.lanes.commit import store_decisions, store_findings
from app.lanes.context import Lanes, Tenant
from app.lanes.decide import decide_signals
from app.lanes.observe import Observer
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.time import Business
from app.model.vocabulary import SignalKind
from app.signals.contacts import PersonFact


def unsubscribed(
    lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business
) -> None:
    """Signal it for the people of these touches: what runs for them ends where it would end by an
    opt-out, and goes on where a playbook turned that exit off."""
    people = {case.facts.touch.contact for case in cases if case.facts.touch.contact}
    with lanes.store.read() as conn:
        subjects = {case.row["subject_id"] for case in cases}
        snapshot = Snapshot(tenant, conn, subjects, now, contacts=people)
    observer = Observer(tenant, snapshot, now)
    for contact in sorted(people):
        fact = PersonFact(SignalKind.OPTED_OUT, now, f"unsubscribed:{contact}")
        observer.facts([fact], [contact], [])
    writes = Writes()
    decide_signals(tenant, snapshot, observer.found.signals, writes, now)
    with lanes.store.write() as conn:
        store_findings(conn, tenant, observer.found, now)
        store_decisions(conn, tenant, writes, observer.found.signals, now)
