"""Conditions on how far a date lies from the present: lost within a year, due in 30 days.

The present is handed in, and every asking has its own: a touch is judged as of the instant at which
it would be done, so a condition that time alone makes false stops what it no longer holds for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from app.decisions.dates import ISO_DATE, instant_of
from app.decisions.zones import day_number, from_local, local_day, to_local
from app.model.time import DAY, Business, Delay, Unit, parse_distance

RelativeOp = Literal["within", "older_than", "further_than"]
RELATIVE_OPS: tuple[RelativeOp, ...] = ("within", "older_than", "further_than")

def lies(op: str, distance: Delay) -> Callable[[Any, Business, str], bool | None]:
    """A function of (date of the record, now, zone) that says whether it lies as `op` wants it.

    `within`: between now and `distance` from now, both included, on whichever side that is.
    `older_than`: longer ago than that; `further_than`: further ahead than that. Days are calendar
    days of the zone, and a date without a time of day is compared by days alone, so that today is
    within any number of them. None where there is no date.
    """
    compare = _COMPARE[op]
    if op != "within":
        distance = distance.towards(-1 if op == "older_than" else 1)
    by_days = distance.unit is Unit.D

    def check(found: Any, now: Business, zone: str) -> bool | None:
        if by_days and isinstance(found, str) and len(found) == ISO_DATE:
            try:
                day = day_number(found)
            except ValueError:
                return None
            today = local_day(now, zone)
            return compare(day, today, today + distance.amount)
        at = instant_of(found, zone)
        return None if at is None else compare(at, now, _from(now, distance, zone))

    return check


def said(op: str, value: Any) -> str:
    """The comparison in words: `lies within the last 365d`."""
    try:
        distance = parse_distance(value)
    except ValueError:
        return f"{op} {value}"
    length = f"{abs(distance.amount)}{distance.unit.value}"
    if op == "within":
        return f"lies within the {'last' if distance.amount < 0 else 'next'} {length}"
    return f"lies {'more than ' + length} {'ago' if op == 'older_than' else 'ahead'}"


_COMPARE: Mapping[str, Callable[[int, int, int], bool]] = {
    "within": lambda at, now, edge: min(now, edge) <= at <= max(now, edge),
    "older_than": lambda at, now, edge: at < edge,
    "further_than": lambda at, now, edge: at > edge,
}


def _from(now: Business, distance: Delay, zone: str) -> int:
    if distance.unit is Unit.D:
        return from_local(to_local(now, zone) + distance.amount * DAY, zone)
    return now + distance.approximate_ms()
