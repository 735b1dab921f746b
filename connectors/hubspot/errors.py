"""HubSpot's refusals as the contract's errors.

Every field of the vendor's error body is optional and its sentences change; only `category`,
`errors[].code` and the OAuth `status` are relied on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson

from app.model.time import MINUTE, SECOND, Clocks, Wall
from connectors.access import TokenRefused
from connectors.contract import (
    AuthRevoked,
    Conflict,
    CrmError,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    ObjectType,
    RateLimited,
    Transient,
)
from connectors.headers import number
from connectors.hubspot.enrol_errors import MISSING_SCOPES, is_about_enrolling, refusal
from connectors.hubspot.tables import TYPE_OF, UNIQUE_CONFLICT_CODES
from connectors.mapping import CrmMapping
from connectors.transport import Reply, Request, scrub

Body = Mapping[str, Any]

_REVOKED = frozenset({"BAD_REFRESH_TOKEN", "BAD_HUB"})
_OUR_APP = {
    "BAD_CLIENT_ID": ("client_id", "HUBSPOT_CLIENT_ID"),
    "BAD_CLIENT_SECRET": ("client_secret", "HUBSPOT_CLIENT_SECRET"),
    "BAD_REDIRECT_URI": ("redirect_uri", "the redirect address registered with the app"),
    "BAD_SCOPES": ("scope", "the scopes registered with the app"),
}
_UNKNOWN = "PROPERTY_DOESNT_EXIST"
_RULES = ("MISSING_REQUIRED_PROPERTY", "MISSING_CONDITIONAL_REQUIRED_PROPERTY")

HOLD_MS = {"SECONDLY": SECOND, "TEN_SECONDLY_ROLLING": 10 * SECOND, "DAILY": 15 * MINUTE}
"""How long a 429 holds us off, by its policy; the body names no instant."""


class Classifier:
    """Makes the contract's error of an answer of 400 or above."""

    def __init__(self, mapping: CrmMapping, clocks: Clocks) -> None:
        self._mapping = mapping
        self._clocks = clocks

    def __call__(self, request: Request, reply: Reply) -> CrmError:
        body = _json(reply)
        said = reply.body[:1500].decode("utf-8", "replace")
        detail = scrub(
            f"{request.method} {request.path}: {reply.status} {said}", request.secrets
        )
        if reply.status < 500 and is_about_enrolling(request.path):
            refused = refusal(reply.status, body, detail)
            if refused is not None:
                return refused
        if reply.status == 429:
            return self._too_many(reply, body, detail)
        if reply.status >= 500 or reply.status in (423, 477):
            return Transient("HubSpot is not answering well; it is tried again by itself.", detail)
        if request.form is not None and "/oauth/" in request.path:
            return _oauth(request, body, detail)
        if reply.status == 401:
            return TokenRefused("HubSpot did not accept the access token.", detail)
        return self.refusal(reply.status, body, type_of_path(request.path), detail)

    def refusal(
        self, status: int, body: Body, type: ObjectType | None, detail: str = ""
    ) -> CrmError:
        """The error of a whole answer, or of one entry of a 207 (status 0)."""
        category = str(body.get("category") or "")
        errors = _errors(body)
        codes = {str(error.get("code") or "") for error in errors} | {category}
        if status == 403 or category == MISSING_SCOPES:
            return _forbidden(errors, detail)
        if status == 402:
            return FeatureUnavailable("This HubSpot account's edition does not have this.", detail)
        if status == 404 or category == "OBJECT_NOT_FOUND":
            return NotFound("HubSpot no longer has this, or it is not visible to us.", detail)
        if status == 409 or codes & UNIQUE_CONFLICT_CODES:
            return Conflict("HubSpot has a record with this value already.", detail)
        return self._invalid(body, errors, type, detail)

    def _too_many(self, reply: Reply, body: Body, detail: str) -> CrmError:
        wait = HOLD_MS.get(str(body.get("policyName") or ""), 10 * SECOND)
        said = number(reply.headers, "Retry-After")
        if said is not None:
            wait = said * SECOND
        until = Wall(self._clocks.wall() + wait)
        message = "HubSpot asked us to slow down; the work goes on by itself shortly."
        return RateLimited(message, until, detail)

    def _invalid(
        self, body: Body, errors: list[Body], type: ObjectType | None, detail: str
    ) -> Invalid:
        fields: dict[str, str] = {}
        missing: set[str] = set()
        for error in errors:
            said = str(error.get("message") or "was refused")
            if error.get("code") == _UNKNOWN:
                missing.update(self._canonical(type, name) for name in _names(error))
            if error.get("code") in _RULES:
                said = f"a rule of this HubSpot account requires a value: {said}"
            for name in _names(error):
                fields[self._canonical(type, name)] = said
        said = "; ".join(f"{name}: {what}" for name, what in fields.items())
        said = said or str(body.get("message") or "no reason given")
        said = scrub(said)[:500].rstrip(".")
        message = (
            f"HubSpot refused what we sent: {said}. Correct the value in HubSpot or "
            "the field's mapping in the settings, then retry."
        )
        return Invalid(message, fields, detail, missing)

    def _canonical(self, type: ObjectType | None, name: str) -> str:
        return self._mapping.of(type).canonical(name) if type else name


def type_of_path(path: str) -> ObjectType | None:
    """The object type that an objects path is about."""
    parts = path.split("/")
    return TYPE_OF.get(parts[4]) if len(parts) > 4 and parts[2] == "objects" else None


def trace_ids(error: Body) -> list[str]:
    """The inputs that an entry of a 207 is about, by their objectWriteTraceId."""
    return _context(error, "objectWriteTraceId")


def named_ids(error: Body) -> list[str]:
    """The record ids that an entry of a 207 is about."""
    return _context(error, "ids") or _context(error, "id")


def _context(error: Body, key: str) -> list[str]:
    context = error.get("context")
    found = cast(Body, context).get(key) if isinstance(context, dict) else None
    if isinstance(found, list):
        return [str(one) for one in cast(list[Any], found)]
    return [str(found)] if found else []


def _names(error: Body) -> list[str]:
    named = _context(error, "propertyName")
    inside = error.get("in")
    return named or ([str(inside)] if inside else [])


def _errors(body: Body) -> list[Body]:
    errors = body.get("errors")
    if not isinstance(errors, list):
        return []
    return [cast(Body, one) for one in cast(list[Any], errors) if isinstance(one, dict)]


def _json(reply: Reply) -> Body:
    try:
        body = orjson.loads(reply.body) if reply.body else {}
    except orjson.JSONDecodeError:
        return {}
    return cast(Body, body) if isinstance(body, dict) else {}


def _forbidden(errors: list[Body], detail: str) -> Forbidden:
    scopes = [scope for error in errors for scope in _context(error, "requiredGranularScopes")]
    named = f" ({', '.join(scopes)})" if scopes else ""
    return Forbidden(
        f"HubSpot has not granted us what this needs{named}. A super admin can grant it by "
        "connecting the app again.",
        scopes,
        detail,
    )


def _oauth(request: Request, body: Body, detail: str) -> CrmError:
    status = str(body.get("status") or "")
    if status in _OUR_APP:
        field, setting = _OUR_APP[status]
        return Invalid(
            f"HubSpot does not know this app as it is configured here: check {setting}.",
            {field: status},
            detail,
        )
    grant = (request.form or {}).get("grant_type")
    if grant == "refresh_token":
        if status in _REVOKED or body.get("error") == "invalid_grant":
            return AuthRevoked(
                "HubSpot has withdrawn our access: the app was uninstalled there, or its "
                "permission taken back. Connect it again to go on.",
                detail,
            )
        return Transient("HubSpot did not renew our access; it is tried again by itself.", detail)
    return Invalid(
        "HubSpot refused this sign-in: its code was used before or is too old. Start the "
        "connection again from the first page.",
        {"code": status or str(body.get("error") or "refused")},
        detail,
    )
