"""The touch id in the text of a task or note, where a CRM has no property for it that it keeps
unique."""

from __future__ import annotations

import re
from collections.abc import Collection

from app.model.time import DAY, Business, Clocks
from connectors.contract import CrmRecord, ObjectType

MARK = "followthrough:"
_LATELY_MS = 7 * DAY
"""Longer than an outage may last."""
_MARKED = re.compile(r"\s*(?:<p>\s*)?Ref: followthrough:([0-9a-f-]{36})(?:\s*</p>)?")


def lately(clocks: Clocks) -> Business:
    """Since when a mark is sought among all tasks, where its own stands on no record (a manager's
    digest)."""
    return Business(max(0, clocks.business() - _LATELY_MS))


def marked(body: str, touch_id: str) -> str:
    """The body, of HTML, with the mark behind it."""
    return f"{body}<p>Ref: {MARK}{touch_id}</p>"


def marked_plain(body: str, touch_id: str) -> str:
    """The same of a body that is plain text."""
    return f"{body}\n\nRef: {MARK}{touch_id}"


def is_marked(body: str) -> bool:
    """Whether the text bears a mark of ours."""
    return touch_of(body) is not None


def touch_of(body: str) -> str | None:
    """The touch id that the text bears, if any."""
    match = _MARKED.search(body)
    return match.group(1) if match else None


def unmark(record: CrmRecord) -> str | None:
    """Move the touch id from a record's body into its field; None if it bears none."""
    body = record.fields.get("body")
    match = _MARKED.search(body) if isinstance(body, str) else None
    if match is None or not isinstance(body, str):
        return record.fields.get("touch_id")
    record.fields["body"] = _MARKED.sub("", body)
    record.fields["touch_id"] = match.group(1)
    if "body" in record.history:
        record.history["body"] = [
            version._replace(value=_MARKED.sub("", version.value or ""))
            for version in record.history["body"]
        ]
    return match.group(1)


def unmarked(
    records: list[CrmRecord], types: Collection[ObjectType] = ("task",)
) -> list[CrmRecord]:
    """The records as they are handed out, the touch id of those types as the field that it is.

    Where a CRM has a property for it, it may still stand in a body from a time in which that was
    lost, so every body is looked at.
    """
    for record in records:
        if record.type in types:
            unmark(record)
    return records
