"""The sandbox's server: the vendors' HTTP beside the sandbox's own pages, in one process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from sandbox.faults import Faults
from sandbox.har import Har
from sandbox.http_server import HttpServer
from sandbox.hubspot.api import HubSpot
from sandbox.pipedrive.api import Pipedrive
from sandbox.salesforce.api import Salesforce
from sandbox.settings import Settings
from sandbox.vendors import Vendors
from sandbox.world.store import World

VENDORS = (HubSpot, Pipedrive, Salesforce)
"""Every vendor that is served; the first ones are asked first whether a path is theirs."""


def create_server(
    world: World,
    settings: Settings | None = None,
    faults: Faults | None = None,
    har: Har | None = None,
) -> Flask:
    """A Flask application for the sandbox's own pages, with the vendors' paths in front of it.

    ``app.extensions["vendors"]`` holds all of them; each stands under its own name, too: as
    ``app.extensions["hubspot"]`` the :class:`HubSpot` with settings, faults, har, deliveries.
    """
    app = Flask("sandbox", static_folder=None)
    shared = (settings or Settings(), faults or Faults(), har or Har())
    vendors = Vendors([make(world, *shared) for make in VENDORS])
    app.extensions["vendors"] = vendors
    app.extensions |= vendors.by_crm
    pages = app.wsgi_app

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        vendor = vendors.owner(environ.get("PATH_INFO", ""))
        return (vendor or pages)(environ, start_response)

    app.wsgi_app = dispatch  # type: ignore[method-assign]
    return app


def serve(app: Flask, host: str = "127.0.0.1", port: int = 8600) -> HttpServer:
    """A server for the application, listening already; ``start`` or ``serve_forever`` runs it."""
    return HttpServer(app.wsgi_app, host, port)


def tune_memory() -> None:
    """Lets the garbage collector rest, for a process that holds a world.

    Records are many, live as long as the process and form no waste; walking over all of them every
    few thousand allocations costs more than the calls that allocate.
    """
    gc.freeze()
    gc.set_threshold(200_000, 50, 1_000)
