"""Dates on the record, as instants that steps and rules count from.

A date without a time of day begins at midnight of whoever does the work: the CRM keeps no zone with
it, and a fixed one would put "the day itself" on the day before for half of the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.decisions.zones import day_number, day_start
from app.model.calendar import WorkCalendar
from app.model.time import Business, Delay, parse_instant

FIELD = "field:"
"""Starts a step's anchor that is a date of the record."""

ANCHOR = "date:"
"""Starts the anchor of what a date began; field and value follow."""

ISO_DATE = 10  # characters of 2026-12-31


def date_of(fields: Mapping[str, Any], name: str, zone: str) -> Business | None:
    """The instant that a field of the record names; None where it is empty or no date."""
    return instant_of(fields.get(name), zone)


def instant_of(value: Any, zone: str) -> Business | None:
    """An instant as kept, or the midnight in `zone` that begins a date."""
    if isinstance(value, str):
        try:
            if len(value) == ISO_DATE:
                return Business(day_start(day_number(value), zone))
            value = parse_instant(value)
        except ValueError:
            return None
    return Business(value) if isinstance(value, int) else None


def step_anchor(anchor: str, fields: Mapping[str, Any], zone: str) -> Business | None:
    """What a step anchored on a date counts from."""
    return date_of(fields, anchor.removeprefix(FIELD), zone)


def distance(delay: Delay | None) -> str:
    """`90d before`, `2wd after`, or `on`: how far from a date."""
    if delay is None or not delay.amount:
        return "on"
    side = "after" if delay.amount > 0 else "before"
    return f"{abs(delay.amount)}{delay.unit.value} {side}"


def moved_by(
    anchor_at: Business, before: Any, after: Any, calendar: WorkCalendar
) -> Business | None:
    """Where the beginning of what a date began lies now that the date has moved."""
    old, new = instant_of(before, calendar.zone), instant_of(after, calendar.zone)
    return None if old is None or new is None else Business(anchor_at + new - old)
