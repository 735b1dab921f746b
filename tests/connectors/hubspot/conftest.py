"""A connector on a running sandbox, its properties installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from app.model.time import SECOND, Wall
from connectors.budget import MemoryBudgetStore
from connectors.config import VendorConfig
from connectors.contract import Tokens
from connectors.hubspot.connector import HubSpotConnector
from connectors.registry import vendor
from sandbox.world.account import Account
from sandbox.world.records import Actor, Link, Record
from tests.connectors.support import Calls, Clocks, MemoryTokenStore
from tests.sandbox.support import SandboxServer

REP = Actor.user(9001)


class WatchedBudget(MemoryBudgetStore):
    """Remembers the buckets that slots were leased of."""

    def __init__(self) -> None:
        super().__init__()
        self.leased: set[str] = set()

    def lease(self, bucket: str, want: int, window_ms: int, limit: int, now: Wall) -> int:
        self.leased.add(bucket)
        return super().lease(bucket, want, window_ms, limit, now)


@dataclass
class Installed:
    """One sandbox account with our app installed in it."""

    sandbox: SandboxServer
    connector: HubSpotConnector
    store: MemoryTokenStore
    calls: Calls
    budget: WatchedBudget
    again: Callable[[], HubSpotConnector]

    def restart(self, *, expired: bool = False, access: str = "") -> None:
        """As another process would find it: a new connector on the stored tokens."""
        tokens = self.store.tokens
        expires = Wall(0) if expired else tokens.expires_wall
        self.store.tokens = replace(tokens, expires_wall=expires, access=access or tokens.access)
        self.connector = self.again()

    @property
    def account(self) -> Account:
        return self.sandbox.account

    def deal(self, **fields: str) -> Record:
        values = {"dealname": "Acme", "pipeline": "default", "dealstage": "qualifiedtobuy"}
        return self.account.create("deals", values | fields, REP)

    def contact(self, *deals: Record, labels: tuple[str, ...] = ("",), **fields: str) -> Record:
        links = [Link("deals", deal.id, labels) for deal in deals]
        number = len(self.account.objects["contacts"])
        return self.account.create(
            "contacts", {"email": f"p{number}@example.com"} | fields, REP, links
        )

    def fault(self, match: str, kind: str, **more: Any) -> None:
        self.sandbox.hubspot.faults.add({"match": match, "kind": kind, **more})


def connect(
    sandbox: SandboxServer, *, installed: bool = True, rate: float = 1000, **options: Any
) -> Installed:
    """The app installed without a browser."""
    minted = sandbox.mint()
    expires = Wall(Clocks().wall() + minted["expires_in"] * SECOND)
    store = MemoryTokenStore(
        Tokens(minted["access_token"], minted["refresh_token"], expires, account="4000001")
    )
    config = VendorConfig(
        sandbox.app.client_id, sandbox.app.client_secret, sandbox.url, sandbox.url,
        rate_multiplier=rate,
    )
    calls, budget = Calls(), WatchedBudget()

    def again() -> HubSpotConnector:
        made = vendor("hubspot", config).connect(
            store, budget, Clocks(sandbox.clock.now()), calls, **options
        )
        assert isinstance(made, HubSpotConnector)
        return made

    connector = again()
    if installed:
        connector.install()
        calls.made.clear()
    return Installed(sandbox, connector, store, calls, budget, again)


@pytest.fixture
def start() -> Iterator[Callable[..., Installed]]:
    """Start a sandbox with these settings and connect: start({...settings}, **connect options)."""
    with ExitStack() as stack:

        def make(settings: dict[str, Any] | None = None, **options: Any) -> Installed:
            settings = {"rate_limit_multiplier": 1000, **(settings or {})}
            sandbox = stack.enter_context(SandboxServer(settings=settings))
            return connect(sandbox, **options)

        yield make


@pytest.fixture
def hubspot(start: Callable[..., Installed]) -> Installed:
    return start()
