"""A user uninstalls an app at Pipedrive's screens: its tokens die, and the app is called.

The call is a DELETE to the app's one callback address, with Basic authentication by the app's own
credentials; what it answers is not read. Source: handling user app uninstallation.
"""

from __future__ import annotations

import base64
import contextlib
import time

import orjson
import urllib3

from sandbox.har import Har
from sandbox.pipedrive import words
from sandbox.settings import Settings
from sandbox.world.account import Account
from sandbox.world.records import App


def tell(app: App, account: Account, owner_id: str, settings: Settings, har: Har) -> None:
    """Calls an app that a user of an account has just uninstalled."""
    body = orjson.dumps(
        {
            "client_id": app.client_id,
            "company_id": account.portal_id,
            "user_id": int(owner_id),
            "timestamp": words.with_ms(account.world.clock.now()),
        }
    )
    pair = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {pair}"}
    url, began, status = app.redirect_uris[0], time.time(), 0
    with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):  # nobody is told again
        status = urllib3.request(
            "DELETE",
            url,
            body=body,
            headers=headers,
            timeout=settings.webhook_timeout_seconds,
            redirect=False,
            retries=False,
        ).status
    if settings.har:
        har.record(
            started=began,
            seconds=time.time() - began,
            method="DELETE",
            url=url,
            request_headers=headers.items(),
            request_body=body,
            status=status,
            response_headers=(),
            response_body=b"",
            comment="a user has uninstalled the app",
        )
