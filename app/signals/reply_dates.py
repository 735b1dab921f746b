"""Dates as people and programs write them, read only where they can be read in one way.

`03/04` is the third of April to some and the fourth of March to others. A follow-up that waits for
the wrong one comes a month late or in the middle of somebody's holiday, so such a date stays unread
and is put to the rep as a question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

FARTHEST = timedelta(days=2 * 366)
"""Further ahead than this nobody puts anything off; it is a slip of the pen."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"),
            ("may",), ("june", "jun"), ("july", "jul"), ("august", "aug"),
            ("september", "sep", "sept"), ("october", "oct"), ("november", "nov"),
            ("december", "dec"),
        ),
        1,
    )
    for name in names
}  # fmt: skip
_ISO = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ].*)?$")
_INSTANT = re.compile(r"^\d{12,14}$")
_NUMBERS = re.compile(r"^(\d{1,2})\s*([./-])\s*(\d{1,2})\s*(?:[./-]\s*(\d{4}|\d{2})?)?$")
_DAY_FIRST = re.compile(r"^(\d{1,2})(?:st|nd|rd|th|\.)?\s+([a-z]+)\.?,?\s*(\d{4})?$")
_MONTH_FIRST = re.compile(r"^([a-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s*(\d{4})?$")


@dataclass(frozen=True, slots=True)
class ReadDate:
    """day: the ISO date; None where there is none that is sure. readings: the ISO dates that it
    could be, two or more. problem: what is wrong with it otherwise, with what would be right."""

    day: str | None = None
    readings: tuple[str, ...] = ()
    problem: str = ""


def read_date(text: str | int | None, today: date) -> ReadDate:
    """The date that a text names; without a year the next such day. Empty text is no date and no
    problem. today: the local day on which it is read."""
    words = "" if text is None else str(text).strip().lower()
    if not words:
        return ReadDate()
    found = _candidates(words, today)
    if found is None:
        return ReadDate(problem=f"{text!r} is not a date; write it as 2026-12-31")
    days = sorted({day for day in found if day is not None})
    if not days:
        return ReadDate(problem=f"{text!r} is no day of the calendar; write it as 2026-12-31")
    near = [day for day in days if day - today <= FARTHEST]
    if not near:
        return ReadDate(problem=f"{text!r} lies more than two years ahead; check the year")
    if len(near) > 1:
        return ReadDate(readings=tuple(day.isoformat() for day in near))
    return ReadDate(near[0].isoformat())


def _candidates(words: str, today: date) -> list[date | None] | None:
    """The days that the words can mean; None where they name no day at all."""
    if _INSTANT.match(words):
        return [datetime.fromtimestamp(int(words) / 1000, UTC).date()]
    iso = _ISO.match(words)
    if iso is not None:
        year, month, number = map(int, iso.groups())
        return [_day(year, month, number)]
    numbers = _NUMBERS.match(words)
    if numbers is not None:
        first, separator, second, year = numbers.groups()
        one, other = int(first), int(second)
        if separator == ".":  # written so, the day always comes first
            return [_next(one, other, year, today)]
        return [_next(one, other, year, today), _next(other, one, year, today)]
    for pattern, day_group, month_group in ((_DAY_FIRST, 1, 2), (_MONTH_FIRST, 2, 1)):
        match = pattern.match(words)
        if match is not None and match.group(month_group) in _MONTHS:
            number, month = int(match.group(day_group)), _MONTHS[match.group(month_group)]
            return [_next(number, month, match.group(3), today)]
    return None


def _next(number: int, month: int, year: str | None, today: date) -> date | None:
    """The day in its year; without one the first from today on."""
    if year is not None:
        return _day(int(year) if len(year) == 4 else 2000 + int(year), month, number)
    for ahead in range(9):  # 29 February is at most eight years away
        found = _day(today.year + ahead, month, number)
        if found is not None and found >= today:
            return found
    return None


def _day(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None
