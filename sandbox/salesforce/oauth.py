"""The login host: consent, tokens with PKCE and rotation, revoking, who the user is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from html import escape
from typing import Any

import orjson

from sandbox.consent import back, choices, hidden
from sandbox.refusals.table import TABLE
from sandbox.salesforce import ids
from sandbox.salesforce.call import PREFIX, Answer, Call, route
from sandbox.salesforce.errors import ApiError, oauth
from sandbox.salesforce.grants import Grants
from sandbox.salesforce.identity import identity_url
from sandbox.salesforce.pages import page
from sandbox.salesforce.state import OrgState
from sandbox.world.account import Account
from sandbox.world.records import App, Owner

_KEPT = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge",
         "code_challenge_method", "prompt", "login_hint")  # fmt: skip


def _refusal(row: str, text: str) -> ApiError:
    """A page that says why this ends here, without a way back."""
    title = TABLE[row].code
    shown = page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")
    return ApiError(TABLE[row].status, shown, rows=(row,))


def _asking(call: Call, query: Mapping[str, str]) -> App:
    """The app that asks, its request checked against its registration."""
    app = call.hub.world.app("salesforce", query.get("client_id", ""))
    if app is None:
        raise _refusal("sf_client", f"No app has the id {query.get('client_id', '')!r}.")
    uri = query.get("redirect_uri", "")
    if uri not in app.redirect_uris:
        raise _refusal("sf_redirect", f"{uri!r} is not among the app's registered callback URLs.")
    if query.get("response_type") != "code":
        raise _refusal("sf_response_type", "response_type must be code.")
    if not query.get("code_challenge") or query.get("code_challenge_method") != "S256":
        raise _refusal("sf_pkce_missing", "code_challenge and method S256 are required.")
    unknown = set(query.get("scope", "").split()) - {*app.required_scopes, *app.optional_scopes}
    if unknown:
        raise _refusal("sf_scope", f"The app has not registered {', '.join(sorted(unknown))}.")
    return app


@route("GET", "/services/oauth2/authorize", public=True)
def authorize(call: Call) -> Answer:
    """The consent page, where the user's org is chosen by logging in to it."""
    query = {name: values[0] for name, values in call.query.items()}
    app = _asking(call, query)
    orgs = call.hub.world.accounts_of("salesforce")
    if not orgs:
        raise _refusal("sf_org", "There is no org to log in to.")
    kept = hidden({name: query[name] for name in _KEPT if name in query})
    asked = query.get("scope", "").split() or app.required_scopes
    scopes = "".join(f"<li><code>{escape(one)}</code></li>" for one in asked)
    return 200, page(
        f"Allow access to {app.name}?",
        f"<h1>Allow access?</h1><p>{escape(app.name)} is asking to:</p><ul>{scopes}</ul>"
        f'<form method="post" action="{PREFIX}/services/oauth2/authorize/decision">{kept}'
        f"<h2>Org</h2>{choices({org.portal_id: org.name for org in orgs})}"
        '<p><button class="go" name="decision" value="approve">Allow</button> '
        '<button name="decision" value="deny">Deny</button></p></form>',
    )


@route("POST", "/services/oauth2/authorize/decision", public=True)
def decision(call: Call) -> Answer:
    """What the user chose: back to the app with a code or an error."""
    form = call.form()
    app = _asking(call, form)
    uri = form["redirect_uri"]
    state = {"state": form["state"]} if form.get("state") else {}
    if form.get("decision") != "approve":
        denied = {"error": "access_denied", "error_description": "end-user denied authorization"}
        return back(uri, denied | state)
    portal = form.get("portal_id", "")
    account = call.hub.world.account_of("salesforce", portal)
    if account is None:
        raise _refusal("sf_org", f"There is no org {portal!r}; choose one from the list.")
    if app.package and app.app_id not in OrgState.of(account).packages:
        call.hub.refused(("sf_not_installed",))
        return back(uri, _not_installed(call) | state)
    user = next((one for one in account.owners.values() if not one.archived), None)
    if user is None:
        raise _refusal("sf_org", f"{account.name} has no active user.")
    scopes = form.get("scope", "").split() or app.required_scopes
    with call.hub.world.lock:
        code = Grants.of(call.hub.world).issue_code(
            app, account.portal_id, user.id, scopes, uri, form["code_challenge"],
            call.hub.settings.salesforce_code_seconds,
        )  # fmt: skip
    return back(uri, {"code": code} | state)


def _not_installed(call: Call) -> dict[str, str]:
    if call.hub.settings.salesforce_missing_package_error == "invalid_client":
        return {"error": "invalid_client",
                "error_description": "app must be installed into org"}  # fmt: skip
    return {
        "error": TABLE["sf_not_installed"].code,
        "error_description": "External client app is not installed in this org",
    }


# --- tokens --------------------------------------------------------------------------------------


def _client(call: Call, form: dict[str, str]) -> App:
    if call.body and "application/x-www-form-urlencoded" not in call.content_type:
        raise oauth("sf_token_form", "send a urlencoded form")
    scheme, _, basic = call.basic.partition(" ")
    if scheme.lower() == "basic":
        pair = base64.b64decode(basic + "=" * (-len(basic) % 4)).decode("utf-8", "replace")
        form["client_id"], _, form["client_secret"] = pair.partition(":")
    app = call.hub.world.app("salesforce", form.get("client_id", ""))
    if app is None:
        raise oauth("sf_token_client", "client identifier invalid")
    if not hmac.compare_digest(form.get("client_secret", ""), app.client_secret):
        raise oauth("sf_token_secret", "invalid client credentials")
    return app


@route("POST", "/services/oauth2/token", public=True)
def token(call: Call) -> Answer:
    """Exchanges a code, or a refresh token, for an access token."""
    form = call.form()
    app = _client(call, form)
    world, settings = call.hub.world, call.hub.settings
    grants = Grants.of(world)
    kind = form.get("grant_type", "")
    with world.lock:
        if kind == "authorization_code":
            code = grants.redeem_code(
                app, form.get("code", ""), form.get("redirect_uri", ""),
                form.get("code_verifier", ""),
            )  # fmt: skip
            grant = grants.open(app.app_id, code.portal_id, code.owner_id, code.scopes)
        elif kind == "refresh_token":
            grant = grants.take_refresh(
                app, form.get("refresh_token", ""), rotates=settings.salesforce_refresh_rotates,
                idle=settings.salesforce_refresh_idle_seconds,
            )  # fmt: skip
        else:
            raise oauth("sf_grant_type", "grant type not supported")
        account = world.accounts[grant.portal_id]
        user = account.owners[grant.owner_id]
        if user.archived:
            raise oauth("sf_user", "user is inactive")
        org_id = ids.make("Organization", account.portal_id)
        access, issued = grants.issue_access(grant, org_id, settings.salesforce_session_seconds)
    return 200, _token_answer(call, app, account, user, access, issued) | {
        "scope": " ".join(grant.scopes)
    } | _refresh_part(call, kind, grant.refresh, grant.scopes)


def _refresh_part(call: Call, kind: str, refresh: str, scopes: tuple[str, ...]) -> dict[str, str]:
    """A refresh token comes with the first answer, and with every one where they rotate."""
    if kind == "refresh_token" and not call.hub.settings.salesforce_refresh_rotates:
        return {}
    allowed = {"refresh_token", "offline_access", "full"} & set(scopes)
    return {"refresh_token": refresh} if allowed else {}


def _token_answer(
    call: Call, app: App, account: Account, user: Owner, access: str, issued: float
) -> dict[str, Any]:
    identity, at = identity_url(call, account, user), str(int(issued * 1000))
    signed = hmac.new(app.client_secret.encode(), (identity + at).encode(), hashlib.sha256)
    told = {
        "access_token": access,
        "instance_url": call.base,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": at,
        "signature": base64.b64encode(signed.digest()).decode(),
    }
    if call.hub.settings.salesforce_token_extras:
        claims = {"iss": call.base, "sub": identity, "aud": app.client_id, "iat": int(issued)}
        parts = [orjson.dumps(one) for one in ({"alg": "none"}, claims)]
        text = [base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts]
        told |= {"api_instance_url": call.base, "id_token": ".".join((*text, ""))}
    return told


@route("POST", "/services/oauth2/revoke", public=True)
def revoke(call: Call) -> Answer:
    """Ends a token: a refresh token's whole grant, or one access token."""
    with call.hub.world.lock:
        if not Grants.of(call.hub.world).revoke(call.form().get("token", "")):
            raise oauth("sf_revoke_token", "this token type is not supported, or it is not live")
    return 200, None


@route("POST", "/services/oauth2/introspect", public=True)
def introspect(call: Call) -> Answer:
    """What a token is; dead and unknown ones are ``{"active": false}``."""
    form = call.form()
    app = _client(call, form)
    grants, given = Grants.of(call.hub.world), form.get("token", "")
    access = grants.access.get(given)
    number = access.grant if access is not None else grants.refresh.get(given, 0)
    grant = grants.grants.get(number)
    dead = access is not None and access.expires <= time.time()
    if grant is None or grant.app_id != app.app_id or dead:
        return 200, {"active": False}
    if access is None and grant.refresh != given:
        return 200, {"active": False}
    account = call.hub.world.accounts[grant.portal_id]
    user = account.owners[grant.owner_id]
    told: dict[str, Any] = {
        "active": True,
        "scope": " ".join(grant.scopes),
        "client_id": app.client_id,
        "username": user.email,
        "sub": identity_url(call, account, user),
        "token_type": "access_token" if access is not None else "refresh_token",
        "iat": int(access.issued if access is not None else grant.used_at),
        "nbf": int(access.issued if access is not None else grant.used_at),
    }
    if access is not None:
        told["exp"] = int(access.expires)
    return 200, told
