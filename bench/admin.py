"""The admin of a bench: registers the app, installs it by the consent page, sets one rule live."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

from bench.processes import BenchError
from demo.registration import registration

APP_ID = 4_901_001

PLAYBOOK = """
playbook: bench
title: Three calls after a proposal
rules:
  - id: proposal-sent
    when: {stage_entered: proposal}
    then:
      - create_tasks:
          - {id: questions, at: 3d, task: call, template: call, subject: Call about open questions}
          - {id: timeline, at: 7d, task: call, template: call, subject: Call about the timeline}
          - {id: decision, at: 14d, task: call, template: call, subject: Call for the decision}
templates:
  call:
    decides: What is still open between them and a yes?
    body: |
      Ask {{ contact.first_name | default: 'them' }} about {{ deal.name }}.

      - Which part raised questions?
      - Who else decides?
"""
SETTINGS = {
    "settle_ms": 0,
    # Thousands of deals for six reps within a minute: the daily budget would put them off.
    "rep_daily_tasks": None,
}


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = given.get("action", "")
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given.get("value", "")


class Admin:
    """The admin of one account, in a browser session of their own."""

    def __init__(self, app_url: str, portal: int) -> None:
        self.url = app_url
        self.session = requests.Session()
        self.session.trust_env = False
        page = self._checked(self.session.get(f"{app_url}/connect/hubspot", timeout=60))
        form = _Form()
        form.feed(page.text)
        sent = {**form.fields, "decision": "approve", "portal_id": str(portal)}
        self._checked(self.session.post(urljoin(page.url, form.action), data=sent, timeout=60))
        self.session.headers["X-CSRF-Token"] = self.call("GET", "session")["csrf"]

    def call(self, method: str, path: str, json: Any = None) -> Any:
        answer = self.session.request(method, f"{self.url}/api/{path}", json=json, timeout=60)
        return self._checked(answer).json()

    def set_up(self, deadline: float) -> None:
        """Wait for the import, follow the pipeline, save and activate the playbook."""
        while self.call("GET", "status")["status"] != "active":
            if time.monotonic() > deadline:
                raise BenchError("the import was not over in time; see the app's log")
            time.sleep(0.1)
        self.call("PUT", "settings", SETTINGS)
        for pipeline in self.call("GET", "stages")["pipelines"]:
            self.call("PUT", f"pipelines/{pipeline['id']}", {"followed": True})
            rows = [{"pipeline": pipeline["id"], "id": s["id"], "kind": s["kind"]}
                    for s in pipeline["stages"]]  # fmt: skip
            self.call("PUT", "stages", {"stages": rows})
        self.call("POST", "playbooks", {"text": PLAYBOOK})
        self.call("POST", "playbooks/bench/activate", {"mode": "live"})

    @staticmethod
    def _checked(answer: requests.Response) -> requests.Response:
        if answer.status_code >= 400:
            raise BenchError(f"{answer.url} answered {answer.status_code}: {answer.text[:500]}")
        return answer


def register(crm_url: str, app_url: str, client_id: str, secret: str) -> None:
    """Register the app with the sandbox, as an upload of its project would."""
    app = {
        "app_id": APP_ID,
        "client_id": client_id,
        "client_secret": secret,
        **registration(app_url),
    }
    requests.post(f"{crm_url}/sandbox/apps", json=app, timeout=60).raise_for_status()


def set_crm(crm_url: str, **values: float) -> None:
    """Change settings of the sandbox, by name."""
    requests.post(f"{crm_url}/sandbox/settings", json=values, timeout=60).raise_for_status()
