"""One call to Salesforce's API on its way through a handler, and the table of handlers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote

import orjson

from sandbox.consent import form_of
from sandbox.salesforce.errors import refuse
from sandbox.salesforce.org import Org
from sandbox.world.account import Account
from sandbox.world.records import Actor, App, Owner

if TYPE_CHECKING:
    from sandbox.salesforce.api import Salesforce

PREFIX = "/salesforce"
"""Where login host and instance both stand in the sandbox."""
OLDEST, RETIRED = 31, 30
"""The oldest version that is served, and the newest that is retired."""


class Call:
    """The parsed request. ``account``, ``app``, ``user`` are the token's, once admitted.

    ``part`` marks a part of a composite call, which costs nothing by itself.
    """

    __slots__ = (
        "account",
        "app",
        "asked_of_token",
        "base",
        "basic",
        "body",
        "content_type",
        "hub",
        "method",
        "options",
        "org",
        "part",
        "path",
        "query",
        "raw_query",
        "scopes",
        "token",
        "user",
        "version",
    )

    account: Account
    app: App
    user: Owner
    org: Org
    scopes: frozenset[str]

    def __init__(self, hub: Salesforce, environ: dict[str, Any], body: bytes) -> None:
        self.hub = hub
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "/")
        self.raw_query: str = environ.get("QUERY_STRING", "")
        self.query: dict[str, list[str]] = (
            parse_qs(self.raw_query, keep_blank_values=True) if self.raw_query else {}
        )
        self.base: str = f"http://{environ.get('HTTP_HOST', 'sandbox')}{PREFIX}"
        self.body = body
        self.content_type: str = environ.get("CONTENT_TYPE", "")
        self.options: str = environ.get("HTTP_SFORCE_QUERY_OPTIONS", "")
        self.asked_of_token: list[tuple[str, ...]] = []
        self.version = ""
        self.part = False
        self.basic: str = environ.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = self.basic.partition(" ")
        self.token = token.strip() if scheme.lower() in ("bearer", "oauth") else ""

    @property
    def actor(self) -> Actor:
        """Who makes the call's changes: the app, and by it the user who authorized it."""
        return Actor("INTEGRATION", str(self.app.app_id), self.user.user_id)

    def arg(self, name: str, default: str = "") -> str:
        """A query parameter's first value."""
        found = self.query.get(name)
        return found[0] if found else default

    def form(self) -> dict[str, str]:
        """The body as a form; parameters of the address stand in for what it lacks."""
        return {name: values[0] for name, values in self.query.items()} | form_of(self.body)

    def json(self) -> Any:
        """The body as JSON."""
        if self.content_type and "json" not in self.content_type:
            raise refuse(
                "sf_media_type",
                f"unsupported content type: {self.content_type}; send application/json",
            )
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise refuse(
                "sf_json", f"The HTTP entity body is required to be JSON: {error}"
            ) from None

    def object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        found = self.json()
        if not isinstance(found, dict):
            raise refuse("sf_json", f"expected an object, found {type(found).__name__}")
        return found


Answer = tuple[int, Any]
"""Status and body: None, a JSON-able value, or a :class:`Html`."""


Handler = Callable[..., Answer]


class Route(NamedTuple):
    """One endpoint. ``public`` ones take no token."""

    method: str
    label: str
    pattern: re.Pattern[str]
    handler: Handler
    public: bool


ROUTES: list[Route] = []


def route(method: str, template: str, *, public: bool = False) -> Callable[[Handler], Handler]:
    """Registers a handler for a path below the prefix; names in braces become arguments.

    A template that begins with ``~`` is one of a version: ``~/query`` stands for
    ``/services/data/{v}/query``.
    """
    if template.startswith("~"):
        template = "/services/data/{v}" + template[1:]
    parts = re.split(r"(\{\w+\})", template)
    regex = "".join(
        f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in parts
    )

    def register(handler: Handler) -> Handler:
        pattern = re.compile(f"{PREFIX}{regex}/?")
        ROUTES.append(Route(method, f"{method} {PREFIX}{template}", pattern, handler, public))
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The endpoint of a path; refuses one that is none, or takes another method."""
    others: list[str] = []
    for one in ROUTES:
        matched = one.pattern.fullmatch(path)
        if matched is not None:
            if one.method == method:
                return one, {name: unquote(text) for name, text in matched.groupdict().items()}
            others.append(one.method)
    if others:
        allowed = ",".join(dict.fromkeys(others))
        raise refuse(
            "sf_wrong_method", f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
        )
    raise refuse("sf_no_such_path", "The requested resource does not exist")
