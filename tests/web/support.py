"""The web in front of a real store, with a CRM that answers from memory."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from cryptography.fernet import Fernet
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.installations.config import Config, from_environment
from app.installations.registry import Connectors
from app.lanes.activation import ActivationError
from app.model.time import Business, Wall
from app.store import installations, people, pipelines
from app.store.engine import Store
from app.store.tables import (
    contacts,
    enrolments,
    ledger,
    stage_entries,
    subject_contacts,
    subjects,
    touches,
)
from app.web.factory import create_app
from connectors.config import VendorConfig
from connectors.contract import (
    Account,
    Capability,
    Checkup,
    CrmPerson,
    CrmPipeline,
    CrmStage,
    InstallReport,
    Invalid,
    Misfit,
    RateLimited,
    Tokens,
)
from connectors.hubspot.vendor import HubSpotVendor
from connectors.hubspot.webhooks import signature_v3

SECRET = "the secret of the app"
NOW = 1_795_000_000_000
URL = "https://followthrough.example"


class Clocks:
    """Both clocks stand at NOW until a test moves them."""

    def __init__(self) -> None:
        self.at = NOW

    def business(self) -> Business:
        return Business(self.at)

    def wall(self) -> Wall:
        return Wall(self.at)


class Crm:
    """One account; the token's account id is the code that was exchanged."""

    crm = "hubspot"

    def __init__(self, account: str) -> None:
        self._account = account

    def capabilities(self) -> tuple[Capability, ...]:
        return (
            Capability("webhooks", True, label="be told of changes at once"),
            Capability(
                "working_hours", False, "those entered here count", "read reps' working hours",
                "not granted: crm.objects.users.read", "Connect the app again.",
            ),
        )  # fmt: skip

    def checkup(self, *, native: bool = False) -> Checkup:
        if self._account == "1429":
            raise RateLimited("Too many calls.", Wall(NOW + 1000))
        misfits = (Misfit("deals.followthrough_control", "is missing", ours=True),)
        return Checkup(
            self.account(), ("oauth",), self.capabilities(), misfits, True, 0, 90, 110
        )

    def account(self) -> Account:
        return Account(
            self._account, f"Account {self._account}", "Europe/Berlin", "EUR", "app",
            "https://crm.example/{type}/{id}", {"deal": "0-3"},
        )

    def people(self) -> list[CrmPerson]:
        return [
            CrmPerson("1", "11", "Ada@Example.com", "Ada", "north", True, "Europe/Berlin"),
            CrmPerson("2", "12", "ben@example.com", "Ben", "north", True),
            CrmPerson("3", "13", "cleo@example.com", "Cleo", "south", True),
            CrmPerson("4", "14", "gone@example.com", "Gone", None, False),
        ]

    def pipelines(self) -> list[CrmPipeline]:
        stages = (
            CrmStage("s1", "Qualified", 0, 0.2, False, "qualified"),
            CrmStage("s2", "Proposal sent", 1, 0.5, False, "proposal"),
            CrmStage("s3", "Won", 2, 1.0, True, "won"),
        )
        return [CrmPipeline("default", "Sales", stages)]

    def install(self) -> InstallReport:
        return InstallReport(True, ("followthrough_touch_id",), (), (("x", "no scope"),))


class Vendor:
    """HubSpot's own webhook code around an OAuth that answers from memory."""

    crm = "hubspot"

    def __init__(self) -> None:
        self._real = HubSpotVendor(VendorConfig("id", SECRET))
        self.verify_webhook = self._real.verify_webhook
        self.parse_webhook = self._real.parse_webhook
        self.verify_card = self._real.verify_card
        self.consent_refused = self._real.consent_refused
        self.challenges: list[str] = []
        self.verifiers: list[str] = []

    def authorize_url(self, state: str, redirect_uri: str, challenge: str) -> str:
        self.challenges.append(challenge)
        return f"https://crm.example/authorize?state={state}&redirect_uri={redirect_uri}"

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        if code == "bad":
            raise Invalid("The code was used before.")
        self.verifiers.append(verifier)
        user = "ada@example.com" if code == "1000" else ""
        return Tokens("access", "refresh", Wall(NOW + 1), ("oauth",), code, user)

    def connect(self, tokens: Any, *_args: Any, **_more: Any) -> Crm:
        return Crm(tokens.load().account)


@dataclass
class Runtime:
    """Remembers what the web asked of it."""

    pokes: list[tuple[str, int]] = field(default_factory=list)
    activated: list[tuple[Any, ...]] = field(default_factory=list)
    released: list[tuple[Any, ...]] = field(default_factory=list)
    approved: list[tuple[Any, ...]] = field(default_factory=list)
    refuses: str = ""

    def poke(self, lane: str, installation_id: int) -> None:
        self.pokes.append((lane, installation_id))

    def activate(
        self, installation_id: int, playbook: str, mode: str, rules: Sequence[str] | None, who: str
    ) -> list[dict[str, Any]]:
        if self.refuses:
            raise ActivationError(self.refuses)
        self.activated.append((installation_id, playbook, mode, rules, who))
        return [{"rule": "proposal/proposal-sent", "mode": mode, "backlog": 7}]

    def release(
        self, installation_id: int, rule: str, per_day: int | None, who: str
    ) -> dict[str, Any]:
        self.released.append((installation_id, rule, per_day, who))
        return {"rule": rule, "released": per_day}

    def offers(self, installation_id: int) -> list[dict[str, str]]:
        return []

    def draft(self, installation_id: int, touch: Mapping[str, Any]) -> dict[str, Any]:
        return {"why": "", "text": "Hello", "decides": "When?", "own": False, "problem": ""}

    def approve(self, installation_id: int, rule: str, who: str) -> int:
        self.approved.append((installation_id, rule, who))
        return 3


def config(**changes: str) -> Config:
    return from_environment(
        {
            "FOLLOWTHROUGH_URL": URL,
            "FOLLOWTHROUGH_KEYS": Fernet.generate_key().decode(),
            "SECRET_KEY": "s" * 40,
            "HUBSPOT_CLIENT_ID": "id",
            "HUBSPOT_CLIENT_SECRET": SECRET,
            **changes,
        }
    )


class Served:
    """The application with its parts at hand."""

    def __init__(self, store: Store, **environment: str) -> None:
        self.store = store
        self.clocks = Clocks()
        self.config = config(**environment)
        self.connectors = Connectors(self.config, store, self.clocks)
        self.vendor = Vendor()
        self.connectors._vendors["hubspot"] = self.vendor  # type: ignore[assignment]
        self.runtime = Runtime()
        self.app = create_app(self)  # type: ignore[arg-type]
        self.app.testing = False  # failures are answered, as in production

    def browser(self) -> Browser:
        return Browser(self)

    def connected(self, account: str = "1000") -> Browser:
        """A browser in which an admin has just connected an account."""
        browser = self.browser()
        browser.connect(account)
        return browser

    def installation(self, account: str = "1000") -> int:
        with self.store.read() as conn:
            row = installations.find(conn, "hubspot", account)
        assert row is not None
        return row["id"]

    def deliver(
        self, events: list[dict[str, Any]], *, secret: str = SECRET, age: int = 0,
        headers: Mapping[str, str] | None = None, query: str = "",
    ) -> TestResponse:
        """A signed delivery of webhook events, as the vendor makes it."""
        body = orjson.dumps(events)
        stamp = str(self.clocks.wall() - age)
        path = "/webhooks/hubspot" + (f"?{query}" if query else "")
        return self.app.test_client().post(
            path,
            data=body,
            headers={
                "X-HubSpot-Request-Timestamp": stamp,
                "X-HubSpot-Signature-v3": signature_v3(secret, "POST", URL + path, body, stamp),
                **(headers or {}),
            },
        )


class Browser:
    """A person's browser: cookies, and the token for changes."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.client: FlaskClient = served.app.test_client()
        self.csrf = ""

    def start(self) -> str:
        """Begin to connect; the state that travels to the CRM."""
        answer = self.client.get("/connect/hubspot", base_url=URL)
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer.location).query)["state"][0]

    def connect(self, account: str) -> TestResponse:
        answer = self.back(self.start(), account)
        assert answer.status_code == 302, answer.text
        self.csrf = self.get("/api/session").get_json()["csrf"]
        return answer

    def back(self, state: str, code: str) -> TestResponse:
        return self.get(f"/oauth/hubspot/callback?state={state}&code={code}")

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, base_url=URL, **more)

    def send(self, method: str, path: str, data: Any = None, **more: Any) -> TestResponse:
        headers = {"X-CSRF-Token": self.csrf, **more.pop("headers", {})}
        return self.client.open(
            path, method=method, json=data, base_url=URL, headers=headers, **more
        )

    def sign_in(self, link: str) -> TestResponse:
        answer = self.client.post(urlsplit(link).path, base_url=URL)
        if answer.status_code == 302:
            self.csrf = self.get("/api/session").get_json()["csrf"]
        return answer


def event(object_id: int = 1, at: int = NOW, portal: int = 1000, **more: Any) -> dict[str, Any]:
    return {
        "subscriptionType": "deal.propertyChange",
        "portalId": portal,
        "objectId": object_id,
        "occurredAt": at,
        "propertyName": "dealstage",
        "propertyValue": "s2",
        "subscriptionId": 5,
        "eventId": 9,
        **more,
    }


def wall_now() -> int:
    return time.time_ns() // 1_000_000


def fill(served: Served, inst: int) -> None:
    """A deal of Ada's and one of nobody, with an enrolment, three touches and their ledger."""
    with served.store.write() as conn:
        for number, owner, name in ((1, "1", "Acme renewal"), (2, None, "Orphan")):
            conn.execute(
                subjects.insert().values(
                    id=inst * 10 + number, installation_id=inst, type="deal",
                    crm_id=f"90{number}", first_type="deal", first_id=f"90{number}", name=name,
                    pipeline_id="default", stage_id="s2", stage_entered_at=NOW - 86_400_000,
                    owner_id=owner, created_at=NOW,
                )
            )  # fmt: skip
            conn.execute(
                stage_entries.insert().values(
                    installation_id=inst, subject_id=inst * 10 + number, stage_id="s2",
                    entered_at=NOW - 86_400_000,
                )
            )  # fmt: skip
        subject = inst * 10 + 1
        conn.execute(
            contacts.insert().values(
                installation_id=inst, crm_id="c1", name="Pat <b>", email="pat@example.org"
            )
        )
        conn.execute(
            subject_contacts.insert().values(
                installation_id=inst, subject_id=subject, contact_id="c1", is_primary=True
            )
        )
        conn.execute(
            enrolments.insert().values(
                id=f"e-{inst}", installation_id=inst, subject_id=subject, contact_id="c1",
                rule="proposal/proposal-sent", definition="proposal/proposal-cadence",
                is_firing=False, version_id=1, anchor=f"stage:s2:{NOW}", anchor_at=NOW,
                anchor_stage="s2", started_at=NOW, mode="live", state="active", choice="primary",
            )
        )  # fmt: skip
        conn.execute(
            enrolments.insert().values(
                id=f"b-{inst}", installation_id=inst, subject_id=subject, contact_id=None,
                rule="proposal/proposal-sent", definition="proposal/proposal-cadence",
                is_firing=False, version_id=1, anchor="stage:s2:1", anchor_at=1,
                started_at=NOW, mode="live", state="backlog",
            )
        )  # fmt: skip
        for step, state, outcome, due in (
            ("questions", "performed", "completed", NOW - 10),
            ("timeline", "performed", "open", NOW - 5),
            ("decision", "planned", None, NOW + 1000),
            ("close-file", "failed", None, NOW + 2000),
        ):
            conn.execute(
                touches.insert().values(
                    id=f"t-{inst}-{step}", installation_id=inst, enrolment_id=f"e-{inst}",
                    subject_id=subject, step=step, owed_at=due, due_at=due, write_at=due,
                    planned_at=NOW, state=state, outcome=outcome, owner_id="1",
                    error="the CRM refused the owner" if state == "failed" else None,
                    task_id=f"task-{step}" if outcome else None,
                    shown_subject=f"Do {step}" if outcome else None,
                    # The due day of an open task is not over yet.
                    overdue_at=NOW + 500 if outcome == "open" else None,
                )
            )  # fmt: skip
        conn.execute(
            ledger.insert().values(
                installation_id=inst, subject_id=subject, scope="rule:proposal/proposal-sent",
                verdict="act", code="enrolled", data="{}", first_at=NOW, last_at=NOW, count=1,
                positive=True,
            )
        )  # fmt: skip


def set_role(served: Served, inst: int, owner_id: str, role: str) -> None:
    with served.store.write() as conn:
        people.change(conn, inst, owner_id, role=role)


def confirm_all(served: Served, inst: int) -> None:
    from app.model.vocabulary import StageKind

    with served.store.write() as conn:
        pipelines.follow(conn, inst, "default", True)
        kinds = {
            ("default", row["id"]): StageKind(row["kind"])
            for row in pipelines.read_stages(conn, inst)
        }
        pipelines.confirm(conn, inst, kinds)
