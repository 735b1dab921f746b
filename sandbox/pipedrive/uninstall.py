"""A user uninstalls an app at Pipedrive's screens: its tokens die, and the app is called.

The call is a DELETE to the app's one callback address, with Basic authentication by the app's own
credentials; what it answers is not read. Source: handling user app uninstallation.
"""

from __future__ import annotations

import base64

import orjson

from sandbox.har import Har
from sandbox.outgoing import Outgoing
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
    Outgoing(settings, har).send(
        "DELETE", app.redirect_uris[0], body, headers, "a user has uninstalled the app"
    )
