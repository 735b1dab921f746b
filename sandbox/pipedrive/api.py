"""Pipedrive's side of the sandbox as one WSGI callable, apart from Flask.

Order of a call: faults before, path, token, limits, scopes, handler, faults after. A call that is
refused for its token or a limit costs no tokens of the budget; one refused later does.
"""

from __future__ import annotations

import time
from typing import Any

from sandbox.answers import rendered
from sandbox.faults import Faults
from sandbox.har import Har
from sandbox.pipedrive import (
    activities,
    activity_types,
    call_logs,
    contacts,
    conversions,
    deals,
    errors,
    field_routes,
    frame,
    history,
    hook_routes,
    leads,
    mail,
    notes,
    oauth,
    retired,
    search,
    together,
    uninstall,
    words,
)
from sandbox.pipedrive.call import ROUTES, Call, Route, area
from sandbox.pipedrive.deliveries import Deliveries
from sandbox.pipedrive.errors import ApiError
from sandbox.pipedrive.grants import Grants
from sandbox.pipedrive.hooks import Hooks
from sandbox.pipedrive.limits import Limits
from sandbox.pipedrive.shapes import View
from sandbox.settings import Settings
from sandbox.vendor import Reply, VendorServer
from sandbox.world.account import Account
from sandbox.world.records import Actor
from sandbox.world.store import World

ENDPOINTS = (
    activities, activity_types, call_logs, contacts, conversions, deals, field_routes, frame,
    history, hook_routes, leads, mail, notes, oauth, retired, search, together,
)  # fmt: skip
"""The modules whose import registers the routes."""

PREFIXES = tuple(f"/pipedrive/{one}/" for one in ("api", "v1", "v2", "oauth"))
"""What else stands under the company's domain are its screens."""


class Pipedrive(VendorServer[Call]):
    """The vendor: its HTTP, its limits, its webhooks, and counts of all of it."""

    crm = "pipedrive"
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
        self.hooks = Hooks(world)
        self.deliveries = Deliveries(world, self.settings, self.faults, self.har, self.hooks)

    def owns(self, path: str) -> bool:
        return path.startswith(PREFIXES)

    def outer_id(self, account: Account, kind: str, record_id: str) -> str:
        """A lead's id is a UUID; every other record has the world's."""
        return words.lead_id(record_id) if kind == "leads" else record_id

    def inner_id(self, outer: str) -> str:
        return words.lead_record(outer) or outer

    def withdraw_scopes(self, portal_id: int, scopes: list[str]) -> None:
        with self.world.lock:
            Grants.of(self.world).withdraw(portal_id, scopes)

    def uninstall(self, portal_id: int, user: str = "") -> int:
        """A user, or everybody, uninstalls every app of an account; how many that were."""
        account, grants = self.world.accounts[portal_id], Grants.of(self.world)
        with self.world.lock:
            gone = [
                (app_id, owner_id)
                for app_id, owner_id in grants.installations(portal_id)
                if user in ("", owner_id, account.owners[owner_id].email)
            ]
            for app_id, owner_id in gone:
                grants.uninstall(app_id, portal_id, owner_id)
                self.hooks.remove_of(app_id, portal_id, owner_id)
        for app_id, owner_id in gone:
            uninstall.tell(self.world.apps[app_id], account, owner_id, self.settings, self.har)
        return len(gone)

    def stats(self) -> dict[str, Any]:
        """The counts, and the tokens of the daily budget that each company has used."""
        return super().stats() | {"tokens": self.limits.used()}

    def receive(self, environ: dict[str, Any], body: bytes) -> Call:
        return Call(self, environ, body)

    def answer(self, call: Call) -> Reply:
        headers: dict[str, str] = {}
        endpoint = "(no such endpoint)"
        try:
            found, arguments = self._route(call)
            endpoint = found.label
            if not found.public:
                self._authenticate(call)
                headers |= self.limits.admit(call.account, call.token, found.family, found.cost)
                for alternatives in found.scopes:
                    call.need(*alternatives)
            status, answer = found.handler(call, **arguments)
        except ApiError as error:
            self.refused(error.rows)
            status, answer = error.status, error.told(call.version)
            headers |= error.headers
        return rendered(endpoint, status, answer, headers)

    def fault(self, status: int) -> Reply:
        if status == 429:
            accounts = self.world.accounts_of(self.crm)
            headers = self.limits.headers(accounts[0]) if accounts else {}
            return rendered("(fault)", 429, errors.general("v2", "Request over limit"), headers)
        return rendered("(fault)", status, errors.general("v1", "Internal Server Error"), {})

    def _route(self, call: Call) -> tuple[Route, dict[str, str]]:
        other_method = False
        for found in ROUTES.get(area(call.path), ()):
            matched = found.pattern.fullmatch(call.path)
            if matched is not None:
                if found.method in (call.method, "*"):
                    return found, matched.groupdict()
                other_method = True
        if other_method:
            raise errors.refuse("pd_wrong_method", "Method not allowed")
        raise errors.refuse("pd_no_such_path", "Unknown method.")

    def _authenticate(self, call: Call) -> None:
        if call.authorization and not call.token:
            raise errors.refuse(
                "pd_token_malformed", "Invalid request: malformed authorization header"
            )
        held = Grants.of(self.world).access.get(call.token)
        if held is None or held.expires <= time.time():
            raise errors.refuse("pd_token", "Invalid token: access_token is invalid")
        call.account = self.world.accounts[held.portal_id]
        if call.account.extra.get("pipedrive", {}).get("closed"):
            raise errors.refuse("pd_closed", "Company account is not open")
        call.app = self.world.apps[held.app_id]
        call.scopes = held.scopes
        call.owner = call.account.owners[held.owner_id]
        if call.owner.archived:
            raise errors.refuse("pd_token", "Invalid token: access_token is invalid")
        call.actor = Actor("INTEGRATION", str(held.app_id), call.owner.user_id)
        call.view = View(call.account, self.settings)
