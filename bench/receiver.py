"""The app's web side on a store of its own, with nobody behind it: for measuring what it takes.

Served by gunicorn with the app's own settings and environment; BENCH_ACCOUNTS names the accounts
that are installed, separated by commas.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from app.installations.config import from_environment
from app.installations.registry import Connectors
from app.lanes.context import Lanes
from app.runtime.clocks import RealClocks
from app.runtime.services import Runtime, Services
from app.store import installations
from app.store.engine import Store
from app.store.migrations import migrate
from app.web.factory import create_app


def _app() -> Flask:
    config, clocks = from_environment(), RealClocks()
    store = Store(config.database_url)
    migrate(store)
    with store.write() as conn:
        for account in os.environ["BENCH_ACCOUNTS"].split(","):
            installations.create(conn, "hubspot", account, clocks.wall())
    connectors = Connectors(config, store, clocks)
    lanes = Lanes(store, clocks, connectors.of, ThreadPoolExecutor(1))
    runtime = Runtime(lanes, lambda lane, installation_id: None)  # nobody works them off
    return create_app(Services(config, store, clocks, connectors, runtime, store.close))


app = _app()
