"""Local time: instants to a zone's wall clock and back.

A *local* value is the wall clock's reading as if it were UTC, in ms; its day number is
`local // DAY`. The way back from a wall clock to an instant has two awkward cases, and both take
the reading of RFC 5545 and of PEP 495's `fold=0`:

* in a *gap* (clocks put forward, 02:30 does not exist) the offset from before the change counts, so
  the reading moves forward by the length of the gap: 02:30 becomes 03:30;
* in a *fold* (clocks put back, 02:30 happens twice) the first of the two counts, which again is the
  one under the offset from before the change.

`zoneinfo` answers both, at 2 µs or more a question. Here one cached entry per zone and UTC day
holds the offsets at its ends and the instant between, if they differ, and one per zone and local
day says whether the offset is steady around it; a question then costs a look-up and an addition.
No zone of the tz database has had two changes within one UTC day since 1970.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.model.time import DAY, SECOND

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=1024)
def zone_info(zone: str) -> ZoneInfo:
    """The zone of this name. Raises ValueError that says what a right one looks like."""
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"{zone!r} is not a time zone; write a name of the tz database such as "
            "Europe/Amsterdam or America/New_York"
        ) from error


def _offset_of(zone: str, instant: int) -> int:
    offset = datetime.fromtimestamp(instant // SECOND, zone_info(zone)).utcoffset()
    assert offset is not None
    return (offset.days * 86_400 + offset.seconds) * SECOND


@lru_cache(maxsize=65_536)
def _utc_day(zone: str, day: int) -> tuple[int, int, int]:
    """(offset before, instant of the change, offset from then on) for one UTC day."""
    low, high = day * DAY, (day + 1) * DAY - SECOND
    before, after = _offset_of(zone, low), _offset_of(zone, high)
    if before == after:
        return before, low, after
    while high - low > SECOND:
        middle = (low + high) // 2 // SECOND * SECOND
        if _offset_of(zone, middle) == before:
            low = middle
        else:
            high = middle
    return before, high, after


def utc_offset(instant: int, zone: str) -> int:
    """What the zone adds to UTC at the instant, in ms."""
    before, change, after = _utc_day(zone, instant // DAY)
    return before if instant < change else after


def to_local(instant: int, zone: str) -> int:
    """The wall clock's reading at the instant."""
    before, change, after = _utc_day(zone, instant // DAY)
    return instant + (before if instant < change else after)


@lru_cache(maxsize=65_536)
def _steady(zone: str, local_day: int) -> int | None:
    """The offset that holds from a day before to a day after the local day; None if it changes."""
    first = utc_offset((local_day - 1) * DAY, zone)
    return first if first == utc_offset((local_day + 2) * DAY, zone) else None


def from_local(local: int, zone: str) -> int:
    """The instant of a wall clock's reading; see the module for gaps and folds."""
    steady = _steady(zone, local // DAY)
    if steady is not None:
        return local - steady
    before, after = utc_offset(local - DAY, zone), utc_offset(local + DAY, zone)
    early = local - before
    if utc_offset(early, zone) == before:
        return early  # before the change, or the first of two
    late = local - after
    return late if utc_offset(late, zone) == after else early


def local_day(instant: int, zone: str) -> int:
    """Number of the zone's calendar day, 0 for 1970-01-01."""
    return to_local(instant, zone) // DAY


def day_start(day: int, zone: str) -> int:
    """First instant of a calendar day (01:00 where midnight falls into a gap)."""
    return from_local(day * DAY, zone)


@lru_cache(maxsize=8192)
def day_text(day: int) -> str:
    """ISO date of a day number."""
    return date.fromordinal(day + _EPOCH_ORDINAL).isoformat()


def day_number(text: str) -> int:
    """Day number of an ISO date. Raises ValueError if it is none."""
    return date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL
