"""Instants, the two clocks, and delays.

Every instant is an integer of milliseconds since 1970-01-01T00:00Z. Two types keep the two clocks
apart: what the CRM and the customer mean by time (`Business`) can be simulated; what time-outs,
leases and signatures mean by it (`Wall`) never is. Plain `datetime` was refused because a naive one
compares silently and an aware one costs 20 times an integer in the hot paths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NewType, Protocol
from zoneinfo import ZoneInfo

Business = NewType("Business", int)
Wall = NewType("Wall", int)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clocks(Protocol):
    """Where the program reads the time; handed in, so that tests and simulation can own it."""

    def business(self) -> Business: ...

    def wall(self) -> Wall: ...


class Unit(StrEnum):
    """Units of a delay. `D` and `WD` are calendar units of the rep's zone, the others elapsed."""

    MIN = "min"
    H = "h"
    D = "d"
    WD = "wd"


@dataclass(frozen=True, slots=True)
class Delay:
    """An amount of one unit, such as 3 calendar days (`3d`) or 2 working days (`2wd`).

    A negative amount counts backwards from a date.
    """

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit.value}"

    def towards(self, sign: int) -> Delay:
        """The same length, into the past (-1) or into the future (1)."""
        return Delay(sign * abs(self.amount), self.unit)

    def approximate_ms(self) -> int:
        """Length in ms if every day had 24 hours; for ordering, never for due times."""
        scale = {Unit.MIN: MINUTE, Unit.H: HOUR, Unit.D: DAY, Unit.WD: DAY}
        return self.amount * scale[self.unit]


_DELAY = re.compile(r"^(\d+)\s*(min|h|d|wd)$")


def parse_delay(text: str) -> Delay:
    """Read `30min`, `4h`, `3d` or `2wd`. Raises ValueError that says what would be right."""
    match = _DELAY.match(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not a delay; write a whole number and a unit: 30min, 4h, 3d (calendar "
            "days) or 2wd (working days)"
        )
    return Delay(int(match.group(1)), Unit(match.group(2)))


DISTANCE_HELP = (
    "write a number and a unit, min, h or d: -365d for the 365 days up to now, 30d for the 30 days "
    "from now on"
)

_SIGNED = re.compile(r"^\s*([+-]?)\s*(\d.*)$")


def parse_distance(text: object) -> Delay:
    """Read `-365d`, `30d` or `+12h`. Raises ValueError that says what would be right."""
    match = _SIGNED.match(text) if isinstance(text, str) else None
    try:
        delay = parse_delay(match.group(2)) if match else None
    except ValueError:
        delay = None
    if match is None or delay is None:
        raise ValueError(f"{text!r} is not a distance in time; {DISTANCE_HELP}")
    if delay.unit is Unit.WD:
        raise ValueError(f"{text!r} counts somebody's working days; {DISTANCE_HELP}")
    return delay.towards(-1 if match.group(1) == "-" else 1)


def to_datetime(instant: int) -> datetime:
    """The instant as an aware UTC datetime."""
    return datetime.fromtimestamp(instant / 1000, UTC)


def from_datetime(moment: datetime) -> int:
    """Milliseconds of an aware datetime. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime names no instant; give it a zone")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def iso(instant: int) -> str:
    """`2026-11-22T09:00:00.000Z`, the form HubSpot and people read."""
    moment = to_datetime(instant)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant % 1000:03d}Z"


def local_instant(text: str, zone: str) -> int:
    """The instant of `2026-09-21T10:00` in a zone; a text that names its own offset keeps it.

    Raises ValueError that says what would be right.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write it like 2026-09-21T10:00") from None
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))


def parse_instant(text: str | None) -> int | None:
    """Milliseconds of an ISO-8601 text or of a number of milliseconds as text; None for nothing.

    HubSpot answers both forms for the same property, depending on endpoint and property type.
    """
    if not text:
        return None
    if text.lstrip("-").isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
