"""The CRM's own sequences: what stands against an enrolment, and what its standing now means.

Inside such a sequence the CRM is the sender. Our guard binds the enrolment; after that the only
thing left to us is to end it, which the CRM does not offer as a call either: a property asks the
account's workflow, and where none answers, a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.decisions.native_codes import Native
from app.model.guard import GuardFacts
from app.model.native import Do, Look, Sender
from app.model.playbook import Step
from app.model.time import DAY, MINUTE, SECOND, Business, Delay, Unit
from app.model.vocabulary import CHECK_STEP, UNENROL_STEP, Priority, TaskType

CONFIRM_MS = 5 * MINUTE
"""So long a workflow may take to act (about 80 seconds where developers measured it)."""

ASK_AGAIN_MS = 2 * MINUTE
SKEW_MS = 2 * MINUTE
"""How far the CRM's clock may be behind ours. An enrolment older than that is somebody else's."""

DOUBT_MS = 3 * DAY
"""For so long it may still turn up that an enrolment was made whose answer was lost."""

_AT_ONCE = Delay(0, Unit.MIN)

UNENROL = Step(
    id=UNENROL_STEP,
    at=None,
    task=TaskType.TODO,
    subject="Unenrol the contact from its sequence now",
    template="unenrol-contact",
    priority=Priority.HIGH,
    lead=_AT_ONCE,
)
CHECK = Step(
    id=CHECK_STEP,
    at=None,
    task=TaskType.TODO,
    subject="Check whether the contact is in the sequence",
    template="check-enrolment",
    priority=Priority.HIGH,
    lead=_AT_ONCE,
)
DUTIES: Mapping[str, Step] = {step.id: step for step in (UNENROL, CHECK)}
"""Tasks that no guard holds back: they undo, or clear up, what we did ourselves."""


def unenrol_title(contact: str, sequence: str) -> str:
    return f"Unenrol {contact} from {sequence} now"


def check_title(contact: str, sequence: str) -> str:
    return f"Check whether {contact} is in {sequence}, and enrol them if not"


def as_task(step: Step) -> Step:
    """What a rep is given in place of the CRM's sequence."""
    return replace(step, native=None)


def obstacle(facts: GuardFacts, *, on: bool, unavailable: str, sender: Sender) -> str | None:
    """Why a task stands in for the enrolment, as far as it is known before the CRM is asked.

    on: the admin's switch. unavailable: why this account has no sequences, "" where it has.
    """
    contact = facts.contact
    if unavailable:
        return Native.UNAVAILABLE
    if not on:
        return Native.OFF
    if contact is None:
        return Native.NO_CONTACT
    if not contact.email:
        return Native.NO_EMAIL
    if not sender.active or not sender.user_id or not sender.inbox:
        return Native.NO_SENDER
    if sender.problem:
        return sender.problem
    return Native.ELSEWHERE if contact.in_sequence else None


def is_ours(row: Mapping[str, Any], contact: Mapping[str, Any]) -> bool:
    """Whether the sequence that runs for a contact is the one we enrolled them in.

    row: of `native_enrolments`. contact: canonical fields as read just now.
    """
    if not contact.get("in_sequence") or contact.get("sequence") != row["sequence_id"]:
        return False
    enrolled = contact.get("sequence_enrolled_at")
    return enrolled is None or enrolled >= row["sent_at"] - SKEW_MS


def look(
    row: Mapping[str, Any],
    contact: Mapping[str, Any] | None,
    now: Business,
    next_day: Business,
    *,
    answered: bool = False,
) -> Look:
    """What the standing of an enrolment means. contact None: the contact is gone.

    next_day: when running enrolments are looked at together again. answered: the person who was
    asked about it is done with that.
    """
    runs = contact is not None and is_ours(row, contact)
    if row["state"] == "unknown" and not runs:
        if not answered and now < row["sent_at"] + DOUBT_MS:
            return Look(Do.WAIT, again_at=next_day)
        return Look(Do.END, Native.NEVER)
    if not runs:
        return Look(Do.END, _how(row, contact))
    if row["state"] == "unknown":
        return Look(Do.ADOPT, Native.ADOPTED, again_at=now)
    if row["stop_why"] is None:
        return Look(Do.WAIT, again_at=next_day)
    if row["asked_at"] is None:
        return Look(Do.ASK, Native.ASKED, again_at=Business(now + ASK_AGAIN_MS))
    if now < row["asked_at"] + CONFIRM_MS:
        return Look(Do.WAIT, again_at=Business(row["asked_at"] + CONFIRM_MS))
    if row["person_touch"] is None:
        return Look(Do.ASK_PERSON, Native.PERSON_ASKED, again_at=Business(now + 60 * MINUTE))
    return Look(Do.WAIT, again_at=Business(now + 60 * MINUTE))


def _how(row: Mapping[str, Any], contact: Mapping[str, Any] | None) -> str:
    finished = (contact or {}).get("sequence_finished_at")
    if finished is not None and finished >= (row["enrolled_at"] or row["sent_at"]) - SECOND:
        return Native.FINISHED
    return Native.STOPPED if row["stop_why"] is not None else Native.LEFT
