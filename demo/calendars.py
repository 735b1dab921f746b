"""Days and working hours, counted once more and in another way than the app counts them.

Everything goes by `datetime` and `zoneinfo`, day by day: slow, plain, and independent of the
arithmetic that it checks. Instants are ms since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_GROUPS = {
    "MONDAY_TO_FRIDAY": range(5),
    "SATURDAY_SUNDAY": range(5, 7),
    "EVERY_DAY": range(7),
}
_OFFICE = (9 * 60, 17 * 60)
_FORTNIGHT = 14


def local(instant: int, zone: str) -> datetime:
    """The wall clock in a zone."""
    return datetime.fromtimestamp(instant // 1000, UTC).astimezone(ZoneInfo(zone)).replace(
        microsecond=instant % 1000 * 1000
    )


def instant_of(wall: datetime, zone: str) -> int:
    """The instant of a wall clock's reading: the first of two where clocks go back; moved forward
    by the gap where they jump."""
    placed = wall.replace(tzinfo=ZoneInfo(zone), fold=0)
    return round(placed.timestamp() * 1000)


@lru_cache(maxsize=1)
def _slugs() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def zone_of(text: str) -> str:
    """An IANA zone out of what the CRM keeps: `europe_slash_berlin`, `Europe/Berlin`, or "". """
    return _slugs().get(text.lower().replace("_slash_", "/"), "")


@dataclass(frozen=True)
class Calendar:
    """When somebody works: weekday (0 is Monday) → spans of minutes of the local day.

    holidays: local days off. always: no hours at all, every instant is working time.
    """

    zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    holidays: frozenset[date] = frozenset()
    always: bool = False

    def after_days(self, instant: int, days: int) -> int:
        """The same local time `days` calendar days later."""
        wall = local(instant, self.zone).replace(tzinfo=None) + timedelta(days=days)
        return instant_of(wall, self.zone)

    def day(self, instant: int) -> date:
        return local(instant, self.zone).date()

    def spans(self, day: date) -> list[tuple[int, int]]:
        """Working time of a local day as [start, end) instants."""
        if day in self.holidays:
            return []
        return [
            (self._at(day, start), self._at(day, end)) for start, end in self.week[day.weekday()]
        ]

    def works_at(self, instant: int) -> bool:
        spans = self.spans(self.day(instant))
        return self.always or any(start <= instant < end for start, end in spans)

    def shift(self, instant: int) -> int:
        """The instant, or the start of the next working time."""
        if self.always:
            return instant
        day = self.day(instant)
        for _ in range(400):
            for start, end in self.spans(day):
                if instant < end:
                    return max(instant, start)
            day += timedelta(days=1)
        return instant

    def day_begins(self, instant: int) -> int:
        """The start of work on the instant's day; the instant where there is none before it."""
        spans = [] if self.always else self.spans(self.day(instant))
        return min(instant, spans[0][0]) if spans else instant

    def next_day(self, instant: int) -> int:
        """The start of work on the next day with any; of the next day where hours do not count."""
        day = self.day(instant) + timedelta(days=1)
        midnight = self._at(day, 0)
        return midnight if self.always else self.shift(midnight)

    def _at(self, day: date, minute: int) -> int:
        wall = datetime.combine(day, time()) + timedelta(minutes=minute)
        return instant_of(wall, self.zone)


def calendar(
    zone: str,
    blocks: Iterable[Mapping[str, Any]],
    holidays: frozenset[date] = frozenset(),
    *,
    always: bool = False,
) -> Calendar:
    """A user's calendar from the working hours on record; 9 to 17, Monday to Friday, without."""
    week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    given = list(blocks)
    for block in given:
        name = str(block["days"])
        days = _GROUPS[name] if name in _GROUPS else [_WEEK.index(name)]
        for weekday in days:
            week[weekday].append((int(block["startMinute"]), int(block["endMinute"])))
    if not given:
        for weekday in range(5):
            week[weekday].append(_OFFICE)
    return Calendar(zone, tuple(tuple(sorted(day)) for day in week), holidays, always)


def in_call_hours(instant: int, zone: str) -> bool:
    """Whether a person in that zone may be called: 9 to 17 of their own day."""
    wall = local(instant, zone)
    return _OFFICE[0] <= wall.hour * 60 + wall.minute < _OFFICE[1]


def call_time(instant: int, rep: Calendar, zone: str) -> int:
    """The first instant from then on in the person's call hours and the rep's working time.

    Where the two never meet within two weeks, the person's hours alone.
    """
    if rep.always:
        return instant
    at = instant
    for _ in range(_FORTNIGHT):
        at = rep.shift(_next_call_hours(at, zone))
        if in_call_hours(at, zone):
            return at
    return _next_call_hours(instant, zone)


def _next_call_hours(instant: int, zone: str) -> int:
    if in_call_hours(instant, zone):
        return instant
    wall = local(instant, zone)
    day = wall.date()
    if wall.hour * 60 + wall.minute >= _OFFICE[0]:
        day += timedelta(days=1)
    return instant_of(datetime.combine(day, time(_OFFICE[0] // 60)), zone)
