"""One sandbox for each test module: starting it is cheap, sharing it keeps the suite quick."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.world.records import Actor, Link, Record
from sandbox.world.store import Account
from tests.sandbox.support import PORTAL, Client, SandboxServer

FOREIGN_PORTAL = 4_000_002
USER = Actor.user(9001)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(settings={"rate_limit_multiplier": 1000.0}) as server:
        server.add_account(FOREIGN_PORTAL)
        yield server


@pytest.fixture
def account(sandbox: SandboxServer) -> Account:
    return sandbox.world.accounts[PORTAL]


@pytest.fixture
def api(sandbox: SandboxServer) -> Client:
    return sandbox.client()


@pytest.fixture
def contact(account: Account) -> Record:
    number = next(_numbers)
    return account.create("contacts", {"email": f"c{number}@example.com", "firstname": "C"}, USER)


@pytest.fixture
def deal(account: Account, contact: Record) -> Record:
    fields = {"dealname": "Deal", "dealstage": "qualifiedtobuy", "hubspot_owner_id": "501"}
    return account.create("deals", fields, USER, [Link("contacts", contact.id)])


def task_input(deal: Record, contact: Record, **properties: Any) -> dict[str, Any]:
    """A task on a deal and a contact, as an app would send it."""
    return {
        "properties": {
            "hs_timestamp": "2026-10-20T09:00:00Z",
            "hs_task_subject": "Call about the proposal",
            "hs_task_status": "NOT_STARTED",
            "hs_task_type": "CALL",
            **properties,
        },
        "associations": [
            {"to": {"id": deal.id}, "types": [types(216)]},
            {"to": {"id": contact.id}, "types": [types(204)]},
        ],
    }


def types(number: int, category: str = "HUBSPOT_DEFINED") -> dict[str, Any]:
    return {"associationCategory": category, "associationTypeId": number}
