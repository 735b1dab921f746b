"""HubSpot's side of the sandbox as one WSGI callable, apart from Flask.

A batch call costs what its records cost; a framework's routing and request objects would cost as
much again, so this side is dispatched by hand. Order of a call: faults before, token, limit,
handler (scopes, then the body), faults after.
"""

from __future__ import annotations

import time
from typing import Any

from sandbox.answers import rendered
from sandbox.faults import Faults
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
from sandbox.hubspot.call import ROUTES, Call, Route
from sandbox.hubspot.deliveries import Deliveries
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.grants import Grants, scopes_now
from sandbox.hubspot.limits import Limits
from sandbox.settings import Settings
from sandbox.vendor import Reply, VendorServer
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


class HubSpot(VendorServer[Call]):
    """The vendor: its HTTP, its limits, its webhooks, and counts of all of it."""

    crm = "hubspot"
    deliveries: Deliveries

    def __init__(
        self,
        world: World,
        settings: Settings | None = None,
        faults: Faults | None = None,
        har: Har | None = None,
    ) -> None:
        super().__init__(world, settings, faults, har)
        self.limits = Limits(self.settings)
        self.deliveries = Deliveries(world, self.settings, self.faults, self.har)

    def owns(self, path: str) -> bool:
        return path.startswith(PREFIXES)

    def withdraw_scopes(self, portal_id: int, scopes: list[str]) -> None:
        with self.world.lock:
            Grants.of(self.world).withdraw(portal_id, scopes)

    def uninstall(self, portal_id: int, user: str = "") -> int:
        with self.world.lock:
            grants = Grants.of(self.world)
            gone = list(grants.installed(portal_id))
            return sum(grants.uninstall(app_id, portal_id) for app_id in gone)

    def receive(self, environ: dict[str, Any], body: bytes) -> Call:
        return Call(self, environ, body)

    def answer(self, call: Call) -> Reply:
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
            status, answer = found.handler(call, **arguments)
        except ApiError as error:
            self.refused(error.rows)
            status, answer = error.status, error.body
            headers |= error.headers
        return rendered(endpoint, status, answer, headers)

    def fault(self, status: int) -> Reply:
        if status == 429:
            error = errors.rate_limited("rate_ten_seconds")
            return rendered("(fault)", 429, error.body, dict(error.headers))
        return rendered("(fault)", status, errors.body("internal error", None), {})

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
