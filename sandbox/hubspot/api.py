"""HubSpot's side of the sandbox as one WSGI callable, apart from Flask.

A batch call costs what its records cost; a framework's routing and request objects would cost as
much again, so this side is dispatched by hand. Order of a call: faults before, token, limit,
handler (scopes, then the body), faults after.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from sandbox.faults import Fault, Faults
from sandbox.har import Har
from sandbox.hubspot import (
    associations,
    batch,
    errors,
    frame,
    oauth,
    objects,
    preferences,
    properties,
    search,
    sequences,
)
from sandbox.hubspot.call import ROUTES, Call, Html, Route
from sandbox.hubspot.deliveries import Deliveries
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.grants import Grants, scopes_now
from sandbox.hubspot.limits import Limits
from sandbox.settings import Settings
from sandbox.world.records import Actor
from sandbox.world.store import World

ENDPOINTS = (associations, batch, frame, oauth, objects, preferences, properties, search, sequences)
"""The modules whose import registers the routes."""

PREFIXES = (
    "/crm/objects/",
    "/crm/associations/",
    "/crm/pipelines/",
    "/crm/owners/",
    "/crm/properties/",
    "/oauth/",
    "/account-info/",
    "/appinstalls/",
    "/automation/",
    "/communication-preferences/",
)
REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    207: "Multi-Status",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
StartResponse = Callable[..., Any]


class Hangup(Exception):
    """The connection is to be closed without an answer."""


class HubSpot:
    """The vendor: its HTTP, its limits, its webhooks, and counts of all of it."""

    def __init__(
        self,
        world: World,
        settings: Settings | None = None,
        faults: Faults | None = None,
        har: Har | None = None,
    ) -> None:
        self.world = world
        self.settings = settings or Settings()
        self.faults = faults or Faults()
        self.har = har or Har()
        self.limits = Limits(self.settings)
        self.deliveries = Deliveries(world, self.settings, self.faults, self.har)
        self._count_lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()
        self.refusals: Counter[str] = Counter()
        """Refusals made so far, by their row in the table."""
        self._arrived = 0
        self._under_way = 0

    def owns(self, path: str) -> bool:
        """Whether a path belongs to HubSpot rather than to the sandbox's own pages."""
        return path.startswith(PREFIXES)

    def withdraw_scopes(self, portal_id: int, scopes: list[str]) -> None:
        """Takes scopes from every token of an account, as if they had never been granted."""
        with self.world.lock:
            Grants.of(self.world).withdraw(portal_id, scopes)

    def refused(self, error: ApiError) -> None:
        """Counts a refusal, whole or one of several in an answer, by its rows in the table."""
        with self._count_lock:
            self.refusals.update(error.rows)

    def requests(self) -> tuple[int, int]:
        """(calls arrived so far, calls under way now), consent pages left out."""
        with self._count_lock:
            return self._arrived, self._under_way

    def stats(self) -> dict[str, Any]:
        """Calls by endpoint and status, 429s, refusals by row, and what became of webhooks."""
        with self._count_lock:
            counts = dict(self._counts)
        calls: dict[str, dict[str, int]] = {}
        for (endpoint, status), number in sorted(counts.items()):
            calls.setdefault(endpoint, {})[str(status)] = number
        return {
            "calls": calls,
            "total": sum(counts.values()),
            "http_429": sum(n for (_, status), n in counts.items() if status == 429),
            "refusals": dict(self.refusals),
            "deliveries": dict(self.deliveries.counts),
        }

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        began, clock = time.time(), time.perf_counter()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        call = Call(self, environ, environ["wsgi.input"].read(length) if length else b"")
        # People at the consent page are no calls of the app: the barrier must not wait for them.
        counted = "/authorize" not in call.path
        endpoint, status = "(hung up)", 0
        with self._count_lock:
            self._arrived += counted
            self._under_way += counted
        try:
            endpoint, status, told, body = self._answer(call)
        except Hangup:
            environ.get("sandbox.hangup", _no_hangup)()
            told, body, status = {}, b"", 0
        finally:
            with self._count_lock:
                self._under_way -= counted
                if counted:
                    self._counts[endpoint, status] += 1
        headers = [("Content-Type", "application/json;charset=utf-8"), *told.items()]
        if "Content-Type" in told:
            headers = list(told.items())
        headers.append(("Content-Length", str(len(body))))
        if self.settings.har and counted:
            self.har.record(
                started=began,
                seconds=time.perf_counter() - clock,
                method=call.method,
                url=_url(environ),
                request_headers=_request_headers(environ),
                request_body=call.body,
                status=status,
                response_headers=headers,
                response_body=body,
                scopes=call.asked_of_token,
            )
        start_response(f"{status or 502} {REASONS.get(status, 'Status')}", headers)
        return [body]

    def _answer(self, call: Call) -> tuple[str, int, dict[str, str], bytes]:
        faults = self.faults.meet(call.method, call.path, self.world.clock.now())
        for fault in faults:
            if not fault.after:
                self._suffer(fault)
                if fault.kind == "status":
                    return _rendered("(fault)", *_fault_answer(fault.status))
        if self.settings.latency_seconds:
            time.sleep(self.settings.latency_seconds)
        headers: dict[str, str] = {}
        endpoint = "(no such endpoint)"
        try:
            found, arguments = self._route(call)
            call.version = arguments.pop("v", "")
            endpoint = found.labels[call.version]
            if not found.public:
                self._authenticate(call)
                app, account = call.app, call.account
                headers |= self.limits.admit(
                    app.app_id, account.portal_id, account.tier, found.family
                )
            self.world.shadow_seconds = max(
                self.settings.read_lag_seconds, self.settings.search_lag_seconds
            )
            status, answer = found.handler(call, **arguments)
        except ApiError as error:
            self.refused(error)
            status, answer = error.status, error.body
            headers |= error.headers
        for fault in faults:
            if fault.after:
                self._suffer(fault)
                if fault.kind == "status":
                    status, answer, headers = _fault_answer(fault.status)
        return _rendered(endpoint, status, answer, headers)

    def _suffer(self, fault: Fault) -> None:
        if fault.seconds:
            time.sleep(fault.seconds)
        if fault.kind in ("timeout", "reset"):
            raise Hangup

    def _route(self, call: Call) -> tuple[Route, dict[str, str]]:
        other_method = False
        for found in ROUTES:
            matched = found.pattern.fullmatch(call.path)
            if matched is not None:
                if found.method == call.method:
                    return found, matched.groupdict()
                other_method = True
        if other_method:
            raise errors.refuse("wrong_method", "HTTP 405 Method Not Allowed")
        raise errors.refuse("no_such_path", "resource not found")

    def _authenticate(self, call: Call) -> None:
        held = Grants.of(self.world).access.get(call.token)
        if held is None:
            raise errors.unauthorized(expired=False)
        if held.expires <= time.time():
            raise errors.unauthorized(expired=True)
        call.account = self.world.accounts[held.portal_id]
        call.app = self.world.apps[held.app_id]
        call.scopes = scopes_now(held.scopes, call.account.tier, self.settings)
        call.user_id = held.user_id
        call.actor = Actor.app(held.app_id)


def _fault_answer(status: int) -> tuple[int, dict[str, Any], dict[str, str]]:
    if status == 429:
        error = errors.rate_limited("rate_ten_seconds")
        return 429, error.body, dict(error.headers)
    return status, errors.body("internal error", None), {}


def _rendered(
    endpoint: str, status: int, answer: Any, headers: dict[str, str]
) -> tuple[str, int, dict[str, str], bytes]:
    if isinstance(answer, Html):
        told = headers | {"Content-Type": "text/html;charset=utf-8"}
        if answer.location:
            told["Location"] = answer.location
        return endpoint, status, told, answer.text.encode()
    return endpoint, status, headers, b"" if answer is None else orjson.dumps(answer)


def _no_hangup() -> None:
    """A server that cannot close a connection answers 502 instead."""


def _url(environ: dict[str, Any]) -> str:
    query = environ.get("QUERY_STRING", "")
    host = environ.get("HTTP_HOST", "sandbox")
    return f"http://{host}{environ.get('PATH_INFO', '')}{'?' if query else ''}{query}"


def _request_headers(environ: dict[str, Any]) -> list[tuple[str, str]]:
    headers = [
        (name[5:].replace("_", "-").title(), value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    if environ.get("CONTENT_TYPE"):
        headers.append(("Content-Type", environ["CONTENT_TYPE"]))
    return headers
