"""When a task is due, of a CRM whose due date is a day.

The day is Salesforce's `ActivityDate`, the time of day that of its reminder. A reminder is also
what a rep dismisses, or sets to the evening before; so the instant and the day as we wrote them
stand beside, and only a day or a time of that day that somebody changed moves the task.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.values import instant

UNTIMED = time(9)
"""Time of day of a task that never had one."""


class Due(NamedTuple):
    """The columns of a task that say when it is due, as Salesforce has them; None for none."""

    day: str | None
    reminder: int | None
    at: int | None = None
    written_day: str | None = None


def due_of(due: Due, zone: ZoneInfo) -> int | None:
    """The instant at which the task is due, in its owner's zone; None without a day."""
    if due.day is None:
        return None
    day = date.fromisoformat(due.day[:10])
    reminded = due.reminder is not None and _local(due.reminder, zone).date() == day
    if due.at is not None and due.written_day is not None and due.written_day[:10] == due.day[:10]:
        # The day is as we wrote it: a reminder on it may have been moved, one that is gone was
        # dismissed, and one on another day is but a reminder.
        return due.reminder if reminded else due.at
    if reminded:
        return due.reminder
    known = due.at if due.at is not None else due.reminder
    clock = UNTIMED if known is None else _local(known, zone).time()
    return round(datetime.combine(day, clock, zone).timestamp() * 1000)


def columns(due_at: int, zone: ZoneInfo) -> dict[str, Any]:
    """Salesforce's own columns for a task that is due at an instant."""
    return {
        "ActivityDate": day_of(due_at, zone),
        "ReminderDateTime": stamp(due_at),
        "IsReminderSet": True,
    }


def day_of(at: int, zone: ZoneInfo) -> str:
    return _local(at, zone).date().isoformat()


def stamp(at: int) -> str:
    """An instant as Salesforce takes it, to the second: it keeps no more."""
    moment = datetime.fromtimestamp(at // 1000, ZoneInfo("UTC"))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def literal(at: int) -> str:
    """An instant as SOQL compares with it: without quotes."""
    moment = datetime.fromtimestamp(at // 1000, ZoneInfo("UTC"))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"


def told(value: Any) -> int | None:
    """The instant of a datetime column."""
    return instant(str(value)) if value else None


def _local(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, zone)
