"""HubSpot's rate limits, counted on the wall as sliding logs.

110 calls in 10 s per app and account, search apart; search 5 a second per account; associations
100 (Free, Starter) or 150 (Professional, Enterprise) in 10 s per account. Sources: usage details;
search guide; associations guide. A refused call does not count.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from sandbox.hubspot.errors import ApiError, rate_limited
from sandbox.settings import Settings
from sandbox.world.records import PAID_TIERS

APP_LIMIT = 110
SEARCH_LIMIT = 5
ASSOCIATIONS_LIMIT = 100
ASSOCIATIONS_LIMIT_PAID = 150
WINDOW_SECONDS = 10.0
SEARCH_WINDOW_SECONDS = 1.0


class Limits:
    """All logs of one sandbox."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._logs: dict[tuple[str, int, int], deque[float]] = {}

    def _room(
        self, key: tuple[str, int, int], most: int, window: float, now: float
    ) -> tuple[deque[float], int]:
        log = self._logs.setdefault(key, deque())
        while log and log[0] <= now - window:
            log.popleft()
        return log, most - len(log)

    def admit(self, app_id: int, portal_id: int, tier: str, family: str) -> dict[str, str]:
        """Counts one call or refuses it with 429; returns the headers that tell what is left.

        ``family`` is search, associations or other.
        """
        times = self._settings.rate_limit_multiplier
        now = time.monotonic()
        with self._lock:
            if family == "search":
                most = max(1, int(SEARCH_LIMIT * times))
                log, left = self._room(("search", 0, portal_id), most, SEARCH_WINDOW_SECONDS, now)
                if left <= 0:
                    raise rate_limited("rate_search")
                log.append(now)
                return {}
            logs: list[deque[float]] = []
            if family == "associations":
                paid = tier in PAID_TIERS
                most = int((ASSOCIATIONS_LIMIT_PAID if paid else ASSOCIATIONS_LIMIT) * times)
                log, left = self._room(("assoc", 0, portal_id), most, WINDOW_SECONDS, now)
                if left <= 0:
                    raise self._refusal("rate_associations", most)
                logs.append(log)
            remaining, most = 0, max(1, int(APP_LIMIT * times))
            if family != "associations" or self._settings.associations_count_twice:
                log, remaining = self._room(("app", app_id, portal_id), most, WINDOW_SECONDS, now)
                if remaining <= 0:
                    raise self._refusal("rate_ten_seconds", most)
                logs.append(log)
                remaining -= 1
            for log in logs:
                log.append(now)
        return self._headers(most, remaining)

    def _headers(self, most: int, left: int) -> dict[str, str]:
        return {
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(WINDOW_SECONDS * 1000)),
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(left),
        }

    def _refusal(self, row: str, most: int) -> ApiError:
        error = rate_limited(row)
        error.headers = self._headers(most, 0)
        return error
