"""Sequences 2026-03: list, read, enrol, read a contact's enrolment. No version can unenrol."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.call import Answer, Call, route
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.objects import paging
from sandbox.hubspot.values import iso
from sandbox.world import sequences as world
from sandbox.world.preferences import may_be_sequenced
from sandbox.world.records import Record
from sandbox.world.sequence_records import EMAIL, Enrolment, Sequence, Step

READ = "automation.sequences.read"
ENROL = "automation.sequences.enrollments.write"
PAGE_DEFAULT = PAGE_LIMIT = 100


def _brief(sequence: Sequence) -> dict[str, Any]:
    return {
        "id": sequence.id,
        "name": sequence.name,
        "userId": str(sequence.user_id),
        "folderId": None,
        "createdAt": iso(sequence.created_at),
        "updatedAt": iso(sequence.updated_at),
    }


def _step(number: int, step: Step, dates: dict[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": step.id,
        "stepOrder": number,
        "actionType": step.action,
        "delayMillis": step.delay_ms,
        **dates,
    }
    if step.action == EMAIL:
        shown["emailPattern"] = {"id": f"{step.id}1", "templateId": f"{step.id}2", **dates}
    else:
        shown["taskPattern"] = {
            "id": f"{step.id}1",
            "taskType": step.task_type,
            "taskPriority": step.priority,
            "subject": step.subject,
            "notes": step.text,
            **dates,
        }
    return shown


def _full(sequence: Sequence) -> dict[str, Any]:
    dates = {"createdAt": iso(sequence.created_at), "updatedAt": iso(sequence.updated_at)}
    finish = {
        "id": f"{sequence.id}9",
        "stepOrder": len(sequence.steps),
        "actionType": "FINISH_ENROLLMENT",
        "delayMillis": sequence.finish_ms,
        **dates,
    }
    steps = [_step(number, step, dates) for number, step in enumerate(sequence.steps)]
    return {
        **_brief(sequence),
        "steps": [*steps, finish],
        "settings": {
            "id": f"{sequence.id}8",
            "eligibleFollowUpDays": sequence.days,
            "sellingStrategy": "LEAD_BASED",
            "sendWindowStartMinute": sequence.window[0],
            "sendWindowEndMinute": sequence.window[1],
            "taskReminderMinute": sequence.window[0],
            "individualTaskRemindersEnabled": False,
            **dates,
        },
        "dependencies": [],
    }


def _user(call: Call) -> int:
    """The user that the call acts for."""
    given = call.arg("userId")
    if not given:
        raise errors.refuse("sequence_user_missing", "query param userId may not be null")
    owners = call.account.owners.values()
    if not any(str(one.user_id) == given and not one.archived for one in owners):
        raise errors.refuse(
            "sequence_user_unknown", f"User {given} is not an active user of this account."
        )
    return int(given)


def _visible(call: Call, user_id: int, sequence_id: str) -> Sequence:
    for sequence in call.account.sequences.visible(user_id):
        if sequence.id == sequence_id:
            return sequence
    raise errors.refuse("sequence_unknown", f"Sequence {sequence_id} not found")


@route("GET", "/automation/sequences/{v}")
def list_sequences(call: Call) -> Answer:
    """A page of the sequences that a user sees, by name where one is given."""
    call.need(READ)
    user_id = _user(call)
    limit, name = call.whole("limit", PAGE_DEFAULT, PAGE_LIMIT), call.arg("name").lower()
    after = call.cursor()
    found = [one for one in call.account.sequences.visible(user_id) if name in one.name.lower()]
    answer: dict[str, Any] = {
        "total": len(found),
        "results": [_brief(one) for one in found[after : after + limit]],
    }
    if after + limit < len(found):
        answer["paging"] = paging(call, str(after + limit))
    return 200, answer


@route("GET", "/automation/sequences/{v}/{sequence_id}")
def read_sequence(call: Call, sequence_id: str) -> Answer:
    """One sequence with its steps and settings."""
    call.need(READ)
    return 200, _full(_visible(call, _user(call), sequence_id))


@route("POST", "/automation/sequences/{v}/enrollments")
def enrol(call: Call) -> Answer:
    """Enrols a contact; the first step follows at once."""
    call.need(ENROL)
    user_id = _user(call)
    if not world.has_seat(call.account, user_id):
        raise _refused(
            call, "sequence_seat", f"User {user_id} needs a Sales Hub or Service Hub seat."
        )
    given = call.json()
    for name in ("sequenceId", "contactId", "senderEmail"):
        if not given.get(name):
            raise errors.refuse(
                "sequence_field_missing", f"Some required fields were not set: [{name}]"
            )
    with call.hub.world.lock:
        sequence = _visible(call, user_id, str(given["sequenceId"]))
        contact = call.account.find("contacts", str(given["contactId"]))
        if contact is None:
            raise errors.refuse(
                "sequence_contact_unknown", f"Contact {given['contactId']} not found"
            )
        sender = str(given["senderEmail"]).lower()
        made = _existing(call, user_id, sender, contact)
        if made is None:
            made = world.enrol(call.account, sequence, contact, user_id, sender)
    return 200, {
        "id": made.id,
        "toEmail": made.to_email,
        "enrolledAt": iso(made.enrolled_at),
        "updatedAt": iso(made.updated_at),
    }


def _refused(call: Call, row: str, message: str, *, status: int = 0) -> ApiError:
    """A refusal to enrol. No document shows most of them, so they may also say nothing."""
    if not call.hub.settings.enrolment_refusals_explained and row != "sequence_unsubscribed":
        message = "There was a problem with the request."
    return errors.refuse(row, message, status=status)


def _existing(call: Call, user_id: int, sender: str, contact: Record) -> Enrolment | None:
    """Refuses what may not be enrolled; the enrolment that there is, where that is the answer."""
    account, settings = call.account, call.hub.settings
    if not contact.get("email"):
        raise _refused(
            call, "sequence_contact_without_email", f"Contact {contact.id} has no email address"
        )
    if sender not in (one.lower() for one in account.sequences.inboxes.get(user_id, ())):
        raise _refused(
            call,
            "sequence_inbox",
            f"{sender} is not a connected inbox of user {user_id}",
            status=settings.sequence_inbox_status,
        )
    if not may_be_sequenced(account, contact):
        raise _refused(
            call, "sequence_unsubscribed", f"Contact {contact.id} has unsubscribed from email"
        )
    active = account.sequences.active(contact.id)
    if active is not None:
        if settings.duplicate_enrolment == "existing":
            return active
        raise _refused(
            call,
            "sequence_enrolled_already",
            f"Contact {contact.id} is already enrolled in a sequence",
        )
    if world.enrolled_today(account, sender) >= settings.sequence_daily_limit:
        raise _refused(
            call,
            "sequence_daily_limit",
            f"{sender} has reached its limit of {settings.sequence_daily_limit} enrollments a day",
            status=settings.sequence_limit_status,
        )
    return None


@route("GET", "/automation/sequences/{v}/enrollments/contact/{contact_id}")
def read_enrolment(call: Call, contact_id: str) -> Answer:
    """The latest enrolment of a contact; nothing in it tells whether it still runs."""
    call.need(READ)
    account, settings = call.account, call.hub.settings
    contact = account.find("contacts", contact_id)
    found = account.sequences.latest(contact.id) if contact else None
    if found is not None and found.state != "active" and not settings.ended_enrolment_shown:
        found = None
    if found is None:
        if settings.never_enrolled_status == 200:
            return 200, {}
        raise errors.refuse(
            "sequence_never_enrolled", f"No enrollment found for contact {contact_id}"
        )
    by = next((o.email for o in account.owners.values() if o.user_id == found.user_id), "")
    return 200, {
        "id": found.id,
        "sequenceId": found.sequence.id,
        "sequenceName": found.sequence.name,
        "enrolledBy": str(found.user_id),
        "enrolledByEmail": by,
        "toEmail": found.to_email,
        "enrolledAt": iso(found.enrolled_at),
        "updatedAt": iso(found.updated_at),
    }
