"""One call to HubSpot's API on its way through a handler, and the table of handlers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from sandbox.hubspot import errors
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.grants import tier_has
from sandbox.hubspot.kinds import Kind, kind_of
from sandbox.world.records import Actor, App
from sandbox.world.store import Account

if TYPE_CHECKING:
    from sandbox.hubspot.api import HubSpot

VERSIONS = ("2026-03", "2026-09")
"""Dated versions served side by side. From 2026-09 on, writes are held to what the account's admin
has made required."""
BATCH_LIMIT = 100


class Call:
    """The parsed request. ``account``, ``app`` and ``scopes`` are the token's, once admitted.

    ``asked_of_token``: what the call rests on so far, one entry for each thing that was checked:
    the scopes of which one must be granted.
    """

    __slots__ = (
        "account",
        "actor",
        "app",
        "asked_of_token",
        "body",
        "content_type",
        "headers",
        "hub",
        "method",
        "path",
        "query",
        "raw_query",
        "scopes",
        "token",
        "user_id",
        "version",
    )

    account: Account
    app: App
    actor: Actor
    scopes: frozenset[str]
    user_id: int
    version: str

    def __init__(self, hub: HubSpot, environ: dict[str, Any], body: bytes) -> None:
        self.hub = hub
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "/")
        self.raw_query: str = environ.get("QUERY_STRING", "")
        self.query: dict[str, list[str]] = (
            parse_qs(self.raw_query, keep_blank_values=True) if self.raw_query else {}
        )
        self.body = body
        self.content_type: str = environ.get("CONTENT_TYPE", "")
        self.headers: dict[str, str] = {}
        self.asked_of_token: list[tuple[str, ...]] = []
        authorization: str = environ.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = authorization.partition(" ")
        self.token = token.strip() if scheme.lower() == "bearer" else ""

    def arg(self, name: str, default: str = "") -> str:
        """A query parameter's first value."""
        found = self.query.get(name)
        return found[0] if found else default

    def args(self, name: str) -> list[str]:
        """A query parameter given several times or separated by commas."""
        return [
            part.strip()
            for value in self.query.get(name, ())
            for part in value.split(",")
            if part.strip()
        ]

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.arg(name).lower() == "true"

    def whole(self, name: str, default: int, most: int) -> int:
        """A query parameter that is a number from 1 to ``most``."""
        given = self.arg(name, str(default))
        if not given.isdigit() or int(given) < 1:
            raise errors.refuse(
                "bad_number", f"{name} must be a positive whole number, not {given!r}"
            )
        if int(given) > most:
            raise errors.refuse(
                "page_too_long", f"{name} must not be greater than {most}, got {given}"
            )
        return int(given)

    def cursor(self) -> int:
        """The place where the wanted page begins, off the page before it."""
        given = self.arg("after") or "0"
        if not given.isdigit():
            raise errors.refuse(
                "bad_cursor", f"after must be a cursor of an earlier page, not {given!r}"
            )
        return int(given)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        found = self.any_json()
        if not isinstance(found, dict):
            raise errors.shape(f"expected an object, found {type(found).__name__}")
        return found

    def any_json(self) -> Any:
        """The body as JSON of any shape."""
        if not self.body:
            raise errors.refuse(
                "no_body", "Invalid JSON input: a request body was expected, but none found"
            )
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise errors.refuse(
                "bad_json", f"Invalid input JSON on line 1, column 1: {error}"
            ) from None

    def inputs(self, most: int = BATCH_LIMIT) -> list[dict[str, Any]]:
        """The ``inputs`` of a batch, each an object."""
        found = self.json().get("inputs")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise errors.shape('"inputs" must be a list of objects')
        if len(found) > most:
            raise errors.refuse(
                "too_many_inputs",
                f"The maximum number of inputs supported in a batch request is {most}. "
                "Please reduce the number of items and try again",
            )
        return found

    def entry(self, error: ApiError) -> dict[str, Any]:
        """A refusal as one entry among the ``errors`` of an answer."""
        self.hub.refused(error.rows)
        return {name: value for name, value in error.body.items() if name != "correlationId"}

    def need(self, *scopes: str) -> None:
        """Refuses the call unless the token has all these scopes."""
        self.asked_of_token.extend((scope,) for scope in scopes)
        if not self.scopes.issuperset(scopes):
            raise errors.missing_scopes([scope for scope in scopes if scope not in self.scopes])
        tier, settings = self.account.tier, self.hub.settings
        if not all(tier_has(tier, scope, settings) for scope in scopes):
            raise errors.refuse(
                "tier_lacks", f"This account's subscription doesn't include {', '.join(scopes)}."
            )

    def need_any(self, *scopes: str) -> None:
        """Refuses the call unless the token has one of these scopes."""
        self.asked_of_token.append(scopes)
        if self.scopes.isdisjoint(scopes):
            raise errors.missing_scopes(list(scopes))

    def draws_on(self, scope: str) -> bool:
        """Whether the token has a scope that adds to the answer and whose lack refuses nothing."""
        granted = scope in self.scopes
        if granted:
            self.asked_of_token.append((scope,))
        return granted

    def kind(self, name: str, access: str) -> Kind:
        """The object type of a path, with the scope for ``access`` (read or write) checked."""
        row = kind_of(name)
        self.need(row.read if access == "read" else row.write)
        return row


Answer = tuple[int, Any]
"""Status and body: None, a JSON-able value, or an :class:`Html`."""


Handler = Callable[..., Answer]


class Route(NamedTuple):
    """One endpoint. ``family`` says which limit counts it: other, search, associations, none.

    ``labels``: version → the endpoint's name in counts; "" stands for endpoints without one.
    """

    method: str
    labels: dict[str, str]
    pattern: re.Pattern[str]
    handler: Handler
    family: str
    public: bool


ROUTES: list[Route] = []


def route(
    method: str, template: str, *, family: str = "other", public: bool = False
) -> Callable[[Handler], Handler]:
    """Registers a handler for ``/path/{name}/…``; names become arguments, ``{v}`` the version.

    ``public`` endpoints take no token.
    """
    parts = re.split(r"(\{\w+\})", template)
    shapes = {"{v}": f"(?P<v>{'|'.join(map(re.escape, VERSIONS))})"}
    regex = "".join(
        shapes.get(part, f"(?P<{part[1:-1]}>[^/]+)") if part.startswith("{") else re.escape(part)
        for part in parts
    )
    labels = {one: f"{method} {template.replace('{v}', one)}" for one in (*VERSIONS, "")}

    def register(handler: Handler) -> Handler:
        ROUTES.append(
            Route(
                method,
                labels,
                re.compile(regex),
                handler,
                family,
                public,
            )
        )
        return handler

    return register
