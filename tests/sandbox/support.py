"""A sandbox on a free port for tests, with an installed app and no browser in between."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import requests

from sandbox.hubspot.api import HubSpot
from sandbox.hubspot.grants import Grants
from sandbox.server import create_server, serve
from sandbox.settings import Settings
from sandbox.world.records import App, Owner
from sandbox.world.store import Account, World

START = 1_791_784_800_000  # 2026-10-12 06:00 UTC
PORTAL = 4_000_001
REQUIRED = (
    "oauth",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.schemas.deals.read",
    "crm.schemas.deals.write",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.owners.read",
    "crm.objects.users.read",
    "crm.objects.users.write",
    "crm.objects.quotes.read",
    "crm.objects.quotes.write",
    "sales-email-read",
    "communication_preferences.read",
)
PAID = (
    "automation.sequences.read",
    "automation.sequences.enrollments.write",
    "crm.objects.leads.read",
    "crm.objects.leads.write",
)
SCOPES = (*REQUIRED, *PAID)


class ManualClock:
    """Business time that a test sets."""

    def __init__(self, now: int = START) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def set(self, now: int) -> None:
        self._now = now

    def advance(self, ms: int) -> int:
        self._now += ms
        return self._now


class Client:
    """Plain ``requests`` with a bearer token against one sandbox."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        body = {} if json is None else {"data": orjson.dumps(json)}
        headers = {"Content-Type": "application/json"} if json is not None else {}
        return self.session.request(
            method, self.url + path, headers=headers, timeout=10, **body, **more
        )

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.call("GET", path, params=params)

    def post(self, path: str, json: Any = None, **params: Any) -> requests.Response:
        return self.call("POST", path, json, params=params)


class SandboxServer:
    """A running sandbox: ``with SandboxServer() as sandbox: …``.

    ``app`` is a registered app with all scopes that the tests need.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, Any] | None = None,
        clock: Any = None,
        webhook_url: str = "",
        subscriptions: Iterable[Mapping[str, Any]] = (),
        background: bool = False,
        account: bool = True,
        tier: str = "professional",
        redirect_uri: str = "http://localhost:8700/oauth/callback",
    ) -> None:
        self.clock = clock or ManualClock()
        self.world = World(self.clock)
        self.settings = Settings()
        self.settings.update(settings or {})
        self.flask = create_server(self.world, self.settings)
        self.hubspot: HubSpot = self.flask.extensions["hubspot"]
        self.app = self.world.register_app(
            App(
                777,
                "client-777",
                "secret-777-secret",
                [redirect_uri],
                list(REQUIRED),
                list(PAID),
                webhook_url,
                list(subscriptions),
                name="Followthrough",
            )
        )
        self._background = background
        self._http = serve(self.flask, port=0)
        if account:
            self.add_account(PORTAL, tier=tier)

    @property
    def url(self) -> str:
        return self._http.url

    @property
    def account(self) -> Account:
        return self.world.accounts[PORTAL]

    def add_account(self, portal_id: int, *, tier: str = "professional") -> Account:
        """An account with two owners, 501 (user 9001) and 502 (user 9002)."""
        account = self.world.add_account(
            portal_id,
            f"Account {portal_id}",
            timezone="Europe/Amsterdam",
            currency="EUR",
            tier=tier,
        )
        for number, first in ((1, "Ada"), (2, "Ben")):
            account.add_owner(
                Owner(f"50{number}", 9000 + number, f"{first.lower()}@example.com", first, "Rep")
            )
        return account

    def __enter__(self) -> SandboxServer:
        self._http.start()
        if self._background:
            self.hubspot.deliveries.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.hubspot.deliveries.stop()
        self._http.stop()

    def play(self, ms: int) -> None:
        """Lets business time pass, and the CRM do what it had planned for it."""
        until = self.clock.now() + ms
        while (due := self.world.agenda.pop(until)) is not None:
            self.clock.set(max(due.at, self.clock.now()))
            self.world.agenda.run(due)
        self.clock.set(until)

    def mint(
        self,
        portal_id: int = PORTAL,
        scopes: Iterable[str] = SCOPES,
        *,
        app: App | None = None,
        seconds: int = 1800,
    ) -> dict[str, Any]:
        """Installs the app without a browser: the token endpoint's answer."""
        app = app or self.app
        grants = Grants.of(self.world)
        refresh = grants.issue_refresh(app.app_id, portal_id, 9001, scopes)
        access = grants.issue_access(refresh, seconds)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": seconds,
            "hub_id": portal_id,
            "scopes": list(scopes),
        }

    def client(
        self,
        portal_id: int = PORTAL,
        scopes: Iterable[str] = SCOPES,
        *,
        app: App | None = None,
        seconds: int = 1800,
    ) -> Client:
        """A client with a token of its own."""
        tokens = self.mint(portal_id, scopes, app=app, seconds=seconds)
        return Client(self.url, tokens["access_token"])


class Receiver:
    """An app's webhook endpoint: keeps what it gets, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.arrived = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                receiver.got.append((dict(self.headers.items()), body))
                receiver.arrived.set()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Keeps the tests quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/hubspot"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def events(self) -> list[dict[str, Any]]:
        """All events received, in the order of their deliveries."""
        return [event for _, body in self.got for event in orjson.loads(body)]
