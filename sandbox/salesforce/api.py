"""Salesforce's side of the sandbox as one WSGI callable.

Order of a call: faults before, version, token, limits, handler, faults after. Login host and
instance share one address, below ``/salesforce``.
"""

from __future__ import annotations

import re
import time
from typing import Any

from sandbox.answers import rendered
from sandbox.refusals.table import TABLE
from sandbox.salesforce import packages, rest
from sandbox.salesforce.call import OLDEST, PREFIX, RETIRED, Call, find
from sandbox.salesforce.editions import edition_of
from sandbox.salesforce.errors import ApiError, refuse
from sandbox.salesforce.grants import Grants
from sandbox.salesforce.limits import Limits
from sandbox.salesforce.org import Org
from sandbox.salesforce.outside import inner_id, outer_id
from sandbox.salesforce.state import OrgState
from sandbox.vendor import Reply, VendorServer
from sandbox.world.account import Account
from sandbox.world.records import Owner

ENDPOINTS = (packages, rest)
"""The modules whose import registers the routes."""

LONGEST_URI = 16_384
_VERSION = re.compile(rf"{PREFIX}/services/data/v(\d+)\.(\d)(?=/|$)")
_MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Salesforce - Down for Maintenance</title></head>"
    "<body><h1>We are down for maintenance.</h1><p>Sorry for the inconvenience.</p></body></html>"
)
_HTML = {"Content-Type": "text/html;charset=utf-8"}


class Salesforce(VendorServer[Call]):
    """The vendor: login host, REST API, limits. It sends no webhooks; an app polls."""

    crm = "salesforce"

    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        self.limits = Limits(self.settings)
        self.locators: dict[str, Any] = {}
        """Rests of queries' answers, by the name that ``nextRecordsUrl`` gives them."""

    def owns(self, path: str) -> bool:
        """All below the prefix but the pages on which people look at records."""
        pages = path.startswith(f"{PREFIX}/lightning/")
        return path.startswith(f"{PREFIX}/") and not pages

    def receive(self, environ: dict[str, Any], body: bytes) -> Call:
        return Call(self, environ, body)

    def is_call(self, call: Call) -> bool:
        return "/authorize" not in call.path and "/packaging/" not in call.path

    def uninstall(self, portal_id: int, user: str = "") -> int:
        """An admin takes out every app's package; or one user's grants alone are revoked."""
        account, ended = self.world.accounts[portal_id], 0
        with self.world.lock:
            for grant in list(Grants.of(self.world).grants.values()):
                owner = account.owners.get(grant.owner_id)
                named = owner is None or user in ("", owner.id, str(owner.user_id), owner.email)
                if grant.portal_id == portal_id and named:
                    Grants.of(self.world).close(grant)
                    ended += 1
            if not user:
                for app_id in list(OrgState.of(account).packages):
                    packages.uninstall(account, self.world.apps[app_id])
        return ended

    def outer_id(self, account: Account, kind: str, record_id: str) -> str:
        return outer_id(account, kind, record_id)

    def inner_id(self, outer: str) -> str:
        return inner_id(outer)

    def answer(self, call: Call) -> Reply:
        endpoint, headers = "(no such endpoint)", dict[str, str]()
        admitted = 0
        try:
            found, arguments = self._route(call)
            endpoint = found.label
            if not found.public:
                self._authenticate(call)
                if "{v}" in endpoint:
                    admitted = self.limits.admit(call.account)
            status, answer = found.handler(call, **arguments)
            if admitted:
                headers["Sforce-Limit-Info"] = self.limits.told(call.account, call.app)
        except ApiError as error:
            self.refused(error.rows)
            status, answer = error.status, error.body
            headers |= error.headers
            if self.settings.salesforce_limit_info_on_errors and hasattr(call, "org"):
                headers["Sforce-Limit-Info"] = self.limits.told(call.account, call.app)
        finally:
            if admitted:
                self.limits.over(call.account, admitted)
        return rendered(endpoint, status, answer, headers)

    def run_part(self, call: Call) -> tuple[int, Any]:
        """Carries out a part of a composite call: no token, no limit, a body as any other."""
        try:
            found, arguments = self._route(call)
            if found.public:
                raise refuse("sf_no_such_path", "The requested resource does not exist")
            return found.handler(call, **arguments)
        except ApiError as error:
            self.refused(error.rows)
            return error.status, error.body

    def fault(self, status: int) -> Reply:
        """429 stands for what this vendor says instead: 403 and a code; 401 ends no session."""
        if status == 429:
            body = refuse("sf_daily_limit", "TotalRequests Limit exceeded.").body
            return rendered("(fault)", 403, body, {})
        if status in (502, 503):
            return Reply("(fault)", status, dict(_HTML), _MAINTENANCE.encode())
        code = next(
            (row.code for row in TABLE.values() if row.id.startswith("sf_") and (
                row.status == status and status != 400)), "UNKNOWN_EXCEPTION",
        )  # fmt: skip
        return rendered("(fault)", status, [{"message": "fault", "errorCode": code}], {})

    def _route(self, call: Call) -> tuple[Any, dict[str, str]]:
        if len(call.path) + len(call.raw_query) > LONGEST_URI:
            raise refuse("sf_uri_length", "The URI is too long; it has 16,384 bytes at most")
        version = _VERSION.match(call.path)
        if version is not None:
            number = int(version[1])
            if number <= RETIRED:
                raise refuse("sf_version_gone", f"API version {number}.0 was retired")
            if not OLDEST <= number <= self.settings.salesforce_newest_version or version[2] != "0":
                raise refuse("sf_version_unknown", "The requested resource does not exist")
            call.version = f"v{number}.0"
        found, arguments = find(call.method, call.path)
        arguments.pop("v", None)
        return found, arguments

    def _authenticate(self, call: Call) -> None:
        grants = Grants.of(self.world)
        held = grants.access.get(call.token)
        grant = grants.grants.get(held.grant) if held is not None else None
        user: Owner | None = None
        if grant is not None:
            call.account = self.world.accounts[grant.portal_id]
            user = call.account.owners.get(grant.owner_id)
        if held is None or grant is None or user is None or user.archived or (
            held.expires <= time.time()
        ):  # fmt: skip
            raise refuse("sf_session", "Session expired or invalid")
        call.app = self.world.apps[grant.app_id]
        call.user = user
        call.scopes = frozenset(grant.scopes)
        call.org = Org(call.account, self.settings, user)
        if not call.version:
            return
        call.asked_of_token.append(("api", "full"))
        if not {"api", "full"} & call.scopes:
            raise refuse("sf_api_scope", "This session is not valid for use with the REST API")
        small = edition_of(call.account).name == "Professional Edition"
        if small and not self.settings.salesforce_professional_api:
            raise refuse("sf_api_disabled", "The REST API is not enabled for this Organization.")
