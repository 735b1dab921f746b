"""Installing an app: the page, the code, the tokens, and the ways out again."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox.pipedrive.grants import REFRESH_SECONDS, Grants
from sandbox.settings import OTHER_POSITIONS
from tests.sandbox.pipedrive.support import CALLBACK, COMPANY, SCOPES, Client, Company

BASIC = ("client-888", "secret-888")


def page(sandbox: Company, **query: str) -> requests.Response:
    asked = {"client_id": "client-888", "redirect_uri": CALLBACK, "state": "s1"} | query
    return requests.get(f"{sandbox.url}/pipedrive/oauth/authorize", params=asked, timeout=10)


def press(sandbox: Company, decision: str = "approve", **form: str) -> requests.Response:
    given = {
        "client_id": "client-888",
        "redirect_uri": CALLBACK,
        "state": "s1",
        "portal_id": str(COMPANY),
        "decision": decision,
    }
    return requests.post(
        f"{sandbox.url}/pipedrive/oauth/authorize/decision",
        data=given | form,
        timeout=10,
        allow_redirects=False,
    )


def query_of(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def token(sandbox: Company, auth: tuple[str, str] | None = BASIC, **form: str) -> requests.Response:
    url = f"{sandbox.url}/pipedrive/oauth/token"
    return requests.post(url, data=form, auth=auth, timeout=10)


def exchange(sandbox: Company, code: str, **form: str) -> requests.Response:
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return token(sandbox, **(given | form))


def installed(sandbox: Company, **form: str) -> dict[str, Any]:
    answer = exchange(sandbox, query_of(press(sandbox, **form))["code"])
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_from_the_page_to_the_first_call(sandbox: Company) -> None:
    shown = page(sandbox)
    assert shown.status_code == 200
    assert "deals:full" in shown.text
    back = query_of(press(sandbox))
    assert back["state"] == "s1"
    told = exchange(sandbox, back["code"]).json()
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 3599
    assert set(told["scope"].split(",")) == set(SCOPES)
    assert told["api_domain"] == f"{sandbox.url}/pipedrive"
    me = Client(sandbox.url, told["access_token"]).get("/v1/users/me")
    assert (me["id"], me["company_id"], me["company_name"]) == (601, COMPANY, "Company 5000001")
    assert me["timezone_name"] == "Europe/Amsterdam"
    assert any(one["app"] == "account_settings" and one["admin"] for one in me["access"])


def test_another_user_may_install(sandbox: Company) -> None:
    told = installed(sandbox, user_id="602")
    me = Client(sandbox.url, told["access_token"]).get("/v1/users/me")
    assert me["id"] == 602
    assert not any(one["admin"] for one in me["access"])


def test_denied(sandbox: Company) -> None:
    assert query_of(press(sandbox, "deny")) == {"error": "user_denied", "state": "s1"}


@pytest.mark.refusal("pd_install_client", "pd_install_redirect", "pd_install_account")
@pytest.mark.parametrize(
    ("query", "row"),
    [
        ({"client_id": "nobody"}, "client id"),
        ({"redirect_uri": "https://evil.example.com"}, "Developer Hub"),
    ],
)
def test_pages_that_end_an_installation(sandbox: Company, query: dict[str, str], row: str) -> None:
    for one, told in (({"client_id": "x"}, "client id"), (query, row)):
        answer = page(sandbox, **one)
        assert answer.status_code == 400
        assert told in answer.text
    assert page(sandbox, redirect_uri="https://evil.example.com").status_code == 400
    for form in ({"portal_id": "1"}, {"user_id": "999"}):
        assert press(sandbox, **form).status_code == 400


@pytest.mark.refusal("pd_install_https")
def test_callback_is_https(sandbox: Company) -> None:
    sandbox.app.redirect_uris.append("http://app.example.com/callback")
    try:
        answer = page(sandbox, redirect_uri="http://app.example.com/callback")
    finally:
        sandbox.app.redirect_uris.pop()
    assert answer.status_code == 400


@pytest.mark.refusal(
    "pd_oauth_no_client",
    "pd_oauth_client",
    "pd_oauth_no_grant_type",
    "pd_oauth_grant_type",
    "pd_oauth_no_redirect",
    "pd_oauth_redirect",
    "pd_oauth_code",
    "pd_oauth_refresh",
    "pd_oauth_content_type",
)
def test_token_endpoint_tells_what_is_wrong(sandbox: Company) -> None:
    code = query_of(press(sandbox))["code"]
    cases = [
        (token(sandbox, None, grant_type="refresh_token"), "cannot retrieve client credentials"),
        (token(sandbox, ("client-888", "guess"), grant_type="x"), "client is invalid"),
        (token(sandbox, x="1"), "Missing parameter: grant_type"),
        (token(sandbox, grant_type="password"), "Unsupported grant type"),
        (exchange(sandbox, code, redirect_uri=""), "redirect_uri is not a valid URI"),
        (exchange(sandbox, code, redirect_uri="https://x.example.com"), "redirect_uri is invalid"),
        (exchange(sandbox, "1.2.3"), "authorization_code is invalid"),
        (token(sandbox, grant_type="refresh_token", refresh_token="x"), "refresh_token is invalid"),
    ]
    for answer, told in cases:
        assert answer.status_code == 400
        assert told in answer.json()["message"]
        assert answer.json()["success"] is False
    url = f"{sandbox.url}/pipedrive/oauth/token"
    assert requests.post(url, json={}, auth=BASIC, timeout=10).status_code == 400
    in_body = token(
        sandbox,
        None,
        client_id="client-888",
        client_secret="secret-888",
        grant_type="authorization_code",
        code=code,
        redirect_uri=CALLBACK,
    )
    assert in_body.status_code == 200, "credentials in the body are taken, though not advised"
    assert exchange(sandbox, code).status_code == 400, "a code is exchanged once"


@pytest.mark.refusal("pd_oauth_code_expired")
def test_a_code_lasts_five_minutes(sandbox: Company) -> None:
    code = query_of(press(sandbox))["code"]
    Grants.of(sandbox.world).codes[code].expires -= 301
    answer = exchange(sandbox, code)
    assert answer.json()["message"] == "Invalid grant: authorization_code has expired"


@pytest.mark.refusal("pd_oauth_refresh")
def test_refresh_slides_and_the_token_stays(sandbox: Company) -> None:
    old = installed(sandbox)
    form = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    held = Grants.of(sandbox.world).refresh[old["refresh_token"]]
    held.expires -= REFRESH_SECONDS - 60
    short = held.expires
    new = token(sandbox, **form).json()
    assert new["refresh_token"] == old["refresh_token"]
    assert held.expires > short + REFRESH_SECONDS / 2
    for one in (old, new):
        assert Client(sandbox.url, one["access_token"]).get("/v1/users/me")
    held.expires -= REFRESH_SECONDS + 1
    assert token(sandbox, **form).status_code == 400


@pytest.mark.refusal("pd_oauth_refresh")
def test_refresh_may_rotate(sandbox: Company) -> None:
    old = installed(sandbox)["refresh_token"]
    name = "pipedrive_refresh_rotates"
    sandbox.settings.update({name: OTHER_POSITIONS[name]})
    try:
        new = token(sandbox, grant_type="refresh_token", refresh_token=old).json()
        assert new["refresh_token"] != old
        again = token(sandbox, grant_type="refresh_token", refresh_token=old)
        assert again.status_code == 400
    finally:
        sandbox.settings.update({name: False})
    assert Client(sandbox.url, new["access_token"]).get("/v1/users/me")


def test_scopes_may_be_separated_by_spaces(sandbox: Company) -> None:
    sandbox.settings.update({"pipedrive_scope_separator": "space"})
    try:
        told = installed(sandbox)
    finally:
        sandbox.settings.update({"pipedrive_scope_separator": "comma"})
    assert set(told["scope"].split(" ")) == set(SCOPES)


def test_revoking_the_refresh_token_uninstalls(sandbox: Company) -> None:
    told = installed(sandbox, user_id="602")
    ben = Client(sandbox.url, told["access_token"])
    hook = {"event_action": "*", "event_object": "*", "name": "x"}
    made = ben.post("/v1/webhooks", hook | {"subscription_url": "https://a.example.com/h"})
    url = f"{sandbox.url}/pipedrive/oauth/revoke"
    assert requests.post(url, data={"token": "x"}, auth=BASIC, timeout=10).status_code == 200
    form = {"token": told["access_token"]}
    assert requests.post(url, data=form, auth=BASIC, timeout=10).status_code == 200
    assert ben.call("GET", "/v1/users/me").status_code == 401, "only the access token is gone"
    fresh = token(sandbox, grant_type="refresh_token", refresh_token=told["refresh_token"])
    again = Client(sandbox.url, fresh.json()["access_token"])
    assert again.get("/v1/users/me")
    form = {"token": told["refresh_token"]}
    assert requests.post(url, data=form, auth=BASIC, timeout=10).status_code == 200
    assert again.call("GET", "/v1/users/me").status_code == 401
    assert sandbox.pipedrive.hooks.get(made["id"]) is None, "webhooks go with the installation"
