"""The CRM of a bench: an app that ended must not keep the next one from its events."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from bench.crm import FIRST_PORTAL, Crm
from bench.processes import free_port

SCOPES = ["oauth", "crm.objects.deals.read"]
MOVES = [{"subscriptionType": "deal.propertyChange", "propertyName": "dealstage"}]


@pytest.fixture
def crm() -> Iterator[Crm]:
    made = Crm(installations=2, deals=2, port=0)
    yield made
    made.hubspot.deliveries.stop()
    made.simulation.stop()
    made.server.stop()


@pytest.fixture
def receiver() -> Iterator[tuple[str, threading.Event]]:
    """The address of an app that takes everything, and whether it was sent anything."""
    sent = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            sent.set()

        def log_message(self, format: str, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", sent
    server.shutdown()
    server.server_close()


def app(app_id: int, url: str) -> dict[str, Any]:
    return {
        "app_id": app_id, "client_id": f"client-{app_id}", "client_secret": "s",
        "redirect_uris": [url], "required_scopes": SCOPES, "webhook_url": url,
        "subscriptions": MOVES,
    }  # fmt: skip


def test_a_retired_app_does_not_hold_up_the_next(
    crm: Crm, receiver: tuple[str, threading.Event]
) -> None:
    url, sent = receiver
    crm.token(FIRST_PORTAL, app(1, f"http://127.0.0.1:{free_port()}"))  # nobody listens there
    crm.token(FIRST_PORTAL + 1, app(2, url))
    crm.move([FIRST_PORTAL], 1, tasks=0)
    refused = crm.hubspot.deliveries.counts
    deadline = time.monotonic() + 20
    while not refused["retried"] and time.monotonic() < deadline:
        time.sleep(0.01)
    crm.move([FIRST_PORTAL + 1], 1, tasks=0)
    assert crm.activity()["pending"]
    crm.retire(1)
    assert sent.wait(20)
