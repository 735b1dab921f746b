"""An export of the CRM read into facts: entries, people, activity, and tasks of ours."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from demo.calendars import calendar, zone_of
from demo.facts import (
    FOREVER,
    Activity,
    Contact,
    Crm,
    Entry,
    Key,
    Meeting,
    Raw,
    Subject,
    Task,
    versions,
)
from demo.steps import DASH, DIGEST, step_of
from demo.whereabouts import zone_by_company

TOUCH_ID = "followthrough_touch_id"
BY_THE_DAY = frozenset({"salesforce"})
"""CRMs that tell the last activity on a deal by its day."""
_MARK = re.compile(r"followthrough:[0-9a-f-]{36}")
"""The touch id in a text, where a CRM has no field for it."""
_TEXTS = ("hs_task_body", "hs_call_body", "hs_email_text", "hs_note_body", "hs_communication_body")


def read(export: Raw, kinds: Mapping[str, str], *, working_hours: bool = True) -> Crm:
    """Facts out of an export. kinds: stage id → kind as the admin confirmed it.

    working_hours False: no calendar shifts.
    """
    zone = str(export["timezone"])
    always = not working_hours
    calendars = {"": calendar(zone, [], always=always)}
    for owner in export["owners"]:
        own = zone_of(owner["timezone"]) or zone
        calendars[owner["id"]] = calendar(own, owner["working_hours"], always=always)
    subjects = _deals(export, kinds)
    companies = {one["id"]: one for one in export.get("companies", ()) if not one["archived"]}
    contacts = {one["id"]: _contact(one, companies) for one in export["contacts"]}
    _leads(export, subjects)
    of_contact: dict[str, list[Subject]] = defaultdict(list)
    for subject in subjects.values():
        for contact in subject.contacts:
            of_contact[contact].append(subject)
    _activities(export, subjects, of_contact)
    gone = _deleted_deals(subjects)
    ours = [_task(one, gone) for one in export["tasks"] if _is_ours(one)]
    tasks = [task for task in ours if task.text != DIGEST]
    for task in tasks:
        if task.completed_at < FOREVER and task.subject in subjects:
            done = Activity(task.completed_at, task.completed_at)
            subjects[task.subject].activity.append(done)
    for subject in subjects.values():
        subject.replies.sort()
        subject.activity.sort(key=lambda one: one.known)
        subject.meetings.sort(key=lambda meeting: meeting.booked_at)
    return Crm(
        int(export["now"]),
        zone,
        subjects,
        contacts,
        tasks,
        [task for task in ours if task.text == DIGEST],
        calendars,
        _engagements(export),
        export.get("crm") in BY_THE_DAY,
    )


def _engagements(export: Raw) -> int:
    kinds = ("tasks", "calls", "emails", "meetings", "notes", "communications")
    return sum(1 for kind in kinds for one in export.get(kind, ()) if _is_ours(one))


def _is_ours(record: Raw) -> bool:
    """Whether a record carries our touch id: in its field, else as a mark in the text that it was
    made with."""
    if record["properties"].get(TOUCH_ID):
        return True
    first = (versions(record, name)[:1] for name in _TEXTS)
    return any(_MARK.search(value) for rows in first for _, value, _ in rows)


def _linked(record: Raw, kind: str) -> list[str]:
    return [one["id"] for one in record["associations"].get(kind, ())]


def _gone(record: Raw) -> int:
    return int(record["archived_at"]) if record["archived"] else FOREVER


def _pairs(record: Raw, name: str) -> list[tuple[int, str]]:
    return [(when, value) for when, value, _ in versions(record, name)]


def _deals(export: Raw, kinds: Mapping[str, str]) -> dict[Key, Subject]:
    places = {
        stage["id"]: stage["order"]
        for pipeline in export["pipelines"]
        for stage in pipeline["stages"]
    }
    found: dict[Key, Subject] = {}
    for one in export["deals"]:
        key = ("deals", one["id"])
        subject = found[key] = Subject(
            key, one["properties"].get("dealname", ""), one["created_at"], _gone(one)
        )
        furthest, before = -1, ""
        for when, stage in _pairs(one, "dealstage"):
            if stage == before or not stage:
                continue
            if subject.entries:
                subject.entries[-1].left_at = when
            place = places.get(stage, -1)
            subject.entries.append(
                Entry(when, stage, kinds.get(stage, "ignored"), place > furthest)
            )
            furthest, before = max(furthest, place), stage
        subject.owners = _pairs(one, "hubspot_owner_id")
        subject.controls = _pairs(one, "followthrough_control")
        subject.pauses = _pairs(one, "followthrough_pause_until")
        subject.contacts = _linked(one, "contacts")
    return found


def _contact(one: Raw, companies: Mapping[str, Raw]) -> Contact:
    def first(name: str, wanted: Any) -> int:
        return next((when for when, value in _pairs(one, name) if wanted(value)), FOREVER)

    return Contact(
        one["id"],
        zone_of(one["properties"].get("hs_timezone", "")) or zone_by_company(one, companies),
        first("hs_email_optout", lambda value: value == "true"),
        first("hs_email_bounce", lambda value: value not in ("", "0")),
        _pairs(one, "followthrough_control"),
    )


def _leads(export: Raw, subjects: dict[Key, Subject]) -> None:
    """Contacts that were there before any deal of theirs. A deal made in the same instant as its
    contact was never without it."""
    first_deal: dict[str, int] = {}
    for deal in export["deals"]:
        # From the deal's side: a deleted deal keeps its contacts, its contacts lose the deal.
        for contact in _linked(deal, "contacts"):
            known = first_deal.get(contact, FOREVER)
            first_deal[contact] = min(known, deal["created_at"])
    known: set[str] = set()
    for one in sorted(export["contacts"], key=lambda one: one["created_at"]):
        first, address = first_deal.get(one["id"], FOREVER), one["properties"].get("email", "")
        twice = address != "" and address in known
        known.add(address)
        if first <= one["created_at"] or twice:  # one address is one person, and one inquiry
            continue
        given = one["properties"]
        name = f"{given.get('firstname', '')} {given.get('lastname', '')}".strip()
        key = ("contacts", one["id"])
        subjects[key] = Subject(
            key,
            name or given.get("email", ""),
            one["created_at"],
            _gone(one),
            owners=_pairs(one, "hubspot_owner_id"),
            controls=_pairs(one, "followthrough_control"),
            contacts=[one["id"]],
            forms=[int(value) for _, value in _pairs(one, "recent_conversion_date") if value],
            deal_at=first,
        )


def _activities(
    export: Raw, subjects: Mapping[Key, Subject], of_contact: Mapping[str, list[Subject]]
) -> None:
    def about(record: Raw) -> Iterable[tuple[Subject, bool]]:
        own = {("deals", deal) for deal in _linked(record, "deals")}
        found = dict.fromkeys(sorted(own))
        for contact in _linked(record, "contacts"):
            own.add(("contacts", contact))
            found |= {subject.key: None for subject in of_contact.get(contact, ())}
        # With a deleted deal its activities lose the association, and are told by the contact.
        return [
            (subject, key in own or subject.gone < FOREVER)
            for key in found
            if (subject := subjects.get(key)) is not None
        ]

    for call in export["calls"]:
        for subject, own in about(call):
            subject.activity.append(Activity(_when(call), call["created_at"], own))
    for email in export["emails"]:
        incoming = email["properties"].get("hs_email_direction") == "INCOMING_EMAIL"
        for subject, own in about(email):
            subject.activity.append(Activity(_when(email), email["created_at"], own))
            if incoming:
                subject.replies.append(_when(email))
    for raw in export["meetings"]:
        meeting = _meeting(raw)
        for subject, own in about(raw):
            subject.meetings.append(meeting)
            subject.activity.append(Activity(meeting.booked_at, meeting.booked_at, own))
            for when, outcome in meeting.said:
                if outcome == "COMPLETED":
                    subject.activity.append(Activity(max(when, meeting.start), when, own))
    for subject in subjects.values():
        for contact in subject.contacts:
            person = subjects.get(("contacts", contact))
            for form in person.forms if person else ():
                subject.activity.append(Activity(form, form, own=False))


def _when(record: Raw) -> int:
    return int(record["properties"].get("hs_timestamp") or record["created_at"])


def _meeting(raw: Raw) -> Meeting:
    given = raw["properties"]
    said = [(when, value) for when, value in _pairs(raw, "hs_meeting_outcome")
            if value not in ("", "SCHEDULED")]  # fmt: skip
    start = int(given.get("hs_meeting_start_time") or _when(raw))
    return Meeting(
        raw["id"], raw["created_at"], start, int(given.get("hs_meeting_end_time") or start), said
    )


_CONTENT = ("hs_task_subject", "hs_task_body", "hs_task_type", "hs_task_priority", "hs_timestamp")


def _deleted_deals(subjects: Mapping[Key, Subject]) -> dict[tuple[str, str], Key]:
    """(contact or "", name) → deal, for deals that are gone: with the deal its tasks lose the
    association, and are told by the name in their subject."""
    return {
        (contact, subject.name): key
        for key, subject in subjects.items()
        if key[0] == "deals" and subject.gone < FOREVER
        for contact in ("", *subject.contacts)
    }


def _task(raw: Raw, gone: Mapping[tuple[str, str], Key]) -> Task:
    deals, contacts = _linked(raw, "deals"), _linked(raw, "contacts")
    history = versions(raw, "hs_task_status")
    completed = next((when for when, value, _ in history if value == "COMPLETED"), FOREVER)
    first = {name: versions(raw, name) for name in (*_CONTENT, "hubspot_owner_id")}
    text = first["hs_task_subject"][0][1] if first["hs_task_subject"] else ""
    subject: Key | None = ("deals", deals[0]) if deals else None
    if subject is None:
        subject = gone.get((contacts[0] if contacts else "", text.partition(DASH)[2]))
    if subject is None and contacts:
        subject = ("contacts", contacts[0])
    due = first["hs_timestamp"]
    owner = first["hubspot_owner_id"]
    edited = any(
        source != "INTEGRATION" for name in first for _, _, source in first[name][1:]
    )
    return Task(
        raw["id"],
        text,
        step_of(text),
        subject,
        contacts,
        raw["created_at"],
        int(due[0][1]) if due else 0,
        owner[0][1] if owner else "",
        raw["properties"].get("hs_task_type", ""),
        completed,
        _gone(raw),
        [(when, value) for when, value, _ in owner],
        [(when, value) for when, value, _ in due],
        edited,
        raw["properties"].get("followthrough_state") == "resolved",
        raw,
    )
