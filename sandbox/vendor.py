"""What the HTTP of every vendor in the sandbox has in common: the way of a call, faults, counts."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from sandbox.barrier import Outbox
from sandbox.faults import Fault, Faults
from sandbox.har import Har
from sandbox.settings import Settings
from sandbox.world.people_terms import ActError
from sandbox.world.store import Account, World

REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    207: "Multi-Status",
    300: "Multiple Choices",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    423: "Locked",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
JSON = "application/json;charset=utf-8"
StartResponse = Callable[..., Any]


class Hangup(Exception):
    """The connection is to be closed without an answer."""


class Received(Protocol):
    """A call as far as its counting and recording need it.

    ``asked_of_token``: what the call rests on, one entry for each thing that was checked: the
    scopes of which one must be granted.
    """

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def body(self) -> bytes: ...

    @property
    def asked_of_token(self) -> list[tuple[str, ...]]: ...


Call = TypeVar("Call", bound=Received)


class Reply(NamedTuple):
    """An answer on its way out. ``endpoint``: the call's name in counts."""

    endpoint: str
    status: int
    headers: dict[str, str]
    body: bytes


class Sender(Outbox, Protocol):
    """A vendor's sender of webhooks. In wall time ``start`` lets it send as events come."""

    counts: dict[str, int]

    def start(self) -> None: ...

    def stop(self) -> None: ...


class VendorServer(ABC, Generic[Call]):
    """One vendor: its HTTP, its webhooks (``deliveries``, None: it sends none), counts of both."""

    crm: str
    """The vendor's name in lower case, as accounts and registered apps carry it."""
    deliveries: Sender | None = None

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
        self._count_lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()
        self.refusals: Counter[str] = Counter()
        """Refusals made so far, by their row in the table."""
        self._arrived = 0
        self._under_way = 0

    # --- what a vendor brings ------------------------------------------------------------------

    @abstractmethod
    def owns(self, path: str) -> bool:
        """Whether a path belongs to this vendor."""

    @abstractmethod
    def receive(self, environ: dict[str, Any], body: bytes) -> Call:
        """The request, parsed no further than its faults and counts need."""

    @abstractmethod
    def answer(self, call: Call) -> Reply:
        """What the vendor answers: routing, token, limits, handler, refusals."""

    @abstractmethod
    def fault(self, status: int) -> Reply:
        """The vendor's shape of a failure that was scripted, its endpoint ``(fault)``."""

    def is_call(self, call: Call) -> bool:
        """Whether this is a call of an app; people at the consent page are none, and the barrier
        must not wait for them."""
        return "/authorize" not in call.path

    def withdraw_scopes(self, portal_id: int, scopes: list[str]) -> None:
        """Takes scopes from every token of an account, as if they had never been granted."""
        raise ActError("withdraw_scopes", f"{self.crm} does not withdraw single scopes")

    @abstractmethod
    def uninstall(self, portal_id: int, user: str = "") -> int:
        """People at the CRM's screens uninstall every app of an account; how many that were.

        ``user``: only what this user (id or e-mail) has installed, where apps are a user's.
        """

    def outer_id(self, account: Account, kind: str, record_id: str) -> str:
        """How the vendor's HTTP names a record of the world, or an owner (kind ``owners``)."""
        return record_id

    def inner_id(self, outer: str) -> str:
        """The world's id of what the vendor's HTTP names so; anything else stays as it is."""
        return outer

    # --- what all of them share ----------------------------------------------------------------

    def refused(self, rows: Iterable[str]) -> None:
        """Counts a refusal, whole or one of several in an answer, by its rows in the table."""
        with self._count_lock:
            self.refusals.update(rows)

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
            "deliveries": dict(self.deliveries.counts) if self.deliveries else {},
        }

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        began, clock = time.time(), time.perf_counter()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        call = self.receive(environ, environ["wsgi.input"].read(length) if length else b"")
        counted = self.is_call(call)
        reply = Reply("(hung up)", 0, {}, b"")
        with self._count_lock:
            self._arrived += counted
            self._under_way += counted
        try:
            reply = self._met_with_faults(call)
        except Hangup:
            environ.get("sandbox.hangup", _no_hangup)()
        finally:
            with self._count_lock:
                self._under_way -= counted
                if counted:
                    self._counts[reply.endpoint, reply.status] += 1
        headers = list(({"Content-Type": JSON} | reply.headers).items())
        headers.append(("Content-Length", str(len(reply.body))))
        if self.settings.har and counted:
            self.har.record(
                started=began,
                seconds=time.perf_counter() - clock,
                method=call.method,
                url=_url(environ),
                request_headers=_request_headers(environ),
                request_body=call.body,
                status=reply.status,
                response_headers=headers,
                response_body=reply.body,
                scopes=call.asked_of_token,
            )
        start_response(f"{reply.status or 502} {REASONS.get(reply.status, 'Status')}", headers)
        return [reply.body]

    def _met_with_faults(self, call: Call) -> Reply:
        faults = self.faults.meet(call.method, call.path, self.world.clock.now())
        for fault in faults:
            if not fault.after:
                self._suffer(fault)
                if fault.kind == "status":
                    return self.fault(fault.status)
        if self.settings.latency_seconds:
            time.sleep(self.settings.latency_seconds)
        self.world.shadow_seconds = max(
            self.settings.read_lag_seconds, self.settings.search_lag_seconds
        )
        reply = self.answer(call)
        for fault in faults:
            if fault.after:
                self._suffer(fault)
                if fault.kind == "status":
                    reply = self.fault(fault.status)._replace(endpoint=reply.endpoint)
        return reply

    def _suffer(self, fault: Fault) -> None:
        if fault.seconds:
            time.sleep(fault.seconds)
        if fault.kind in ("timeout", "reset"):
            raise Hangup


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
