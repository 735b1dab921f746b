"""On which day an activity stands: a task is due on a day, whatever time of it a reminder names.

A task's day and reminder are those that were written, until the task is moved to another instant at
the screens; from then on they are that instant's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.world.records import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

YEAR_MS = 365 * 86_400_000
DAY_FIELD = "sf_ActivityDate"
MOMENT_FIELD = "sf_ReminderDateTime"
REMINDER_FIELD = "sf_IsReminderSet"


def _stands(record: Record, name: str) -> bool:
    """Whether what was written is no older than the instant that the world has."""
    written, due = record.history.get(name), record.history.get("hs_timestamp")
    return bool(written) and (not due or written[-1].at >= due[-1].at)  # type: ignore[index]


def activity_day(org: Org, record: Record) -> str | None:
    """The day of an activity, as ``YYYY-MM-DD``: in its owner's zone where it is an instant's."""
    if _stands(record, DAY_FIELD):
        return record.get(DAY_FIELD) or None
    at = record.instant("hs_meeting_start_time") or record.instant("hs_timestamp")
    return None if at is None else org.local_day(at, org.zone_of(org.owned(record)))


def is_archived(org: Org, record: Record) -> bool:
    """Whether a closed task or a past event lies more than a year back, where such are archived."""
    if not org.settings.salesforce_archives_activities or (
        record.kind == "tasks" and record.get("hs_task_status") != "COMPLETED"
    ):
        return False
    day = activity_day(org, record)
    return day is not None and day < org.local_day(org.now - YEAR_MS, org.account.timezone)


def reminder(record: Record) -> int | None:
    """The instant that a task's owner is reminded at, where one is set."""
    if record.get(REMINDER_FIELD) != "true":
        return None
    return record.instant(MOMENT_FIELD if _stands(record, MOMENT_FIELD) else "hs_timestamp")
