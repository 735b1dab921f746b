"""The world: all accounts and registered apps, under one lock, and their snapshot."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.clock import Agenda
from sandbox.world import recent, sequences, traces
from sandbox.world.account import Account
from sandbox.world.records import TIERS_OF, USUAL_TIER, VENDORS, App, Change, Clock, Pipeline
from sandbox.world.schema import default_pipeline, lead_pipeline

__all__ = ["Account", "World"]

FIRST_ID = 100_000_001
"""Record ids count up from here through all accounts, so an id never fits a second account."""

SNAPSHOT_FORMAT = 5


class World:
    """All accounts and apps. Hold ``lock`` while reading several things that must agree."""

    def __init__(self, clock: Clock, agenda: Agenda | None = None) -> None:
        self.clock = clock
        self.agenda = Agenda() if agenda is None else agenda
        """What the CRM itself will do, for whoever moves business time to carry out."""
        self.lock = threading.RLock()
        self.accounts: dict[int, Account] = {}
        self.apps: dict[int, App] = {}
        self.extra: dict[str, Any] = {}
        """State that vendors' folders keep with the world (tokens, counters), by their name."""
        self.shadow_seconds = 0.0
        """How long (wall) a record's former state is kept, for vendors that lag reads."""
        self._next_id = FIRST_ID
        self._deliveries = 0
        self._listeners: list[Callable[[Change], None]] = []
        self._frame_listeners: list[Callable[[Account], None]] = []
        sequences.install(self)
        traces.install(self)
        recent.install(self)

    def accounts_of(self, crm: str) -> list[Account]:
        """The accounts of a vendor, in the order they came."""
        return [account for account in self.accounts.values() if account.crm == crm]

    def account_of(self, crm: str, portal_id: str) -> Account | None:
        """The account of a vendor that a form names."""
        found = (one for one in self.accounts_of(crm) if str(one.portal_id) == portal_id)
        return next(found, None)

    def add_account(
        self,
        portal_id: int,
        name: str = "Account",
        *,
        timezone: str = "UTC",
        currency: str = "EUR",
        tier: str = "",
        pipelines: Iterable[Pipeline] | None = None,
        crm: str = "hubspot",
    ) -> Account:
        """A new, empty account. Without ``pipelines`` it has the vendor's default deal pipeline.

        ``crm`` is one of :data:`sandbox.world.records.VENDORS`, ``tier`` one of the vendor's in
        ``TIERS_OF`` there (default: its ``USUAL_TIER``).
        """
        if crm not in VENDORS:
            raise ValueError(f"crm: {crm!r} is none of {', '.join(VENDORS)}")
        tier, tiers = tier or USUAL_TIER[crm], TIERS_OF[crm]
        if tier not in tiers:
            raise ValueError(f"tier: {tier!r} is none of {', '.join(tiers)}")
        with self.lock:
            if portal_id in self.accounts:
                raise ValueError(f"account {portal_id} exists already; choose another portal id")
            account = Account(self, portal_id, name, timezone, currency, tier, crm)
            for pipeline in pipelines if pipelines is not None else [default_pipeline(crm)]:
                account.add_pipeline("deals", pipeline)
            account.add_pipeline("leads", lead_pipeline())
            self.accounts[portal_id] = account
            return account

    def register_app(self, app: App) -> App:
        """Registers an app, or replaces the registration with the same ``app_id``."""
        with self.lock:
            self.apps[app.app_id] = app
            return app

    def app(self, crm: str, client_id: str) -> App | None:
        """The app that a vendor registered under this client id."""
        found = (app for app in self.apps.values() if (app.crm, app.client_id) == (crm, client_id))
        return next(found, None)

    def on_change(self, listener: Callable[[Change], None]) -> None:
        """Calls ``listener`` with every change, in order, under the lock: it must be quick.

        A listener may note things for later; it must not change records itself.
        """
        self._listeners.append(listener)

    def on_frame(self, listener: Callable[[Account], None]) -> None:
        """Calls ``listener`` with an account of which an admin has just changed users, pipelines or
        stages; it must be quick, too."""
        self._frame_listeners.append(listener)

    def tell_frame(self, account: Account) -> None:
        """Passes such a change to the listeners; for the frame of ``Account`` only."""
        for listener in self._frame_listeners:
            listener(account)

    def tell(self, change: Change) -> None:
        """Passes a change to the listeners; for the mutations of ``Account`` only."""
        for listener in self._listeners:
            listener(change)

    def new_id(self) -> str:
        """The next record id."""
        self._next_id += 1
        return str(self._next_id - 1)

    def new_delivery(self) -> int:
        """The next number of a webhook delivery. Vendors share one row of numbers, because an app
        reports to the barrier the highest that it has stored."""
        with self.lock:
            self._deliveries += 1
            return self._deliveries

    def snapshot(self) -> bytes:
        """The whole state as bytes, business time included.

        Listeners, clock and agenda stay out.
        """
        with self.lock:
            for account in self.accounts.values():
                for store in (account.objects, account.archived):
                    for records in store.values():
                        for record in records.values():
                            record.shadow = None
            state = {
                "format": SNAPSHOT_FORMAT,
                "now": self.clock.now(),
                "accounts": [account.state() for account in self.accounts.values()],
                "apps": self.apps,
                "extra": self.extra,
                "next_id": self._next_id,
                "deliveries": self._deliveries,
            }
            return pickle.dumps(state, protocol=pickle.HIGHEST_PROTOCOL)

    def restore(self, data: bytes) -> int:
        """Replaces the state by a snapshot's and returns the business instant it was taken at.

        The caller sets its clock to that instant. Only read snapshots that this program wrote:
        the format is pickle, which runs what it is told.
        """
        state = pickle.loads(data)
        if state.get("format") != SNAPSHOT_FORMAT:
            raise ValueError(
                f"snapshot format {state.get('format')!r} is not {SNAPSHOT_FORMAT}: "
                "delete the state file and generate the world again"
            )
        with self.lock:
            self.accounts = {}
            for saved in state["accounts"]:
                account = Account.from_state(self, saved)
                self.accounts[account.portal_id] = account
            self.apps = state["apps"]
            self.extra = state["extra"]
            self._next_id = state["next_id"]
            self._deliveries = state["deliveries"]
        return int(state["now"])
