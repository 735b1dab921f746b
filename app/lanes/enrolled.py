"""What became of enrolments in the CRM's own sequences, stored: those made, and those refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.decisions.native_codes import Native
from app.decisions.timing import local_date
from app.lanes.case import Case
from app.lanes.commit import SUMMARY_MS
from app.lanes.context import Lanes, Tenant
from app.lanes.opting_out import unsubscribed
from app.model.decisions import Explanation
from app.model.native import Sender
from app.model.time import Business, Wall
from app.model.vocabulary import Outcome, TaskType, TouchState
from app.store import counts, ledger, natives, outbox, summaries
from connectors.contract import CrmEnrolment, CrmSequence


@dataclass(slots=True)
class Letter:
    """One enrolment about to be sent."""

    case: Case
    sequence: CrmSequence
    sender: Sender

    @property
    def words(self) -> dict[str, Any]:
        return {
            "step": self.case.row["step"],
            "sequence": self.sequence.name,
            "sender": self.sender.inbox,
        }


@dataclass(slots=True)
class Failed:
    """A case that is not enrolled. code: for the ledger; instead: a task stands in for it."""

    case: Case
    code: str
    words: dict[str, Any]
    instead: bool = True
    write_at: Business | None = None
    retry_wall: Wall | None = None


def record_made(
    lanes: Lanes, tenant: Tenant, made: Sequence[tuple[Letter, CrmEnrolment]], now: Business
) -> None:
    if not made:
        return
    day = local_date(now, tenant.zone)
    touched = [one.case.facts.touch.contact for one, _ in made]
    with lanes.store.write() as conn:
        for one, enrolment in made:
            touch, row = one.case.facts.touch, one.case.row
            performed = performed_row(row["id"], one.sequence.name, touch.contact, now)
            outbox.performed(
                conn, [{**performed, "owner_id": one.case.owner_id, "due_at": row["due_at"]}]
            )
            next_day = tenant.calendars.next_day_start(now)
            natives.save(conn, [active_row(row["id"], enrolment, next_day)], now)
            words = {**one.words, "enrolment": enrolment.id}
            scope = f"touch:{touch.id}"
            line = Explanation(touch.subject, scope, "done", Native.STARTED, now, True, words)
            ledger.write(conn, tenant.id, [line])
        mailed = [(who, day, TaskType.EMAIL) for who in touched if who]
        counts.count_contact(conn, tenant.id, mailed)
        subjects = {one.case.row["subject_id"] for one, _ in made}
        summaries.mark_dirty(conn, subjects, now, SUMMARY_MS)


def performed_row(
    touch_id: str, sequence: str, contact: str | None, now: Business
) -> dict[str, Any]:
    """Columns of a touch whose sequence runs in the CRM, but for owner_id and due_at."""
    return {
        "key": touch_id,
        "task_id": None,
        "performed_at": now,
        "contact_id": contact,
        "outcome": Outcome.RUNNING.value,
        "outcome_at": None,
        "outcome_why": None,
        "overdue_at": None,
        "wish": None,
        "wish_why": None,
        "shown_subject": f"Sequence: {sequence}",
    }


def active_row(touch_id: str, enrolment: CrmEnrolment, look_at: Business) -> dict[str, Any]:
    """An enrolment that stands in the CRM, looked at next at `look_at`."""
    return {
        "touch_id": touch_id,
        "state": "active",
        "crm_id": enrolment.id,
        "enrolled_at": enrolment.enrolled_at,
        "asked_at": None,
        "person_touch": None,
        "ended_at": None,
        "end_reason": None,
        "look_at": look_at,
        "retry_wall": 0,
    }


def record_failed(
    lanes: Lanes, tenant: Tenant, failed: Sequence[Failed], now: Business
) -> None:
    if not failed:
        return
    out = [one.case for one in failed if one.code == Native.UNSUBSCRIBED]
    with lanes.store.write() as conn:
        natives.unsent(conn, [_unsent(one, now) for one in failed])
        ledger.write(conn, tenant.id, [_line(one, now) for one in failed])
    if out:
        unsubscribed(lanes, tenant, out, now)


def _unsent(one: Failed, now: Business) -> dict[str, Any]:
    row, out = one.case.row, one.code == Native.UNSUBSCRIBED
    return {
        "key": row["id"],
        "held": row["fence"],
        "state": (TouchState.DROPPED if out else TouchState.PLANNED).value,
        "reason": one.code,
        "instead": one.code if one.instead else None,
        "due_at": one.write_at or row["due_at"],
        "write_at": one.write_at or row["write_at"],
        "retry_wall": one.retry_wall or 0,
        "error": one.words.get("said") if one.retry_wall else None,
        "outcome_at": now if out else None,
    }


def _line(one: Failed, now: Business) -> Explanation:
    verdict = "instead" if one.instead else "defer"
    if one.code == Native.UNSUBSCRIBED:
        verdict = "drop"
    words = one.words if one.write_at is None else {**one.words, "until": one.write_at}
    touch = one.case.facts.touch
    return Explanation(touch.subject, f"touch:{touch.id}", verdict, one.code, now, False, words)
