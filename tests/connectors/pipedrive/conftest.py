"""A connector on a Pipedrive that answers by script: routes of the test over an empty account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.model.time import HOUR, Wall
from connectors.budget import MemoryBudgetStore
from connectors.config import VendorConfig
from connectors.contract import Tokens
from connectors.pipedrive.connector import PipedriveConnector
from connectors.pipedrive.install import FOOTPRINT
from connectors.pipedrive.tables import PATHS
from connectors.pipedrive.vendor import PipedriveVendor
from tests.connectors.support import Answer, Asked, Calls, Clocks, MemoryTokenStore, ScriptedVendor

SCOPES = (
    "base", "deals:full", "activities:full", "contacts:read", "users:read", "recents:read",
    "leads:read", "search:read", "admin",
)  # fmt: skip

ME = {
    "id": 78, "company_id": 456, "company_name": "Acme", "company_domain": "acme",
    "email": "ada@acme.example", "timezone_name": "Europe/Tallinn", "default_currency": "EUR",
    "access": [{"app": "global", "admin": True}],
}  # fmt: skip

Route = Callable[[Asked], Answer] | Answer


def ok(data: Any, **more: Any) -> Answer:
    return 200, {"success": True, "data": data, **({"additional_data": more} if more else {})}


def no(status: int, error: str, **more: Any) -> Answer:
    return status, {"success": False, "error": error, "data": None, **more}


def key(number: int) -> str:
    return f"{number:040x}"


def our_fields() -> dict[str, list[dict[str, Any]]]:
    """Our footprint as the account has it: type's path → its fields."""
    found: dict[str, list[dict[str, Any]]] = {}
    number = 0
    for type, owns in FOOTPRINT.items():
        for own in owns:
            number += 1
            options = [
                {"id": 10 * number + n, "label": label} for n, label in enumerate(own.options)
            ]
            found.setdefault(f"{PATHS[type][:-1]}Fields", []).append(
                {
                    "field_code": key(number), "field_name": own.name, "field_type": own.type,
                    "is_custom_field": True, "options": options or None,
                }
            )  # fmt: skip
    return found


def code(name: str, path: str = "dealFields") -> str:
    """The key of a field of ours by its name."""
    return next(row["field_code"] for row in our_fields()[path] if row["field_name"] == name)


@dataclass
class Scripted:
    """A connector and the Pipedrive that it talks to. routes: `METHOD path` → answer."""

    routes: dict[str, Route] = field(default_factory=dict)
    connector: PipedriveConnector = field(init=False)
    vendor: PipedriveVendor = field(init=False)
    server: ScriptedVendor = field(init=False)
    clocks: Clocks = field(init=False)
    calls: Calls = field(default_factory=Calls)
    store: MemoryTokenStore = field(init=False)
    budget: MemoryBudgetStore = field(default_factory=MemoryBudgetStore)

    def answer(self, asked: Asked) -> Answer:
        found = self.routes.get(f"{asked.method} {asked.path}")
        if found is not None:
            return found(asked) if callable(found) else found
        if asked.path == "/v1/users/me":
            return ok(ME)
        if asked.method == "GET" and asked.path.endswith("Fields"):
            return ok(our_fields().get(asked.path.rpartition("/")[2], []), next_cursor=None)
        if asked.method == "GET" and asked.path.rpartition("/")[2].isdigit():
            return no(404, "Not found")
        return ok([] if asked.method == "GET" else {"id": 1})

    def asked(self, method: str, path: str) -> list[Asked]:
        return [one for one in self.server.asked if (one.method, one.path) == (method, path)]

    def paths(self) -> list[str]:
        """What was asked for, our fields and the account's facts left out."""
        return [
            f"{one.method} {one.path}" for one in self.server.asked
            if not one.path.endswith("Fields") and one.path != "/v1/users/me"
        ]  # fmt: skip


def connect(
    scripted: Scripted, server: ScriptedVendor, *, scopes: tuple[str, ...] = SCOPES,
    per_day: int | None = None, overrides: dict[str, Any] | None = None, rate: float = 1000,
) -> Scripted:  # fmt: skip
    config = VendorConfig(
        "client", "secret", server.url, server.url, rate_multiplier=rate,
        webhook_url="https://ours.example/webhooks/pipedrive",
    )
    scripted.server = server
    scripted.clocks = Clocks(1_796_000_000_000)
    expires = Wall(scripted.clocks.wall() + HOUR)
    scripted.store = MemoryTokenStore(
        Tokens("access", "refresh", expires, scopes, "456", "ada@acme.example", base=server.url)
    )
    scripted.vendor = PipedriveVendor(config)
    made = scripted.vendor.connect(
        scripted.store, scripted.budget, scripted.clocks, scripted.calls, per_day=per_day,
        overrides=overrides,
    )
    assert isinstance(made, PipedriveConnector)
    scripted.connector = made
    return scripted


Start = Callable[..., Scripted]


@pytest.fixture
def start() -> Iterator[Start]:
    """start({route: answer}, **options of `connect`)."""
    with ExitStack() as stack:

        def make(routes: dict[str, Route] | None = None, **options: Any) -> Scripted:
            scripted = Scripted(routes or {})
            server = stack.enter_context(ScriptedVendor(scripted.answer))
            return connect(scripted, server, **options)

        yield make
