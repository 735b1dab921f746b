"""Single values of records, as every shape shows them."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.pipedrive import words
from sandbox.world.records import Record


def number(text: str) -> float | int | None:
    """A number as JSON writes it: whole ones without a fraction."""
    if not text:
        return None
    value = float(text)
    return int(value) if value.is_integer() else value


def numbers(text: str) -> list[int]:
    """Ids kept as one text."""
    return [int(one) for one in text.split(";") if one]


def place(record: Record) -> dict[str, Any] | None:
    """An organization's address, as written and in the parts that Pipedrive recognised in it."""
    parts = {
        "route": record.get("address"),
        "locality": record.get("city"),
        "admin_area_level_1": record.get("state"),
        "country": record.get("country"),
    }
    written = ", ".join(filter(None, parts.values()))
    if not written:
        return None
    return {
        "value": written,
        **{name: text or None for name, text in parts.items()},
        "postal_code": record.get("zip") or None,
    }


def addresses(record: Record, name: str) -> list[dict[str, Any]]:
    """A person's e-mails or phones, the primary one first."""
    labels = orjson.loads(record.get(f"pd_{name}_labels") or "{}")
    more = {"email": "hs_additional_emails", "phone": "pd_more_phones"}[name]
    values = [record.get(name), *record.get(more).split(";")]
    if name == "phone":
        values.append(record.get("mobilephone"))
    found = [one for one in dict.fromkeys(values) if one]
    return [
        {"value": one, "primary": number == 0, "label": labels.get(one, "work")}
        for number, one in enumerate(found)
    ]


def subject_of(record: Record) -> str:
    """An activity's subject."""
    names = {"tasks": "hs_task_subject", "calls": "hs_call_title", "meetings": "hs_meeting_title"}
    return record.get(names.get(record.kind, "")) or words.type_of(record).capitalize()


def note_of(record: Record) -> str:
    """An activity's note, HTML."""
    names = {
        "tasks": "hs_task_body",
        "calls": "hs_call_body",
        "meetings": "hs_meeting_body",
        "communications": "hs_communication_body",
    }
    told = record.get(names[record.kind])
    if record.kind == "calls" and record.get("hs_call_status") == "NO_ANSWER" and not told:
        return "No answer"
    return told


def duration_of(record: Record) -> str | None:
    """How long an activity is planned for or lasted."""
    if record.kind == "meetings":
        start, end = words.due_at(record), record.instant("hs_meeting_end_time")
        return words.hours(end - start) if end else None
    if record.kind == "calls":
        return words.hours(int(record.get("hs_call_duration") or 0))
    return record.get("pd_duration") or None


def done_at(record: Record) -> int:
    """When an activity was marked as done."""
    if record.kind == "tasks":
        return record.instant("hs_task_completion_date") or record.updated_at
    if record.kind == "meetings":
        past = record.history.get("hs_meeting_outcome")
        return past[-1].at if past else record.updated_at
    return record.created_at


def origin(record: Record) -> str:
    """How a record came to be."""
    known = {"INTEGRATION": "API", "IMPORT": "Import", "FORM": "WebForms"}
    return known.get(record.created_by.source_type, "ManuallyCreated")
