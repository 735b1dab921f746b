"""Puts a sandbox together: the world in business time, the vendors' HTTP, control, CRM page."""

from __future__ import annotations

from flask import Flask, redirect
from werkzeug.wrappers import Response

from sandbox.control import Services, install_control
from sandbox.hubspot.api import HubSpot
from sandbox.server import create_server
from sandbox.settings import Settings
from sandbox.simulation import Simulation
from sandbox.ui.pages import install_pages
from sandbox.vendors import Silence, Vendors

SIMULATED_LIMITS = 1_000.0
"""Times the vendor's rate limits in simulated time, where weeks are played in a minute."""


def assemble(simulation: Simulation, settings: Settings | None = None) -> Flask:
    """The sandbox's server, with the simulation's barrier tied to its webhooks and calls.

    `app.extensions["vendors"]` is the vendors' side. In wall time webhooks go out at once and the
    world's people act as their time comes; in simulated time the barrier drives both.
    """
    if settings is None:
        settings = Settings()
        if simulation.clock.mode == "simulated":
            settings.rate_limit_multiplier = SIMULATED_LIMITS
    app = create_server(simulation.world, settings)
    vendors: Vendors = app.extensions["vendors"]
    hubspot: HubSpot = app.extensions["hubspot"]
    silence = Silence(simulation.world, vendors)
    simulation.connect(vendors, vendors.requests, silence.broken)
    services = Services(
        settings,
        hubspot.faults,
        hubspot.har,
        vendors.stats,
        vendors.by_crm,
    )
    install_control(app, simulation, services)
    install_pages(app, simulation)

    @app.get("/")
    def home() -> Response:
        return redirect("/crm/")

    if simulation.clock.mode == "wall":
        vendors.start()
        simulation.run_wall()
    return app
