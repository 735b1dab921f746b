"""What a story needs to know of the CRM that it is told on: its app, its account, its stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo import vendors
from demo.processes import APP_ID, CLIENT_ID
from sandbox.salesforce import packages
from sandbox.world.account import Account
from sandbox.world.records import App


def _nothing(account: Account, app: App) -> None:
    """Nothing has to be installed before consent."""


@dataclass(frozen=True)
class Crm:
    """One CRM. kinds: what each stage of the account's pipeline means. prepare: what the account's
    admin does before anybody connects. lag_ms: how long after it happened in the CRM the app has
    heard of anything. stages: ids of those stages that the CRM knows as something else (won and
    lost, in Pipedrive)."""

    name: str
    app_id: int
    tier: str
    kinds: Mapping[str, str]
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
    def vendor(self) -> vendors.Crm:
        """What a demo needs of it, too: where the sandbox plays it, the app's registration."""
        return vendors.CRMS[self.name]

    @property
    def client_id(self) -> str:
        return CLIENT_ID if self.name == "hubspot" else f"{CLIENT_ID}-{self.name}"

    def environment(self, sandbox: str, secret: str) -> dict[str, str]:
        """The variables by which the app knows of this CRM."""
        return self.vendor.environment(sandbox, self.client_id, secret)


HUBSPOT = Crm(
    "hubspot",
    APP_ID,
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
)

SALESFORCE = Crm(
    "salesforce",
    APP_ID + 1,
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
    packages.install,
    lag_ms=31_000,
    settings={"poll_seconds": 30},
)

PIPEDRIVE = Crm(
    "pipedrive",
    APP_ID + 2,
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
    lag_ms=1_000,  # its stamps are whole seconds
    stages={"won": "6", "lost": "7"},
)

CRMS = {crm.name: crm for crm in (HUBSPOT, SALESFORCE, PIPEDRIVE)}
