"""What a user would otherwise pick: Flask takes the webhook, huey on SQLite does the work.

The same signature check, the same durability (WAL, synchronous=FULL, answered once stored), eight
worker threads, connections kept alive, one POST a task. No rules, no mirror, no re-reading of
the record, no adoption, no write-back: it does less, and says how fast plain glue is.

`web` is served by gunicorn with the app's own settings; `python -m bench.baseline` runs the
workers.
Configured by environment: BASELINE_DB, BASELINE_URL, BASELINE_SECRET, BASELINE_CRM, and
BASELINE_TOKENS (JSON, account → access token).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import sqlite3
import threading
import time

import orjson
import requests
from flask import Flask, Response, request
from huey import SqliteHuey

WORKERS = 8
DAYS = (3, 7, 14)
PROPOSAL = "decisionmakerboughtin"
_DAY_MS = 86_400_000

_DB = os.environ["BASELINE_DB"]
_URL = os.environ["BASELINE_URL"]
_SECRET = os.environ["BASELINE_SECRET"].encode()
_CRM = os.environ["BASELINE_CRM"]
_TOKENS: dict[str, str] = orjson.loads(os.environ["BASELINE_TOKENS"])

# Five seconds, huey's own, are not enough for a writer among eight workers on a slow disk: the
# request would fail with half of its tasks queued, and those would be done twice.
queue = SqliteHuey(
    filename=f"{_DB}.queue", journal_mode="wal", fsync=True, results=False, timeout=60
)
web = Flask("baseline")
_local = threading.local()


def _database() -> sqlite3.Connection:
    found: sqlite3.Connection | None = getattr(_local, "database", None)
    if found is None:
        found = _local.database = sqlite3.connect(_DB, timeout=60, isolation_level=None)
        found.execute("PRAGMA journal_mode=WAL")
        found.execute("PRAGMA synchronous=FULL")
        found.execute(
            "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"
        )
    return found


@web.post("/webhooks/hubspot")
def receive() -> Response:
    body = request.get_data()
    timestamp = request.headers.get("X-HubSpot-Request-Timestamp", "")
    signed = b"POST" + _URL.encode() + body + timestamp.encode()
    expected = base64.b64encode(hmac.new(_SECRET, signed, hashlib.sha256).digest()).decode()
    given = request.headers.get("X-HubSpot-Signature-v3", "")
    if not hmac.compare_digest(expected, given) or abs(time.time() * 1000 - int(timestamp)) > 3e5:
        return Response(status=401)
    events = orjson.loads(body)
    database = _database()
    database.execute("BEGIN IMMEDIATE")
    rows = [(orjson.dumps(event).decode(),) for event in events]
    database.executemany("INSERT INTO events (body) VALUES (?)", rows)
    database.execute("COMMIT")
    for event in events:
        follow_up(event)
    return Response(status=204)


@queue.task(retries=5)
def follow_up(event: dict[str, object]) -> None:
    if event.get("propertyValue") != PROPOSAL:
        return
    session: requests.Session | None = getattr(_local, "session", None)
    if session is None:
        session = _local.session = requests.Session()
        session.trust_env = False
    now = int(str(event["occurredAt"]))
    for number, days in enumerate(DAYS):
        answer = session.post(
            f"{_CRM}/crm/objects/2026-03/tasks",
            headers={"Authorization": f"Bearer {_TOKENS[str(event['portalId'])]}"},
            json={
                "properties": {
                    "hs_timestamp": str(now + days * _DAY_MS),
                    "hs_task_subject": f"Follow up on the proposal ({number + 1})",
                    "hs_task_body": "Ask what is open and what would make it a yes.",
                    "hs_task_status": "NOT_STARTED",
                    "hs_task_type": "CALL",
                },
                "associations": [
                    {
                        "to": {"id": str(event["objectId"])},
                        "types": [
                            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 216}
                        ],
                    }
                ],
            },
            timeout=30,
        )
        answer.raise_for_status()


if __name__ == "__main__":
    # Under its own name, so that the tasks are known to the workers as the web process queued them.
    from bench.baseline import queue as known

    known.create_consumer(workers=WORKERS, worker_type="thread", initial_delay=0.01).run()
