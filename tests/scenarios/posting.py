"""A tool of the customer's own, which posts events over HTTP with a key of the account."""

from __future__ import annotations

from typing import Any

import requests

from app.model.time import iso
from tests.scenarios.harness import Story


class Tool:
    """Posts to the story's app; numbers its events, so that each is another one."""

    def __init__(self, story: Story, name: str = "website") -> None:
        self.story = story
        self.key: str = story.change("POST", "/api/event-keys", {"name": name})["key"]
        self.http = requests.Session()
        self.http.trust_env = False
        self._number = 0

    def event(self, name: str, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """An event that happens now. more: id, at, person, deal or company; email for a person."""
        self._number += 1
        email = more.pop("email", None)
        event = {"id": f"e-{self._number}", "name": name, "at": iso(self.story.now), **more}
        if email is not None:
            event["person"] = {"email": email}
        if data is not None:
            event["data"] = data
        return event

    def post(self, body: Any, key: str | None = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key if key is None else key}"}
        return self.http.post(
            f"{self.story.url}/events", json=body, headers=headers, timeout=20, **more
        )

    def tell(self, name: str, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Post one event, and let the app take it in. What the app said of it."""
        answer = self.post(self.event(name, data, **more))
        assert answer.status_code == 202, answer.text
        self.story.settle()
        return answer.json()["events"][0]
