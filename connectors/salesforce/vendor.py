"""Salesforce before any installation: OAuth, and the making of connectors. It sends no webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.model.time import SECOND, Clocks, Wall
from connectors import mapping as mappings
from connectors.access import RotatingAccess
from connectors.budget import Budget, Limit, MemoryBudgetStore
from connectors.clocks import WallClocks
from connectors.config import VendorConfig
from connectors.contract import (
    ASIDE,
    BadSignature,
    BudgetStore,
    Connector,
    Event,
    Recorder,
    Tokens,
    TokenStore,
)
from connectors.salesforce.allowance import Allowance
from connectors.salesforce.api import Api
from connectors.salesforce.connector import Parts, SalesforceConnector
from connectors.salesforce.errors import NOT_INSTALLED_TEXT, Classifier, is_not_installed
from connectors.salesforce.oauth import TIMEOUTS, OAuth, authorize_url
from connectors.salesforce.tables import API_VERSION, LOGIN
from connectors.transport import NoRecorder, Transport


def limits(ceiling: int) -> dict[str, Limit]:
    """Salesforce counts calls of a day, which `Allowance` follows, and none of a shorter time; the
    ceiling keeps us from being the app that an account's others wait for."""
    reserved = {"dispatch": 3, "ingest": 1, ASIDE: ceiling // 2}
    return {"default": Limit(ceiling, 10 * SECOND, reserved)}


class SalesforceVendor:
    """The contract's Vendor for one registered app."""

    crm = "salesforce"

    def __init__(self, config: VendorConfig) -> None:
        self._config = config
        self._login = (config.api_base or LOGIN).rstrip("/")
        self._app_base = (config.app_base or LOGIN).rstrip("/")
        self._version = config.version or API_VERSION
        self._mapping = mappings.load("salesforce")

    def authorize_url(self, state: str, redirect_uri: str, challenge: str) -> str:
        return authorize_url(
            self._app_base, self._config.client_id, state, redirect_uri, challenge
        )

    def consent_refused(self, word: str, said: str) -> str:
        """What to do where consent was refused for want of the package; empty for anything else."""
        return NOT_INSTALLED_TEXT if is_not_installed(word, said) else ""

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        clocks = WallClocks()
        budget = self._budget(MemoryBudgetStore(), clocks)
        classify = Classifier(self._mapping, clocks)
        oauth = self._oauth(budget, clocks, NoRecorder(), classify)
        return oauth.exchange(code, redirect_uri, verifier)

    def verify_webhook(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: Wall
    ) -> None:
        raise BadSignature("Salesforce sends no webhooks; nothing that comes here is from it")

    def parse_webhook(self, body: bytes) -> list[Event]:
        return []

    def uninstalled(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        raise BadSignature("Salesforce tells nobody that an app was uninstalled.")

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
        slots = self._budget(budget, clocks)
        allowance = Allowance(slots, clocks)
        classify = Classifier(mapping, clocks, allowance)
        oauth = self._oauth(slots, clocks, recorder, classify)
        access = RotatingAccess(tokens, oauth, clocks)
        transport_for = self._transports(slots, clocks, recorder, classify)
        parts = Parts(access, oauth, mapping, classify, clocks, recorder, unique_touch_id)
        return SalesforceConnector(Api(transport_for, access, allowance, self._version), parts)

    def _budget(self, store: BudgetStore, clocks: Clocks) -> Budget:
        multiplier = self._config.rate_multiplier
        return Budget(store, clocks, limits(self._config.ceiling), multiplier=multiplier)

    def _transports(
        self,
        budget: Budget,
        clocks: Clocks,
        recorder: Recorder,
        classify: Classifier,
        **options: Any,
    ) -> Callable[[str], Transport]:
        """Address → the transport to it; an account's address may change with a renewal."""
        made: dict[str, Transport] = {}

        def transport_for(base: str) -> Transport:
            found = made.get(base)
            if found is None:
                found = made[base] = Transport(base, budget, clocks, recorder, classify, **options)
            return found

        return transport_for

    def _oauth(
        self, budget: Budget, clocks: Clocks, recorder: Recorder, classify: Classifier
    ) -> OAuth:
        transport_for = self._transports(budget, clocks, recorder, classify, timeouts=TIMEOUTS)
        config = self._config
        return OAuth(transport_for, self._login, config.client_id, config.client_secret, clocks)
