"""Salesforce's refusals as the contract's errors.

A whole answer is a list of `{errorCode, message, fields}`; an entry of a collection says
`statusCode` instead. Anything else (a maintenance page, an empty body) goes by its status alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

import orjson

from app.model.time import SECOND, Clocks, Wall
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
from connectors.mapping import CrmMapping
from connectors.salesforce.allowance import LOOK_AGAIN_MS, Allowance
from connectors.salesforce.tables import LOCK_STATUSES
from connectors.transport import Reply, Request, scrub

Entry = Mapping[str, Any]

MISSING_COLUMN = re.compile(r"No such column '([\w.]+)'")
_GONE = frozenset(
    {
        "NOT_FOUND", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "INVALID_ID_FIELD",
        "INVALID_TYPE",  # of a query: a whole object that the account or its user does not have
    }
)  # fmt: skip
_NO_API = frozenset({"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"})
_NO_RIGHT = ("INSUFFICIENT_ACCESS", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY_FORBIDDEN")
_RULES = frozenset({"FIELD_CUSTOM_VALIDATION_EXCEPTION", "REQUIRED_FIELD_MISSING"})
_CONCURRENT_MS = 5 * SECOND
_ENDED = frozenset({"invalid_grant", "inactive_user", "inactive_org"})
NOT_INSTALLED = ("OAUTH_EC_APP_NOT_FOUND", "app must be installed", "OAUTH_APPROVAL_ERROR")


class Classifier:
    """Makes the contract's error of an answer of 300 or above, or of an entry of a collection."""

    def __init__(
        self, mapping: CrmMapping, clocks: Clocks, allowance: Allowance | None = None
    ) -> None:
        self._mapping = mapping
        self._clocks = clocks
        self._allowance = allowance

    def __call__(self, request: Request, reply: Reply) -> CrmError:
        if self._allowance is not None:
            self._allowance.note(reply.headers)
        said = reply.body[:1500].decode("utf-8", "replace")
        detail = scrub(f"{request.method} {request.path}: {reply.status} {said}", request.secrets)
        if request.form is not None:
            return _oauth(request, reply, detail)
        entries = _entries(reply)
        codes = {code_of(entry) for entry in entries}
        if reply.status == 401 or "INVALID_SESSION_ID" in codes:
            return TokenRefused("Salesforce did not accept the access token.", detail)
        if "REQUEST_LIMIT_EXCEEDED" in codes or reply.status == 429:
            return self._too_many(entries, detail)
        if reply.status >= 500 or reply.status == 420:
            return Transient(
                "Salesforce is not answering well; it is tried again by itself.", detail
            )
        if reply.status == 410:
            return FeatureUnavailable(
                "Salesforce has retired the version of its API that is configured here: check "
                "SALESFORCE_API_VERSION.", detail,
            )  # fmt: skip
        return self.refusal(reply.status, entries, None, detail)

    def refusal(
        self, status: int, entries: Iterable[Entry], type: ObjectType | None, detail: str = ""
    ) -> CrmError:
        """The error of a whole answer, or of one entry of a collection (status 0)."""
        listed = list(entries)
        codes = {code_of(entry) for entry in listed}
        if codes & LOCK_STATUSES:
            return Transient(
                "Somebody else is writing this record in Salesforce; it is tried again by itself.",
                detail,
            )
        if codes & _NO_API:
            return FeatureUnavailable(
                "This Salesforce edition or user may not use the API. An admin can turn on "
                "“API Enabled” in the user's profile, or buy API access for the edition.", detail,
            )  # fmt: skip
        if "DUPLICATE_VALUE" in codes or status == 300:
            return Conflict("Salesforce has a record with this value already.", detail)
        if status == 404 or codes & _GONE:
            return NotFound("Salesforce no longer has this, or it is not visible to us.", detail)
        if any(code.startswith(_NO_RIGHT) for code in codes) or (status == 403 and not listed):
            return Forbidden(
                f"The user who connected Salesforce may not do this: {_said(listed)}. Give them "
                "the permission set Followthrough and rights on these records.", (), detail,
            )  # fmt: skip
        return self._invalid(listed, type, detail)

    def _too_many(self, entries: list[Entry], detail: str) -> CrmError:
        if "concurrent" in _said(entries).lower():
            until = Wall(self._clocks.wall() + _CONCURRENT_MS)
            return RateLimited(
                "Too many calls are at work in Salesforce at once; the work goes on by itself "
                "shortly.", until, detail,
            )  # fmt: skip
        return RateLimited(
            "This Salesforce account has used up its calls of the last 24 hours, with all of its "
            "apps together. What is due stays due and goes on as the allowance returns; an admin "
            "sees who uses it under Setup, System Overview.",
            Wall(self._clocks.wall() + LOOK_AGAIN_MS),
            detail,
        )

    def _invalid(self, entries: list[Entry], type: ObjectType | None, detail: str) -> Invalid:
        fields: dict[str, str] = {}
        missing: set[str] = set()
        for entry in entries:
            said = str(entry.get("message") or "was refused")
            names = [str(name) for name in entry.get("fields") or ()]
            column = MISSING_COLUMN.search(said)
            if code_of(entry) in ("INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"):
                names = names or ([column.group(1)] if column else [])
                missing.update(self._canonical(type, name) for name in names)
            if code_of(entry) in _RULES:
                said = f"a rule of this Salesforce account: {said}"
            for name in names:
                fields[self._canonical(type, name)] = said
        message = (
            f"Salesforce refused what we sent: {_said(entries)}. Correct the value in Salesforce "
            "or the field's mapping in the settings, then retry."
        )
        return Invalid(message, fields, detail, missing)

    def _canonical(self, type: ObjectType | None, name: str) -> str:
        if type is None:
            return name
        known = self._mapping.of(type).by_property
        # A managed package puts its namespace before the names of its fields.
        field = known.get(name) or known.get(name.partition("__")[2])
        return field.name if field else name


def code_of(entry: Entry) -> str:
    """The vendor's word, wherever this kind of answer has it."""
    return str(entry.get("errorCode") or entry.get("statusCode") or entry.get("error") or "")


def _said(entries: Iterable[Entry]) -> str:
    parts = [str(e.get("message") or code_of(e)) for e in entries]
    return scrub("; ".join(filter(None, parts)) or "no reason given")[:500].rstrip(".")


def _entries(reply: Reply) -> list[Entry]:
    try:
        body = orjson.loads(reply.body) if reply.body else []
    except orjson.JSONDecodeError:
        return []
    listed = cast(list[Any], body if isinstance(body, list) else [body])
    return [cast(Entry, one) for one in listed if isinstance(one, dict)]


def _oauth(request: Request, reply: Reply, detail: str) -> CrmError:
    entry = next(iter(_entries(reply)), cast(Entry, {}))
    word, said = str(entry.get("error") or ""), str(entry.get("error_description") or "")
    if reply.status >= 500 or reply.status in (420, 429):
        return Transient("Salesforce is not answering well; it is tried again by itself.", detail)
    if is_not_installed(word, said):
        return Invalid(NOT_INSTALLED_TEXT, {"app": word}, detail)
    if word.startswith("invalid_client"):
        return Invalid(
            "Salesforce does not know this app as it is configured here: check "
            "SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET.", {"client_id": word}, detail,
        )  # fmt: skip
    if (request.form or {}).get("grant_type") == "refresh_token":
        if word in _ENDED:
            return AuthRevoked(
                "Salesforce has withdrawn our access: an admin revoked it, the user who connected "
                "was deactivated, or it lay unused for too long. Connect it again to go on.",
                detail,
            )
        return Transient(
            "Salesforce did not renew our access; it is tried again by itself.", detail
        )
    return Invalid(
        "Salesforce refused this sign-in: its code was used before or is too old. Start the "
        "connection again from the first page.",
        {"code": word or "refused"},
        detail,
    )


NOT_INSTALLED_TEXT = (
    "Followthrough's package is not installed in this Salesforce account, and Salesforce lets "
    "nobody sign in to an app that is not. An admin installs it first; docs/connect_salesforce.md "
    "says how."
)


def is_not_installed(word: str, said: str) -> bool:
    """Whether a refusal of the consent or of a token means that the package is missing."""
    text = f"{word} {said}".replace("+", " ").lower()
    return any(one.lower() in text for one in NOT_INSTALLED)
