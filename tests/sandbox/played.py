"""A generated account of a CRM behind a whole sandbox, conducted without an app's barrier."""

from __future__ import annotations

from typing import Any

from flask import Flask

from sandbox.assembly import assemble
from sandbox.http_server import HttpServer
from sandbox.server import serve
from sandbox.simulation import Simulation
from sandbox.world.account import Account
from sandbox.world.records import App


class Sandbox:
    """A sandbox with an account and an app; each CRM's tests add its client."""

    def __init__(self, app: App, deals: int, **wanted: Any) -> None:
        self.simulation = Simulation()
        self.account: Account = self.simulation.generate(deals=deals, crm=app.crm, **wanted)
        self.flask: Flask = assemble(self.simulation)
        self.app = self.simulation.world.register_app(app)
        self.http: HttpServer = serve(self.flask, port=0)
        self.http.start()
        self.pages = self.flask.test_client()

    def play(self, ms: int) -> None:
        """Lets business time pass for the people and the CRM."""
        simulation = self.simulation
        until = simulation.clock.now() + ms
        simulation.people.look()
        while (due := simulation.agenda.pop(until)) is not None:
            simulation.clock.move(max(due.at, simulation.clock.now()))
            simulation.agenda.run(due)
        simulation.clock.move(until)

    def control(self, path: str, body: dict[str, Any]) -> Any:
        return self.pages.post(f"/sandbox{path}", json=body)

    def close(self) -> None:
        self.flask.extensions["vendors"].stop()
        self.http.stop()
