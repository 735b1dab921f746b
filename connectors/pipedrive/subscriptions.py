"""What Pipedrive is asked to tell us of, and whether it still does.

Pipedrive sends nothing for half an hour after ten deliveries failed, and drops a subscription to
which nothing could be delivered for three days. Neither is told; so the list is looked at, and what
changed meanwhile is found by polling, which goes on all the time.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from connectors.contract import CrmError, Invalid, NotFound, RateLimited
from connectors.pipedrive.api import Api, v1

WANTED = ("deal", "person", "activity")
LEADS = "lead"
"""Subscribed to besides, where the grant shows leads."""

_VERSION = "2.0"


def password(client_secret: str, account: str) -> str:
    """The password of one account's deliveries: known to us and to Pipedrive, kept nowhere."""
    digest = hmac.digest(client_secret.encode(), b"webhook:" + account.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Subscriptions:
    """Webhook subscriptions of one account."""

    def __init__(
        self, api: Api, url: str, client_secret: str, leads: Callable[[], bool] = lambda: False
    ) -> None:
        """url: where deliveries go; empty: nowhere, and nothing is subscribed. leads: whether the
        grant shows them."""
        self._api = api
        self._url = url
        self._secret = client_secret
        self._leads = leads

    def missing(self) -> list[str]:
        """What is not subscribed. Raises Forbidden where the grant does not let us look."""
        if not self._url:
            return []
        active = self._active()
        wanted = (*WANTED, LEADS) if self._leads() else WANTED
        return [name for name in wanted if name not in active]

    def ensure(self, account: str) -> list[str]:
        """Subscribe to what is missing; answers what that was. Safe to repeat.

        Raises Invalid where Pipedrive cannot reach our address, Forbidden without the scope.
        """
        made: list[str] = []
        for name in self.missing():
            self._api.call(
                "POST",
                v1("webhooks"),
                body={
                    "name": f"Followthrough: {name}",
                    "subscription_url": self._url,
                    "event_action": "*",
                    "event_object": name,
                    "version": _VERSION,
                    "http_auth_user": account,
                    "http_auth_password": password(self._secret, account),
                },
                priority="admin",
            )
            made.append(name)
        return made

    def report(self, account: str) -> tuple[list[str], list[tuple[str, str]]]:
        """(made, refused) of an installation: all anew, since the password may be another by now.
        Polling takes the place of what is refused."""
        try:
            self.remove()
            return [f"webhooks.{name}" for name in self.ensure(account)], []
        except RateLimited:
            raise
        except Invalid as error:
            why = f"{error.message} Until then changes are noticed once an hour."
            return [], [("webhooks", why)]
        except CrmError as error:
            return [], [("webhooks", error.message)]

    def remove(self) -> None:
        """End all of ours."""
        for row in self._ours():
            try:
                self._api.call("DELETE", v1("webhooks", row["id"]), safe=True, priority="admin")
            except NotFound:
                continue

    def _active(self) -> set[str]:
        return {
            str(row.get("event_object"))
            for row in self._ours()
            if row.get("is_active") not in (0, False) and row.get("event_action") == "*"
        }

    def _ours(self) -> list[Mapping[str, Any]]:
        if not self._url:
            return []
        rows = self._api.call("GET", v1("webhooks")).get("data") or ()
        return [row for row in rows if row.get("subscription_url") == self._url]
