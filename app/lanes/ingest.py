"""The ingest lane: inbox → records re-read → differences → decisions; then timers that are due.

An event is a hint. Whatever it names is read again in batches, with history, before anyone decides;
one transaction then stores the mirror, the decisions and the fact that the events are worked off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.decisions.flow import TIMER
from app.lanes.asking import decide_contacts
from app.lanes.colleagues import ask_companies
from app.lanes.commit import store_decisions, store_findings
from app.lanes.context import Lanes, Tenant
from app.lanes.decide import decide_became, decide_signals, decide_timers
from app.lanes.events import postings, take_posted
from app.lanes.forgetting import forget
from app.lanes.heard import SAID, heard_of
from app.lanes.inquiries import LeadObserver, fetch_inquirers
from app.lanes.loading import load_snapshot, place
from app.lanes.observe import MEETING_TIMER, Observer
from app.lanes.observe_lives import LifeObserver
from app.lanes.observe_quotes import QuoteObserver
from app.lanes.observe_replies import ReplyObserver
from app.lanes.observe_tasks import TaskObserver
from app.lanes.quotes import fetch_quoted
from app.lanes.reading import (
    Plan,
    Readings,
    fetch,
    fetch_noes,
    fetch_strangers,
    plan_reads,
)
from app.lanes.trouble import OURS, isolate, later, note_error
from app.lanes.uniting import unite
from app.lanes.worked_off import finished, hold_refused
from app.lanes.writes import Writes
from app.model.decisions import ArmTimer
from app.model.time import HOUR, SECOND, Business, Wall
from app.model.vocabulary import SignalKind
from app.signals.contacts import PersonFact
from app.signals.many import mark_many
from app.store import inbox, installations, mirror, timers
from app.store.events import HINT
from app.store.sets import loads
from connectors.contract import CrmError

BATCH = 400
"""Events of one turn: few enough for a transaction of some 50 ms, enough for full read batches."""

_TIMERS = 400


def drain_inbox(lanes: Lanes, tenant: Tenant) -> bool:
    """Work off one batch of events. True if there was one."""
    with lanes.store.read() as conn:
        rows = inbox.due(conn, tenant.id, lanes.wall(), BATCH)
    if not rows:
        return False
    isolate(rows, partial(_work_off, lanes, tenant), partial(_put_aside, lanes))
    return True


def _work_off(lanes: Lanes, tenant: Tenant, rows: Sequence[Mapping[Any, Any]]) -> None:
    with lanes.store.read() as conn:
        plan = plan_reads(conn, tenant, rows)
    if plan.is_empty and not any(row["object_type"] == HINT for row in rows):
        with lanes.store.write() as conn:
            inbox.done(conn, [row["id"] for row in rows])
        return
    try:
        readings = fetch(lanes, tenant, plan.reads, plan.told, partly=True)
        fetch_strangers(lanes, tenant, readings)
        fetch_inquirers(lanes, tenant, plan, readings)
        fetch_quoted(lanes, tenant, plan, readings)
        readings.noes |= fetch_noes(lanes, tenant, plan.merged)
        unplaced = postings(lanes, tenant, rows, readings)
    except CrmError as error:
        retry = note_error(lanes, tenant, error, max(row["attempts"] for row in rows))
        with lanes.store.write() as conn:
            inbox.again(conn, [row["id"] for row in rows], retry, error.message)
        return
    if unplaced:
        rows = _look_again(lanes, rows, unplaced)
    readings.gone.extend(plan.gone)
    readings.merged[:0] = plan.merged
    readings.erased = plan.erased
    rows = [row for row in rows if row["id"] not in plan.later]
    if readings.refused:
        rows = hold_refused(lanes, tenant, rows, readings)
    readings.said = [heard_of(row) for row in rows if row["kind"] == SAID]
    take_in(lanes, tenant, readings, events=rows)


def _look_again(
    lanes: Lanes, rows: Sequence[Mapping[Any, Any]], ids: Sequence[int]
) -> list[Mapping[Any, Any]]:
    """Put posted events off whose person the CRM does not show yet; the rest."""
    with lanes.store.write() as conn:
        retry = Wall(lanes.wall() + SECOND // 2)
        inbox.again(conn, ids, retry, "the CRM shows nobody yet with this id or address")
    return [row for row in rows if row["id"] not in ids]


def _put_aside(lanes: Lanes, row: Mapping[Any, Any], error: Exception) -> None:
    with lanes.store.write() as conn:
        inbox.again(conn, [row["id"]], later(lanes), f"{OURS} ({type(error).__name__})")


def drain_timers(lanes: Lanes, tenant: Tenant) -> bool:
    """Work off one batch of timers that are due. True if there was one."""
    now = lanes.now()
    with lanes.store.read() as conn:
        due = timers.due(conn, tenant.id, now, _TIMERS)
        if not due:
            return False
        rows = mirror.by_id(conn, {timer["subject_id"] for timer in due})
        due = _handed_on(due, rows)
        rows |= mirror.by_id(conn, {timer["about"] for timer in due} - rows.keys())
    plan = Plan()
    for row in rows.values():
        if not row["deleted"] and tenant.fresh.stale(row["type"], [row["crm_id"]]):
            plan.read(row["type"], row["crm_id"], linked=row["type"] == "contact")
    try:
        readings = fetch(lanes, tenant, plan.reads)
        if readings.anything:
            take_in(lanes, tenant, readings)
        due = ask_companies(lanes, tenant, due)
    except CrmError as error:
        note_error(lanes, tenant, error, 0)
        return False
    isolate(due, partial(_fire, lanes, tenant), partial(_put_off, lanes, tenant))
    return True


def _fire(lanes: Lanes, tenant: Tenant, due: Sequence[Mapping[Any, Any]]) -> None:
    take_in(lanes, tenant, Readings(), due=due)


def _put_off(
    lanes: Lanes, tenant: Tenant, timer: Mapping[Any, Any], error: Exception
) -> None:
    """The timer stays, an hour later: it is not lost, and holds up nobody."""
    again = ArmTimer(
        timer["subject_id"], timer["rule"], Business(lanes.now() + HOUR), loads(timer["data"])
    )
    with lanes.store.write() as conn:
        timers.arm(conn, tenant.id, [again])


def _handed_on(
    due: Sequence[Mapping[Any, Any]], rows: Mapping[int, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Timers with `about`: the subject they are about now. A meeting that an inquiry booked is
    asked about on the deal that the inquiry has become, and a follow-up that went along to the deal
    goes on there; rules' timers stay where they are."""
    found: list[dict[str, Any]] = []
    for timer in due:
        row = rows.get(timer["subject_id"])
        deal = loads(row["fields"]).get("became_deal") if row is not None else None
        moved = deal is not None and timer["rule"].startswith((MEETING_TIMER, TIMER))
        found.append({**timer, "about": deal if moved else timer["subject_id"]})
    return found


def take_in(
    lanes: Lanes,
    tenant: Tenant,
    readings: Readings,
    *,
    events: Sequence[Mapping[Any, Any]] = (),
    due: Sequence[Mapping[Any, Any]] = (),
) -> None:
    """Compare, decide and store; the events and timers that led here are over with it."""
    readings.barred = unite(lanes, tenant, readings) if readings.merged else {}
    place(lanes, tenant, readings)
    while not _take_in(lanes, tenant, readings, events, due):
        tenant = lanes.tenant(tenant.id)


def _take_in(
    lanes: Lanes,
    tenant: Tenant,
    readings: Readings,
    events: Sequence[Mapping[Any, Any]],
    due: Sequence[Mapping[Any, Any]],
) -> bool:
    """False where rules, stages or settings changed meanwhile; then nothing was stored.

    An activation looks back on what is known. What was decided by the rules before it and is stored
    after it would be seen by neither.
    """
    now = lanes.now()
    with lanes.store.read() as conn:
        snapshot, known = load_snapshot(conn, tenant, readings, due, now)
    observer = Observer(tenant, snapshot, now)
    observer.contacts(readings.of("contact"))
    observer.deals(readings.of("deal"), known)
    for type in ("email", "call", "meeting"):
        observer.engagements(type, readings.of(type))
    tasks, leads, lives = TaskObserver(observer), LeadObserver(observer), LifeObserver(observer)
    tasks.read(readings.of("task"))
    leads.read(readings.of("lead"))
    quotes = QuoteObserver(observer)
    quotes.read(readings.of("quote"))
    for contact, cause in readings.barred.items():
        observer.facts([PersonFact(SignalKind.OPTED_OUT, now, cause)], [contact], [])
    for type, id, at in readings.gone:
        if type == "task":
            tasks.deleted(id, at)
        elif type == "lead":
            leads.gone(id, at)
        elif type == "quote":
            quotes.gone(id, at)
        else:
            lives.deleted(type, id, at)
    replies = ReplyObserver(observer)
    for heard in readings.said:
        replies.hear(heard)
    take_posted(observer, readings.posted)
    observer.found.signals = mark_many(observer.found.signals)
    writes = Writes()
    if observer.found.became:
        decide_became(tenant, snapshot, observer.found.became, writes, now)
    if due:
        decide_timers(tenant, snapshot, observer, due, writes, now)
    decide_signals(tenant, snapshot, observer.found.signals, writes, now)
    decide_contacts(tenant, snapshot, writes, now)
    done, behind = finished(events, readings, observer.found.unadopted)
    with lanes.store.write() as conn:
        if installations.revision(conn, tenant.id) != tenant.revision:
            return False
        store_findings(conn, tenant, observer.found, now)
        store_decisions(conn, tenant, writes, observer.found.signals, now)
        inbox.done(conn, done)
        if observer.found.heard:
            inbox.insert_events(conn, tenant.id, observer.found.heard, lanes.wall())
        if behind:
            retry = Wall(lanes.wall() + SECOND // 2)
            inbox.again(conn, behind, retry, "the record does not show this change yet")
        if readings.erased:
            forget(conn, tenant, readings.erased, now, lanes.wall())
    if readings.erased:
        lanes.store.scrub()
    return True


def read_again(lanes: Lanes, tenant: Tenant, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Read the subjects and people of touches or enrolments that were not read just now.

    True if any turned out to be merged: then the rows are about other records by now.
    """
    subject_ids = {row["subject_id"] for row in rows}
    with lanes.store.read() as conn:
        subjects = mirror.by_id(conn, subject_ids)
        links = mirror.links(conn, tenant.id, subject_ids)
    deals = [row["crm_id"] for row in subjects.values() if row["type"] == "deal"]
    people = {row["contact_id"] for row in rows if row["contact_id"]}
    for subject in subject_ids:
        people.update(contact for contact, _, _ in links.get(subject, ()))
    reads: dict[tuple[str, bool], set[str]] = {}
    stale_deals = set(tenant.fresh.stale("deal", deals))
    stale_people = set(tenant.fresh.stale("contact", people))
    if stale_deals:
        reads["deal", False] = stale_deals
    if stale_people:
        reads["contact", False] = stale_people
    if not reads:
        return False
    # The event of a deletion or merge may be lost or late; the reading finds out all the same.
    readings = fetch(lanes, tenant, reads)
    take_in(lanes, tenant, readings)
    return bool(readings.merged)
