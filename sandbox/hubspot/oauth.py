"""OAuth 2026-03: the consent page, the token endpoints, account facts and uninstalling."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sandbox.answers import page
from sandbox.consent import back, choices, form_of, hidden
from sandbox.hubspot import errors
from sandbox.hubspot.call import Answer, Call, route
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.grants import Access, Grants, Refresh, grantable, scopes_now, tier_has
from sandbox.refusals.table import TABLE
from sandbox.world.records import App

_COLOUR = "#ff5c35"
_KEPT = ("client_id", "redirect_uri", "scope", "optional_scope", "state", "code_challenge",
         "code_challenge_method")  # fmt: skip


def _refusal(row: str, text: str) -> ApiError:
    """A page that says why an installation ends here, without a redirect."""
    title = "Couldn't complete the connection"
    shown = page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>", _COLOUR)
    return ApiError(TABLE[row].status, shown, rows=(row,))


def _asking(call: Call, query: Mapping[str, str]) -> App:
    """The app that asks to be installed, its request checked against its registration."""
    client_id = query.get("client_id", "")
    app = call.hub.world.app("hubspot", client_id)
    if app is None:
        raise _refusal("install_client", f"No app has the client id {client_id!r}.")
    uri = query.get("redirect_uri", "")
    if uri not in app.redirect_uris:
        raise _refusal(
            "install_redirect",
            f"The redirect URL {uri!r} is not among the app's registered redirect URLs.",
        )
    parts = urlsplit(uri)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
        raise _refusal(
            "install_https", "The redirect URL must use https, except for http://localhost."
        )
    asked = set(query.get("scope", "").split())
    optional = set(query.get("optional_scope", "").split())
    if asked != set(app.required_scopes) or not optional <= set(app.optional_scopes):
        raise _refusal(
            "install_scopes",
            "The scopes in the install URL don't match the app's registration. Registered as "
            f"required: {' '.join(app.required_scopes)}; asked for: {' '.join(sorted(asked))}.",
        )
    return app


@route("GET", "/oauth/authorize", public=True, family="none")
def authorize(call: Call) -> Answer:
    """The consent page for an install URL."""
    return _consent(call, None)


@route("GET", "/oauth/{hub_id}/authorize", public=True, family="none")
def authorize_account(call: Call, hub_id: str) -> Answer:
    """The consent page with an account chosen already."""
    return _consent(call, hub_id)


def _consent(call: Call, hub_id: str | None) -> Answer:
    query = {name: values[0] for name, values in call.query.items()}
    app = _asking(call, query)
    accounts = call.hub.world.accounts_of("hubspot")
    if hub_id is not None:
        accounts = [a for a in accounts if str(a.portal_id) == hub_id]
    if not accounts:
        raise _refusal("install_account", "There is no account to install into.")
    labels = {one.portal_id: f"{one.name} ({one.portal_id}, {one.tier})" for one in accounts}
    kept = hidden({name: query.get(name, "") for name in _KEPT})
    scopes = "".join(f"<li><code>{escape(s)}</code></li>" for s in query["scope"].split())
    optional = query.get("optional_scope", "").split()
    extra = "".join(f"<li><code>{escape(s)}</code></li>" for s in optional)
    return 200, page(
        f"Connect {app.name}",
        f"<h1>Connect {escape(app.name)}</h1>"
        f'<form method="post" action="/oauth/authorize/decision">{kept}'
        f"<h2>Account</h2>{choices(labels)}<h2>The app asks for</h2><ul>{scopes}</ul>"
        + (f"<h2>And, where the account has it</h2><ul>{extra}</ul>" if extra else "")
        + '<p><button class="go" name="decision" value="approve">Connect app</button> '
        '<button name="decision" value="deny">Cancel</button></p></form>',
        _COLOUR,
    )


@route("POST", "/oauth/authorize/decision", public=True, family="none")
def decision(call: Call) -> Answer:
    """What the person chose on the consent page: back to the app with a code or an error."""
    form = form_of(call.body)
    app = _asking(call, form)
    state = {"state": form["state"]} if form.get("state") else {}
    if form.get("decision") != "approve":
        return back(
            form["redirect_uri"],
            {
                "error": "access_denied",
                "error_description": "The user declined the installation.",
            }
            | state,
        )
    portal_id = form.get("portal_id", "")
    account = call.hub.world.account_of("hubspot", portal_id)
    if account is None:
        raise _refusal(
            "install_account", f"There is no account {portal_id!r}; choose one from the list."
        )
    user_id = next((o.user_id for o in account.owners.values() if not o.archived), 1)
    settings = call.hub.settings
    lacking = [s for s in form["scope"].split() if not tier_has(account.tier, s, settings)]
    if lacking:
        raise _refusal(
            "install_tier",
            f"{account.name} can't connect {app.name}: its subscription doesn't include "
            f"{', '.join(lacking)}.",
        )
    optional = form.get("optional_scope", "").split()
    scopes = grantable(account.tier, form["scope"].split(), optional, settings)
    with call.hub.world.lock:
        code = Grants.of(call.hub.world).issue_code(
            app,
            account.portal_id,
            user_id,
            scopes,
            form["redirect_uri"],
            form.get("code_challenge", ""),
            settings.code_seconds,
        )
    return back(form["redirect_uri"], {"code": code} | state)


def _client(call: Call, form: dict[str, str]) -> App:
    if "application/x-www-form-urlencoded" not in call.content_type:
        raise errors.oauth("oauth_content_type", "send a urlencoded form")
    client_id = form.get("client_id", "")
    app = call.hub.world.app("hubspot", client_id)
    if app is None:
        raise errors.oauth("oauth_client", "missing or unknown client id")
    if form.get("client_secret") != app.client_secret:
        raise errors.oauth("oauth_secret", "missing or wrong client secret")
    return app


@route("POST", "/oauth/{v}/token", public=True, family="none")
def token(call: Call) -> Answer:
    """Exchanges a code, or a refresh token, for an access token."""
    form = form_of(call.body)
    app = _client(call, form)
    world, seconds = call.hub.world, call.hub.settings.token_seconds
    grants = Grants.of(world)
    with world.lock:
        grant_type = form.get("grant_type", "")
        if grant_type == "authorization_code":
            code = grants.redeem_code(
                app,
                form.get("code", ""),
                form.get("redirect_uri", ""),
                form.get("code_verifier", ""),
            )
            refresh = grants.issue_refresh(app.app_id, code.portal_id, code.user_id, code.scopes)
        elif grant_type == "refresh_token":
            refresh = form.get("refresh_token", "")
            held = grants.refresh.get(refresh)
            if held is None or held.app_id != app.app_id:
                raise _dead(call, app, refresh)
            if call.hub.settings.refresh_token_rotates:
                refresh = grants.rotate(refresh)
        else:
            raise errors.oauth(
                "oauth_grant_type",
                f"unsupported grant_type {grant_type!r}",
            )
        access = grants.issue_access(refresh, seconds)
        held = grants.refresh[refresh]
    tier = world.accounts[held.portal_id].tier
    return 200, {
        "access_token": access,
        "refresh_token": refresh,
        "expires_in": seconds,
        "token_type": "bearer",
        "token_use": "access_token",
        "hub_id": held.portal_id,
        "scopes": sorted(scopes_now(held.scopes, tier, call.hub.settings)),
        "user_id": held.user_id,
    }


def _dead(call: Call, app: App, refresh: str) -> ApiError:
    """The refusal of a refresh token that is not live."""
    gone = Grants.of(call.hub.world).uninstalled.get(refresh) == app.app_id
    if gone and call.hub.settings.uninstalled_refresh == "BAD_HUB":
        return errors.oauth("oauth_hub", "missing or unknown hub id")
    return errors.oauth("oauth_refresh", "refresh token is invalid, expired or revoked")


@route("POST", "/oauth/{v}/token/introspect", public=True, family="none")
def introspect(call: Call) -> Answer:
    """What a token is; dead and unknown ones are ``{"active": false}``."""
    form = form_of(call.body)
    app = _client(call, form)
    grants, given = Grants.of(call.hub.world), form.get("token", "")
    held: Access | Refresh | None = grants.access.get(given) or grants.refresh.get(given)
    if held is None or held.app_id != app.app_id:
        return 200, {"active": False}
    account = call.hub.world.accounts[held.portal_id]
    owner = next((o for o in account.owners.values() if o.user_id == held.user_id), None)
    told: dict[str, Any] = {
        "active": True,
        "app_id": app.app_id,
        "client_id": app.client_id,
        "hub_id": held.portal_id,
        "hub_domain": f"{account.name.lower().replace(' ', '-')}.example",
        "scopes": sorted(scopes_now(held.scopes, account.tier, call.hub.settings)),
        "token": given,
        "token_type": "bearer",
        "user_id": held.user_id,
        "is_private_distribution": False,
    }
    if owner is not None:
        told["user"] = owner.email
    if isinstance(held, Access):
        left = int(held.expires - time.time())
        if left <= 0:
            return 200, {"active": False}
        told |= {"token_use": "access_token", "expires_in": left}
    else:
        told["token_use"] = "refresh_token"
    return 200, told


@route("POST", "/oauth/{v}/token/revoke", public=True, family="none")
def revoke(call: Call) -> Answer:
    """Revokes a refresh token; access tokens already issued live out their time."""
    form = form_of(call.body)
    app = _client(call, form)
    with call.hub.world.lock:
        cascade = call.hub.settings.revocation_ends_access
        Grants.of(call.hub.world).revoke(app.app_id, form.get("token", ""), cascade=cascade)
    return 200, None


@route("DELETE", "/appinstalls/{v}/external-install")
def uninstall(call: Call) -> Answer:
    """The app removes itself from the account: tokens die, events stop."""
    call.need("oauth")
    with call.hub.world.lock:
        Grants.of(call.hub.world).uninstall(call.app.app_id, call.account.portal_id)
    return 204, None


@route("GET", "/account-info/{v}/details")
def account_info(call: Call) -> Answer:
    """Portal id, zone and currency of the account."""
    call.need("oauth")
    account = call.account
    now = datetime.fromtimestamp(call.hub.world.clock.now() / 1000, UTC)
    offset = now.astimezone(ZoneInfo(account.timezone)).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    sign, size = ("-" if minutes < 0 else "+"), abs(minutes)
    return 200, {
        "portalId": account.portal_id,
        "accountType": "STANDARD",
        "timeZone": account.timezone,
        "companyCurrency": account.currency,
        "additionalCurrencies": list(account.rates),
        "utcOffset": f"{sign}{size // 60:02d}:{size % 60:02d}",
        "utcOffsetMilliseconds": minutes * 60_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
