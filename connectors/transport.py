"""One HTTP transport for all CRMs: pooled, timed, budgeted, counted, and honest about the unknown.

What may be sent twice is decided here and nowhere else. A read may always be repeated. A write may
be repeated only if it certainly had no effect: the connection was never made, or the CRM answered
that it refused it (429, 423). A write whose answer was lost, or was a 5xx, raises Unknown: retrying
it as the usual retry adapters do is how integrations create every task twice.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies
from urllib3.exceptions import NewConnectionError

from app.model.time import SECOND, Clocks, Wall
from connectors.budget import Budget
from connectors.contract import (
    CrmError,
    EnrolRefused,
    RateLimited,
    Recorder,
    Transient,
    Unknown,
)

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
ORIGINS = 50
POOL_SIZE = 32
"""Connections kept open: to how many origins, and to each."""
ATTEMPTS = 3
BACK_OFF_S = (0.2, 0.8)
SHORT_WAIT_MS = 2_000
"""A hold-off this short is slept through; a longer one goes back to the caller."""

NO_EFFECT_STATUSES = frozenset({423, 429, 477})
"""Locked, too many, moving to another data centre: refused before anything was written."""

_DETAIL_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Request:
    """One call. path begins with a slash. body is sent as JSON, form as a form; one or neither.

    safe: repeating it does no harm. buckets: budgets that it takes a slot of. cost: what it takes
    of a vendor's budget of the day, where there is one. secrets: values that must not show in any
    error.
    """

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    body: Any = None
    form: Mapping[str, str] | None = None
    safe: bool = False
    priority: str = "dispatch"
    buckets: tuple[str, ...] = ("default",)
    cost: int = 0
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers (case-insensitive) and the raw body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def json(self) -> Any:
        """The body as JSON; {} for an empty body. Raises Transient if it is something else."""
        if not self.body:
            return {}
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Transient(
                "The CRM's answer could not be read; it is asked again by itself.",
                f"not JSON: {error}",
            ) from None


Classify = Callable[[Request, Reply], CrmError]
"""Turns an answer of 400 or above into one of the contract's errors."""


class NoRecorder:
    """Counts nothing: for calls before there is an installation."""

    def call(self, method: str, path: str, status: int, ms: float, priority: str) -> None: ...

    def lost(self, property: str) -> None: ...


class Transport:
    """Calls one origin under one installation's budget."""

    def __init__(
        self,
        base: str,
        budget: Budget,
        clocks: Clocks,
        recorder: Recorder,
        classify: Classify,
        *,
        timeouts: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base = base.rstrip("/")
        self.budget = budget
        self._clocks = clocks
        self._recorder = recorder
        self._classify = classify
        self._timeouts = timeouts
        self._sleep = sleep
        self._proxies = get_environ_proxies(base)

    def call(self, request: Request, authorization: str | None = None) -> Reply:
        """Send, repeating what may be repeated. Raises only errors of the contract."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(request, authorization)
            except _Again as again:
                error, wait_s = again.error, again.wait_s
                if wait_s is None:
                    wait_s = BACK_OFF_S[min(attempt, len(BACK_OFF_S)) - 1]
            if attempt >= ATTEMPTS:
                raise error
            self._sleep(wait_s)

    def _once(self, request: Request, authorization: str | None) -> Reply:
        with self.budget.acquire(request.buckets, request.priority, request.cost):
            started = time.perf_counter()
            status = 0
            try:
                reply = self._send(request, authorization)
                status = reply.status
            except requests.RequestException as error:
                raise self._lost(request, error) from None
            finally:
                spent = (time.perf_counter() - started) * 1000
                self._recorder.call(request.method, request.path, status, spent, request.priority)
        if reply.status < 300:
            return reply
        raise self._refused(request, reply)

    def _send(self, request: Request, authorization: str | None) -> Reply:
        """One exchange. The request is prepared by hand: the library's own way re-parses the URL,
        merges cookies and looks for .netrc, for half of the time that a call costs us."""
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        query = f"?{urlencode(request.query)}" if request.query else ""
        prepared.url = f"{self.base}{request.path}{query}"
        headers: CaseInsensitiveDict[str | bytes] = CaseInsensitiveDict(
            {"Accept": "application/json", "User-Agent": "followthrough", "Accept-Encoding": "gzip"}
        )
        if authorization:
            headers["Authorization"] = authorization
        body = b""
        if request.body is not None:
            body = orjson.dumps(request.body)
            headers["Content-Type"] = "application/json"
        elif request.form is not None:
            body = urlencode(request.form).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if body or request.method not in ("GET", "HEAD"):
            headers["Content-Length"] = str(len(body))
        prepared.headers = headers
        prepared.body = body or None
        # The adapter itself, not a session: one serves all installations, and a session's cookies
        # and .netrc would cross between them.
        answer = _adapter().send(
            prepared, timeout=self._timeouts, verify=True, proxies=self._proxies
        )
        return Reply(answer.status_code, answer.content, answer.headers)

    def _lost(self, request: Request, error: requests.RequestException) -> Exception:
        detail = scrub(f"{request.method} {request.path}: {error}", request.secrets)
        if request.safe or _never_sent(error):
            return _Again(
                Transient("The CRM could not be reached; it is tried again by itself.", detail)
            )
        return Unknown(
            "The CRM's answer to a write was lost; it is looked up before anything is repeated.",
            detail,
        )

    def _refused(self, request: Request, reply: Reply) -> Exception:
        error = self._classify(request, reply)
        if isinstance(error, RateLimited):
            self.budget.hold_off(error.until)
            wait_ms = error.until - self._clocks.wall()
            if wait_ms <= SHORT_WAIT_MS:
                return _Again(error, max(0.0, wait_ms / 1000))
            return error
        if isinstance(error, EnrolRefused):
            return error
        if reply.status in NO_EFFECT_STATUSES:
            return _Again(error, SHORT_WAIT_MS / 1000)  # "wait at least two seconds"
        if reply.status >= 500:
            if request.safe:
                return _Again(error)
            return Unknown(
                "The CRM failed while writing; what became of it is looked up before a repeat.",
                error.detail,
                answered=True,
            )
        return error


class _Again(Exception):
    """Internal: this attempt failed and may be repeated after `wait_s` (None: the back-off)."""

    def __init__(self, error: CrmError, wait_s: float | None = None) -> None:
        self.error = error
        self.wait_s = wait_s


def _never_sent(error: requests.RequestException) -> bool:
    """True only if no byte can have reached the CRM."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause: BaseException | None = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, NewConnectionError)


def skew_ms(headers: Mapping[str, str], now: Wall) -> int | None:
    """The CRM's clock less ours, by the date of an answer; None where it bears none."""
    try:
        theirs = parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return None
    # The header is cut to whole seconds, and the answer has travelled: half a second lies between.
    return int(theirs * SECOND) + SECOND // 2 - now


# --- connections ---------------------------------------------------------------------------------

_adapters: dict[int, HTTPAdapter] = {}
_adapters_lock = threading.Lock()


def _adapter() -> HTTPAdapter:
    """The pooled connections of this process, to all origins; a fork gets its own.

    Salesforce and Pipedrive give every customer an origin. Were each kept for good, as many sockets
    would stay open as customers ever connected; the pools used least are closed instead.
    """
    pid = os.getpid()
    adapter = _adapters.get(pid)
    if adapter is None:
        with _adapters_lock:
            adapter = _adapters.get(pid)
            if adapter is None:
                adapter = _adapters[pid] = HTTPAdapter(
                    pool_connections=ORIGINS, pool_maxsize=POOL_SIZE, max_retries=0
                )
    return adapter


# --- secrets -------------------------------------------------------------------------------------

_SECRET_VALUES = re.compile(
    r"(?i)(access_token|refresh_token|client_secret|code_verifier|\bcode|signed_access_token|"
    r"id_token|authorization)([\"']?\s*[:=]\s*[\"']?)(?:Bearer\s+)?[^\s\"'&,}]+"
)
_BEARER = re.compile(r"(?i)bearer\s+[^\s\",}]+")


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without tokens, codes and secrets, cut to a length that a log can bear."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    text = _BEARER.sub("Bearer ***", _SECRET_VALUES.sub(r"\1\2***", text))
    return text[:_DETAIL_CHARS]
