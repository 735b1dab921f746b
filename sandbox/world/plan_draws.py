"""Draws of the world's people, and when people work.

Every draw comes from (seed, who, what, which time), never from the order in which records were
created or from their ids: an app that is killed and started again, or that creates its tasks in
another order, meets the same people doing the same things.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_WEEKDAYS = (0, 1, 2, 3, 4)


def draw(seed: int, *key: object) -> random.Random:
    """A generator that belongs to `key` alone: same seed and key, same numbers."""
    text = "\x1f".join([str(seed), *map(str, key)])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big"))


@dataclass(frozen=True)
class Hours:
    """When somebody works: minutes of the local day in an IANA zone, Monday to Friday."""

    zone: str
    start_minute: int = 540
    end_minute: int = 1020

    def next_open(self, at: int) -> int:
        """`at` if it is within hours, else the next opening of the working day."""
        local = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        if local.weekday() in _WEEKDAYS and self.start_minute <= minute < self.end_minute:
            return at
        day = local.date()
        if local.weekday() not in _WEEKDAYS or minute >= self.end_minute:
            day += timedelta(days=1)
            while day.weekday() not in _WEEKDAYS:
                day += timedelta(days=1)
        return self.on(day, self.start_minute)

    def on(self, day: date, minute: int) -> int:
        """The instant of a minute of a local day."""
        clock = time(minute // 60, minute % 60)
        local = datetime.combine(day, clock, ZoneInfo(self.zone))
        return round(local.timestamp() * 1000)

    def some_time(self, rng: random.Random, at: int, days: float) -> int:
        """A moment within hours about `days` after `at`, to the second."""
        span = (self.end_minute - self.start_minute) * MINUTE
        opened = self.next_open(at + round(days * DAY))
        local = datetime.fromtimestamp(opened / 1000, UTC).astimezone(ZoneInfo(self.zone))
        start = self.on(local.date(), self.start_minute)
        moment = start + int(rng.random() * span) // 1000 * 1000
        # Drawn before the moment asked for: the same time of the next working day instead.
        return moment if moment > at else self.next_open(opened + max(DAY // 2, at - moment))
