"""A sandbox with a Salesforce org and an installed app, for a plain HTTP client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
import requests

from sandbox.salesforce import ids, packages
from sandbox.salesforce.api import Salesforce
from sandbox.salesforce.grants import Grants
from sandbox.server import create_server, serve
from sandbox.settings import Settings
from sandbox.world.account import Account
from sandbox.world.records import Actor, App, Link, Owner, Record
from sandbox.world.store import World
from tests.sandbox.support import ManualClock

ORG = 6_000_001
CALLBACK = "http://localhost:8700/oauth/salesforce/callback"
SCOPES = ("api", "refresh_token", "openid", "id")
DATA = "/services/data/v67.0"
USER = Actor.user(9201)
"""The first user of the org, its admin; owner 701."""
TOUCH = "Acme_Touch_Id__c"
PACKAGE: dict[str, Any] = {
    "id": "04tFx0000000001",
    "fields": [
        {"on": "Activity", "name": TOUCH, "type": "Text", "length": 36, "external_id": True,
         "unique": True},
        {"on": "Opportunity", "name": "Acme_Control__c", "type": "Picklist", "restricted": True,
         "values": ["Run", "Pause", "Stop"]},
        {"on": "Contact", "name": "Acme_Score__c", "type": "Number", "external_id": True},
    ],
}  # fmt: skip


class Client:
    """Plain ``requests`` with a bearer token against one sandbox."""

    def __init__(self, url: str, token: str) -> None:
        self.url = f"{url}/salesforce"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(
        self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None,
        **params: Any,
    ) -> requests.Response:  # fmt: skip
        """``path`` after the instance: ``/services/…``; with ``~`` for the version's address."""
        body = json if isinstance(json, bytes) else orjson.dumps(json)
        kind = {} if json is None else {"Content-Type": "application/json"}
        return self.session.request(
            method,
            self.url + path.replace("~", DATA, 1),
            params=params,
            data=None if json is None else body,
            headers=kind | (headers or {}),
            timeout=10,
        )

    def ok(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """The body of an answer that must be a good one."""
        answer = self.call(method, path, json, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str, **params: Any) -> Any:
        return self.ok("GET", path, **params)

    def query(self, text: str, **more: Any) -> list[dict[str, Any]]:
        """The records that a query finds, without their attributes."""
        found = self.ok("GET", "~/query", q=text, **more)["records"]
        return [{key: one for key, one in row.items() if key != "attributes"} for row in found]

    def create(self, sobject: str, **values: Any) -> str:
        """A new record's id."""
        return self.ok("POST", f"~/sobjects/{sobject}", values)["id"]

    def error(self, method: str, path: str, json: Any = None, **more: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = self.call(method, path, json, **more)
        assert answer.status_code >= 300, answer.text
        return answer.status_code, answer.json()[0]["errorCode"]


class Place:
    """A running sandbox: ``with Place() as sandbox: …``; its ``app`` is registered and installed.

    Users 701 (the admin) and 702.
    """

    def __init__(self, *, tier: str = "", settings: dict[str, Any] | None = None) -> None:
        self.clock = ManualClock()
        self.world = World(self.clock)
        self.settings = Settings()
        self.settings.update(settings or {})
        self.flask = create_server(self.world, self.settings)
        self.salesforce: Salesforce = self.flask.extensions["salesforce"]
        self.app = self.world.register_app(
            App(999, "client-999", "secret-999", [CALLBACK], list(SCOPES), name="Acme",
                crm="salesforce", package=PACKAGE)
        )  # fmt: skip
        self._http = serve(self.flask, port=0)
        self.account = self.add(ORG, tier)
        packages.install(self.account, self.app)

    def add(self, portal_id: int, tier: str = "") -> Account:
        """An org with two users."""
        account = self.world.add_account(
            portal_id, f"Org {portal_id}", timezone="Europe/Amsterdam", currency="EUR", tier=tier,
            crm="salesforce",
        )  # fmt: skip
        for number, first in ((1, "Ada"), (2, "Ben")):
            email = f"{first.lower()}@example.com"
            account.add_owner(Owner(f"70{number}", 9200 + number, email, first, "Rep"))
        return account

    @property
    def url(self) -> str:
        return self._http.url

    def __enter__(self) -> Place:
        self._http.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.stop()

    def mint(
        self, account: Account | None = None, owner: str = "701", scopes: Iterable[str] = SCOPES
    ) -> tuple[str, str]:
        """(access token, refresh token) without a browser."""
        org = account or self.account
        grants = Grants.of(self.world)
        grant = grants.open(self.app.app_id, org.portal_id, owner, scopes)
        seconds = self.settings.salesforce_session_seconds
        access, _ = grants.issue_access(grant, ids.make("Organization", org.portal_id), seconds)
        return access, grant.refresh

    def client(self, account: Account | None = None, **more: Any) -> Client:
        """A client with a session of its own."""
        return Client(self.url, self.mint(account, **more)[0])

    def deal(self, **fields: str) -> Record:
        """An opportunity of user 702 with a contact."""
        number = self.world.new_id()
        person = self.contact(email=f"p{number}@example.com")
        given = {"dealname": "Deal", "dealstage": "Qualification", "amount": "1200",
                 "hubspot_owner_id": "702", **fields}  # fmt: skip
        return self.account.create("deals", given, USER, [Link("contacts", person.id)])

    def contact(self, **fields: str) -> Record:
        """A contact of user 702."""
        given = {"firstname": "Pat", "lastname": "Roe", "hubspot_owner_id": "702", **fields}
        return self.account.create("contacts", given, USER)

    def lead(self, **fields: str) -> Record:
        """A person who came in as a lead."""
        return self.contact(lead_status="Open - Not Contacted", company="Alder", **fields)


def sfid(sobject: str, record: Record) -> str:
    """A record's id at the API."""
    return ids.make(sobject, int(record.id))
