"""A sandbox with a Pipedrive company and an installed app, for a plain HTTP client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
import requests

from sandbox.pipedrive.api import Pipedrive
from sandbox.pipedrive.grants import Grants
from sandbox.server import create_server, serve
from sandbox.settings import Settings
from sandbox.world.records import Actor, App, Owner
from sandbox.world.store import Account, World
from tests.sandbox.support import ManualClock, Receiver

COMPANY = 5_000_001
CALLBACK = "http://localhost:8700/oauth/callback"
SCOPES = (
    *("base", "deals:full", "activities:full", "contacts:full", "users:read", "recents:read"),
    *("leads:full", "search:read", "mail:read", "phone-integration", "admin", "deal-fields:full"),
    "contact-fields:full",
)
USER = Actor.user(9101)
"""The first user of the company, its admin; by the user's number it is 601."""


class Client:
    """Plain ``requests`` with a bearer token against one sandbox."""

    def __init__(self, url: str, token: str) -> None:
        self.url = f"{url}/pipedrive"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, json: Any = None, **params: Any) -> requests.Response:
        """``path`` after the domain of the company: ``/api/v2/deals``."""
        body = json if isinstance(json, bytes) else orjson.dumps(json)
        headers = {"Content-Type": "application/json"}
        return self.session.request(
            method,
            self.url + path,
            params=params,
            data=None if json is None else body,
            headers={} if json is None else headers,
            timeout=10,
        )

    def get(self, path: str, **params: Any) -> Any:
        """The ``data`` of an answer that must be a good one."""
        answer = self.call("GET", path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def post(self, path: str, json: Any) -> Any:
        answer = self.call("POST", path, json)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["data"]

    def patch(self, path: str, json: Any) -> Any:
        answer = self.call("PATCH", path, json)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


class Company:
    """A running sandbox: ``with Company() as sandbox: …``; its ``app`` is registered already.

    Users 601 (the admin) and 602; the pipeline 1 with the open stages 1 to 5.
    """

    def __init__(self, *, tier: str = "", settings: dict[str, Any] | None = None) -> None:
        self.clock = ManualClock()
        self.world = World(self.clock)
        self.settings = Settings()
        self.settings.update(settings or {})
        self.flask = create_server(self.world, self.settings)
        self.pipedrive: Pipedrive = self.flask.extensions["pipedrive"]
        self.app = self.world.register_app(
            App(888, "client-888", "secret-888", [CALLBACK], list(SCOPES), crm="pipedrive")
        )
        self._http = serve(self.flask, port=0)
        self.account = self.add(COMPANY, tier)

    def add(self, portal_id: int, tier: str = "") -> Account:
        """A company with two users."""
        account = self.world.add_account(
            portal_id,
            f"Company {portal_id}",
            timezone="Europe/Amsterdam",
            currency="EUR",
            tier=tier,
            crm="pipedrive",
        )
        for number, first in ((1, "Ada"), (2, "Ben")):
            account.add_owner(
                Owner(f"60{number}", 9100 + number, f"{first.lower()}@example.com", first, "Rep")
            )
        return account

    @property
    def url(self) -> str:
        return self._http.url

    def __enter__(self) -> Company:
        self._http.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.pipedrive.deliveries.stop()
        self._http.stop()

    def play(self, ms: int) -> None:
        """Lets business time pass, and the CRM do what it had planned for it."""
        until = self.clock.now() + ms
        while (due := self.world.agenda.pop(until)) is not None:
            self.clock.set(max(due.at, self.clock.now()))
            self.world.agenda.run(due)
            self.pipedrive.deliveries.flush()
        self.clock.set(until)

    def token(
        self,
        scopes: Iterable[str] = SCOPES,
        *,
        user: str = "601",
        portal_id: int = COMPANY,
        app: App | None = None,
        seconds: int = 3599,
    ) -> str:
        """Installs the app for a user without a browser; the access token."""
        grants = Grants.of(self.world)
        refresh = grants.issue_refresh((app or self.app).app_id, portal_id, user, scopes)
        return grants.issue_access(refresh, seconds)

    def client(self, scopes: Iterable[str] = SCOPES, **more: Any) -> Client:
        """A client with a token of its own."""
        return Client(self.url, self.token(scopes, **more))


def payloads(receiver: Receiver) -> list[dict[str, Any]]:
    """The events that a webhook was sent."""
    return [orjson.loads(body) for _, body in receiver.got]


def sent(company: Company, receiver: Receiver) -> list[dict[str, Any]]:
    """What was delivered since the last look."""
    company.pipedrive.deliveries.flush(5)
    found = payloads(receiver)
    receiver.got.clear()
    return found
