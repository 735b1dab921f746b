"""Reckoned values of tasks, events, e-mails and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.salesforce import ids
from sandbox.salesforce.computed import bounced_at, company_id, reads
from sandbox.salesforce.days import REMINDER_FIELD, activity_day, is_archived, reminder
from sandbox.salesforce.picklists import PICKLISTS
from sandbox.world.people_activity import CALL_OUTCOMES
from sandbox.world.records import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_OUTWARD = {
    name: {theirs: ours for ours, theirs in reversed(offers)} for name, offers in PICKLISTS.items()
}
_OUTCOMES = {number: name.replace("_", " ").capitalize() for name, number in CALL_OUTCOMES.items()}
_SUBTYPES = {"calls": "Call", "emails": "Email"}
_TASK_SUBTYPES = {"CALL": "Call", "EMAIL": "Email", "LINKED_IN_MESSAGE": "LinkedIn",
                  "LINKED_IN_CONNECT": "LinkedIn"}  # fmt: skip


@reads("Task.WhoId", "Event.WhoId")
def who(org: Org, record: Record) -> str | None:
    """The person that an activity is with: a lead or a contact."""
    for contact in record.links.get("contacts", ()):
        found = org.person_id(contact)
        if found is not None:
            return found
    return None


@reads("Task.WhatId", "Event.WhatId", "EmailMessage.RelatedToId")
def what(org: Org, record: Record) -> str | None:
    """What an activity is about: an opportunity, else an account."""
    for kind, sobject in (("deals", "Opportunity"), ("companies", "Account")):
        for one in record.links.get(kind, ()):
            return org.linked_id(sobject, one)
    return None


@reads("Note.ParentId")
def _parent(org: Org, record: Record) -> str | None:
    return what(org, record) or who(org, record)


@reads("Note.Title")
def _title(org: Org, record: Record) -> str:
    return record.get("sf_Title") or record.get("hs_note_body")[:80] or "Note"


@reads("Task.WhoCount")
def _who_count(org: Org, record: Record) -> int:
    return len(record.links.get("contacts", ()))


@reads("Task.WhatCount")
def _what_count(org: Org, record: Record) -> int:
    return int(what(org, record) is not None)


@reads("Task.AccountId", "Event.AccountId")
def _account(org: Org, record: Record) -> str | None:
    for kind in ("companies", "deals", "contacts"):
        for one in record.links.get(kind, ()):
            if kind == "companies":
                return org.linked_id("Account", one)
            far = org.account.find(kind, one)
            found = company_id(org, far) if far is not None else None
            if found is not None:
                return found
    return None


@reads("Task.IsArchived", "Event.IsArchived")
def _archived(org: Org, record: Record) -> bool:
    return is_archived(org, record)


# --- tasks ---------------------------------------------------------------------------------------


@reads("Task.ActivityDate", "Event.ActivityDate")
def _day(org: Org, record: Record) -> str | None:
    return activity_day(org, record)


@reads("Task.Status")
def _status(org: Org, record: Record) -> str:
    if record.kind != "tasks":
        return "Completed"
    status = record.get("hs_task_status") or "NOT_STARTED"
    return _OUTWARD["Task.Status"].get(status, status)


@reads("Task.IsClosed")
def _closed(org: Org, record: Record) -> bool:
    return record.kind != "tasks" or record.get("hs_task_status") == "COMPLETED"


@reads("Task.CompletedDateTime")
def _completed(org: Org, record: Record) -> int | None:
    return record.instant("hs_task_completion_date") if record.kind == "tasks" else (
        record.created_at
    )  # fmt: skip


@reads("Task.Priority")
def priority(org: Org, record: Record) -> str:
    """Normal where nobody has said otherwise."""
    given = record.get("hs_task_priority") or "NONE"
    return _OUTWARD["Task.Priority"].get(given, given)


@reads("Task.IsHighPriority")
def _high(org: Org, record: Record) -> bool:
    return priority(org, record) == "High"


@reads("Task.TaskSubtype")
def subtype(org: Org, record: Record) -> str:
    """What kind of work it is: as written, else by what the world knows of it."""
    if record.kind == "tasks":
        known = _TASK_SUBTYPES.get(record.get("hs_task_type"), "Task")
        return record.get("sf_TaskSubtype") or known
    if record.kind == "communications":
        linkedin = record.get("hs_communication_channel_type") == "LINKEDIN_MESSAGE"
        return "LinkedIn" if linkedin else "Task"
    return _SUBTYPES[record.kind]


@reads("Task.CallDurationInSeconds")
def _duration(org: Org, record: Record) -> int | None:
    value = record.get("hs_call_duration")
    return int(float(value)) // 1000 if value else None


@reads("Task.CallDisposition")
def _disposition(org: Org, record: Record) -> str | None:
    if record.kind != "calls":
        return record.get("sf_CallDisposition") or None
    said = _OUTCOMES.get(record.get("hs_call_disposition"))
    missed = record.get("hs_call_status") == "NO_ANSWER"
    return said or ("No answer" if missed else "Connected")


@reads("Task.ReminderDateTime")
def _reminder(org: Org, record: Record) -> int | None:
    return reminder(record)


@reads("Task.IsReminderSet")
def _reminds(org: Org, record: Record) -> bool:
    return record.get(REMINDER_FIELD) == "true"


@reads("Task.ActionCadenceStepTrackerId")
def _step_tracker(org: Org, record: Record) -> str | None:
    if record.kind != "tasks" or record.created_by.source_type != "SEQUENCES":
        return None
    return ids.make("ActionCadenceStepTracker", int(record.id))


# --- events --------------------------------------------------------------------------------------


def ends(record: Record) -> int | None:
    """When a meeting ends; an hour after it begins where nobody has said."""
    start = record.instant("hs_meeting_start_time")
    return record.instant("hs_meeting_end_time") or (start + 3_600_000 if start else None)


@reads("Event.EndDateTime")
def _ends(org: Org, record: Record) -> int | None:
    return ends(record)


@reads("Event.DurationInMinutes")
def _minutes(org: Org, record: Record) -> int | None:
    start, end = record.instant("hs_meeting_start_time"), ends(record)
    return (end - start) // 60_000 if start is not None and end is not None else None


@reads("Event.EventSubtype")
def _event_subtype(org: Org, record: Record) -> str:
    return "Event"


@reads("Event.ShowAs")
def _show_as(org: Org, record: Record) -> str:
    return record.get("sf_ShowAs") or "Busy"


# --- e-mails -------------------------------------------------------------------------------------


@reads("EmailMessage.ActivityId")
def _activity(org: Org, record: Record) -> str:
    return org.record_id("Task", record)


@reads("EmailMessage.ParentId", "EmailMessage.AutomationType")
def _none(org: Org, record: Record) -> None:
    return None


@reads("EmailMessage.Headers")
def _headers(org: Org, record: Record) -> str | None:
    return record.get("sf_Headers") or None


@reads("EmailMessage.Incoming")
def incoming(org: Org, record: Record) -> bool:
    """Whether the prospect wrote it."""
    return record.get("hs_email_direction") == "INCOMING_EMAIL"


@reads("EmailMessage.Status")
def _email_status(org: Org, record: Record) -> str:
    if record.get("sf_Status"):
        return _OUTWARD["EmailMessage.Status"].get(record.get("sf_Status"), "3")
    return "0" if incoming(org, record) else "3"


@reads("EmailMessage.IsTracked")
def _tracked(org: Org, record: Record) -> bool:
    return not incoming(org, record)


def opened_at(org: Org, record: Record) -> int | None:
    """When the prospect last opened a mail; the world knows it of the person's latest mail."""
    if incoming(org, record):
        return None
    sent = record.instant("hs_timestamp") or record.created_at
    for contact in record.links.get("contacts", ()):
        person = org.account.find("contacts", contact)
        seen = person.instant("hs_sales_email_last_opened") if person else None
        if seen is not None and seen >= sent:
            return seen
    return None


@reads("EmailMessage.IsOpened")
def _opened(org: Org, record: Record) -> bool:
    return opened_at(org, record) is not None


@reads("EmailMessage.FirstOpenedDate", "EmailMessage.LastOpenedDate")
def _opened_date(org: Org, record: Record) -> int | None:
    return opened_at(org, record)


@reads("EmailMessage.IsBounced")
def _mail_bounced(org: Org, record: Record) -> bool:
    if record.get("hs_email_status") == "BOUNCED":
        return True
    if incoming(org, record):
        return False
    people = (org.account.find("contacts", one) for one in record.links.get("contacts", ()))
    back = (bounced_at(org, one) for one in people if one is not None)
    return any(at is not None and at >= record.created_at for at in back)
