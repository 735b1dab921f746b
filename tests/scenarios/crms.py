"""What a story needs to know of the CRM that it is told on: its app, its account, its stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo import registration, salesforce_package
from demo.processes import APP_ID, CLIENT_ID
from sandbox.salesforce import packages
from sandbox.world.account import Account
from sandbox.world.records import App


def _nothing(account: Account, app: App) -> None:
    """Nothing has to be installed before consent."""


@dataclass(frozen=True)
class Crm:
    """One CRM. path: where the sandbox answers as this vendor. kinds: what each stage of the
    account's pipeline means. prepare: what the account's admin does before anybody connects.
    lag_ms: how long after it happened in the CRM the app has heard of anything. stages: ids of
    those stages that the CRM knows as something else (won and lost, in Pipedrive)."""

    name: str
    app_id: int
    path: str
    tier: str
    kinds: Mapping[str, str]
    registration: Callable[[str], dict[str, Any]]
    prepare: Callable[[Account, App], None] = _nothing
    lag_ms: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stages: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def world_kinds(self) -> dict[str, str]:
        """`kinds` by the ids that the sandbox's world has, where the CRM's own HTTP shows others.
        """
        return {**self.kinds, **self.stages}

    @property
    def client_id(self) -> str:
        return CLIENT_ID if self.name == "hubspot" else f"{CLIENT_ID}-{self.name}"

    def environment(self, sandbox: str, secret: str) -> dict[str, str]:
        """The variables by which the app knows of this CRM."""
        prefix, base = self.name.upper(), f"{sandbox}{self.path}"
        return {
            f"{prefix}_CLIENT_ID": self.client_id,
            f"{prefix}_CLIENT_SECRET": secret,
            f"{prefix}_API_BASE": base,
            f"{prefix}_APP_BASE": base,
        }


HUBSPOT = Crm(
    "hubspot",
    APP_ID,
    "",
    "professional",
    {
        "new": "appointmentscheduled",
        "qualified": "qualifiedtobuy",
        "meeting_done": "presentationscheduled",
        "proposal": "decisionmakerboughtin",
        "negotiation": "contractsent",
        "won": "closedwon",
        "lost": "closedlost",
    },
    registration.registration,
)

SALESFORCE = Crm(
    "salesforce",
    APP_ID + 1,
    "/salesforce",
    "enterprise",
    {
        "new": "Prospecting",
        "qualified": "Qualification",
        "meeting_done": "Needs Analysis",
        "proposal": "Proposal/Price Quote",
        "negotiation": "Negotiation/Review",
        "won": "Closed Won",
        "lost": "Closed Lost",
    },
    salesforce_package.registration,
    packages.install,
    lag_ms=31_000,
    settings={"poll_seconds": 30},
)

PIPEDRIVE = Crm(
    "pipedrive",
    APP_ID + 2,
    "/pipedrive",
    "premium",
    {
        "new": "1",
        "qualified": "2",
        "meeting_done": "3",
        "proposal": "4",
        "negotiation": "5",
        "won": "1:won",
        "lost": "1:lost",
    },
    registration.pipedrive,
    lag_ms=1_000,  # its stamps are whole seconds
    stages={"won": "6", "lost": "7"},
)

CRMS = {crm.name: crm for crm in (HUBSPOT, SALESFORCE, PIPEDRIVE)}
