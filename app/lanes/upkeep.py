"""The upkeep lane: what is overdue, and today's share of released backlogs."""

from __future__ import annotations

from typing import Any

from app.installations.connect import look_again
from app.lanes.account_changes import follow_changes
from app.lanes.commit import store_decisions, store_findings
from app.lanes.context import Lanes, Tenant
from app.lanes.decide import decide_signals
from app.lanes.digest import OVERDUE, send_digests
from app.lanes.keeping import want_daily
from app.lanes.observe import Observer
from app.lanes.proposals import age_out
from app.lanes.queue import drain_queue
from app.lanes.sampling import sample_texts
from app.lanes.snapshot import Snapshot
from app.lanes.trouble import note_error
from app.lanes.waiting import release_backlog
from app.lanes.writes import Writes
from app.model.ids import touch_id
from app.model.signals import Signal
from app.model.time import DAY, Business
from app.model.vocabulary import EnrolmentState, SignalKind
from app.store import cursors, events, ledger, notices, playbooks, running, tasks
from connectors.contract import CrmError

BATCH = 300

DAILY = "upkeep:day"
"""Cursor of the day whose upkeep is done."""


_AT_ONCE = 2_000
"""Rows of the ledger that one transaction forgets: some ten milliseconds."""


def drain_overdue(lanes: Lanes, tenant: Tenant) -> bool:
    """Tasks whose rep's due day is over: a signal for rules, a notice for the owner. Once each."""
    now = lanes.now()
    with lanes.store.read() as conn:
        rows = tasks.overdue(conn, tenant.id, now, BATCH)
        if not rows:
            return False
        snapshot = Snapshot(tenant, conn, {row["subject_id"] for row in rows}, now)
    observer = Observer(tenant, snapshot, now)
    told: list[dict[str, Any]] = []
    for row in rows:
        data = {"touch": row["id"], "step": row["step"], "due_at": row["due_at"]}
        observer.signal(
            Signal(
                SignalKind.OVERDUE, row["subject_id"], Business(row["overdue_at"]),
                f"overdue:{row['id']}", contact=row["contact_id"], data=data,
            )
        )  # fmt: skip
        told.append(
            {
                "id": touch_id(row["enrolment_id"], f"overdue:{row['step']}", row["occurrence"]),
                "subject_id": row["subject_id"],
                "owner_id": row["owner_id"],
                "code": OVERDUE,
                "data": {"task": row["shown_subject"], **data},
                "noticed_at": now,
            }
        )
    writes = Writes()
    decide_signals(tenant, snapshot, observer.found.signals, writes, now)
    with lanes.store.write() as conn:
        store_findings(conn, tenant, observer.found, now)
        store_decisions(conn, tenant, writes, observer.found.signals, now)
        notices.add(conn, tenant.id, told)
        tasks.told_overdue(conn, [row["id"] for row in rows])
    return True


def drain_daily(lanes: Lanes, tenant: Tenant) -> bool:
    """Once a local day: people and stages as the CRM has them now, proposals whose reason is gone,
    today's share of what was released, what is kept no longer, once a week a sample of texts, a
    large account's figures, and the managers' digest."""
    now = lanes.now()
    today = tenant.calendars.day_start(now)
    with lanes.store.read() as conn:
        if cursors.number(conn, tenant.id, DAILY) >= today:
            return False
    try:
        changes = look_again(lanes.store, lanes.connector_for(tenant.id), tenant.id)
        if changes:
            tenant = lanes.tenant(tenant.id)
            follow_changes(lanes, tenant, changes)
    except CrmError as error:
        # Yesterday's people and stages serve another day; what is due does not wait for them.
        note_error(lanes, tenant, error, 0)
    age_out(lanes, tenant)
    release_backlog(lanes, tenant)
    drain_queue(lanes, tenant)
    _forget_events(lanes, tenant, now)
    _forget_decisions(lanes, tenant, now)
    sample_texts(lanes, tenant)
    want_daily(lanes, tenant)
    if not tenant.stopped:
        send_digests(lanes, tenant)
    with lanes.store.write() as conn:
        cursors.raise_to(conn, tenant.id, DAILY, today)
    return True


def _forget_events(lanes: Lanes, tenant: Tenant, now: Business) -> None:
    """Events are kept for so many days, whoever they were about or nobody."""
    with lanes.store.write() as conn:
        events.expire(conn, tenant.id, Business(now - tenant.settings.event_days * DAY))


def _forget_decisions(lanes: Lanes, tenant: Tenant, now: Business) -> None:
    """Decisions are kept for so many days after they were last taken."""
    before = Business(now - tenant.settings.ledger_days * DAY)
    while True:
        with lanes.store.read() as conn:
            old = ledger.older_than(conn, tenant.id, before, _AT_ONCE)
        if not old:
            return
        with lanes.store.write() as conn:
            ledger.forget(conn, old)


def next_daily(lanes: Lanes, tenant: Tenant) -> Business | None:
    """When the next day's upkeep is due; None while there is nothing for it to do."""
    with lanes.store.read() as conn:
        waiting = notices.anything_untold(conn, tenant.id, OVERDUE)
        if not waiting:
            states = playbooks.states(conn, tenant.id).values()
            released = any(state["release_per_day"] for state in states)
            waiting = released and running.any_in(conn, tenant.id, EnrolmentState.BACKLOG)
            waiting = waiting or running.any_in(conn, tenant.id, EnrolmentState.PROPOSED)
    if not waiting:
        return None
    # A local day has 23 to 25 hours, so the next one is sought from its own middle.
    midnight = tenant.calendars.day_start(lanes.now())
    return tenant.calendars.day_start(Business(midnight + DAY + DAY // 2))
