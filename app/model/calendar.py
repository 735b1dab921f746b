"""Working time as data: what decisions need to place a due time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Hours = Mapping[int, tuple[tuple[int, int], ...]]

NINE_TO_FIVE: Hours = dict.fromkeys(range(5), ((9 * 60, 17 * 60),))


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Zone, weekly hours and days off of one rep.

    hours: weekday (0 is Monday) → (start, end) minutes after local midnight, in order, disjoint.
    holidays: ISO dates (`2026-12-25`) without work. absences: half-open [start, end) instants.
    windows_off: due times are taken as they fall (no shifting into hours, days or holidays).
    """

    zone: str
    hours: Hours
    holidays: frozenset[str] = frozenset()
    absences: tuple[tuple[int, int], ...] = ()
    windows_off: bool = False
