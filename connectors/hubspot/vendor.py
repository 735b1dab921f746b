"""HubSpot before any installation: OAuth, webhooks, and the making of connectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.model.time import SECOND, Clocks, Wall
from connectors import mapping as mappings
from connectors.access import Access
from connectors.budget import Budget, Limit, MemoryBudgetStore
from connectors.clocks import WallClocks
from connectors.config import VendorConfig
from connectors.contract import (
    ASIDE,
    Asker,
    BadSignature,
    BudgetStore,
    Connector,
    Event,
    Recorder,
    Tokens,
    TokenStore,
)
from connectors.hubspot import cards, webhooks
from connectors.hubspot.api import Api
from connectors.hubspot.connector import HubSpotConnector
from connectors.hubspot.errors import Classifier
from connectors.hubspot.lost import Lost
from connectors.hubspot.oauth import OAuth, authorize_url
from connectors.hubspot.tables import API_BASE, API_VERSION, APP_BASE
from connectors.transport import NoRecorder, Transport

ASSOCIATIONS_CEILING = 90
"""Per 10 s; HubSpot allows 100 on the smallest edition."""

SEARCH_CEILING = 1
"""Per second; HubSpot allows five an account, for all of its apps together."""


def limits(ceiling: int) -> dict[str, Limit]:
    """Budgets per bucket; a few slots stay free for ingest and for renewing tokens, half of them
    for all that cannot wait."""
    window = 10 * SECOND
    return {
        "default": Limit(ceiling, window, {"dispatch": 3, "ingest": 1, ASIDE: ceiling // 2}),
        "associations": Limit(ASSOCIATIONS_CEILING, window, {ASIDE: ASSOCIATIONS_CEILING // 2}),
        "search": Limit(SEARCH_CEILING, SECOND),
    }


class HubSpotVendor:
    """The contract's Vendor for one registered app."""

    crm = "hubspot"

    def __init__(self, config: VendorConfig) -> None:
        self._config = config
        self._api_base = (config.api_base or API_BASE).rstrip("/")
        self._app_base = (config.app_base or APP_BASE).rstrip("/")
        self._version = config.version or API_VERSION
        self._mapping = mappings.load("hubspot")

    def authorize_url(self, state: str, redirect_uri: str, challenge: str) -> str:
        return authorize_url(
            self._app_base, self._config.client_id, state, redirect_uri, challenge
        )

    def consent_refused(self, word: str, said: str) -> str:
        return ""

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        clocks = WallClocks()
        transport = self._transport(MemoryBudgetStore(), clocks, NoRecorder(), self._mapping)
        return self._oauth(transport, clocks).exchange(code, redirect_uri, verifier)

    def verify_webhook(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: Wall
    ) -> None:
        webhooks.verify_v3(self._config.client_secret, method, url, headers, body, now)

    def verify_card(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: Wall
    ) -> Asker:
        secret = self._config.client_secret
        return cards.verify_card(secret, method, url, headers, body, now)

    def parse_webhook(self, body: bytes) -> list[Event]:
        return webhooks.parse_events(body, self._mapping)

    def uninstalled(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        raise BadSignature("HubSpot tells nobody that an app was uninstalled.")

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
        transport = self._transport(budget, clocks, recorder, mapping)
        oauth = self._oauth(transport, clocks)
        access = Access(tokens, oauth, clocks)
        return HubSpotConnector(
            Api(transport, access, self._version),
            access,
            oauth,
            mapping,
            Classifier(mapping, clocks),
            clocks,
            self._app_base,
            unique_touch_id,
            Lost(mapping, recorder),
        )

    def _transport(
        self, store: BudgetStore, clocks: Clocks, recorder: Recorder, mapping: mappings.CrmMapping
    ) -> Transport:
        budget = Budget(
            store, clocks, limits(self._config.ceiling), multiplier=self._config.rate_multiplier
        )
        return Transport(self._api_base, budget, clocks, recorder, Classifier(mapping, clocks))

    def _oauth(self, transport: Transport, clocks: Clocks) -> OAuth:
        config = self._config
        return OAuth(transport, self._version, config.client_id, config.client_secret, clocks)
