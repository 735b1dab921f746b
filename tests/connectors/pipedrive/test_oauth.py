"""Tokens, whose they are, and the address that they are good at."""

from __future__ import annotations

import base64

import orjson
import pytest

from app.model.time import Wall
from connectors.config import VendorConfig
from connectors.contract import AuthRevoked, BadSignature, Invalid, Transient
from connectors.pipedrive.oauth import basic, trusted
from connectors.pipedrive.vendor import PipedriveVendor
from tests.connectors.pipedrive.conftest import ME, Start, no, ok
from tests.connectors.support import Answer, Asked

CALLBACK = "https://ours.example/oauth/pipedrive/callback"


def granted(base: str, **changed: object) -> Answer:
    return 200, {
        "access_token": "fresh", "refresh_token": "r2", "token_type": "Bearer",
        "scope": "base,deals:full activities:full", "expires_in": 3599, "api_domain": base,
    } | changed  # fmt: skip


def test_where_an_admin_grants_access() -> None:
    vendor = PipedriveVendor(VendorConfig("client id", "secret"))
    url = vendor.authorize_url("a state", CALLBACK, "challenge")
    assert url == (
        "https://oauth.pipedrive.com/oauth/authorize?client_id=client%20id"
        "&redirect_uri=https%3A%2F%2Fours.example%2Foauth%2Fpipedrive%2Fcallback&state=a%20state"
    )


def test_a_code_becomes_tokens_with_the_account(start: Start) -> None:
    pd = start()
    pd.routes["POST /oauth/token"] = granted(pd.server.url)
    pd.routes["GET /v1/users/me"] = ok(ME)
    tokens = pd.vendor.exchange("the code", CALLBACK, "verifier")
    assert (tokens.access, tokens.refresh, tokens.account) == ("fresh", "r2", "456")
    assert tokens.scopes == ("base", "deals:full", "activities:full")
    assert (tokens.user, tokens.base) == ("ada@acme.example", pd.server.url)
    (asked,) = pd.asked("POST", "/oauth/token")
    assert asked.headers["Authorization"] == basic("client", "secret")
    assert asked.form == {
        "grant_type": "authorization_code", "code": "the code", "redirect_uri": CALLBACK,
    }  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example", "https://pipedrive.com.evil.example", "http://acme.pipedrive.com",
        "https://evilpipedrive.com", "https://acme.pipedrive.com:8443",
        "https://acme.pipedrive.com/path", "", "https://acme.pipedrive.com@evil.example",
    ],
)  # fmt: skip
def test_a_token_is_not_sent_to_a_strangers_address(start: Start, address: str) -> None:
    pd = start()
    pd.routes["POST /oauth/token"] = granted(address)
    with pytest.raises(Invalid) as refused:
        pd.vendor.exchange("code", CALLBACK, "verifier")
    assert "api_domain" in refused.value.fields
    assert pd.asked("GET", "/v1/users/me") == []


@pytest.mark.parametrize("address", ["https://acme.pipedrive.com/", "acme.pipedrive.com"])
def test_an_accounts_address_with_and_without_its_scheme(address: str) -> None:
    assert trusted(address, ()) == "https://acme.pipedrive.com"


def test_access_that_ran_out_is_renewed_once(start: Start) -> None:
    pd = start({"GET /api/v2/deals/1": no(404, "no")})
    pd.routes["POST /oauth/token"] = granted(pd.server.url)
    asked: list[str] = []

    def deal(request: Asked) -> Answer:
        asked.append(request.headers["Authorization"])
        return no(401, "unauthorized") if asked[-1] == "Bearer access" else no(404, "no")

    pd.routes["GET /api/v2/deals/1"] = deal
    assert pd.connector.read("deal", ["1"]) == []
    assert asked == ["Bearer access", "Bearer fresh"]
    assert pd.store.saved[0].refresh == "r2"
    assert pd.store.saved[0].user == "ada@acme.example"
    (renewed,) = pd.asked("POST", "/oauth/token")
    assert renewed.form == {"grant_type": "refresh_token", "refresh_token": "refresh"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, {"error": "invalid_grant", "said": "no such token: refresh"}), AuthRevoked),
        ((400, {"error": "temporarily_unavailable"}), Transient),
        ((401, {"error": "invalid_client"}), Invalid),
        ((503, b"<html>"), Transient),
    ],
)
def test_what_a_refused_renewal_means(
    start: Start, answer: Answer, error: type[Exception]
) -> None:
    pd = start({"POST /oauth/token": answer})
    pd.store.tokens = pd.store.tokens.__class__("old", "refresh", Wall(0), base=pd.server.url)
    with pytest.raises(error) as refused:
        pd.connector.read("deal", ["1"])
    assert "refresh" not in getattr(refused.value, "detail", "").replace("refresh_token", "")


def test_secrets_stand_in_no_error(start: Start) -> None:
    pd = start()
    leak = base64.b64encode(b"client:secret").decode()
    pd.routes["POST /oauth/token"] = 400, {"error": "invalid_grant", "said": f"thecode {leak}"}
    with pytest.raises(Invalid) as refused:
        pd.vendor.exchange("thecode", CALLBACK, "v")
    assert "thecode" not in refused.value.detail
    assert leak not in refused.value.detail


# --- uninstalling --------------------------------------------------------------------------------

GONE = {"client_id": "client", "company_id": 456, "user_id": 78, "timestamp": "2026-11-22"}


def test_pipedrive_says_that_the_app_was_uninstalled(start: Start) -> None:
    vendor = start().vendor
    headers = {"authorization": basic("client", "secret")}
    assert vendor.uninstalled(headers, orjson.dumps(GONE)) == ("456", "78")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, orjson.dumps(GONE)),
        ({"Authorization": basic("client", "guess")}, orjson.dumps(GONE)),
        ({"Authorization": basic("client", "secret")}, b"{}"),
        ({"Authorization": basic("client", "secret")}, b"no json"),
    ],
)
def test_nobody_else_can_say_so(start: Start, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(BadSignature):
        start().vendor.uninstalled(headers, body)


def test_leaving_ends_the_subscriptions_and_gives_the_access_back(start: Start) -> None:
    hooks = [{"id": 1, "subscription_url": "https://ours.example/webhooks/pipedrive"},
             {"id": 2, "subscription_url": "https://other.example"}]  # fmt: skip
    pd = start({"GET /v1/webhooks": ok(hooks), "POST /oauth/revoke": (200, b"")})
    pd.connector.uninstall()
    assert pd.paths() == ["GET /v1/webhooks", "DELETE /v1/webhooks/1", "POST /oauth/revoke"]
    (asked,) = pd.asked("POST", "/oauth/revoke")
    assert asked.form == {"token": "refresh", "token_type_hint": "refresh_token"}
