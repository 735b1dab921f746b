"""A sandbox's control endpoints and CRM page without any vendor's HTTP, for Flask's test client."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from sandbox.control import Services, install_control
from sandbox.faults import Faults
from sandbox.har import Har
from sandbox.settings import Settings
from sandbox.simulation import Simulation
from sandbox.ui.pages import install_pages
from sandbox.world.account import Account
from sandbox.world.records import Actor, Link, Record


class Desk:
    """A generated account behind a test client."""

    def __init__(self, deals: int = 20, seed: int = 1, **wanted: Any) -> None:
        self.simulation = Simulation()
        app = Flask(__name__)
        services = Services(Settings(), Faults(), Har(), lambda: {"calls": {}})
        install_control(app, self.simulation, services)
        install_pages(app, self.simulation)
        self.client: FlaskClient = app.test_client()
        self.account: Account = self.simulation.generate(deals=deals, seed=seed, **wanted)
        self.portal = self.account.portal_id

    def act(self, verb: str, **params: Any) -> dict[str, Any]:
        """One deed over `/sandbox/act`, which must succeed."""
        body = {"portal": self.portal, "verb": verb, **params}
        answer = self.client.post("/sandbox/act", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json or {}

    def refused(self, verb: str, **params: Any) -> dict[str, Any]:
        body = {"portal": self.portal, "verb": verb, **params}
        answer = self.client.post("/sandbox/act", json=body)
        assert answer.status_code == 400
        return answer.json or {}

    def task(self, deal: Record, subject: str = "Call them", due: int | None = None) -> Record:
        """A task as an app would create it."""
        fields = {
            "hs_task_subject": subject,
            "hs_timestamp": str(
                due if due is not None else self.simulation.clock.now() + 3_600_000
            ),
            "hs_task_status": "NOT_STARTED",
            "hs_task_type": "CALL",
            "hubspot_owner_id": deal.get("hubspot_owner_id"),
        }
        return self.account.create("tasks", fields, Actor.app(1), [Link("deals", deal.id)])

    def deal(self, name: str = "deal-00001") -> Record:
        record = self.simulation.people.casts[self.portal].record(name)
        assert record is not None
        return record
