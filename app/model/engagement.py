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


def counted(instants: Iterable[int], days: Iterable[int], now: Business) -> Mapping[int, int]:
    """days → how many of the instants lie within so many days before now."""
    known = [at for at in instants if at <= now]
    return {one: sum(1 for at in known if at > now - one * DAY) for one in days}
