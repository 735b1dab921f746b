"""The admin of the demo: installs by the real consent page, sets up, activates, releases."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

from demo.http import TIMEOUT_S, Http, Sandbox
from demo.processes import APP_ID, CLIENT_ID, DemoError
from demo.vendors import CRMS, Crm

_IMPORT_S = 600


class Form(HTMLParser):
    """The first form of a page: its address and what it would send untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = given.get("action", "")
        elif tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self.fields[given.get("name", "")] = given.get("value", "")


class Admin(Http):
    """One admin's browser on the app."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._csrf = ""

    def register_at(
        self, sandbox: Sandbox, client_secret: str, crm: Crm = CRMS["hubspot"]
    ) -> None:
        """Register the app with the vendor, as its developer once did by uploading the project; and
        where the vendor wants it so, install its package as an admin of the first account."""
        app = crm.registration(self.url)
        sandbox.register(
            app_id=APP_ID, client_id=CLIENT_ID, client_secret=client_secret, **app
        )
        if crm.package:
            address = f"{sandbox.url}{crm.path}{crm.package}?p0={app['package']['id']}"
            self._answered(address, "the installation of the package", {"decision": "install"})

    def install(self, portal: int | None = None, crm: str = "hubspot") -> None:
        """Connect: consent page, its form sent, the way back, signed in as the installer.

        portal: the account chosen there; None takes the one that is offered first.
        """
        chosen = {} if portal is None else {"portal_id": str(portal)}
        back = self._answered(
            f"{self.url}/connect/{crm}", "the consent page", {"decision": "approve", **chosen}
        )
        if back.status_code != 200 or not back.url.startswith(self.url):
            raise DemoError(f"the installation failed at {back.url}: {back.text[:300]}")
        self._csrf = self.get("/api/session")["csrf"]

    def _answered(
        self, address: str, what: str, chosen: Mapping[str, str]
    ) -> requests.Response:
        """A page whose form was sent with what was chosen on it."""
        page = self.session.get(address, timeout=TIMEOUT_S)
        form = Form()
        form.feed(page.text)
        if page.status_code != 200 or not form.action:
            raise DemoError(f"{what} refused ({page.status_code}): {page.text[:300]}")
        sent = {**form.fields, **chosen}
        answer = self.session.post(urljoin(page.url, form.action), data=sent, timeout=TIMEOUT_S)
        if answer.status_code != 200:
            raise DemoError(f"{what} failed ({answer.status_code}): {answer.text[:300]}")
        return answer

    def change(self, method: str, path: str, json: Any) -> Any:
        """A changing request with the session's token."""
        return self.call(method, path, json, **{"X-CSRF-Token": self._csrf})

    def wait_for_import(self) -> dict[str, Any]:
        """The status once the import is over."""
        deadline = time.monotonic() + _IMPORT_S
        while time.monotonic() < deadline:
            status = self.get("/api/status")
            if status["status"] == "active":
                return status
            time.sleep(0.05)
        raise DemoError(f"the import was not over after {_IMPORT_S} seconds; see GET /api/status")

    def confirm_stages(self, kinds: Mapping[str, str]) -> None:
        """Follow every pipeline and confirm its stages. kinds: stage id → kind; others are taken
        as proposed."""
        chosen: list[dict[str, str]] = []
        for pipeline in self.get("/api/stages")["pipelines"]:
            self.change("PUT", f"/api/pipelines/{pipeline['id']}", {"followed": True})
            for stage in pipeline["stages"]:
                row = {"pipeline": pipeline["id"], "id": stage["id"]}
                if stage["id"] in kinds:
                    row["kind"] = kinds[stage["id"]]
                chosen.append(row)
        self.change("PUT", "/api/stages", {"stages": chosen})

    def name_managers(self, owners: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """Make the one whose title says so the manager of all reps; role → e-mail of one each.

        owners: as the sandbox lists them, with the CRM's own ids beside the world's.
        """
        by_title = {"admin": "", "manager": "", "rep": ""}
        listed = list(owners)
        for owner in listed:
            title = str(owner.get("title", "")).lower()
            role = "admin" if "admin" in title else "manager" if "manager" in title else "rep"
            by_title[role] = by_title[role] or str(owner["email"])
        ids = {str(owner["email"]): str(owner["crm_id"]) for owner in listed}
        manager = ids.get(by_title["manager"])
        if manager is None:
            return by_title
        if manager != self.get("/api/session")["owner_id"]:  # who installed stays the admin
            self.change("PUT", f"/api/people/{manager}", {"role": "manager"})
        for email, owner_id in ids.items():
            if owner_id != manager and email != by_title["admin"]:
                self.change("PUT", f"/api/people/{owner_id}", {"manager_id": manager})
        return by_title

    def settings(self, changes: Mapping[str, Any]) -> None:
        self.change("PUT", "/api/settings", dict(changes))

    def save(self, source: Mapping[str, str]) -> str:
        """Save a playbook, `{"preset": id}` or `{"text": YAML}`; its id."""
        return self.change("POST", "/api/playbooks", dict(source))["playbook"]

    def activate(self, playbook: str, mode: str) -> list[dict[str, Any]]:
        """Set the mode of all its rules; for each rule the backlog that this leaves."""
        answer = self.change("POST", f"/api/playbooks/{playbook}/activate", {"mode": mode})
        return answer["rules"]

    def release(self, rule: str, per_day: int) -> dict[str, Any]:
        return self.change("POST", "/api/backlog/release", {"rule": rule, "per_day": per_day})

    def signin_link(self, email: str) -> str:
        return self.change("POST", "/api/signin-links", {"email": email})["url"]

    def touches(self) -> list[dict[str, Any]]:
        """All touches, page by page."""
        found: list[dict[str, Any]] = []
        after: str | None = ""
        while after is not None:
            page = self.get(f"/api/touches?after={after}")
            found += page["touches"]
            after = page["after"]
        return found
