"""When a task is due whose due date has no time of day, whatever a rep does with its reminder."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.salesforce.due import Due, columns, due_of, literal, stamp

PARIS = ZoneInfo("Europe/Paris")


def at(local: str, zone: ZoneInfo = PARIS) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp() * 1000)


DUE = at("2026-09-10 14:30")


@pytest.mark.parametrize(
    ("day", "reminder", "expected"),
    [
        ("2026-09-10", DUE, DUE),
        ("2026-09-10", None, DUE),  # dismissed
        ("2026-09-10", at("2026-09-09 18:00"), DUE),  # reminded the evening before
        ("2026-09-10", at("2026-09-10 16:00"), at("2026-09-10 16:00")),  # moved within the day
        ("2026-09-12", DUE, at("2026-09-12 14:30")),  # moved by days, the reminder left behind
        ("2026-09-12", at("2026-09-12 09:15"), at("2026-09-12 09:15")),
        ("2026-09-12", None, at("2026-09-12 14:30")),
        (None, DUE, None),  # the date was cleared
    ],
)
def test_what_a_rep_does_with_a_task_of_ours(
    day: str | None, reminder: int | None, expected: int | None
) -> None:
    assert due_of(Due(day, reminder, DUE, "2026-09-10"), PARIS) == expected


def test_a_task_that_goes_to_somebody_in_another_zone_is_not_moved() -> None:
    """The day as written holds, although it is another day where the new owner is."""
    early = at("2026-09-10 00:30")
    los_angeles = ZoneInfo("America/Los_Angeles")
    assert due_of(Due("2026-09-10", early, early, "2026-09-10"), los_angeles) == early


def test_without_our_fields_the_reminder_tells_the_time() -> None:
    assert due_of(Due("2026-09-10", DUE), PARIS) == DUE
    assert due_of(Due("2026-09-11", DUE), PARIS) == at("2026-09-11 14:30")
    assert due_of(Due("2026-09-10", None), PARIS) == at("2026-09-10 09:00")


def test_the_day_is_the_owners_and_the_reminder_an_instant() -> None:
    late = at("2026-09-10 23:30", ZoneInfo("America/New_York"))
    new_york = columns(late, ZoneInfo("America/New_York"))
    assert new_york["ActivityDate"] == "2026-09-10"
    assert columns(late, PARIS)["ActivityDate"] == "2026-09-11"
    assert new_york["ReminderDateTime"] == "2026-09-11T03:30:00.000+0000"
    assert new_york["IsReminderSet"] is True


def test_a_day_that_clocks_change_keeps_its_local_time() -> None:
    """Moved over the end of summer time: 14:30 stays 14:30."""
    written = at("2026-10-24 14:30")
    moved = due_of(Due("2026-10-26", written, written, "2026-10-24"), PARIS)
    assert moved == at("2026-10-26 14:30")


def test_instants_as_salesforce_takes_them() -> None:
    assert stamp(1_789_000_000_123) == "2026-09-10T00:26:40.000+0000"
    assert literal(1_789_000_000_123) == "2026-09-10T00:26:40.123Z"
