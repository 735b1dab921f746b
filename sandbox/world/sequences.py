"""The CRM's own sequences: who may run them, and what the CRM does with a contact enrolled in one.

An enrolment is carried out in business time. The first step comes at once, whatever the send
window; later ones come by their delay, moved into the window of the account's zone. It ends when
the prospect replies, books a meeting, opts out or bounces, when a person or the account's workflow
unenrols the contact, and after the last step. Sources: sequences API; knowledge base on
unenrolment; what developers saw of the workflow. The zone of the window and the source type of the
mails are not documented.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox.world import preferences
from sandbox.world.records import PAID_TIERS, SEATED_TIERS, Actor, Link, Record
from sandbox.world.sequence_records import DAY_MS, TASK, Enrolment, Sequence, Step

if TYPE_CHECKING:
    from sandbox.world.account import Account
    from sandbox.world.store import World

STEP = "sequence.step"
WORKFLOW = "sequence.workflow"


def install(world: World) -> None:
    """Lets the world's agenda carry enrolments out."""
    world.agenda.handle(STEP, lambda *entry: _step(world, *entry))
    world.agenda.handle(WORKFLOW, lambda *entry: _workflow(world, *entry))


def has_seat(account: Account, user_id: int) -> bool:
    """Whether a user holds a paid seat of the sales or service tools."""
    seats = account.sequences.seats
    return account.tier in SEATED_TIERS and (seats is None or user_id in seats)


def enrolled_today(account: Account, inbox: str) -> int:
    """How many enrolments an inbox has sent since midnight in the account's zone."""
    return account.sequences.enrolled.get((inbox, _local(account).strftime("%Y-%m-%d")), 0)


def enrol(
    account: Account, sequence: Sequence, contact: Record, user_id: int, sender: str
) -> Enrolment:
    """Enrols a contact. Whether this is allowed is the caller's to check."""
    world = account.world
    with world.lock:
        now, state = world.clock.now(), account.sequences
        made = Enrolment(
            world.new_id(),
            sequence,
            contact.id,
            user_id,
            sender,
            contact.get("email"),
            now,
            now,
        )
        state.enrolments.setdefault(contact.id, []).append(made)
        day = (sender, _local(account).strftime("%Y-%m-%d"))
        state.enrolled[day] = state.enrolled.get(day, 0) + 1
        values = {
            "hs_sequences_is_enrolled": "true",
            "hs_sequences_enrolled_count": str(len(state.enrolments[contact.id])),
            "hs_sequences_actively_enrolled_count": "1",
            "hs_latest_sequence_enrolled": sequence.id,
            "hs_latest_sequence_enrolled_date": str(now),
        }
        account.compute(contact, values, now)
        first = sequence.steps[0].delay_ms if sequence.steps else sequence.finish_ms
        _plan(account, made, now + first)
        return made


def unenrol(account: Account, contact_id: str, reason: str) -> bool:
    """Ends the active enrolment of a contact; False when there is none."""
    return _end(account, contact_id, "unenrolled", reason)


def _end(account: Account, contact_id: str, state: str, reason: str) -> bool:
    with account.world.lock:
        found = account.sequences.active(contact_id)
        if found is None:
            return False
        now = account.world.clock.now()
        found.state, found.reason, found.updated_at = state, reason, now
        contact = account.objects["contacts"].get(contact_id)
        if contact is not None:
            values = {
                "hs_sequences_is_enrolled": "false",
                "hs_sequences_actively_enrolled_count": "0",
                f"hs_latest_sequence_{state}_date": str(now),
                "hs_latest_sequence_ended_date": str(now),
            }
            account.compute(contact, values, now)
        return True


def merged(account: Account, primary_id: str, other_id: str, contact: Record) -> None:
    """Two contacts became ``contact``: its enrolments are both theirs, the primary's goes on.

    Nothing that the vendor publishes says so; a contact in two sequences is what cannot be.
    """
    state = account.sequences
    if not state.enrolments.keys() & {primary_id, other_id}:
        return
    if state.active(primary_id) is not None:
        unenrol(account, other_id, "merged")
    past = [*state.enrolments.pop(primary_id, ()), *state.enrolments.pop(other_id, ())]
    for enrolment in past:
        enrolment.contact_id = contact.id
    # The active one last, where it is looked for.
    past.sort(key=lambda one: (one.state == "active", one.enrolled_at))
    state.enrolments[contact.id] = past
    active = state.active(contact.id) is not None
    values = {
        "hs_sequences_is_enrolled": "true" if active else "false",
        "hs_sequences_enrolled_count": str(len(past)),
        "hs_sequences_actively_enrolled_count": "1" if active else "0",
    }
    account.compute(contact, values, account.world.clock.now())


# --- what ends an enrolment by itself ------------------------------------------------------------


def activity_logged(account: Account, activity: Record, contact: Record) -> None:
    """A reply or a booked meeting unenrols; a meeting that an app wrote is no booking."""
    if activity.kind == "emails" and activity.get("hs_email_direction") == "INCOMING_EMAIL":
        unenrol(account, contact.id, "replied")
    elif (
        activity.kind == "meetings"
        and activity.get("hs_meeting_outcome") in ("", "SCHEDULED")
        and activity.created_by.source_type != "INTEGRATION"
    ):
        unenrol(account, contact.id, "meeting booked")


def contact_changed(account: Account, contact: Record, before: Mapping[str, str], now: int) -> None:
    """Opt-outs and bounces unenrol; the workflow's property becoming known starts the workflow.

    ``before`` holds the replaced values. A new value of a property that was known already starts
    nothing: the workflow's condition was met before.
    """
    opting = any(name.startswith("hs_email_optout") for name in before)
    if opting and not preferences.may_be_sequenced(account, contact):
        unenrol(account, contact.id, "unsubscribed")
    if "hs_email_bounce" in before and contact.get("hs_email_bounce"):
        unenrol(account, contact.id, "bounced")
    flow = account.sequences.workflow
    if (
        flow is not None
        and account.tier in PAID_TIERS
        and before.get(flow.property) == ""
        and contact.get(flow.property)
    ):
        at = now + round(flow.seconds * 1000)
        order = (contact.get("email"), "workflow", flow.property, 0, 0)
        account.world.agenda.add(at, WORKFLOW, account.portal_id, contact.id, order=order)


def _workflow(world: World, portal_id: int, contact_id: str) -> None:
    account = world.accounts[portal_id]
    if account.sequences.workflow is not None:  # turned off meanwhile: it no longer runs
        unenrol(account, account.merged["contacts"].get(contact_id, contact_id), "workflow")


# --- carrying an enrolment out -------------------------------------------------------------------


def _plan(account: Account, enrolment: Enrolment, at: int) -> None:
    # The address orders what falls on one instant: ids would depend on who was created first.
    order = (enrolment.to_email, "sequence", enrolment.sequence.name, enrolment.step, 0)
    entry = (account.portal_id, enrolment.contact_id, enrolment.id, enrolment.step)
    account.world.agenda.add(at, STEP, *entry, order=order)


def _step(world: World, portal_id: int, contact_id: str, enrolment_id: str, number: int) -> None:
    account = world.accounts[portal_id]
    contact_id = account.merged["contacts"].get(contact_id, contact_id)
    with world.lock:
        enrolment = account.sequences.active(contact_id)
        if enrolment is None or enrolment.id != enrolment_id or enrolment.step != number:
            return
        contact = account.objects["contacts"].get(contact_id)
        if contact is None:
            _end(account, contact_id, "unenrolled", "contact deleted")
            return
        steps = enrolment.sequence.steps
        if number >= len(steps):
            _end(account, contact_id, "finished", "last step")
            return
        _perform(account, enrolment, steps[number], contact)
        now = world.clock.now()
        enrolment.step, enrolment.updated_at = number + 1, now
        if number + 1 == len(steps):
            _plan(account, enrolment, now + enrolment.sequence.finish_ms)
        else:
            _plan(account, enrolment, _next(account, enrolment.sequence, steps[number + 1]))


def _perform(account: Account, enrolment: Enrolment, step: Step, contact: Record) -> None:
    now = account.world.clock.now()
    owner = next((o for o in account.owners.values() if o.user_id == enrolment.user_id), None)
    deals = [
        deal_id
        for deal_id in contact.linked("deals")
        if account.objects["deals"][deal_id].get("hs_is_closed") != "true"
    ]
    links = [Link("contacts", contact.id), *(Link("deals", one) for one in deals)]
    actor = Actor("SEQUENCES", f"sequenceId:{enrolment.sequence.id}", enrolment.user_id)
    fields = {"hs_timestamp": str(now), "hubspot_owner_id": owner.id if owner else ""}
    if step.action == TASK:
        fields |= {
            "hs_task_subject": step.subject,
            "hs_task_body": step.text,
            "hs_task_type": step.task_type,
            "hs_task_priority": step.priority,
            "hs_task_status": "NOT_STARTED",
        }
        account.create("tasks", fields, actor, links)
        return
    ends = {"from": {"email": enrolment.sender}, "to": [{"email": enrolment.to_email}]}
    fields |= {
        "hs_email_direction": "EMAIL",
        "hs_email_status": "SENT",
        "hs_email_subject": step.subject,
        "hs_email_text": step.text,
        "hs_email_headers": json.dumps({**ends, "cc": [], "bcc": []}),
    }
    account.create("emails", fields, actor, links)


def _next(account: Account, sequence: Sequence, step: Step) -> int:
    """When a later step comes: its delay after now, moved on into the send window."""
    local = _local(account)
    delay = step.delay_ms
    if sequence.days == "BUSINESS_DAYS":
        while delay >= DAY_MS:
            local += timedelta(days=1)
            delay -= DAY_MS if local.weekday() < 5 else 0
    local += timedelta(milliseconds=delay)
    start, end = sequence.window
    while True:
        minute = local.hour * 60 + local.minute
        if minute >= end or (sequence.days != "EVERYDAY" and local.weekday() >= 5):
            local = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        elif minute < start:
            local = local.replace(hour=start // 60, minute=start % 60, second=0, microsecond=0)
        else:
            return int(local.timestamp() * 1000)


def _local(account: Account) -> datetime:
    return datetime.fromtimestamp(account.world.clock.now() / 1000, ZoneInfo(account.timezone))
