"""Pipedrive before any installation: OAuth, webhooks, and the making of connectors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.model.time import Clocks, Wall
from connectors import mapping as mappings
from connectors.access import Access
from connectors.budget import Budget, Limit, MemoryBudgetStore
from connectors.clocks import WallClocks
from connectors.config import VendorConfig
from connectors.contract import (
    ASIDE,
    BudgetStore,
    Connector,
    Event,
    Framed,
    Recorder,
    Tokens,
    TokenStore,
)
from connectors.daily import Daily
from connectors.pipedrive import webhooks
from connectors.pipedrive.account import read_facts
from connectors.pipedrive.api import Api, v1
from connectors.pipedrive.connector import PipedriveConnector
from connectors.pipedrive.errors import Classifier
from connectors.pipedrive.frames import verify_frame
from connectors.pipedrive.oauth import OAuth, authorize_url, uninstalled
from connectors.pipedrive.tables import (
    BURST_CEILING,
    BURST_WINDOW_MS,
    OAUTH_BASE,
    RESET_ZONE,
    SEARCH_CEILING,
    TOKENS_PER_DAY,
)
from connectors.transport import NoRecorder, Request, Transport

LIMITS: Mapping[str, Limit] = {
    "default": Limit(
        BURST_CEILING, BURST_WINDOW_MS, {"dispatch": 3, "ingest": 1, ASIDE: BURST_CEILING // 2}
    ),
    "search": Limit(SEARCH_CEILING, BURST_WINDOW_MS),
}


class PipedriveVendor:
    """The contract's Vendor for one registered app."""

    crm = "pipedrive"

    def __init__(self, config: VendorConfig) -> None:
        self._config = config
        self._app_base = (config.app_base or OAUTH_BASE).rstrip("/")
        self._mapping = mappings.load("pipedrive")

    def authorize_url(self, state: str, redirect_uri: str, challenge: str) -> str:
        return authorize_url(self._app_base, self._config.client_id, state, redirect_uri)

    def consent_refused(self, word: str, said: str) -> str:
        return ""

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Tokens with the account and who connected it, which is asked at the account's address."""
        clocks = WallClocks()
        store, recorder = MemoryBudgetStore(), NoRecorder()
        tokens = self._oauth(store, clocks, recorder).exchange(code, redirect_uri)
        transport = self._transport(tokens.base, store, clocks, recorder, self._mapping)
        request = Request(
            "GET", v1("users", "me"), safe=True, priority="token", secrets=(tokens.access,)
        )
        facts = read_facts(transport.call(request, f"Bearer {tokens.access}").json())
        return replace(tokens, account=facts.account, user=facts.email)

    def verify_webhook(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: Wall
    ) -> None:
        webhooks.verify(self._config.client_secret, headers, body)

    def verify_frame(self, url: str, now: Wall) -> Framed:
        return verify_frame(self._config.client_secret, url, now)

    def parse_webhook(self, body: bytes) -> list[Event]:
        return webhooks.parse_events(body, self._mapping)

    def uninstalled(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        return uninstalled(self._config.client_id, self._config.client_secret, headers, body)

    def connect(
        self,
        tokens: TokenStore,
        budget: BudgetStore,
        clocks: Clocks,
        recorder: Recorder,
        *,
        unique_touch_id: bool = True,
        overrides: Mapping[str, Any] | None = None,
        per_day: int | None = None,
    ) -> Connector:
        mapping = self._mapping.with_overrides(overrides)
        oauth = self._oauth(budget, clocks, recorder)
        access = Access(tokens, oauth, clocks)

        def make() -> Transport:
            base = access.current().base
            return self._transport(base, budget, clocks, recorder, mapping, per_day)

        return PipedriveConnector(
            Api(_Once(make), access), access, oauth, mapping, clocks, recorder,
            self._config.webhook_url, self._config.client_secret,
        )  # fmt: skip

    def _transport(
        self,
        base: str,
        store: BudgetStore,
        clocks: Clocks,
        recorder: Recorder,
        mapping: mappings.CrmMapping,
        per_day: int | None = None,
    ) -> Transport:
        multiplier = self._config.rate_multiplier
        allowance = int((per_day or TOKENS_PER_DAY) * multiplier)
        daily = Daily(store, clocks, allowance, RESET_ZONE)
        budget = Budget(store, clocks, LIMITS, multiplier=multiplier, daily=daily)
        return Transport(base, budget, clocks, recorder, Classifier(mapping, clocks))

    def _oauth(self, store: BudgetStore, clocks: Clocks, recorder: Recorder) -> OAuth:
        config = self._config
        budget = Budget(store, clocks, LIMITS, multiplier=config.rate_multiplier)
        transport = Transport(
            self._app_base, budget, clocks, recorder, Classifier(self._mapping, clocks)
        )
        trusted = tuple(base for base in (config.api_base, config.app_base) if base)
        return OAuth(transport, config.client_id, config.client_secret, clocks, trusted)


class _Once:
    """Makes a thing when it is first needed: where an account is, its tokens say."""

    def __init__(self, make: Callable[[], Transport]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Transport | None = None

    def __call__(self) -> Transport:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
