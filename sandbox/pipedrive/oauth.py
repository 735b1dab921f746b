"""OAuth 2.0: the consent page, the token endpoint with Basic authentication, revoking."""

from __future__ import annotations

import base64
import binascii
from html import escape
from urllib.parse import urlsplit

from sandbox.answers import page
from sandbox.consent import back, choices, form_of, hidden
from sandbox.pipedrive import errors
from sandbox.pipedrive.call import PREFIX, Answer, Call, route
from sandbox.pipedrive.errors import ApiError
from sandbox.pipedrive.grants import Grants
from sandbox.refusals.table import TABLE
from sandbox.world.account import Account
from sandbox.world.records import App, Owner

_COLOUR = "#017737"


def _refusal(row: str, text: str) -> ApiError:
    """A page that says why an installation ends here, without a redirect."""
    title = "App cannot be installed"
    shown = page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>", _COLOUR)
    return ApiError(TABLE[row].status, shown, rows=(row,), message=text)


def _asking(call: Call, query: dict[str, str]) -> App:
    """The app that asks to be installed, its request checked against its registration."""
    client_id = query.get("client_id", "")
    app = call.vendor.world.app("pipedrive", client_id)
    if app is None:
        raise _refusal("pd_install_client", f"No app has the client id {client_id!r}.")
    uri = query.get("redirect_uri", "")
    if uri not in app.redirect_uris:
        raise _refusal(
            "pd_install_redirect",
            f"{uri!r} is not the callback URL that the app has in the Developer Hub.",
        )
    parts = urlsplit(uri)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
        raise _refusal("pd_install_https", "The callback URL must use https.")
    return app


def _user(account: Account, owner_id: str) -> Owner:
    """Who installs: the user that was chosen, else the first one, an admin."""
    live = [owner for owner in account.owners.values() if not owner.archived]
    found = [owner for owner in live if owner.id == owner_id] if owner_id else live
    if not found:
        raise _refusal("pd_install_account", f"{account.name} has no active user {owner_id!r}.")
    return found[0]


@route("GET", "oauth/authorize", public=True)
def authorize(call: Call) -> Answer:
    """The page on which a user allows what the app has registered, all of it or nothing."""
    query = {name: values[0] for name, values in call.query.items()}
    app = _asking(call, query)
    companies = call.vendor.world.accounts_of("pipedrive")
    if not companies:
        raise _refusal("pd_install_account", "There is no company to install into.")
    labels = {one.portal_id: f"{one.name} ({one.portal_id}, {one.tier})" for one in companies}
    kept = hidden({name: query.get(name, "") for name in ("client_id", "redirect_uri", "state")})
    scopes = "".join(f"<li><code>{escape(one)}</code></li>" for one in app.required_scopes)
    users = "".join(
        f'<option value="{owner.id}">{escape(account.name)}: {escape(owner.email)}</option>'
        for account in companies
        for owner in account.owners.values()
        if not owner.archived
    )
    return 200, page(
        f"Install {app.name}",
        f"<h1>Install {escape(app.name)}</h1>"
        f'<form method="post" action="{PREFIX}/oauth/authorize/decision">{kept}'
        f"<h2>Company</h2>{choices(labels)}<p><label>As <select name='user_id'>"
        f"<option value=''>the first admin</option>{users}</select></label></p>"
        f"<h2>The app asks for</h2><ul>{scopes}</ul>"
        '<p><button class="go" name="decision" value="approve">Allow and install</button> '
        '<button name="decision" value="deny">Cancel</button></p></form>',
        _COLOUR,
    )


@route("POST", "oauth/authorize/decision", public=True)
def decision(call: Call) -> Answer:
    """What the user chose on the page: back to the app with a code or an error."""
    form = form_of(call.body)
    app = _asking(call, form)
    state = {"state": form["state"]} if form.get("state") else {}
    if form.get("decision") != "approve":
        return back(form["redirect_uri"], {"error": "user_denied"} | state)
    portal_id = form.get("portal_id", "")
    account = call.vendor.world.account_of("pipedrive", portal_id)
    if account is None:
        raise _refusal(
            "pd_install_account", f"There is no company {portal_id!r}; choose one from the list."
        )
    owner = _user(account, form.get("user_id", ""))
    with call.vendor.world.lock:
        code = Grants.of(call.vendor.world).issue_code(
            app,
            account.portal_id,
            owner.id,
            form["redirect_uri"],
            call.vendor.settings.pipedrive_code_seconds,
        )
    return back(form["redirect_uri"], {"code": code} | state)


def _client(call: Call, form: dict[str, str]) -> App:
    """The app that calls a token endpoint: by Basic authentication, else by the form."""
    if "application/x-www-form-urlencoded" not in call.content_type:
        raise errors.oauth(
            "pd_oauth_content_type",
            "Invalid request: content must be application/x-www-form-urlencoded",
        )
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, given = call.authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(given, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        client_id, _, secret = pair.partition(":")
    if not client_id or not secret:
        raise errors.oauth(
            "pd_oauth_no_client", "Invalid client: cannot retrieve client credentials"
        )
    app = call.vendor.world.app("pipedrive", client_id)
    if app is None or app.client_secret != secret:
        raise errors.oauth("pd_oauth_client", "Invalid client: client is invalid")
    return app


@route("POST", "oauth/token", public=True)
def token(call: Call) -> Answer:
    """Exchanges a code, or a refresh token, for an access token."""
    form = form_of(call.body)
    app = _client(call, form)
    world, settings = call.vendor.world, call.vendor.settings
    grants = Grants.of(world)
    with world.lock:
        grant_type = form.get("grant_type", "")
        if grant_type == "authorization_code":
            if not form.get("redirect_uri"):
                raise errors.oauth(
                    "pd_oauth_no_redirect", "Invalid request: redirect_uri is not a valid URI"
                )
            code = grants.redeem_code(app, form.get("code", ""), form["redirect_uri"])
            refresh = grants.issue_refresh(
                app.app_id, code.portal_id, code.owner_id, app.required_scopes
            )
        elif grant_type == "refresh_token":
            refresh = grants.use_refresh(
                app, form.get("refresh_token", ""), rotates=settings.pipedrive_refresh_rotates
            )
        elif not grant_type:
            raise errors.oauth("pd_oauth_no_grant_type", "Missing parameter: grant_type")
        else:
            raise errors.oauth(
                "pd_oauth_grant_type", "Unsupported grant type: grant_type is invalid"
            )
        access = grants.issue_access(refresh, settings.pipedrive_token_seconds)
        held = grants.refresh[refresh]
    joint = "," if settings.pipedrive_scope_separator == "comma" else " "
    return 200, {
        "access_token": access,
        "token_type": "Bearer",
        "refresh_token": refresh,
        "scope": joint.join(sorted(held.scopes)),
        "expires_in": settings.pipedrive_token_seconds,
        "api_domain": f"http://{call.host}{PREFIX}",
    }


@route("POST", "oauth/revoke", public=True)
def revoke(call: Call) -> Answer:
    """Revokes a token (RFC 7009). With the refresh token the app counts as uninstalled; nobody
    calls it back then."""
    form = form_of(call.body)
    app = _client(call, form)
    with call.vendor.world.lock:
        gone = Grants.of(call.vendor.world).revoke(app, form.get("token", ""))
        if gone is not None:
            call.vendor.hooks.remove_of(gone.app_id, gone.portal_id, gone.owner_id)
    return 200, {"success": True}
