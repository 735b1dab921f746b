"""Date literals: spans of whole days in the zone of the user who asks."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.salesforce.soql.tree import DateLiteral

_UNITS = ("WEEK", "MONTH", "QUARTER", "YEAR")
_COUNTED = re.compile(r"(LAST|NEXT)_N_(DAY|WEEK|MONTH|QUARTER|YEAR)S|N_(DAY|WEEK|MONTH)S_AGO")

SPANS: dict[str, bool] = {
    **dict.fromkeys(("TODAY", "YESTERDAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"), False),
    **{f"{when}_{unit}": False for when in ("LAST", "THIS", "NEXT") for unit in _UNITS},
    **{f"{when}_N_{unit}S": True for when in ("LAST", "NEXT") for unit in ("DAY", *_UNITS)},
    **{f"N_{unit}S_AGO": True for unit in ("DAY", "WEEK", "MONTH")},
}
"""Name of each literal → whether a number follows it."""


def span(literal: DateLiteral, now: int, zone: str) -> tuple[date, date]:
    """The first day of a literal's span and the day after its last one; ``now`` in ms."""
    today = datetime.fromtimestamp(now / 1000, ZoneInfo(zone)).date()
    name, count = literal.name, literal.number
    simple = {
        "TODAY": (0, 1),
        "YESTERDAY": (-1, 0),
        "TOMORROW": (1, 2),
        # The day itself belongs to the past ones and not to the coming ones.
        "LAST_90_DAYS": (-89, 1),
        "NEXT_90_DAYS": (1, 91),
        "LAST_N_DAYS": (-count, 1),
        "NEXT_N_DAYS": (1, count + 1),
        "N_DAYS_AGO": (-count, 1 - count),
    }
    if name in simple:
        first, after = simple[name]
        return today + timedelta(days=first), today + timedelta(days=after)
    counted = _COUNTED.fullmatch(name)
    if counted is None:
        when, unit = name.split("_")
        place = {"LAST": -1, "THIS": 0, "NEXT": 1}[when]
        return begin(today, unit, place), begin(today, unit, place + 1)
    when, unit, ago = counted.groups()
    if ago:
        return begin(today, ago, -count), begin(today, ago, 1 - count)
    if when == "LAST":
        return begin(today, unit, -count), begin(today, unit, 0)
    return begin(today, unit, 1), begin(today, unit, count + 1)


def begin(day: date, unit: str, further: int) -> date:
    """The first day of the week (from Sunday on), month, quarter or year, so many further on."""
    if unit == "WEEK":
        return day - timedelta(days=(day.weekday() + 1) % 7) + timedelta(weeks=further)
    if unit == "YEAR":
        return date(day.year + further, 1, 1)
    months = 3 if unit == "QUARTER" else 1
    first = (day.year * 12 + day.month - 1) // months * months + further * months
    return date(first // 12, first % 12 + 1, 1)
