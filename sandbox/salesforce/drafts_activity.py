"""How tasks, events, e-mails and notes are written."""

from __future__ import annotations

import json
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sandbox.salesforce.days import DAY_FIELD, MOMENT_FIELD, REMINDER_FIELD
from sandbox.salesforce.drafts import TOGETHER, Draft, writes
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.model import Field
from sandbox.salesforce.values import referred

_KIND_OF = {"Opportunity": "deals", "Account": "companies", "Contact": "contacts",
            "Lead": "contacts"}  # fmt: skip
_WORLD_TYPES = {"Call": "CALL", "Email": "EMAIL", "ListEmail": "EMAIL",
                "LinkedIn": "LINKED_IN_MESSAGE", "Meeting": "MEETING"}  # fmt: skip
_NOON = time(12)


@writes("Task.WhoId", "Event.WhoId")
def _who(made: Draft, field: Field, text: str) -> None:
    made.joined["contacts"] = referred(made.org, field, text)[1] if text else None


@writes("Task.WhatId", "Event.WhatId", "EmailMessage.RelatedToId")
def _what(made: Draft, field: Field, text: str) -> None:
    made.joined["deals"] = made.joined["companies"] = None
    if text:
        name, number = referred(made.org, field, text)
        made.joined[_KIND_OF[name]] = number


@writes("Note.ParentId")
def _parent(made: Draft, field: Field, text: str) -> None:
    name, number = referred(made.org, field, text)
    made.joined[_KIND_OF[name]] = number


@writes("Note.Title")
def _title(made: Draft, field: Field, text: str) -> None:
    made.fields["sf_Title"] = text


@writes("Task.Status")
def _status(made: Draft, field: Field, text: str) -> None:
    if made.kind == "tasks":
        made.fields["hs_task_status"] = text
    elif text != "COMPLETED":
        raise RowError("sf_field_closed", "a logged activity is over: Status", ["Status"])


@writes("Task.Priority")
def _priority(made: Draft, field: Field, text: str) -> None:
    made.fields["hs_task_priority"] = text


@writes("Task.TaskSubtype")
def _subtype(made: Draft, field: Field, text: str) -> None:
    if text == "Cadence":
        raise RowError(
            "sf_subtype", "Task Subtype: bad value for restricted picklist field: Cadence",
            ["TaskSubtype"],
        )  # fmt: skip
    made.fields["sf_TaskSubtype"] = text


@writes("Task.CallDurationInSeconds")
def _duration(made: Draft, field: Field, text: str) -> None:
    made.fields["hs_call_duration"] = str(int(text) * 1000) if text else ""


@writes("Task.CallDisposition")
def _disposition(made: Draft, field: Field, text: str) -> None:
    made.fields["sf_CallDisposition"] = text


@writes("Task.ActivityDate", "Task.ReminderDateTime", "Task.IsReminderSet", "Event.ActivityDate",
        "Event.EndDateTime", "Event.DurationInMinutes", "EmailMessage.Incoming",
        "EmailMessage.Status", "Event.EventSubtype")  # fmt: skip
def _later(made: Draft, field: Field, text: str) -> None:
    """Decided together with others."""


@writes("Event.ShowAs", "EmailMessage.Headers")
def _kept(made: Draft, field: Field, text: str) -> None:
    made.fields[f"sf_{field.name}"] = text


def _task(made: Draft) -> None:
    _task_type(made)
    _task_times(made)
    _lead_alone(made)


def _event(made: Draft) -> None:
    _event_times(made)
    _lead_alone(made)


def _note(made: Draft) -> None:
    if made.record is None:
        made.fields["hs_timestamp"] = str(made.org.now)


def _lead_alone(made: Draft) -> None:
    """A lead has nothing beside it that an activity could be about."""
    if made.org.settings.salesforce_lead_with_what:
        return
    who = made.joined.get("contacts")
    about = made.joined.get("deals") or made.joined.get("companies")
    if made.record is not None and not ("contacts" in made.joined or "deals" in made.joined):
        return
    if made.record is not None:
        who = who or next(iter(made.record.linked("contacts")), None)
        about = about or next(iter(made.record.linked("deals")), None)
    person = made.org.account.find("contacts", who) if who else None
    if about and person is not None and made.org.is_lead(person):
        raise RowError(
            "sf_lead_what", "WhatId must be null if WhoId is a lead", ["WhatId", "WhoId"]
        )


def _task_type(made: Draft) -> None:
    if made.record is None:
        subtype = made.given.get("TaskSubtype") or "Task"
        made.fields["sf_TaskSubtype"] = subtype
        kind = subtype if subtype != "Task" else made.given.get("Type", "")
        made.fields["hs_task_type"] = _WORLD_TYPES.get(kind, "TODO")
        made.fields.setdefault("hs_task_status", "NOT_STARTED")
        made.fields.setdefault("hs_task_priority", "MEDIUM")
        if made.fields["hs_task_status"] == "COMPLETED":
            made.given.setdefault("ActivityDate", "")


def _task_times(made: Draft) -> None:
    """The world knows one instant of a task: its reminder's, else noon of its day."""
    if made.record is not None and made.kind != "tasks":
        return
    given, fields = made.given, made.fields
    if not {"ActivityDate", "ReminderDateTime", "IsReminderSet"} & given.keys():
        if made.record is None:
            fields[REMINDER_FIELD] = "false"
        return
    if "ActivityDate" in given:
        fields[DAY_FIELD] = given["ActivityDate"]
    if "ReminderDateTime" in given:
        fields[MOMENT_FIELD] = given["ReminderDateTime"]
    fields[REMINDER_FIELD] = made.now_has("IsReminderSet", REMINDER_FIELD) or "false"
    reminds = fields[REMINDER_FIELD] == "true" and made.now_has("ReminderDateTime", MOMENT_FIELD)
    day = made.now_has("ActivityDate", DAY_FIELD)
    if reminds:
        fields["hs_timestamp"] = reminds
    elif "ActivityDate" in given:
        fields["hs_timestamp"] = _noon(made, day) if day else ""


def _noon(made: Draft, day: str) -> str:
    owner = made.fields.get("hubspot_owner_id") or (
        made.record.get("hubspot_owner_id") if made.record is not None else ""
    )
    zone = made.org.zone_of(made.org.owner(owner))
    at = datetime.combine(datetime.fromisoformat(day), _NOON, ZoneInfo(zone))
    return str(round(at.timestamp() * 1000))


def _event_times(made: Draft) -> None:
    given, fields = made.given, made.fields
    timed = {"StartDateTime", "EndDateTime", "DurationInMinutes", "ActivityDateTime",
             "ActivityDate", "IsAllDayEvent"} & given.keys()  # fmt: skip
    if made.record is not None and not timed:
        return
    if given.get("IsAllDayEvent") == "true":
        start = _midnight(given.get("ActivityDate", ""))
        length = 1440
    else:
        text = given.get("StartDateTime") or given.get("ActivityDateTime") or (
            made.record.get("hs_meeting_start_time") if made.record is not None else ""
        )  # fmt: skip
        if not text:
            raise RowError(
                "sf_event_times", "Required fields are missing: [StartDateTime]", ["StartDateTime"]
            )
        start, length = int(text), int(given.get("DurationInMinutes") or 0)
    end = int(given.get("EndDateTime") or 0) or (start + length * 60_000 if length else 0)
    if not end and made.record is not None:
        end = made.record.instant("hs_meeting_end_time") or 0
    if not end or end < start:
        raise RowError(
            "sf_event_times",
            "An event ends after it begins: give DurationInMinutes or EndDateTime",
            ["DurationInMinutes", "EndDateTime"],
        )
    fields["hs_meeting_start_time"] = fields["hs_timestamp"] = str(start)
    fields["hs_meeting_end_time"] = str(end)
    if made.record is None:
        fields["hs_meeting_outcome"] = fields.get("hs_meeting_outcome") or "SCHEDULED"


def _midnight(day: str) -> int:
    if not day:
        raise RowError(
            "sf_event_times", "Required fields are missing: [ActivityDate]", ["ActivityDate"]
        )
    return round(datetime.fromisoformat(day + "T00:00:00+00:00").timestamp() * 1000)


def _email(made: Draft) -> None:
    given, fields, record = made.given, made.fields, made.record
    if record is not None:
        closed = set(given) - {"IsExternallyVisible", "Status"}
        standard = any(not made.sobject.fields[one].custom for one in closed)
        if standard and record.get("sf_Status") != "DRAFT":
            raise RowError("sf_email_sent", "insufficient access rights on a sent email")
        if "Status" in given:
            fields["sf_Status"] = given["Status"]
        return
    inward = given.get("Incoming") == "true"
    fields["hs_email_direction"] = "INCOMING_EMAIL" if inward else "EMAIL"
    fields["hs_email_status"] = "SENT"
    fields["sf_Status"] = given.get("Status") or ("NEW" if inward else "SENT")
    fields.setdefault("hs_timestamp", str(made.org.now))
    sender, to = fields.get("hs_email_from_email", ""), fields.get("hs_email_to_email", "")
    ends = {"from": {"email": sender}, "to": [{"email": to}], "cc": [], "bcc": []}
    fields["hs_email_headers"] = json.dumps(ends)
    far = (sender if inward else to).lower()
    if far and "contacts" not in made.joined:
        for person in made.org.account.objects["contacts"].values():
            if person.get("email").lower() == far:
                made.joined["contacts"] = person.id
                break


TOGETHER.update({"Task": _task, "Event": _event, "EmailMessage": _email, "Note": _note})
