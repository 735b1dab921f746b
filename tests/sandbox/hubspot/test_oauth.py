"""Installing through the consent page, and the life of tokens."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.support import PORTAL, REQUIRED, Client, SandboxServer

REDIRECT = "http://localhost:8700/oauth/callback"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


def row(name: str, *values: Any) -> Any:
    """Parameters of a test that shows a row of the table of refusals."""
    return pytest.param(*values, marks=pytest.mark.refusal(name))


def consent(sandbox: SandboxServer, path: str = "/oauth/authorize", **changes: str) -> Any:
    query = {
        "client_id": sandbox.app.client_id,
        "redirect_uri": REDIRECT,
        "scope": " ".join(REQUIRED),
        "optional_scope": "automation.sequences.read",
        "state": 'st&"ate',
        **changes,
    }
    return requests.get(sandbox.url + path, params=query, timeout=10)


def press(
    sandbox: SandboxServer, page: str, button: str, portal_id: int = PORTAL
) -> dict[str, Any]:
    """Sends the page's form as a browser would; the query that comes back to the app."""
    from html import unescape

    form = {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page)
    }
    action = re.search(r'<form method="post" action="([^"]+)"', page)
    assert action is not None
    assert f'value="{portal_id}"' in page
    answer = requests.post(
        sandbox.url + action[1],
        data={**form, "portal_id": portal_id, "decision": button},
        allow_redirects=False,
        timeout=10,
    )
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(REDIRECT + "?")
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def token(sandbox: SandboxServer, path: str = "", **form: str) -> requests.Response:
    both = {
        "client_id": sandbox.app.client_id,
        "client_secret": sandbox.app.client_secret,
        **form,
    }
    return requests.post(f"{sandbox.url}/oauth/2026-03/token{path}", data=both, timeout=10)


def code_of(sandbox: SandboxServer, **changes: str) -> str:
    return press(sandbox, consent(sandbox, **changes).text, "approve")["code"]


def exchange(sandbox: SandboxServer, code: str, **changes: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT} | changes
    return token(sandbox, **form)


def test_install_call_refresh_revoke(sandbox: SandboxServer) -> None:
    page = consent(sandbox)
    assert page.status_code == 200
    back = press(sandbox, page.text, "approve")
    assert back["state"] == 'st&"ate'
    told = exchange(sandbox, back["code"]).json()
    assert told["hub_id"] == PORTAL
    assert told["expires_in"] == 1800
    assert told["token_type"] == "bearer"
    assert set(told["scopes"]) == {*REQUIRED, "automation.sequences.read"}
    info = Client(sandbox.url, told["access_token"]).get("/account-info/2026-03/details")
    assert info.json()["portalId"] == PORTAL
    again = token(sandbox, grant_type="refresh_token", refresh_token=told["refresh_token"]).json()
    assert again["access_token"] != told["access_token"]
    assert again["refresh_token"] == told["refresh_token"]
    assert token(sandbox, "/revoke", token=told["refresh_token"]).status_code == 200
    dead = token(sandbox, grant_type="refresh_token", refresh_token=told["refresh_token"])
    assert dead.status_code == 400
    assert dead.json()["status"] == "BAD_REFRESH_TOKEN"
    assert dead.json()["error"] == "invalid_grant"
    alive = Client(sandbox.url, again["access_token"]).get("/account-info/2026-03/details")
    assert alive.status_code == 200, "access tokens live out their time after a revocation"


def test_denied(sandbox: SandboxServer) -> None:
    back = press(sandbox, consent(sandbox).text, "deny")
    assert back["error"] == "access_denied"
    assert back["state"] == 'st&"ate'
    assert "code" not in back


def test_account_chosen_by_the_url(sandbox: SandboxServer) -> None:
    page = consent(sandbox, f"/oauth/{PORTAL}/authorize").text
    assert page.count('type="radio"') == 1
    assert f'value="{PORTAL}" checked' in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        row("install_client", {"client_id": "nobody"}, "client id"),
        row("install_redirect", {"redirect_uri": "http://localhost:1/elsewhere"}, "redirect"),
        row("install_scopes", {"scope": "oauth"}, "scopes"),
        row("install_scopes", {"optional_scope": "automation"}, "scopes"),
    ],
)
def test_install_url_refused(sandbox: SandboxServer, changes: dict[str, str], says: str) -> None:
    page = consent(sandbox, **changes)
    assert page.status_code == 400
    assert says in page.text


@pytest.mark.refusal("install_https")
def test_a_redirect_is_https(sandbox: SandboxServer) -> None:
    plain = "http://app.example/oauth/callback"
    sandbox.app.redirect_uris.append(plain)
    page = consent(sandbox, redirect_uri=plain)
    assert page.status_code == 400
    assert "https" in page.text


@pytest.mark.refusal("install_account")
def test_the_account_is_there(sandbox: SandboxServer) -> None:
    assert consent(sandbox, "/oauth/1/authorize").status_code == 400
    form = {
        "client_id": sandbox.app.client_id,
        "redirect_uri": REDIRECT,
        "scope": " ".join(REQUIRED),
        "decision": "approve",
        "portal_id": "1",
    }
    answer = requests.post(f"{sandbox.url}/oauth/authorize/decision", data=form, timeout=10)
    assert answer.status_code == 400
    assert "no account" in answer.text


@pytest.mark.refusal("install_account")
def test_an_account_of_another_crm_is_none_of_hubspots() -> None:
    with SandboxServer() as server:
        server.world.add_account(4_300_001, crm="salesforce")
        assert consent(server).text.count('type="radio"') == 1
        form = {
            "client_id": server.app.client_id,
            "redirect_uri": REDIRECT,
            "scope": " ".join(REQUIRED),
            "decision": "approve",
            "portal_id": "4300001",
        }
        answer = requests.post(f"{server.url}/oauth/authorize/decision", data=form, timeout=10)
    assert (answer.status_code, "no account" in answer.text) == (400, True)


def test_optional_scope_dropped_where_the_tier_lacks_it() -> None:
    with SandboxServer(tier="free") as free:
        told = exchange(free, code_of(free)).json()
    assert set(told["scopes"]) == set(REQUIRED)


def test_code_works_once(sandbox: SandboxServer) -> None:
    code = code_of(sandbox)
    assert exchange(sandbox, code).status_code == 200
    assert exchange(sandbox, code).json()["status"] == "BAD_AUTH_CODE"


@pytest.mark.refusal("oauth_redirect")
def test_code_is_bound_to_its_redirect(sandbox: SandboxServer) -> None:
    refused = exchange(sandbox, code_of(sandbox), redirect_uri="http://localhost:8700/other")
    assert refused.json()["status"] == "BAD_REDIRECT_URI"


@pytest.mark.refusal("oauth_verifier")
def test_proof_key(sandbox: SandboxServer) -> None:
    code = code_of(sandbox, code_challenge=CHALLENGE, code_challenge_method="S256")
    refused = exchange(sandbox, code, code_verifier="w" * 64)
    assert refused.json()["status"] == "BAD_CODE_VERIFIER"
    assert exchange(sandbox, code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize(
    ("form", "status"),
    [
        row("oauth_client", {"client_id": "nobody"}, "BAD_CLIENT_ID"),
        row("oauth_secret", {"client_secret": "wrong"}, "BAD_CLIENT_SECRET"),
        row("oauth_grant_type", {"grant_type": "password"}, "BAD_GRANT_TYPE"),
        row(
            "oauth_refresh",
            {"grant_type": "refresh_token", "refresh_token": "na1-x"},
            "BAD_REFRESH_TOKEN",
        ),
        row("oauth_code", {"grant_type": "authorization_code", "code": "x"}, "BAD_AUTH_CODE"),
    ],
)
def test_token_refused(sandbox: SandboxServer, form: dict[str, str], status: str) -> None:
    refused = token(sandbox, **form)
    assert refused.status_code == 400
    told = refused.json()
    assert told["status"] == status
    assert told["error"]
    assert told["error_description"] == told["message"]


@pytest.mark.refusal("oauth_content_type")
def test_token_takes_no_json(sandbox: SandboxServer) -> None:
    answer = requests.post(f"{sandbox.url}/oauth/2026-03/token", json={}, timeout=10)
    assert answer.status_code == 400


def test_introspection(sandbox: SandboxServer) -> None:
    minted = sandbox.mint()
    access = token(sandbox, "/introspect", token=minted["access_token"]).json()
    assert access["active"]
    assert access["hub_id"] == PORTAL
    assert access["token_use"] == "access_token"
    assert 0 < access["expires_in"] <= 1800
    assert access["user"] == "ada@example.com"
    refresh = token(sandbox, "/introspect", token=minted["refresh_token"]).json()
    assert refresh["token_use"] == "refresh_token"
    assert "expires_in" not in refresh
    assert token(sandbox, "/introspect", token="nothing").json() == {"active": False}
    old = sandbox.mint(seconds=-1)
    assert token(sandbox, "/introspect", token=old["access_token"]).json() == {"active": False}


def test_uninstall_kills_all_tokens() -> None:
    with SandboxServer() as server:
        first, second = server.mint(), server.mint()
        api = Client(server.url, first["access_token"])
        assert api.call("DELETE", "/appinstalls/2026-03/external-install").status_code == 204
        assert api.get("/account-info/2026-03/details").status_code == 401
        dead = token(server, grant_type="refresh_token", refresh_token=second["refresh_token"])
        assert dead.json()["status"] == "BAD_REFRESH_TOKEN"
