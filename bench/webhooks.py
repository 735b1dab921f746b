"""Webhook events taken in, measured: signature verified, stored, answered.

    python bench/webhooks.py [--json] [--requests N]

Requests of 100 signed events come over eight connections that are kept alive, as a CRM's sender
keeps them. The app's web side stores them (SQLite with synchronous=FULL) and nobody works them
off; what a drain costs is part of `main_job`. Beside it Flask with huey, which queues each event.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.command import Say, command
from bench.installed import app_environment, gunicorn
from bench.processes import BenchError, Server, free_port

EVENTS = 100
"""Of one request; more the vendor does not send."""

SENDERS = 8
ACCOUNTS = tuple(range(5_000_001, 5_000_011))
BASELINE_REQUESTS = 30


def body(account: int, number: int) -> bytes:
    """A request's events: deals that changed their stage, each another one."""
    now = int(time.time() * 1000)
    first = number * EVENTS
    return orjson.dumps(
        [
            {
                "eventId": first + index,
                "subscriptionId": 4_901_001,
                "portalId": account,
                "appId": 4_901,
                "occurredAt": now,
                "subscriptionType": "deal.propertyChange",
                "attemptNumber": 0,
                "objectId": 100_000_000 + first + index,
                "changeSource": "CRM_UI",
                "sourceId": "userId:1",
                "propertyName": "dealstage",
                "propertyValue": "contractsent",
                "isSensitive": False,
            }
            for index in range(EVENTS)
        ]
    )


def signed(secret: str, url: str, sent: bytes) -> dict[str, str]:
    """The headers that the vendor would send with this body."""
    timestamp = str(int(time.time() * 1000))
    message = f"POST{url}".encode() + sent + timestamp.encode()
    digest = hmac.digest(secret.encode(), message, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": timestamp,
    }


def send(url: str, secret: str, requests: int) -> float:
    """Send all requests; the seconds until the last was answered."""
    prepared = [
        (text, signed(secret, url, text))
        for text in (body(ACCOUNTS[n % len(ACCOUNTS)], n) for n in range(requests))
    ]
    refused: list[int] = []
    target = urlsplit(url)

    def work(mine: Sequence[tuple[bytes, dict[str, str]]]) -> None:
        connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=120)
        for text, headers in mine:
            connection.request("POST", target.path, text, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 204:
                refused.append(answer.status)
        connection.close()

    threads = [
        threading.Thread(target=work, args=(prepared[number::SENDERS],))
        for number in range(SENDERS)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    if refused:
        raise BenchError(f"{len(refused)} of {requests} requests were refused with {refused[0]}")
    return spent


def measure_app(folder: Path, requests: int) -> dict[str, float]:
    secret, url = secrets.token_urlsafe(32), f"http://127.0.0.1:{free_port()}"
    env = app_environment(folder, url, "http://127.0.0.1:9", secret)
    env["BENCH_ACCOUNTS"] = ",".join(map(str, ACCOUNTS))
    with Server(gunicorn("bench.receiver:app", url), folder / "app.log", env) as app:
        app.wait_for(f"{url}/healthz")
        send(f"{url}/webhooks/hubspot", secret, SENDERS * 2)
        cpu, own = app.cpu_s(), time.process_time()
        spent = send(f"{url}/webhooks/hubspot", secret, requests)
        cpu, own = app.cpu_s() - cpu, time.process_time() - own
    return {
        "events_per_s": round(requests * EVENTS / spent),
        "app_cpu_share": round(cpu / spent, 2),
        "load_cpu_share": round(own / spent, 2),
        "seconds": round(spent, 2),
    }


def measure_baseline(folder: Path) -> dict[str, float]:
    secret, url = secrets.token_urlsafe(32), f"http://127.0.0.1:{free_port()}"
    env = {
        "BASELINE_DB": str(folder / "baseline.db"),
        "BASELINE_URL": f"{url}/webhooks/hubspot",
        "BASELINE_SECRET": secret,
        "BASELINE_CRM": "",
        "BASELINE_TOKENS": "{}",
    }
    with Server(gunicorn("bench.baseline:web", url), folder / "baseline.log", env) as web:
        web.wait_listening(url)
        send(f"{url}/webhooks/hubspot", secret, SENDERS)
        spent = send(f"{url}/webhooks/hubspot", secret, BASELINE_REQUESTS)
    return {"baseline_events_per_s": round(BASELINE_REQUESTS * EVENTS / spent)}


def run(requests: int, say: Say) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="followthrough-bench-") as name:
        found = measure_app(Path(name), requests)
        say(f"  {found['events_per_s']:,} events/s verified and stored; app "
            f"{found['app_cpu_share']:.0%} of a core, load {found['load_cpu_share']:.0%}")
        found |= measure_baseline(Path(name))
        say(f"  baseline (Flask, huey on SQLite): {found['baseline_events_per_s']:,} events/s")
    return found


if __name__ == "__main__":
    sys.exit(command(__doc__, run, requests=(2000, "of 100 events each")))
