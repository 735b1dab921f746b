"""The app as a developer registers it with the vendor, read from the project in `manifest/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_MANIFESTS = Path(__file__).resolve().parent.parent / "manifest"
PROJECT = _MANIFESTS / "hubspot"
_PIPEDRIVE = _MANIFESTS / "pipedrive"


def registration(app_url: str) -> dict[str, Any]:
    """What HubSpot knows of the app once the project is uploaded, as the sandbox takes it: without
    ids and secret, which HubSpot draws."""
    app = _config("src/app/app-hsmeta.json", app_url)
    webhooks = _config("src/app/webhooks/webhooks-hsmeta.json", app_url)
    auth, settings = app["auth"], webhooks["settings"]
    return {
        "name": app["name"],
        "redirect_uris": auth["redirectUrls"],
        "required_scopes": [*auth["requiredScopes"], *auth["conditionallyRequiredScopes"]],
        "optional_scopes": auth["optionalScopes"],
        "webhook_url": settings["targetUrl"],
        "max_concurrent": settings["maxConcurrentRequests"],
        "subscriptions": [row for rows in webhooks["subscriptions"].values() for row in rows],
    }


def pipedrive(app_url: str) -> dict[str, Any]:
    """What Pipedrive's Developer Hub knows of the app: one callback address, and scopes that every
    user grants as they are."""
    text = (_PIPEDRIVE / "app.json").read_text(encoding="utf-8").replace("${BASE_URL}", app_url)
    app = json.loads(text)
    oauth = app["oauth"]
    return {
        "crm": "pipedrive",
        "name": app["name"],
        "redirect_uris": [oauth["callbackUrl"]],
        "required_scopes": [*oauth["scopes"], *oauth["optionalScopes"]],
    }


def _config(path: str, app_url: str) -> dict[str, Any]:
    """The `config` of one component, with the profile's variable filled in as an upload does."""
    text = (PROJECT / path).read_text(encoding="utf-8").replace("${BASE_URL}", app_url)
    return json.loads(text)["config"]
