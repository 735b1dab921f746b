"""How often an org may be called: calls in 24 hours, and long-running calls at once.

Both are counted on the wall. A call that is refused does not count.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from sandbox.salesforce.editions import daily_calls, edition_of
from sandbox.salesforce.errors import refuse
from sandbox.settings import Settings
from sandbox.world.account import Account
from sandbox.world.records import App

DAY_SECONDS = 86_400.0


class Limits:
    """The counts of all orgs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._calls: dict[int, deque[tuple[float, int]]] = {}
        self._sums: dict[int, int] = {}
        self._under_way: dict[int, dict[int, float]] = {}
        self._others: dict[int, int] = {}
        self._next = 1

    def most(self, account: Account) -> int:
        """Calls that the org may make in 24 hours."""
        return max(1, int(daily_calls(account) * self._settings.rate_limit_multiplier))

    def used(self, account: Account) -> int:
        """Calls that it has made in the last 24 hours."""
        with self._lock:
            return self._used(account.portal_id, time.monotonic())

    def _used(self, portal_id: int, now: float) -> int:
        log = self._calls.setdefault(portal_id, deque())
        while log and log[0][0] <= now - DAY_SECONDS:
            self._sums[portal_id] -= log.popleft()[1]
        return self._sums.setdefault(portal_id, 0)

    def _add(self, portal_id: int, now: float, calls: int) -> None:
        """Calls within one second share an entry."""
        log = self._calls.setdefault(portal_id, deque())
        self._sums[portal_id] = self._sums.get(portal_id, 0) + calls
        if log and int(log[-1][0]) == int(now):
            calls += log.pop()[1]
        log.append((now, calls))

    def spend(self, account: Account, calls: int) -> None:
        """Counts calls that the org's other apps have made."""
        with self._lock:
            self._others[account.portal_id] = self._others.get(account.portal_id, 0) + calls
            self._add(account.portal_id, time.monotonic(), calls)

    def admit(self, account: Account) -> int:
        """Counts one call or refuses it; answers its number, for :meth:`over`."""
        portal_id, now = account.portal_id, time.monotonic()
        with self._lock:
            running = self._under_way.setdefault(portal_id, {})
            long = self._settings.salesforce_long_call_seconds
            at_once = edition_of(account).at_once
            if sum(1 for since in running.values() if now - since >= long) >= at_once:
                raise refuse(
                    "sf_at_once", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
                )
            if self._used(portal_id, now) >= self.most(account):
                raise refuse("sf_daily_limit", "TotalRequests Limit exceeded.")
            self._add(portal_id, now, 1)
            number = self._next
            self._next += 1
            running[number] = now
            return number

    def over(self, account: Account, number: int) -> None:
        """A call that was admitted has its answer."""
        with self._lock:
            self._under_way[account.portal_id].pop(number, None)

    def told(self, account: Account, app: App) -> str:
        """What every answer says of it. All calls are the app's here, but those spent by others."""
        said = f"api-usage={self.used(account)}/{self.most(account)}"
        quota = self._settings.salesforce_app_quota
        if quota:
            own = self.used(account) - self._others.get(account.portal_id, 0)
            said += f"; per-app-api-usage={own}/{quota}(appName={app.name})"
        return said
