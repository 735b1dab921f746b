"""One connector for each process and installation, wired to its tokens, budget and counters."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from app.installations.config import Config
from app.installations.settings import parse
from app.installations.tokens import SqlTokenStore, TokenVault
from app.model.time import Clocks, Wall
from app.store import calls, cursors, footprint, installations
from app.store.budgets import SqlBudget
from app.store.engine import Store
from connectors import registry
from connectors.budget import MemoryBudgetStore
from connectors.contract import Connector, NotFound, Tokens, Vendor

WEBHOOK = "webhook"
"""Cursor of an installation: when its last webhook came in (wall)."""

POLLED = "poll"
"""Cursor of when a CRM that sends no webhooks was last asked for changes (business)."""

_ID = re.compile(r"(?<=/)(?:\d+|[0-9a-f-]{32,36})(?=/|$)")


class CallCounter:
    """Counts the calls of one installation until they are flushed; satisfies `Recorder`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()
        self._lost: set[str] = set()

    def lost(self, property: str) -> None:
        """A property of ours is gone from the account; told until it is stored."""
        with self._lock:
            self._lost.add(property)

    def take_lost(self) -> set[str]:
        """What was lost since the last take."""
        with self._lock:
            found, self._lost = self._lost, set()
        return found

    def call(self, method: str, path: str, status: int, ms: float, priority: str) -> None:
        """One call was answered; ids in the path are left out, so that endpoints stay few."""
        key = (f"{method} {_ID.sub('{id}', path.partition('?')[0])}"[:120], status)
        with self._lock:
            self._counts[key] += 1

    def take(self) -> dict[tuple[str, int], int]:
        """The counts since the last take, as (endpoint, status) → calls."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return dict(counts)


class MemoryTokens:
    """Tokens that belong to no installation yet: just exchanged, used to read the account."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    def load(self) -> Tokens:
        return self._tokens

    def save(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @contextmanager
    def refresh_lock(self) -> Generator[None]:
        with self._lock:
            yield


class Connectors:
    """Hands out connectors. Safe for threads; a connector itself is shared by all threads."""

    def __init__(self, config: Config, store: Store, clocks: Clocks) -> None:
        self._config = config
        self._store = store
        self._clocks = clocks
        self._vault = TokenVault(config.keys)
        self._lock = threading.Lock()
        self._vendors: dict[str, Vendor] = {}
        self._made: dict[int, Connector] = {}
        self._counters: dict[int, CallCounter] = {}
        self._heard: dict[int, Wall] = {}

    def vendor(self, crm: str) -> Vendor:
        """The CRM before any installation. Raises KeyError for a CRM that is not configured."""
        with self._lock:
            made = self._vendors.get(crm)
            if made is None:
                made = registry.vendor(crm, self._config.vendor(crm))
                self._vendors[crm] = made
            return made

    def of(self, installation_id: int) -> Connector:
        """The installation's connector. Raises NotFound where there is no such installation."""
        made = self._made.get(installation_id)
        if made is not None:
            return made
        fresh = self._make(installation_id)
        with self._lock:
            return self._made.setdefault(installation_id, fresh)

    def fresh(self, installation_id: int) -> Connector:
        """A connector that knows the installation as it stands now, after it was changed."""
        self.forget(installation_id)
        return self.of(installation_id)

    def forget(self, installation_id: int) -> None:
        """The connector at hand is not used again: what it remembers of access is no longer so."""
        with self._lock:
            self._made.pop(installation_id, None)

    def unsaved(self, crm: str, tokens: Tokens) -> Connector:
        """A connector on tokens that are not stored, to learn whose account they open."""
        return self.vendor(crm).connect(
            MemoryTokens(tokens), MemoryBudgetStore(), self._clocks, CallCounter()
        )

    def tokens(self, installation_id: int, account: str) -> SqlTokenStore:
        """The stored tokens of an installation."""
        return SqlTokenStore(self._store, self._vault, installation_id, self._clocks, account)

    def heard(self, installation_id: int, wall: Wall) -> None:
        """A webhook of the account came in. Kept here until the next flush: a write of its own for
        each delivery would slow what every follow-up begins with."""
        with self._lock:
            self._heard[installation_id] = wall

    def flush_calls(self) -> None:
        """Store what was counted and heard since the last flush, in one transaction."""
        with self._lock:
            counters = list(self._counters.items())
            heard, self._heard = self._heard, {}
        counts = {
            (owner, endpoint, status): count
            for owner, counter in counters
            for (endpoint, status), count in counter.take().items()
        }
        lost = {owner: found for owner, counter in counters if (found := counter.take_lost())}
        if counts or heard or lost:
            with self._store.write() as conn:
                for owner, found in sorted(lost.items()):
                    footprint.lose(conn, owner, found)
                calls.add(conn, counts, self._clocks.wall())
                for owner, wall in sorted(heard.items()):
                    cursors.raise_to(conn, owner, WEBHOOK, wall)

    def _make(self, installation_id: int) -> Connector:
        with self._store.read() as conn:
            row = installations.get(conn, installation_id)
            settings = parse(installations.get_settings(conn, installation_id))
        if row is None:
            raise NotFound(
                "This installation does not exist; connect the CRM again.",
                f"no installation {installation_id}",
            )
        with self._lock:
            counter = self._counters.setdefault(installation_id, CallCounter())
        return self.vendor(row["crm"]).connect(
            self.tokens(installation_id, row["account_id"]),
            SqlBudget(self._store, installation_id),
            self._clocks,
            counter,
            unique_touch_id=bool(row["unique_touch_id"]),
            overrides=settings.mapping,
            per_day=settings.tokens_per_day,
        )
