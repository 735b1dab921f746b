"""Pipedrive's refusals as the contract's errors.

Of the body only `error` is there whenever it is JSON at all. What blocks too many calls answers
HTML, which must not pass for a withdrawn scope.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any, cast

import orjson

from app.model.time import HOUR, MINUTE, SECOND, Clocks, Wall
from connectors.access import TokenRefused
from connectors.contract import (
    AuthRevoked,
    CrmError,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    ObjectType,
    RateLimited,
    Transient,
)
from connectors.daily import next_reset
from connectors.headers import number
from connectors.mapping import CrmMapping
from connectors.pipedrive.tables import BURST_REFUSALS, BURST_WINDOW_MS, PATHS, RESET_ZONE
from connectors.transport import Reply, Request, scrub

Body = Mapping[str, Any]

_ROW_MS = 20 * SECOND
"""Refusals further apart than this are not in a row."""

_BLOCKED_MS = 10 * MINUTE
_UNPAID_MS = HOUR
_PROBE_MS = HOUR

_TYPE_OF: Mapping[str, ObjectType] = {path: kind for kind, path in [*PATHS.items()][::-1]}
_FEATURE = re.compile(r"feature|plan\b|capping|not available|upgrade", re.IGNORECASE)

_NEEDED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("/webhooks", "", ("admin",)),
    ("/activityTypes", "", ("admin",)),
    ("Fields", "GET", ("deals:read", "contacts:read")),
    ("Fields", "", ("admin",)),
    ("/mailMessages", "", ("mail:read",)),
    ("/changelog", "", ("recents:read",)),
    ("/search", "", ("search:read",)),
    ("/deals", "GET", ("deals:read",)),
    ("/deals", "", ("deals:full",)),
    ("/activities", "GET", ("activities:read",)),
    ("/activities", "", ("activities:full",)),
    ("/persons", "GET", ("contacts:read",)),
    ("/persons", "", ("contacts:full",)),
    ("/organizations", "", ("contacts:read",)),
    ("/leads", "", ("leads:read",)),
    ("/notes", "", ("deals:full",)),
    ("/users", "", ("users:read",)),
)
"""(part of a path, method or any, scopes that allow it), the first that fits."""


class Classifier:
    """Makes the contract's error of an answer of 400 or above. Safe for threads."""

    def __init__(self, mapping: CrmMapping, clocks: Clocks) -> None:
        self._mapping = mapping
        self._clocks = clocks
        self._lock = threading.Lock()
        self._refusals = 0
        self._refused_at = 0

    def __call__(self, request: Request, reply: Reply) -> CrmError:
        body = _json(reply)
        said = reply.body[:1500].decode("utf-8", "replace")
        detail = scrub(f"{request.method} {request.path}: {reply.status} {said}", request.secrets)
        status = reply.status
        if status == 429:
            return self._too_many(reply, detail)
        if status == 403 and body is None:
            return self._wait(
                _BLOCKED_MS,
                "Pipedrive has blocked our calls for a while; they go on later.",
                detail,
            )
        if status == 402:
            return self._wait(
                _UNPAID_MS,
                "The Pipedrive account is closed or not paid for. Nothing is done until it is open "
                "again; that is asked once an hour.",
                detail,
            )
        if request.form is not None and "/oauth/" in request.path:
            return _oauth(request, status, body or {}, detail)
        if status >= 500 and status != 501:
            return Transient(
                "Pipedrive is not answering well; it is tried again by itself.", detail
            )
        if status == 401:
            return TokenRefused("Pipedrive did not accept the access token.", detail)
        return self._refusal(request, status, body or {}, detail)

    def _refusal(self, request: Request, status: int, body: Body, detail: str) -> CrmError:
        said = _said(body)
        if status == 403:
            if _FEATURE.search(said):
                return _unavailable(said, detail)
            return _forbidden(request, detail)
        if status in (404, 410):
            return NotFound("Pipedrive no longer has this, or it is not visible to us.", detail)
        if status in (405, 415, 501):
            return _unavailable(said, detail)
        fields = self._fields(request, said)
        return Invalid(
            f"Pipedrive refused what we sent: {scrub(said)[:500].rstrip('.')}. Correct the value "
            "in Pipedrive or the field's mapping in the settings, then retry.",
            fields,
            detail,
        )

    def _fields(self, request: Request, said: str) -> dict[str, str]:
        """Canonical fields whose property the refusal names."""
        type_ = type_of_path(request.path)
        if type_ is None or type_ not in self._mapping.objects:
            return {}
        names = self._mapping.of(type_).by_property
        words = set(re.findall(r"[A-Za-z0-9_]+", said))
        return {names[word].name: said for word in sorted(words) if word in names}

    def _too_many(self, reply: Reply, detail: str) -> RateLimited:
        """The burst limit or the day's budget; no answer says which.

        The burst limit's header tells where it is there: something left of it means the day's is
        used up. Without it, so many refusals in a row do.
        """
        now = self._clocks.wall()
        left = number(reply.headers, "x-ratelimit-remaining")
        with self._lock:
            row = self._refusals + 1 if now - self._refused_at <= _ROW_MS else 1
            self._refusals, self._refused_at = row, now
        spent = row >= BURST_REFUSALS if left is None else left > 0
        if not spent:
            return self._wait(
                BURST_WINDOW_MS,
                "Pipedrive asked us to slow down; the work goes on by itself shortly.",
                detail,
            )
        until = Wall(min(next_reset(now, RESET_ZONE), now + _PROBE_MS))
        return RateLimited(
            "Pipedrive's budget of API calls for the day is used up, by all apps of this account "
            "together. The work goes on when it begins again; that is asked once an hour.",
            until,
            detail,
        )

    def _wait(self, ms: int, message: str, detail: str) -> RateLimited:
        return RateLimited(message, Wall(self._clocks.wall() + ms), detail)


def type_of_path(path: str) -> ObjectType | None:
    """The object type that a path is about."""
    parts = [part for part in path.split("/") if part not in ("", "api", "v1", "v2")]
    return _TYPE_OF.get(parts[0]) if parts else None


def _json(reply: Reply) -> Body | None:
    """The body as an object; None if it is anything else."""
    try:
        body = orjson.loads(reply.body) if reply.body else {}
    except orjson.JSONDecodeError:
        return None
    return cast(Body, body) if isinstance(body, dict) else None


def _said(body: Body) -> str:
    parts = [body.get("error"), body.get("error_info")]
    errors = body.get("errors")
    if isinstance(errors, dict):
        parts += [f"{name}: {what}" for name, what in cast(dict[str, Any], errors).items()]
    return "; ".join(str(part) for part in parts if part) or "no reason given"


def _unavailable(said: str, detail: str) -> FeatureUnavailable:
    said = scrub(said)[:300].rstrip(".")
    return FeatureUnavailable(f"This Pipedrive account cannot do this: {said}.", detail)


def _forbidden(request: Request, detail: str) -> Forbidden:
    scopes = next(
        (scopes for part, method, scopes in _NEEDED
         if part in request.path and method in ("", request.method)),
        (),
    )  # fmt: skip
    named = f" ({', '.join(scopes)})" if scopes else ""
    return Forbidden(
        f"Pipedrive has not granted us what this needs{named}. An admin of the account can grant "
        "it by connecting the app again.",
        scopes,
        detail,
    )


def _oauth(request: Request, status: int, body: Body, detail: str) -> CrmError:
    said = str(body.get("error") or "")
    if said == "invalid_client" or status == 401:
        return Invalid(
            "Pipedrive does not know this app as it is configured here: check PIPEDRIVE_CLIENT_ID "
            "and PIPEDRIVE_CLIENT_SECRET.",
            {"client_id": said or "refused"},
            detail,
        )
    if status >= 500:
        return Transient("Pipedrive did not renew our access; it is tried again by itself.", detail)
    grant = (request.form or {}).get("grant_type")
    if grant == "refresh_token":
        if said == "invalid_grant":
            return AuthRevoked(
                "Pipedrive has withdrawn our access: the app was uninstalled there, or not used "
                "for 60 days. Connect it again to go on.",
                detail,
            )
        return Transient("Pipedrive did not renew our access; it is tried again by itself.", detail)
    return Invalid(
        "Pipedrive refused this sign-in: its code was used before or is older than five minutes. "
        "Start the connection again from the first page.",
        {"code": said or "refused"},
        detail,
    )
