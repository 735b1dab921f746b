"""Pipedrive's limits, counted on the wall: the company's daily tokens, bursts, and the ban.

A company has 30,000 tokens a day times its plan's multiplier times its seats, plus top-ups; every
call costs what the specification says for its endpoint, whichever app makes it. Bursts are counted
for each access token in a rolling window of two seconds, by plan; searches have a limit of their
own. A token that goes on after many refusals meets a page of Cloudflare's for a while. Source:
rate limiting page. A refused call costs nothing and counts in no window.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.pipedrive.errors import ApiError, refuse
from sandbox.pipedrive.words import DAY
from sandbox.refusals.table import TABLE
from sandbox.settings import Settings
from sandbox.world.account import Account

BASE_TOKENS = 30_000
MULTIPLIERS = {"lite": 1, "growth": 2, "premium": 5, "ultimate": 7}
BURSTS = {"lite": 80, "growth": 160, "premium": 400, "ultimate": 480}
"""Calls of an app's token in two seconds."""
SEARCH_BURST = 10
WINDOW_SECONDS = 2.0
ABUSE_SECONDS = 10.0
"""In how short a time refusals must pile up to bring the ban."""

_CLOUDFLARE = """<!DOCTYPE html><html lang="en-US"><head><title>Access denied</title></head><body>
<h1>Error 1015</h1><p>You are being rate limited</p><p>The owner of this website has banned you
temporarily from accessing this website.</p><p>Performance &amp; security by Cloudflare</p></body>
</html>"""


@dataclass(slots=True)
class _Day:
    """What a company has used on one day of the server."""

    date: str = ""
    used: int = 0
    total: int = 0
    """Over all days."""
    business: dict[int, int] = field(default_factory=dict)
    """Day of business time → what was used on it, whatever the wall says."""
    allowance: int = 0
    """What plan and seats give a day, with nothing lifted."""


@dataclass(slots=True)
class _Abuse:
    """Refusals of one token, and until when it is banned."""

    refused: deque[float] = field(default_factory=deque)
    banned_until: float = 0.0


class Limits:
    """All counts of one sandbox. ``clock`` is the wall, in seconds since the epoch."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._settings = settings
        self._lock = threading.Lock()
        self._bursts: dict[tuple[str, str], deque[float]] = {}
        self._days: dict[int, _Day] = {}
        self._abuse: dict[str, _Abuse] = {}

    def budget(self, account: Account) -> int:
        """A company's tokens for a day, as far as limits are lifted."""
        return int(self.allowance(account) * self._settings.rate_limit_multiplier)

    def allowance(self, account: Account) -> int:
        """What a company's plan, seats and top-ups give a day."""
        own = account.extra.get("pipedrive", {})
        seats = own.get("seats") or sum(1 for one in account.owners.values() if not one.archived)
        tokens = BASE_TOKENS * MULTIPLIERS.get(account.tier, 1) * max(1, seats)
        return tokens + int(own.get("top_up", 0))

    def admit(self, account: Account, token: str, family: str, cost: int) -> dict[str, str]:
        """Counts one call or refuses it; returns the headers that tell what the burst leaves."""
        now = self.clock()
        with self._lock:
            if self._abuse.get(token, _NONE).banned_until > now:
                raise _banned()
            most = self._most(account.tier, family)
            log = self._bursts.setdefault((token, family), deque())
            while log and log[0] <= now - WINDOW_SECONDS:
                log.popleft()
            told = self._headers(most, most - len(log) - 1, log, now)
            if len(log) >= most:
                row = "pd_burst_search" if family == "search" else "pd_burst"
                raise self._refusal(row, token, now, told)
            day = self._today(account, now)
            if day.used + cost > self.budget(account):
                raise self._refusal("pd_budget", token, now, told)
            day.used += cost
            day.total += cost
            business = account.world.clock.now() // DAY
            day.business[business] = day.business.get(business, 0) + cost
            day.allowance = self.allowance(account)
            log.append(now)
        return told

    def used(self) -> dict[str, dict[str, int]]:
        """company → tokens used today, in all, and on the busiest day of business time; and what
        it has for one day."""
        with self._lock:
            return {
                str(portal): {
                    "today": day.used,
                    "total": day.total,
                    "busiest_day": max(day.business.values(), default=0),
                    "allowance": day.allowance,
                }
                for portal, day in self._days.items()
            }

    def headers(self, account: Account) -> dict[str, str]:
        """The headers of a refusal that was scripted."""
        most = self._most(account.tier, "burst")
        return self._headers(most, 0, deque(), self.clock())

    # --- inside --------------------------------------------------------------------------------

    def _most(self, tier: str, family: str) -> int:
        plain = SEARCH_BURST if family == "search" else BURSTS.get(tier, BURSTS["lite"])
        return max(1, int(plain * self._settings.rate_limit_multiplier))

    def _today(self, account: Account, now: float) -> _Day:
        zone = ZoneInfo(self._settings.pipedrive_budget_zone)
        date = datetime.fromtimestamp(now, zone).date().isoformat()
        day = self._days.setdefault(account.portal_id, _Day())
        if day.date != date:
            day.date, day.used = date, 0
        return day

    def _headers(self, most: int, left: int, log: deque[float], now: float) -> dict[str, str]:
        rest = WINDOW_SECONDS - (now - log[0]) if log else WINDOW_SECONDS
        in_ms = self._settings.pipedrive_reset_unit == "milliseconds"
        reset = round(rest * 1000) if in_ms else max(1, round(rest))
        return {
            "x-ratelimit-limit": str(most),
            "x-ratelimit-remaining": str(max(0, left)),
            "x-ratelimit-reset": str(reset),
        }

    def _refusal(self, row: str, token: str, now: float, told: dict[str, str]) -> ApiError:
        """A 429. For the daily budget no header tells anything: the burst has room."""
        abuse = self._abuse.setdefault(token, _Abuse())
        abuse.refused.append(now)
        while abuse.refused[0] <= now - ABUSE_SECONDS:
            abuse.refused.popleft()
        most = self._settings.pipedrive_ban_after
        if 0 < most <= len(abuse.refused):
            abuse.refused.clear()
            abuse.banned_until = now + self._settings.pipedrive_ban_seconds
        headers = dict(told)
        if self._settings.pipedrive_retry_after:
            headers["retry-after"] = "2" if row != "pd_budget" else "3600"
        return refuse(row, "Request over limit", headers=headers)


_NONE = _Abuse()


def _banned() -> ApiError:
    """403 with a page of HTML, which no client can read as JSON."""
    headers = {"Content-Type": "text/html; charset=UTF-8", "server": "cloudflare"}
    return ApiError(TABLE["pd_banned"].status, _CLOUDFLARE, headers, rows=("pd_banned",))
