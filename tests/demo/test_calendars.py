"""Days, hours and zones as the checker counts them: cases reckoned by hand."""

from __future__ import annotations

from datetime import date

import pytest

from demo.calendars import calendar, call_time, in_call_hours, zone_of
from tests.demo.account import ms

BERLIN = calendar("Europe/Berlin", [])
NIGHTS = calendar(
    "America/New_York", [{"days": "EVERY_DAY", "startMinute": 480, "endMinute": 600}]
)


@pytest.mark.parametrize(
    ("since", "days", "then"),
    [
        ("2026-10-20 10:00", 7, "2026-10-27 10:00"),  # over the end of summer time
        ("2026-03-22 02:30", 7, "2026-03-29 03:30"),  # into the hour that is not there
        ("2026-10-18 02:30", 7, "2026-10-25 02:30"),  # into the hour that comes twice
    ],
)
def test_days_keep_the_local_time(since: str, days: int, then: str) -> None:
    assert BERLIN.after_days(ms(since), days) == ms(then)


def test_of_an_hour_that_comes_twice_the_first_counts() -> None:
    twice = BERLIN.after_days(ms("2026-10-24 02:30"), 1)
    assert twice == ms("2026-10-25 01:30") + 3_600_000


@pytest.mark.parametrize(
    ("given", "then"),
    [
        ("2026-10-12 08:59", "2026-10-12 09:00"),
        ("2026-10-12 09:00", "2026-10-12 09:00"),
        ("2026-10-12 16:59", "2026-10-12 16:59"),
        ("2026-10-12 17:00", "2026-10-13 09:00"),
        ("2026-10-16 18:00", "2026-10-19 09:00"),
        ("2026-10-18 12:00", "2026-10-19 09:00"),
    ],
)
def test_what_falls_outside_work_moves_to_its_next_start(given: str, then: str) -> None:
    assert BERLIN.shift(ms(given)) == ms(then)


def test_holidays_are_no_working_days() -> None:
    closed = calendar("Europe/Berlin", [], frozenset({date(2026, 10, 19)}))
    assert closed.shift(ms("2026-10-17 10:00")) == ms("2026-10-20 09:00")
    assert not closed.works_at(ms("2026-10-19 10:00"))


def test_without_hours_nothing_moves() -> None:
    always = calendar("Europe/Berlin", [], always=True)
    sunday = ms("2026-10-18 03:00")
    assert always.shift(sunday) == sunday == always.day_begins(sunday)
    assert always.works_at(sunday)
    assert always.next_day(sunday) == ms("2026-10-19 00:00")


def test_the_day_begins_with_work() -> None:
    assert BERLIN.day_begins(ms("2026-10-12 15:00")) == ms("2026-10-12 09:00")
    assert BERLIN.next_day(ms("2026-10-16 15:00")) == ms("2026-10-19 09:00")


def test_a_call_waits_for_both_days() -> None:
    """A rep in New York works from 8 to 10; in Berlin it is 14 to 16 then."""
    assert call_time(ms("2026-10-12 09:00"), NIGHTS, "Europe/Berlin") == ms("2026-10-12 14:00")
    assert call_time(ms("2026-10-12 15:00"), NIGHTS, "Europe/Berlin") == ms("2026-10-12 15:00")


def test_where_the_days_never_meet_the_persons_hours_count() -> None:
    """8 to 10 in New York is 21 to 23 in Tokyo."""
    found = call_time(ms("2026-10-12 14:00"), NIGHTS, "Asia/Tokyo")
    assert found == ms("2026-10-13 09:00", "Asia/Tokyo")
    assert in_call_hours(found, "Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("europe_slash_berlin", "Europe/Berlin"),
        ("America/New_York", "America/New_York"),
        ("america_slash_new_york", "America/New_York"),
        ("", ""),
        ("nowhere", ""),
    ],
)
def test_zones_are_read_as_the_crm_writes_them(text: str, zone: str) -> None:
    assert zone_of(text) == zone
