"""When something is owed, when its task is due, and when the task is written.

Three instants of every touch: `owed_at` counts the delay from the anchor and decides *whether* the
subject still qualifies; `shift` moves it into the rep's working time and gives the due time;
`write_at` says when the task appears in the CRM. Daylight saving is dealt with in `zones`.

Working time is half-open: at 17:00 sharp a day that ends at 17:00 is over.
"""

from __future__ import annotations

from functools import lru_cache

from app.decisions.memo import IdentityMemo
from app.decisions.zones import (
    day_number,
    day_start,
    day_text,
    from_local,
    local_day,
    to_local,
    zone_info,
)
from app.model.calendar import WorkCalendar
from app.model.playbook import LatePolicy
from app.model.time import DAY, HOUR, MINUTE, Business, Delay, Unit

HORIZON_DAYS = 400  # further ahead no working day is looked for
_THURSDAY = 3  # weekday of day number 0

Spans = tuple[tuple[int, int], ...]
Week = tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]


class _Plan:
    """A calendar compiled: working spans as instants, per local day, kept once computed."""

    __slots__ = ("_days", "_holidays", "_week", "works", "zone")

    def __init__(self, zone: str, week: tuple[Spans, ...], holidays: frozenset[str]) -> None:
        self.zone = zone
        self.works = any(week)
        self._week = week
        self._holidays = frozenset(day_number(text) for text in holidays)
        self._days: dict[int, Spans] = {}

    def spans(self, day: int) -> Spans:
        """[start, end) instants of work on a local day; empty on a day off."""
        known = self._days.get(day)
        if known is not None:
            return known
        found: Spans = ()
        if day not in self._holidays:
            found = tuple(
                (start, end)
                for start, end in (
                    (self._at(day, first), self._at(day, last))
                    for first, last in self._week[(day + _THURSDAY) % 7]
                )
                if start < end
            )
        if len(self._days) > 8192:
            self._days = {}
        self._days[day] = found
        return found

    def _at(self, day: int, minute: int) -> int:
        return from_local(day * DAY + minute * MINUTE, self.zone)

    def step(self, day: int, count: int) -> int:
        """The day `count` working days after `day` (before it, if negative).

        A calendar without any working day counts every day, so that a delay stays finite.
        """
        if not self.works:
            return day + count
        way, left = (1, count) if count >= 0 else (-1, -count)
        at, farthest = day, day + way * (7 * left + HORIZON_DAYS)
        while left and at != farthest:
            at += way
            if self.spans(at):
                left -= 1
        return at


@lru_cache(maxsize=1024)
def _plan(zone: str, week: tuple[Spans, ...], holidays: frozenset[str]) -> _Plan:
    return _Plan(zone, week, holidays)


def _compile(cal: WorkCalendar) -> _Plan:
    week = tuple(tuple(cal.hours.get(weekday, ())) for weekday in range(7))
    return _plan(cal.zone, week, cal.holidays)


# Two stages: the same calendar object is found by identity, equal ones share their computed days.
_plan_of = IdentityMemo(_compile)


def owed_at(anchor: Business, delay: Delay | None, cal: WorkCalendar) -> Business:
    """The instant `delay` after `anchor`, unshifted; None is the anchor itself.

    `h` and `min` are elapsed time. `d` and `wd` keep the local time of day in the calendar's zone:
    `d` counts calendar days, `wd` working days after the anchor's own day (1wd from a Saturday is
    Monday). `wd` counts by the weekly hours and holidays even where `windows_off` is set, because
    that switch is about shifting and not about what the word means.
    """
    if delay is None or not delay.amount:
        return anchor
    if delay.unit is Unit.H:
        return Business(anchor + delay.amount * HOUR)
    if delay.unit is Unit.MIN:
        return Business(anchor + delay.amount * MINUTE)
    return _by_days(anchor, delay, cal, 1)


def _by_days(instant: Business, delay: Delay, cal: WorkCalendar, way: int) -> Business:
    local = to_local(instant, cal.zone)
    if delay.unit is Unit.D:
        return Business(from_local(local + way * delay.amount * DAY, cal.zone))
    day = local // DAY
    target = _plan_of(cal).step(day, way * delay.amount)
    return Business(from_local(local + (target - day) * DAY, cal.zone))


def shift(instant: Business, cal: WorkCalendar) -> Business:
    """The instant if it lies in working time, else the start of the next working span.

    Unchanged where `windows_off` is set, and where there is no working time within 400 days (a
    calendar that `validate_calendar` refuses). Absences are the guard's affair: whether work waits
    or goes to cover depends on its priority.
    """
    if cal.windows_off:
        return instant
    plan = _plan_of(cal)
    if not plan.works:
        return instant
    day = local_day(instant, cal.zone)
    for start, end in plan.spans(day):
        if instant < end:
            return instant if instant >= start else Business(start)
    return _next_start(plan, day, instant)


def _next_start(plan: _Plan, day: int, otherwise: Business) -> Business:
    for later in range(day + 1, day + HORIZON_DAYS):
        spans = plan.spans(later)
        if spans:
            return Business(spans[0][0])
    return otherwise


def next_working_day(instant: Business, cal: WorkCalendar) -> Business:
    """Start of work on the first working day after the instant's local day.

    Where `windows_off` is set, or nobody ever works, the start of the next calendar day.
    """
    tomorrow = end_of_due_day(instant, cal)
    if cal.windows_off:
        return tomorrow
    return _next_start(_plan_of(cal), local_day(instant, cal.zone), tomorrow)


def write_at(due: Business, lead: Delay | None, cal: WorkCalendar) -> Business:
    """When the task of a sequence's step is written to the CRM; never later than `due`.

    lead None: the start of work on the due day (the due time itself where `windows_off` is set or
    the day has no working time). A lead of 0 is the due time.
    """
    if lead is None:
        if cal.windows_off:
            return due
        spans = _plan_of(cal).spans(local_day(due, cal.zone))
        return Business(spans[0][0]) if spans and spans[0][0] < due else due
    if not lead.amount:
        return due
    if lead.unit is Unit.H:
        return Business(due - lead.amount * HOUR)
    if lead.unit is Unit.MIN:
        return Business(due - lead.amount * MINUTE)
    return min(due, _by_days(due, lead, cal, -1))


def end_of_due_day(due: Business, cal: WorkCalendar) -> Business:
    """The local midnight that ends the rep's day of `due`; a task is overdue from then on."""
    return Business(day_start(local_day(due, cal.zone) + 1, cal.zone))


def local_date(instant: Business, zone: str) -> str:
    """ISO date of the zone's day at the instant."""
    return day_text(local_day(instant, zone))


def validate_calendar(cal: WorkCalendar) -> list[str]:
    """What is wrong with a calendar, a sentence each that names the field and what would be right.

    Empty means that every other function of this module can be called with it.
    """
    problems = [*_hours_problems(cal)]
    try:
        zone_info(cal.zone)
    except ValueError as error:
        problems.append(f"zone: {error}")
    for text in sorted(cal.holidays):
        try:
            day_number(text)
        except ValueError:
            problems.append(f"holidays: {text!r} is not a date; write it as 2026-12-25")
    for start, end in cal.absences:
        if end <= start:
            problems.append(f"absences: one ends at {end}, not after its start {start}; swap them")
    return problems


def _hours_problems(cal: WorkCalendar) -> list[str]:
    problems: list[str] = []
    for weekday, spans in cal.hours.items():
        if weekday not in range(7):
            problems.append(f"hours: {weekday} is no weekday; use 0 (Monday) to 6 (Sunday)")
        last = 0
        for start, end in spans:
            if not 0 <= start < end <= 24 * 60:
                problems.append(
                    f"hours: {start}-{end} on weekday {weekday} is no span; give minutes after "
                    "midnight, the start before the end, at most 1440"
                )
            elif start < last:
                problems.append(
                    f"hours: the spans of weekday {weekday} overlap or are out of order at {start};"
                    " list them from morning to evening"
                )
            last = max(last, end)
    if not any(cal.hours.values()):
        problems.append("hours: no day has working time; give at least one weekday a span")
    return problems


def is_too_late(due: Business, policy: LatePolicy, cal: WorkCalendar, now: Business) -> bool:
    """Whether a step that was due then is to be left out: late, and by more than its policy says
    (at once where it says nothing)."""
    if policy.action != "skip" or not is_late(due, cal, now):
        return False
    return owed_at(due, policy.older_than, cal) < now


def is_late(due: Business, cal: WorkCalendar, now: Business) -> bool:
    """Whether work due then is too old to be done under its own date.

    Late begins at the end of the rep's due day, not at the due minute: a task due an hour ago is
    today's work, and moving it would make its due time depend on how fast we were. The hour of
    grace keeps a due time just before midnight from being late a minute later.
    """
    return now > due + HOUR and now >= end_of_due_day(due, cal)
