from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.timing import (
    end_of_due_day,
    is_late,
    local_date,
    next_working_day,
    owed_at,
    shift,
    validate_calendar,
    write_at,
)
from app.decisions.zones import to_local
from app.model.calendar import NINE_TO_FIVE, WorkCalendar
from app.model.time import DAY, HOUR, MINUTE, Business, Delay, Unit, parse_delay
from tests.decisions.build import AMSTERDAM, ANY_TIME, CAL, NEW_YORK, at

US = WorkCalendar(NEW_YORK, NINE_TO_FIVE)
SPLIT = WorkCalendar(
    AMSTERDAM,
    {0: ((540, 720), (780, 1020)), 2: ((540, 1440),), 6: ((0, 120),)},
    frozenset({"2026-03-04", "2026-12-25"}),
)


@pytest.mark.parametrize(
    ("cal", "anchor", "delay", "owed"),
    [
        (CAL, "2026-03-02 10:00", "3d", "2026-03-05 10:00"),
        (CAL, "2026-03-06 10:00", "1d", "2026-03-07 10:00"),  # a Saturday: owed all the same
        (CAL, "2026-03-06 10:00", "1wd", "2026-03-09 10:00"),
        (CAL, "2026-03-07 10:00", "1wd", "2026-03-09 10:00"),  # from a Saturday: Monday
        (CAL, "2026-03-02 10:00", "5wd", "2026-03-09 10:00"),
        (CAL, "2026-03-02 23:00", "4h", "2026-03-03 03:00"),
        (CAL, "2026-03-28 02:30", "1d", "2026-03-29 03:30"),  # into the gap: forward
        (CAL, "2026-03-28 12:00", "1d", "2026-03-29 12:00"),  # 23 hours later
        (CAL, "2026-03-28 12:00", "24h", "2026-03-29 13:00"),
        (CAL, "2026-10-24 02:30", "1d", "2026-10-25 02:30"),  # twice there: the first
        (CAL, "2026-10-24 12:00", "1d", "2026-10-25 12:00"),  # 25 hours later
        (CAL, "2026-10-24 12:00", "24h", "2026-10-25 11:00"),
        (CAL, "2026-10-24 23:50", "30min", "2026-10-25 00:20"),
        (US, "2026-03-07 02:30", "1d", "2026-03-08 03:30"),
        (US, "2026-10-31 01:30", "1d", "2026-11-01 01:30"),
        (SPLIT, "2026-03-02 10:00", "1wd", "2026-03-08 10:00"),  # the 4th is a holiday
        (ANY_TIME, "2026-03-06 10:00", "1wd", "2026-03-09 10:00"),  # the word keeps its meaning
    ],
)
def test_delays(cal: WorkCalendar, anchor: str, delay: str, owed: str) -> None:
    got = owed_at(at(anchor, cal.zone), parse_delay(delay), cal)
    assert got == at(owed, cal.zone)


def test_no_delay_is_the_anchor_itself_even_the_second_time_of_a_fold() -> None:
    second = at("2026-10-25 02:30", fold=1)
    assert owed_at(second, None, CAL) == second
    assert owed_at(second, Delay(0, Unit.D), CAL) == second


def test_without_any_working_day_a_delay_stays_finite() -> None:
    never = WorkCalendar(AMSTERDAM, {})
    start = at("2026-03-02 10:00")
    assert owed_at(start, parse_delay("3wd"), never) == at("2026-03-05 10:00")
    assert shift(start, never) == start


@pytest.mark.parametrize(
    ("cal", "instant", "shifted"),
    [
        (CAL, "2026-03-02 10:00", "2026-03-02 10:00"),
        (CAL, "2026-03-02 09:00", "2026-03-02 09:00"),
        (CAL, "2026-03-02 06:00", "2026-03-02 09:00"),
        (CAL, "2026-03-02 17:00", "2026-03-03 09:00"),  # half-open: the day is over
        (CAL, "2026-03-06 18:00", "2026-03-09 09:00"),
        (CAL, "2026-03-28 12:00", "2026-03-30 09:00"),  # over the change of clocks
        (CAL, "2026-10-24 12:00", "2026-10-26 09:00"),
        (US, "2026-03-07 12:00", "2026-03-09 09:00"),
        (SPLIT, "2026-03-02 12:30", "2026-03-02 13:00"),  # lunch
        (SPLIT, "2026-03-02 17:30", "2026-03-08 00:00"),  # the 4th is a holiday
        (SPLIT, "2026-03-11 23:59", "2026-03-11 23:59"),
        (ANY_TIME, "2026-03-07 03:00", "2026-03-07 03:00"),
    ],
)
def test_shift(cal: WorkCalendar, instant: str, shifted: str) -> None:
    assert shift(at(instant, cal.zone), cal) == at(shifted, cal.zone)


def test_a_window_over_the_change_loses_the_missing_hour() -> None:
    nights = WorkCalendar(AMSTERDAM, {6: ((60, 240),)})
    assert shift(at("2026-03-29 00:30"), nights) == at("2026-03-29 01:00")
    last = at("2026-03-29 03:59")
    assert shift(last, nights) == last
    assert shift(Business(last + MINUTE), nights) == at("2026-04-05 01:00")


@pytest.mark.parametrize(
    ("cal", "due", "lead", "written"),
    [
        (CAL, "2026-03-02 15:00", None, "2026-03-02 09:00"),
        (CAL, "2026-03-02 09:00", None, "2026-03-02 09:00"),
        (CAL, "2026-03-02 08:00", None, "2026-03-02 08:00"),  # never later than due
        (CAL, "2026-03-07 15:00", None, "2026-03-07 15:00"),  # a day without work
        (ANY_TIME, "2026-03-02 15:00", None, "2026-03-02 15:00"),
        (CAL, "2026-03-02 15:00", "0min", "2026-03-02 15:00"),
        (CAL, "2026-03-02 15:00", "2h", "2026-03-02 13:00"),
        (CAL, "2026-03-02 15:00", "15min", "2026-03-02 14:45"),
        (CAL, "2026-03-30 09:00", "1d", "2026-03-29 09:00"),
        (CAL, "2026-03-02 15:00", "1wd", "2026-02-27 15:00"),
    ],
)
def test_write_at(cal: WorkCalendar, due: str, lead: str | None, written: str) -> None:
    got = write_at(at(due), parse_delay(lead) if lead else None, cal)
    assert got == at(written)


def test_the_due_day_ends_at_local_midnight() -> None:
    assert end_of_due_day(at("2026-03-29 01:00"), CAL) == at("2026-03-30 00:00")
    assert end_of_due_day(at("2026-03-29 01:00"), CAL) - at("2026-03-29 00:00") == 23 * HOUR
    assert local_date(at("2026-03-02 23:59"), AMSTERDAM) == "2026-03-02"
    assert local_date(at("2026-03-02 23:59"), NEW_YORK) == "2026-03-02"
    assert local_date(at("2026-03-03 00:00"), NEW_YORK) == "2026-03-02"


def test_the_next_working_day_starts_when_work_does() -> None:
    assert next_working_day(at("2026-03-06 10:00"), CAL) == at("2026-03-09 09:00")
    assert next_working_day(at("2026-03-06 10:00"), ANY_TIME) == at("2026-03-07 00:00")


def test_late_begins_after_the_due_day_with_an_hour_of_grace() -> None:
    due = at("2026-03-02 10:00")
    assert not is_late(due, CAL, at("2026-03-02 23:59"))
    assert is_late(due, CAL, at("2026-03-03 00:00"))
    assert not is_late(at("2026-03-02 23:50"), CAL, at("2026-03-03 00:10"))
    assert is_late(at("2026-03-02 23:50"), CAL, at("2026-03-03 00:51"))


@pytest.mark.parametrize(
    ("calendar", "problem"),
    [
        (replace(CAL, zone="Mars/Olympus"), "zone: 'Mars/Olympus' is not a time zone"),
        (replace(CAL, hours={}), "hours: no day has working time"),
        (replace(CAL, hours={7: ((540, 1020),)}), "hours: 7 is no weekday"),
        (replace(CAL, hours={0: ((1020, 540),)}), "hours: 1020-540 on weekday 0 is no span"),
        (replace(CAL, hours={0: ((0, 1441),)}), "hours: 0-1441 on weekday 0 is no span"),
        (replace(CAL, hours={0: ((540, 700), (690, 800))}), "overlap or are out of order at 690"),
        (replace(CAL, holidays=frozenset({"25.12.2026"})), "holidays: '25.12.2026' is not a date"),
        (replace(CAL, absences=((5, 5),)), "absences: one ends at 5"),
    ],
)
def test_a_wrong_calendar_is_named(calendar: WorkCalendar, problem: str) -> None:
    assert any(problem in text for text in validate_calendar(calendar))


def test_a_right_calendar_has_no_problems() -> None:
    assert validate_calendar(CAL) == []
    assert validate_calendar(SPLIT) == []


CALENDARS = st.builds(
    WorkCalendar,
    st.sampled_from([AMSTERDAM, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.dictionaries(
        st.integers(0, 6),
        st.tuples(st.integers(0, 1379), st.integers(1, 60)).map(
            lambda pair: ((pair[0], pair[0] + pair[1]),)
        ),
        min_size=1,
    ),
    st.sets(st.integers(1, 28).map(lambda day: f"2026-03-{day:02d}")).map(frozenset),
)
YEAR = st.integers(at("2026-01-01 00:00"), at("2027-01-01 00:00")).map(Business)
DELAYS = st.builds(Delay, st.integers(0, 40), st.sampled_from(list(Unit)))


def inside(instant: int, cal: WorkCalendar) -> bool:
    """Working time by the weekly table alone, read from the wall clock."""
    local = to_local(instant, cal.zone)
    weekday, minute = (local // DAY + 3) % 7, local % DAY / MINUTE
    return any(start <= minute < end for start, end in cal.hours.get(weekday, ()))


@given(YEAR, CALENDARS)
def test_shift_is_idempotent_never_earlier_and_lands_in_working_time(
    instant: Business, cal: WorkCalendar
) -> None:
    shifted = shift(instant, cal)
    assert shifted >= instant
    assert shift(shifted, cal) == shifted
    assert inside(shifted, cal) or _in_a_gap(cal, shifted)
    assert local_date(shifted, cal.zone) not in cal.holidays


def _in_a_gap(cal: WorkCalendar, instant: int) -> bool:
    """A span that starts in the hour left out begins that much later on the wall clock."""
    before = to_local(instant - 2 * HOUR, cal.zone) - (instant - 2 * HOUR)
    return to_local(instant, cal.zone) - instant > before


@given(YEAR, YEAR, CALENDARS)
def test_shift_keeps_order(one: Business, other: Business, cal: WorkCalendar) -> None:
    assert shift(min(one, other), cal) <= shift(max(one, other), cal)


@given(YEAR, DELAYS, CALENDARS)
def test_a_delay_never_goes_back(anchor: Business, delay: Delay, cal: WorkCalendar) -> None:
    assert owed_at(anchor, delay, cal) >= anchor


@given(YEAR, st.one_of(st.none(), DELAYS), CALENDARS)
def test_a_task_is_never_written_after_it_is_due(
    due: Business, lead: Delay | None, cal: WorkCalendar
) -> None:
    assert write_at(due, lead, cal) <= due
    assert write_at(shift(due, cal), lead, cal) <= shift(due, cal)
