"""HTTP as the demo speaks it: JSON calls whose refusals are told in the server's own words."""

from __future__ import annotations

from typing import Any

import requests

from demo.processes import DemoError

TIMEOUT_S = 120


class Http:
    """One server. `session` keeps cookies, as a browser would."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method: str, path: str, json: Any = None, **headers: str) -> Any:
        """The JSON answer. Raises DemoError with what the server said and what to do next."""
        answer = self.session.request(
            method, f"{self.url}{path}", json=json, headers=headers, timeout=TIMEOUT_S
        )
        if answer.status_code >= 400:
            raise DemoError(f"{method} {path} was refused with {answer.status_code}: "
                            f"{_said(answer)}")
        return answer.json()

    def get(self, path: str) -> Any:
        return self.call("GET", path)


def _said(answer: requests.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return answer.text[:300]
    parts = [told.get("message") or told.get("error") or "", told.get("next") or ""]
    return " ".join(str(part) for part in parts if part) or answer.text[:300]


class Sandbox(Http):
    """The sandbox's control endpoints."""

    def time(self) -> dict[str, Any]:
        return self.get("/sandbox/time")

    def grant(self, until: int) -> None:
        """Let business time run up to that instant."""
        self.call("POST", "/sandbox/grant", {"until": until})

    def account(self) -> dict[str, Any]:
        """What is known of the first account."""
        return self.get("/sandbox/accounts")["accounts"][0]

    def register(self, **app: Any) -> None:
        self.call("POST", "/sandbox/apps", app)

    def stats(self) -> dict[str, Any]:
        return self.get("/sandbox/stats")

    def export(self, portal: int, kinds: str = "") -> dict[str, Any]:
        """Everything the CRM holds, archived records and histories included."""
        return self.get(f"/sandbox/export/{portal}{f'?kinds={kinds}' if kinds else ''}")
