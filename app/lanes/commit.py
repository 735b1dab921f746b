"""Stores what was found and decided, in one transaction of set-wise statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.decisions import colleagues
from app.decisions.assigning import find
from app.decisions.codes import Code
from app.decisions.reply_table import IN_CHARGE
from app.lanes.context import Tenant
from app.lanes.findings import Findings
from app.lanes.writes import Writes
from app.model.decisions import ArmTimer, Explanation
from app.model.time import MINUTE, Business
from app.model.vocabulary import DUTY_STEPS, SignalKind, StopReason
from app.signals.activities import activity_rows
from app.store import (
    activities,
    approvals,
    counts,
    erasure,
    events,
    holds,
    ledger,
    mirror,
    moving,
    natives,
    notices,
    outbox,
    outcomes,
    passages,
    replies,
    running,
    summaries,
    tasks,
    timers,
)

SUMMARY_MS = MINUTE
"""Our properties are written at most this often for one subject."""

_MAY_UNENROL = frozenset(
    {
        SignalKind.REPLIED,
        SignalKind.MEETING_BOOKED,
        SignalKind.OPTED_OUT,
        SignalKind.BOUNCED,
    }
)
"""Signals upon which a CRM takes a contact out of its sequence by itself; so may the rep who was
asked to."""


def store_findings(
    conn: Connection, tenant: Tenant, found: Findings, now: Business
) -> None:
    """The mirror, tasks' outcomes and the record of what was seen."""
    inst = tenant.id
    mirror.update_subjects(conn, found.values)
    if found.entries:
        mirror.add_entries(conn, inst, found.entries)
    mirror.link_contacts(conn, inst, found.links)
    if found.contacts:
        mirror.save_contacts(conn, inst, found.contacts)
    for contact in found.barred:
        mirror.suppress(conn, inst, contact, erasure.REASON, now)
    if found.contacted:
        counts.count_others(conn, inst, found.contacted)
    mirror.note_two_way(conn, inst, found.two_way)
    if found.said:
        replies.note(conn, inst, found.said)
    for type, rows in found.objects.items():
        mirror.save_objects(conn, inst, type, rows)
    tasks.mark_edited(conn, found.edits)
    tasks.close(conn, found.closes)
    if found.outcomes:
        outcomes.add(conn, inst, found.outcomes)
    if found.activities:
        activities.note(conn, inst, activity_rows(found.activities))
    if found.with_people:
        activities.note_people(conn, inst, found.with_people)
    if found.posted:
        events.settle(conn, found.posted)
    if found.told:
        events.count(conn, inst, found.told)
    if found.left_sequence:
        natives.hasten(conn, inst, found.left_sequence, now)
    if found.disarm:
        timers.disarm(conn, inst, found.disarm)
    if found.arm:
        timers.arm(
            conn,
            inst,
            [ArmTimer(s, rule, Business(due), data) for s, rule, due, data in found.arm],
        )


def store_decisions(
    conn: Connection, tenant: Tenant, writes: Writes, signals: Sequence[Any], now: Business
) -> None:
    """Enrolments, touches, timers, notices and the ledger."""
    inst = tenant.id
    if writes.noted:
        late = passages.put(conn, inst, writes.noted)
        if late:
            writes.withdraw(late, now)
    running.end(conn, writes.ends)
    if tenant.ranks and writes.ends:
        # What had paused for them is judged anew.
        tasks.wake_subjects(conn, {end.subject for end in writes.ends}, now)
    running.move(conn, writes.moved)
    replies.resume(conn, writes.resumed)
    if writes.starts:
        running.add(conn, writes.starts)
    if writes.touches:
        outbox.add(conn, writes.touches)
    if writes.left_out:
        outbox.add(conn, writes.left_out)
    if writes.versions:
        moving.change_version(conn, writes.versions)
    if writes.since:
        moving.count_from(conn, writes.since)
    outbox.move(conn, writes.moved_touches)
    replies.replan(conn, writes.replanned, now)
    for gone in writes.withdrawn:
        outbox.withdraw(conn, gone.touches, gone.reason, gone.at)
        natives.stop_touches(conn, gone.touches, gone.reason, gone.at)
    if writes.chosen:
        running.choose(conn, writes.chosen)
    # What ran to its end without an answer leaves the question open: at the next silence it would
    # only be asked again.
    broken_off = [e.subject for e in writes.ends if e.reason is not StopReason.FINISHED]
    if broken_off:
        running.end_moot(conn, broken_off, now)
    if writes.disarm:
        timers.disarm(conn, inst, writes.disarm)
    if writes.arm:
        timers.arm(conn, inst, writes.arm)
    if writes.notices:
        notices.add(conn, inst, writes.notices)
    _hold(conn, tenant, writes, now)
    mirror.update_subjects(conn, writes.values)
    _react(conn, tenant, writes, signals, now)
    if writes.dirty:
        summaries.mark_dirty(conn, writes.dirty, now, SUMMARY_MS)
    if writes.asks:
        approvals.ask(conn, inst, sorted(writes.asks), now)
    if writes.explanations:
        ledger.write(conn, inst, writes.explanations)


def _hold(conn: Connection, tenant: Tenant, writes: Writes, now: Business) -> None:
    """Reasons to wait: those that are over go first, so that one that is said anew stands."""
    for gone in writes.lifted:
        holds.lift(conn, tenant.id, gone.subject, *gone.reasons)
        if gone.contact is not None:
            holds.lift_of_contact(conn, tenant.id, gone.contact, gone.reasons)
    if writes.holds:
        holds.put(conn, writes.holds)
    if writes.contact_holds:
        holds.put_contacts(conn, writes.contact_holds)
    for one in writes.suppressed:
        mirror.suppress(conn, tenant.id, one.contact, one.reason, one.at)


def _react(
    conn: Connection, tenant: Tenant, writes: Writes, signals: Sequence[Any], now: Business
) -> None:
    """What signals entail whatever the rules say: tasks move with the owner, waits end."""
    moved = {s.subject for s in signals if s.kind is SignalKind.OWNER_CHANGED}
    if moved:
        tasks.wish_open(conn, moved, "move", "owner_changed")
    for subject, wanted in writes.gives.items():
        to, by = _given_to(tenant, wanted)
        if by:
            tasks.give(conn, [subject], to, by)
            tasks.wish_open(conn, [subject], "move", "reassigned")
        else:
            lacks = {"wanted": wanted, "lacks": "nobody active of that name is in the CRM"}
            writes.explanations.append(
                Explanation(subject, "reassign", "stays", Code.ASSIGNED_OWNER, now, values=lacks)
            )
    _watch(conn, tenant, signals, now)
    running_again = {s.subject for s in signals if s.data.get("control") == "run"}
    for subject in running_again:
        # Whoever lets it run takes back what another person, or they, took out of our hands, and
        # knows better than we do what an answer elsewhere in the company means here.
        holds.lift(conn, tenant.id, subject, IN_CHARGE, colleagues.HOLD)
    if running_again:
        tasks.recall(conn, running_again, Code.HELD, now)
    freed = {s.subject for s in signals if s.kind is SignalKind.CONTROL_CHANGED}
    if freed:
        tasks.wake_subjects(conn, freed, now)
    writes.dirty |= {
        s.subject for s in signals if s.kind in (SignalKind.TASK_COMPLETED, SignalKind.TASK_DELETED)
    }


def _given_to(tenant: Tenant, wanted: str) -> tuple[str | None, str]:
    """Whose a record's open tasks become by a rule's word, and on what ground; no ground: nobody
    is there, and they stay."""
    if wanted == "manager":
        return None, "manager"
    name = tenant.settings.default_owner or "" if wanted == "default" else wanted
    person = find(tenant.calendars.people.values(), name)
    return (person.owner_id, "rep") if person is not None and person.active else (None, "")


def _may_unenrol(signal: Any) -> bool:
    return signal.kind in _MAY_UNENROL or (
        signal.kind in (SignalKind.TASK_COMPLETED, SignalKind.TASK_DELETED)
        and signal.data.get("step") in DUTY_STEPS
    )


def _watch(conn: Connection, tenant: Tenant, signals: Sequence[Any], now: Business) -> None:
    """What signals mean for contacts in the CRM's own sequences.

    Some may have ended one there; and while a rep wants a pause no mail may leave, which for a
    sequence of the CRM means its end.
    """
    touched = {s.contact for s in signals if s.contact and _may_unenrol(s)}
    if touched:
        natives.hasten(conn, tenant.id, touched, now)
    paused = [s for s in signals if s.data.get("control") == "pause"]
    people = {s.contact for s in paused if s.data.get("of") == "contact" and s.contact}
    if people:
        natives.stop_contacts(conn, tenant.id, people, "paused", now)
    subjects = {s.subject for s in paused if s.data.get("of") != "contact"}
    if subjects:
        natives.stop_subjects(conn, subjects, "paused", now)
