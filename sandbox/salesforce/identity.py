"""Who authorized the app: by OpenID Connect, and by the address that the token's answer names."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.call import Answer, Call, route
from sandbox.salesforce.errors import ApiError
from sandbox.world.account import Account
from sandbox.world.records import Owner

SCOPES = ("api", "refresh_token", "offline_access", "openid", "id", "web", "full", "profile",
          "email")  # fmt: skip


def identity_url(call: Call, account: Account, user: Owner) -> str:
    """The address of a user in an org, which is also the name that the login host knows them by."""
    org, person = ids.make("Organization", account.portal_id), ids.make("User", int(user.id))
    return f"{call.base}/id/{org}/{person}"


@route("GET", "/services/oauth2/userinfo")
def userinfo(call: Call) -> Answer:
    """Who authorized the app, by OpenID Connect."""
    return 200, _person(call) | {
        "sub": identity_url(call, call.account, call.user),
        "zoneinfo": call.org.zone,
        "locale": "en_US",
        "language": "en_US",
        "email_verified": True,
    }


@route("GET", "/id/{org_id}/{user_id}")
def identity(call: Call, org_id: str, user_id: str) -> Answer:
    """The same by the address that the token's answer names."""
    own = identity_url(call, call.account, call.user)
    if own != f"{call.base}/id/{ids.same(org_id)}/{ids.same(user_id)}":
        raise ApiError(404, "Bad_Id", rows=("sf_no_such_path",))
    return 200, _person(call) | {
        "id": own,
        "asserted_user": True,
        "username": call.user.email,
        "timezone": call.org.zone,
        "first_name": call.user.first_name,
        "last_name": call.user.last_name,
        "active": not call.user.archived,
        "user_type": "STANDARD",
        "urls": _urls(call),
    }


def _person(call: Call) -> dict[str, Any]:
    user = call.user
    return {
        "user_id": ids.make("User", int(user.id)),
        "organization_id": ids.make("Organization", call.account.portal_id),
        "preferred_username": user.email,
        "nickname": user.first_name.lower(),
        "name": f"{user.first_name} {user.last_name}".strip(),
        "given_name": user.first_name,
        "family_name": user.last_name,
        "email": user.email,
        "display_name": f"{user.first_name} {user.last_name}".strip(),
        "urls": _urls(call),
    }


def _urls(call: Call) -> dict[str, str]:
    data = f"{call.base}/services/data/v{{version}}"
    return {
        "rest": f"{data}/",
        "sobjects": f"{data}/sobjects/",
        "query": f"{data}/query/",
        "profile": f"{call.base}/{ids.make('User', int(call.user.id))}",
    }


@route("GET", "/.well-known/openid-configuration", public=True)
def openid(call: Call) -> Answer:
    """Where all this is found."""
    base = f"{call.base}/services/oauth2"
    return 200, {
        "issuer": call.base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "revocation_endpoint": f"{base}/revoke",
        "introspection_endpoint": f"{base}/introspect",
        "userinfo_endpoint": f"{base}/userinfo",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
