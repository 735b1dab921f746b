"""One call to Pipedrive's API on its way through a handler, and the table of handlers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from sandbox.pipedrive import errors
from sandbox.world.records import Actor, App, Owner
from sandbox.world.store import Account

if TYPE_CHECKING:
    from sandbox.pipedrive.api import Pipedrive
    from sandbox.pipedrive.shapes import View

PREFIX = "/pipedrive"
_VERSION = re.compile(r"/pipedrive/(?:api/)?(v[12])/")


class Call:
    """The parsed request. ``account``, ``app``, ``owner`` and ``scopes`` are the token's, once
    admitted; ``owner`` is the user as whom the app acts.

    ``asked_of_token``: what the call rests on so far, one entry for each thing that was checked:
    the scopes of which one must be granted.
    """

    __slots__ = (
        "account",
        "actor",
        "app",
        "asked_of_token",
        "authorization",
        "body",
        "content_type",
        "headers",
        "host",
        "method",
        "owner",
        "path",
        "query",
        "scopes",
        "token",
        "vendor",
        "version",
        "view",
    )

    account: Account
    app: App
    actor: Actor
    owner: Owner
    scopes: frozenset[str]
    view: View

    def __init__(self, vendor: Pipedrive, environ: dict[str, Any], body: bytes) -> None:
        self.vendor = vendor
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "/")
        self.host: str = environ.get("HTTP_HOST", "sandbox")
        raw_query: str = environ.get("QUERY_STRING", "")
        self.query: dict[str, list[str]] = (
            parse_qs(raw_query, keep_blank_values=True) if raw_query else {}
        )
        self.body = body
        self.content_type: str = environ.get("CONTENT_TYPE", "")
        self.headers: dict[str, str] = {}
        self.asked_of_token: list[tuple[str, ...]] = []
        self.authorization: str = environ.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = self.authorization.partition(" ")
        self.token = token.strip() if scheme.lower() == "bearer" else ""
        found = _VERSION.match(self.path)
        self.version = found[1] if found else ""

    @property
    def now(self) -> int:
        """The present business instant."""
        return self.vendor.world.clock.now()

    # --- the query -----------------------------------------------------------------------------

    def arg(self, name: str, default: str = "") -> str:
        """A query parameter's first value."""
        found = self.query.get(name)
        return found[0] if found else default

    def args(self, name: str) -> list[str]:
        """A query parameter that is a list separated by commas."""
        return [part.strip() for part in self.arg(name).split(",") if part.strip()]

    def number(self, name: str) -> int | None:
        """A query parameter that is the id of something, None when it is left out."""
        given = self.arg(name)
        if not given:
            return None
        if not given.isdigit():
            raise errors.invalid("pd_bad_query", name, f"{given!r} is not a number.")
        return int(given)

    def choice(self, name: str, known: tuple[str, ...], default: str = "") -> str:
        """A query parameter that is one of several words."""
        given = self.arg(name) or default
        if given and given not in known:
            raise errors.invalid("pd_bad_query", name, f"{given!r} is none of {', '.join(known)}.")
        return given

    def boolean(self, name: str) -> bool | None:
        """A query parameter that is true or false, None when it is left out."""
        given = self.arg(name)
        if given not in ("", "true", "false", "1", "0"):
            raise errors.invalid("pd_bad_query", name, f"{given!r} is not a boolean.")
        return given in ("true", "1") if given else None

    def limit(self, most: int = 500, default: int = 100) -> int:
        """How many entries a page is to have."""
        given = self.arg("limit", str(default))
        if not given.isdigit() or int(given) < 1:
            raise errors.invalid("pd_bad_query", "limit", f"{given!r} is not a positive number.")
        if int(given) > most and self.vendor.settings.pipedrive_limit_above_most == "refused":
            raise errors.invalid("pd_page_too_long", "limit", f"must not be above {most}.")
        return min(int(given), most)

    # --- the body ------------------------------------------------------------------------------

    def any_json(self) -> Any:
        """The body as JSON of any shape."""
        try:
            return orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError:
            raise errors.refuse("pd_bad_json", "Request body is not valid JSON") from None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        found = self.any_json()
        if not isinstance(found, dict):
            raise errors.refuse("pd_bad_json", "Request body must be a JSON object")
        return found

    # --- the token -----------------------------------------------------------------------------

    def need(self, *scopes: str) -> None:
        """Refuses the call unless the token has one of these scopes."""
        self.asked_of_token.append(scopes)
        if self.scopes.isdisjoint(scopes):
            raise errors.refuse("pd_scope", "Scope and URL mismatch")

    def need_admin(self) -> None:
        """Refuses the call unless the user as whom the app acts is an admin of the company."""
        if not self.view.is_admin(self.owner):
            raise errors.refuse("pd_not_admin", "You do not have permissions to do this.")


Answer = tuple[int, Any]
"""Status and body: None, a JSON-able value, or an :class:`Html`."""
Handler = Callable[..., Answer]


class Route(NamedTuple):
    """One endpoint. ``cost``: tokens off the company's daily budget. ``family``: which burst limit
    counts it: burst, search. ``scopes``: for each thing asked, the scopes of which one is needed.
    """

    method: str
    label: str
    pattern: re.Pattern[str]
    handler: Handler
    cost: int
    scopes: tuple[tuple[str, ...], ...]
    family: str
    public: bool


ROUTES: dict[str, list[Route]] = {}
"""First part of the path after the version → its endpoints, those without parameters first."""


def area(path: str) -> str:
    """By what :data:`ROUTES` is keyed: ``oauth``, or the version and what follows it."""
    parts = path.split("/", 5)[2:]
    if parts and parts[0] == "api":
        parts = parts[1:]
    return "/".join(parts[:2]) if parts and parts[0] in ("v1", "v2") else "".join(parts[:1])


def route(
    method: str,
    template: str,
    *scopes: str,
    cost: int = 0,
    family: str = "burst",
    public: bool = False,
) -> Callable[[Handler], Handler]:
    """Registers a handler for ``v2/path/{id}/…``; names in braces become arguments.

    Each of ``scopes`` is one thing that the token must allow, as alternatives joined by ``|``.
    ``public`` endpoints take no token.
    """
    parts = re.split(r"(\{\w+\})", template)
    regex = "".join(
        f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in parts
    )
    version = template.partition("/")[0]
    start = {"v1": "/pipedrive/(?:api/)?", "v2": "/pipedrive/api/"}.get(version, "/pipedrive/")
    asked = tuple(tuple(one.split("|")) for one in scopes)

    def register(handler: Handler) -> Handler:
        made = Route(
            method,
            f"{method} pipedrive {template}",
            re.compile(start + regex),
            handler,
            cost,
            asked,
            family,
            public,
        )
        known = ROUTES.setdefault(area(f"/pipedrive/{template}"), [])
        known.append(made)
        known.sort(key=lambda one: one.label.count("{"))
        return handler

    return register
