from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.zones import (
    day_number,
    day_start,
    day_text,
    from_local,
    local_day,
    to_local,
    utc_offset,
    zone_info,
)
from app.model.time import HOUR, MINUTE, from_datetime
from tests.decisions.build import at

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Amsterdam",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",  # changes by half an hour
        "Asia/Kathmandu",
        "Pacific/Apia",  # left out 30 December 2011
        "Africa/Casablanca",  # goes back for Ramadan
        "America/Sao_Paulo",
        "Africa/Cairo",  # changes at midnight
        "Pacific/Kiritimati",
    ]
)
INSTANTS = st.integers(from_datetime(datetime(1990, 1, 1, tzinfo=UTC)), 2_200_000_000_000)


@given(INSTANTS, ZONES)
def test_the_wall_clock_reads_as_zoneinfo_says(instant: int, zone: str) -> None:
    seconds = instant // 1000 * 1000
    expected = datetime.fromtimestamp(seconds // 1000, ZoneInfo(zone)).replace(tzinfo=UTC)
    assert to_local(seconds, zone) == from_datetime(expected)


@given(INSTANTS, ZONES)
def test_a_reading_means_the_instant_that_fold_0_means(instant: int, zone: str) -> None:
    naive = datetime.fromtimestamp(instant // 1000, UTC).replace(tzinfo=None)
    expected = naive.replace(tzinfo=ZoneInfo(zone), fold=0)
    assert from_local(instant // 1000 * 1000, zone) == from_datetime(expected.astimezone(UTC))


@pytest.mark.parametrize(
    ("zone", "reading", "utc"),
    [
        ("Europe/Amsterdam", "2026-03-29 02:30", "2026-03-29 01:30"),  # gap: reads 03:30 then
        ("Europe/Amsterdam", "2026-10-25 02:30", "2026-10-25 00:30"),  # fold: the first
        ("Europe/Amsterdam", "2026-10-25 03:00", "2026-10-25 02:00"),
        ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:30"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45"),
    ],
)
def test_gaps_go_forward_and_folds_take_the_first(zone: str, reading: str, utc: str) -> None:
    assert from_local(at(reading, "UTC"), zone) == at(utc, "UTC")


def test_every_hour_of_both_change_days_agrees_with_zoneinfo() -> None:
    for zone, day in [
        ("Europe/Amsterdam", datetime(2026, 3, 28, tzinfo=UTC)),
        ("Europe/Amsterdam", datetime(2026, 10, 24, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 7, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 10, 31, tzinfo=UTC)),
    ]:
        for quarter in range(4 * 72):
            moment = day + timedelta(minutes=15 * quarter)
            local = moment.astimezone(ZoneInfo(zone))
            offset = local.utcoffset()
            assert offset is not None
            assert utc_offset(from_datetime(moment), zone) == offset.total_seconds() * 1000


def test_a_change_is_found_to_the_second() -> None:
    change = at("2026-03-29 01:00", "UTC")
    assert utc_offset(change - 1, "Europe/Amsterdam") == HOUR
    assert utc_offset(change, "Europe/Amsterdam") == 2 * HOUR


def test_a_day_without_midnight_starts_at_its_first_instant() -> None:
    day = local_day(at("2026-04-24 12:00", "Africa/Cairo"), "Africa/Cairo")
    assert day_start(day, "Africa/Cairo") == at("2026-04-24 01:00", "Africa/Cairo")
    assert local_day(day_start(day, "Africa/Cairo") - MINUTE, "Africa/Cairo") == day - 1


def test_days_have_iso_names() -> None:
    assert day_text(0) == "1970-01-01"
    assert day_text(day_number("2026-12-25")) == "2026-12-25"


def test_an_unknown_zone_is_named_with_what_would_be_right() -> None:
    with pytest.raises(ValueError, match=r"'Europe/Amsterdm' is not a time zone.*Europe/Amsterdam"):
        zone_info("Europe/Amsterdm")
