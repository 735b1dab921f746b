"""One CRM with a firm's account in it, and our connector on it by real consent."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from app.model.time import Business, Wall
from connectors.budget import MemoryBudgetStore
from connectors.config import VendorConfig
from connectors.contract import Capability, Connector, NewTask, ObjectType, Tokens, Vendor
from connectors.registry import vendor
from demo.admin import Form
from sandbox.assembly import assemble
from sandbox.control import perform
from sandbox.server import serve
from sandbox.simulation import Simulation
from sandbox.vendor import VendorServer
from sandbox.world.account import Account
from sandbox.world.records import Actor, Owner, Team
from tests.connectors.support import Calls, Clocks, MemoryTokenStore
from tests.scenarios.crms import Crm

START = 1_788_768_000_000  # Monday 2026-09-07 08:00 UTC
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PORTAL = 4_100_001
APP = "http://localhost:8700"
SECRET = "a secret of the app's"
ADA, BEN = "501", "502"
TOUCH = "6c0d1b7a-0000-5000-8000-{:012d}"

CREATE: Mapping[str, str] = {
    "hubspot": "POST /crm/objects/[^/]+/tasks/batch/create",
    "salesforce": "POST /salesforce/services/data/[^/]+/composite/sobjects$",
    "pipedrive": "POST /pipedrive/api/v2/activities$",
}
"""CRM → the call that creates tasks, as faults name it."""

READ: Mapping[str, str] = {
    "hubspot": "POST /crm/objects/[^/]+/deals/batch/read",
    "salesforce": "GET /salesforce/services/data/[^/]+/query$",
    "pipedrive": "GET /pipedrive/api/v2/deals/\\d+$",
}
"""CRM → the call that reads deals."""


class StoppableBudget(MemoryBudgetStore):
    """A budget whose account an admin can stop."""

    def __init__(self) -> None:
        super().__init__()
        self.halted = False

    def stopped(self) -> bool:
        return self.halted


class House:
    """See the module."""

    def __init__(self, kind: Crm) -> None:
        self.kind = kind
        self.simulation = Simulation("simulated", START)
        self._flask = assemble(self.simulation)
        self.server: VendorServer[Any] = self._flask.extensions["vendors"].by_crm[kind.name]
        self._http = serve(self._flask, port=0)
        self.account = self._account()
        self.calls = Calls()
        self.budget = StoppableBudget()
        self.clocks = Clocks(START)

    def __enter__(self) -> Self:
        self._http.start()
        self._connect()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.stop()

    def _account(self) -> Account:
        account = self.simulation.world.add_account(
            PORTAL, "The firm", timezone="Europe/Amsterdam", currency="EUR",
            tier=self.kind.tier, crm=self.kind.name,
        )  # fmt: skip
        account.extra["people"] = {"kinds": self.kind.world_kinds}
        account.add_team(Team("1", "EMEA"))
        for number, first in enumerate(("Otto", "Ada", "Ben")):
            self._add_user(account, number, first)
        return account

    def _add_user(self, account: Account, number: int, first: str) -> None:
        fields = {
            "hs_email": f"{first.lower()}@firm.example",
            "hs_given_name": first,
            "hs_family_name": "Firm",
            "hs_standard_time_zone": "Europe/Amsterdam",
            "hs_internal_user_id": str(9000 + number),
            "hubspot_owner_id": str(500 + number),
        }
        record = account.create("users", fields, Actor.user(9000 + number), at=START - DAY)
        account.add_owner(
            Owner(
                id=str(500 + number), user_id=9000 + number, email=f"{first.lower()}@firm.example",
                first_name=first, last_name="Firm", teams=[("1", True)], created_at=START - DAY,
                user_record_id=record.id,
            )
        )  # fmt: skip

    def _connect(self) -> None:
        world, kind = self.simulation.world, self.kind
        known = kind.vendor.registration(APP)
        requests.post(
            f"{self._http.url}/sandbox/apps",
            json={"app_id": kind.app_id, "client_id": kind.client_id, "client_secret": SECRET,
                  **known},
            timeout=10,
        ).raise_for_status()  # fmt: skip
        kind.prepare(self.account, world.apps[kind.app_id])
        base = f"{self._http.url}{kind.vendor.path}"
        config = VendorConfig(kind.client_id, SECRET, base, base, rate_multiplier=1000)
        self.vendor: Vendor = vendor(kind.name, config)
        self.redirect_uri = str(known["redirect_uris"][0])
        self.tokens = self.consent()
        self.store = MemoryTokenStore(self.tokens)
        self.connector = self.again()
        self.connector.install()
        self.calls.made.clear()

    def consent(self) -> Tokens:
        """Tokens by way of the CRM's consent page, with PKCE."""
        verifier = "v" * 50
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        browser = requests.Session()
        browser.trust_env = False
        page = browser.get(
            self.vendor.authorize_url("the state", self.redirect_uri, challenge), timeout=10
        )
        form = Form()
        form.feed(page.text)
        assert page.status_code == 200, page.text
        answer = browser.post(
            urljoin(page.url, form.action), data={**form.fields, "decision": "approve"},
            timeout=10, allow_redirects=False,
        )  # fmt: skip
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert back["state"] == ["the state"]
        return self.vendor.exchange(back["code"][0], self.redirect_uri, verifier)

    def again(self, **options: Any) -> Connector:
        """A connector as another process would have it."""
        return self.vendor.connect(self.store, self.budget, self.clocks, self.calls, **options)

    def token_is_refused(self) -> None:
        """The access token is no more what the CRM takes; the refresh token is."""
        self.store.tokens = replace(self.store.tokens, access="withdrawn")
        self.connector = self.again()

    def token_runs_out(self) -> None:
        self.store.tokens = replace(self.store.tokens, expires_wall=Wall(0))
        self.connector = self.again()

    # --- the CRM -----------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.simulation.clock.now()

    def pass_time(self, ms: int) -> None:
        self.simulation.barrier.begin(self.now + ms)
        self.clocks.now = self.now

    def outer(self, kind: str, id: str) -> str:
        return self.server.outer_id(self.account, kind, id)

    def inner(self, id: str) -> str:
        return self.server.inner_id(id)

    def act(self, verb: str, **params: Any) -> str:
        """A person's deed in the CRM; the id of what it touched, as the CRM's HTTP has it."""
        given = {k: self.inner(v) if isinstance(v, str) else v for k, v in params.items()}
        told = perform(self.simulation, str(PORTAL), verb, given)
        return self.outer(told["kind"], str(told["id"]))

    def choose(self, kind: str, record: str, name: str, label: str, word: str) -> None:
        """A rep chooses a word of a field of ours; some CRMs know it by its label alone."""
        fields = self.account.properties[kind]
        field = fields.get(name) or next(f for f in fields.values() if f.label == label)
        value = next(one.value for one in field.options if word in (one.value, one.label.lower()))
        self.act("set_property", kind=kind, record=record, property=field.name, value=value)

    def contact(self, name: str = "Nora") -> str:
        return self.act(
            "create_contact", email=f"{name.lower()}@prospect.example", firstname=name,
            lastname="Vos", owner=ADA,
        )  # fmt: skip

    def deal(self, stage: str = "new", contact: str = "", **more: Any) -> str:
        given = {"name": "Big sale", "amount": "5000", "owner": ADA, **more}
        return self.act("create_deal", stage=stage, contact=contact, **given)

    def fault(self, match: str, kind: str, times: int = 1) -> None:
        self.server.faults.add({"match": match, "kind": kind, "times": times})

    # --- our side ----------------------------------------------------------------------------

    def can(self, name: str) -> bool:
        """Whether a capability is available; where it is not, that is stated in full."""
        found = self.capability(name)
        if not found.available:
            assert found.why, name
            assert found.instead, name
        return found.available

    def lacks(self, name: str) -> bool:
        """Whether it is stated that this cannot be done; what is not spoken of can be."""
        return any(one.name == name for one in self.connector.capabilities()) and not self.can(name)

    def capability(self, name: str) -> Capability:
        (found,) = [one for one in self.connector.capabilities() if one.name == name]
        return found

    def task(self, number: int = 1, *, owner: str | None = ADA, **more: Any) -> NewTask:
        linked: tuple[tuple[ObjectType, str], ...] = more.pop("associations", ())
        given: dict[str, Any] = {
            "subject": "Call about the proposal",
            "body": "<p><strong>Why now:</strong> no reply yet.</p>",
            "type": "call",
            "priority": "high",
            "due_at": Business(self.now + 3 * DAY),
            **more,
        }
        return NewTask(
            touch_id=TOUCH.format(number),
            owner_id=self.outer("owners", owner) if owner else None,
            associations=linked,
            **given,
        )
