"""Events in, from tools of the customer's own: who sends, what is wrong, stored, answered.

As with webhooks nothing is decided here, and nothing is answered as taken before it is stored.
"""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import Any, cast

import orjson
from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from app.model.posted import BATCH, Posted, read
from app.model.time import MINUTE, SECOND, Business, Wall
from app.store import calls, event_keys, events, installations
from app.web.answers import Refusal, answer, refuse, services

blueprint = Blueprint("events", __name__)

MAX_BODY = 512 * 1024
"""Bytes of a request: a hundred events with as much data as one may have."""

REQUESTS_A_MINUTE = 600
EVENTS_A_MINUTE = 20_000
"""For each key and process; a site with that much to tell sends in batches and picks."""

_USED_MS = MINUTE
_CLOSED = ("leaving", "left")


class Pace:
    """How much each key sent within the last minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[int, deque[tuple[int, int]]] = {}

    def wait(self, key: int, number: int, wall: Wall) -> int:
        """Take a request of so many events in; else for how long (ms) the key has to wait."""
        with self._lock:
            sent = self._sent.setdefault(key, deque())
            while sent and sent[0][0] <= wall - MINUTE:
                sent.popleft()
            total = sum(count for _, count in sent)
            if len(sent) < REQUESTS_A_MINUTE and total + number <= EVENTS_A_MINUTE:
                sent.append((wall, number))
                return 0
            return max(SECOND, sent[0][0] + MINUTE - wall)


@blueprint.post("/events")
def receive() -> Response:
    """Take up to 100 events. 202 once those that are right are stored; each has its own answer."""
    parts = services()
    wall, now = parts.clocks.wall(), parts.clocks.business()
    key = _key(wall)
    if key is None:
        return _unknown_key(wall)
    given = _given()
    pace = cast(Pace, current_app.extensions.setdefault("event_pace", Pace()))
    wait = pace.wait(key["id"], len(given), wall)
    if wait:
        return _too_fast(wait)
    posted, told = _read(given, now)
    stored: set[str] = set()
    if posted:
        inst = key["installation_id"]
        use = key if wall - (key["used_wall"] or 0) > _USED_MS else None
        stored = parts.store.write_together(
            partial(_store, inst=inst, posted=posted, now=now, wall=wall, key=use)
        )
        if stored:
            parts.runtime.poke("ingest", inst)
    for line in told:
        if line["status"] == "stored" and line["id"] not in stored:
            line["status"] = "known"
        stored.discard(line["id"])  # of two alike in one request the second is a repetition
    return answer({"events": told}, 202 if posted else 422)


def _store(
    conn: Connection,
    inst: int,
    posted: list[Posted],
    now: Business,
    wall: Wall,
    key: dict[str, Any] | None,
) -> set[str]:
    if key is not None:
        event_keys.used(conn, key["id"], wall)
    return events.add(conn, inst, posted, now, wall)


def _key(wall: Wall) -> dict[str, Any] | None:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given.strip():
        return None
    with services().store.read() as conn:
        found = event_keys.find(conn, given.strip(), wall)
        row = installations.get(conn, found["installation_id"]) if found else None
    if row is None or row["status"] in _CLOSED:
        return None
    return found


def _unknown_key(wall: Wall) -> Response:
    with services().store.write() as conn:
        calls.refuse(conn, "event_key", wall)
    refused = refuse(
        Refusal(
            401, "event_key", "The request carries no key that works.",
            "Send `Authorization: Bearer <key>`. An admin makes a key under Set-up, or with "
            "`bin/followthrough events-key create NAME`.",
        )
    )  # fmt: skip
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def _too_fast(wait: int) -> Response:
    seconds = -(-wait // SECOND)
    refused = refuse(
        Refusal(
            429, "too_fast",
            f"More than {REQUESTS_A_MINUTE} requests or {EVENTS_A_MINUTE:,} events in a minute.",
            f"Send the same again in {seconds} s, and up to {BATCH} events at a time.",
        )
    )  # fmt: skip
    refused.headers["Retry-After"] = str(seconds)
    return refused


def _given() -> list[Any]:
    """The events of the request: one, a list, or `{"events": [...]}`."""
    if (request.content_length or 0) > MAX_BODY:
        raise _too_large(f"larger than {MAX_BODY // 1024} KiB")
    raw = request.get_data(cache=False)
    if len(raw) > MAX_BODY:
        raise _too_large(f"larger than {MAX_BODY // 1024} KiB")
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refusal(
            400, "json", f"the body is not JSON: {error.msg} at character {error.pos}",
            "Send JSON with Content-Type application/json; docs/events.md has examples.",
        ) from None
    if isinstance(data, dict) and set(cast(dict[str, Any], data)) == {"events"}:
        data = cast(dict[str, Any], data)["events"]
    if isinstance(data, dict):
        return [cast(Any, data)]
    if not isinstance(data, list) or not data:
        raise Refusal(
            422, "events", "there is no event in the body",
            'Send {"events": [{"id": …, "name": …, "at": …, "person": …}]}.',
            [{"field": "events", "message": "a list with at least one event must stand here"}],
        )  # fmt: skip
    found = cast(list[Any], data)
    if len(found) > BATCH:
        raise _too_large(f"more than {BATCH} events")
    return found


def _too_large(what: str) -> Refusal:
    return Refusal(
        413, "too_large", f"The request is {what}.", "Nothing was stored. Send it in parts.",
        [{"field": "events", "message": what}],
    )  # fmt: skip


def _read(given: list[Any], now: Business) -> tuple[list[Posted], list[dict[str, Any]]]:
    """The events that are right, and the answer about each that was sent, in order."""
    posted: list[Posted] = []
    told: list[dict[str, Any]] = []
    for raw in given:
        one = read(raw, now)
        if isinstance(one, Posted):
            posted.append(one)
            told.append({"id": one.id, "status": "stored"})
            continue
        id = cast(dict[str, Any], raw).get("id") if isinstance(raw, dict) else None
        problems = [{"field": p.field, "message": p.message} for p in one]
        told.append({"id": id, "status": "refused", "problems": problems})
    return posted, told
