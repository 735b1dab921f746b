"""How often a prospect did something lately: the fields `engagement.7d`, for any number of days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from app.model.time import DAY, Business

MOST_DAYS = 90
"""Further back nothing is counted: engagement is about now."""

_FIELD = re.compile(r"^engagement\.(\d{1,3})d$")


def engagement_days(field: str) -> int | None:
    """The days over which a field of a condition counts; None if it is no such field."""
    match = _FIELD.match(field)
    days = int(match.group(1)) if match is not None else 0
    return days if 0 < days <= MOST_DAYS else None


Deeds = Iterable[tuple[int, str | None]]
"""When somebody did something, and who of the record's people, where that is known."""


def by_person(
    deeds: Deeds, days: Iterable[int], now: Business
) -> Mapping[tuple[str, int], int]:
    """(contact, days) → how often they did something within so many days before now."""
    theirs: dict[str, list[int]] = {}
    for at, contact in deeds:
        if contact is not None:
            theirs.setdefault(contact, []).append(at)
    return {
        (contact, one): number
        for contact, instants in theirs.items()
        for one, number in counted(instants, days, now).items()
    }


def counted(instants: Iterable[int], days: Iterable[int], now: Business) -> Mapping[int, int]:
    """days → how many of the instants lie within so many days before now."""
    known = [at for at in instants if at <= now]
    return {one: sum(1 for at in known if at > now - one * DAY) for one in days}
