"""Authorizing an app: package, consent, PKCE, tokens that are used once, who the user is."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox.salesforce import ids, packages
from tests.sandbox.salesforce.support import CALLBACK, DATA, ORG, Client, Place

VERIFIER = "v" * 50
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
ASKED = {
    "response_type": "code",
    "client_id": "client-999",
    "redirect_uri": CALLBACK,
    "scope": "api refresh_token openid",
    "state": "s-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
OAUTH = "/salesforce/services/oauth2"


def consent(sandbox: Place, **changed: Any) -> requests.Response:
    query = {key: one for key, one in {**ASKED, **changed}.items() if one is not None}
    return requests.get(f"{sandbox.url}{OAUTH}/authorize", params=query, timeout=5)


def press(sandbox: Place, decision: str = "approve", **changed: Any) -> dict[str, str]:
    """What the way back carries."""
    form = {**ASKED, "portal_id": str(ORG), "decision": decision, **changed}
    answer = requests.post(
        f"{sandbox.url}{OAUTH}/authorize/decision", data=form, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def token(sandbox: Place, **form: str) -> requests.Response:
    sent = {"client_id": "client-999", "client_secret": "secret-999", **form}
    return requests.post(f"{sandbox.url}{OAUTH}/token", data=sent, timeout=5)


def exchange(sandbox: Place, **changed: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": press(sandbox)["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return token(sandbox, **{**form, **changed})


def refresh(sandbox: Place, old: str) -> requests.Response:
    return token(sandbox, grant_type="refresh_token", refresh_token=old)


def test_the_whole_way(sandbox: Place) -> None:
    page = consent(sandbox)
    assert page.status_code == 200
    assert "Acme is asking to" in page.text
    assert press(sandbox)["state"] == "s-1"
    told = exchange(sandbox).json()
    assert told["instance_url"] == f"{sandbox.url}/salesforce"
    assert told["token_type"] == "Bearer"
    assert "expires_in" not in told
    org, user = told["id"].split("/")[-2:]
    assert (org, user) == (ids.make("Organization", ORG), ids.make("User", 701))
    assert told["scope"] == "api refresh_token openid"
    assert told["issued_at"].isdigit()
    client = Client(sandbox.url, told["access_token"])
    assert client.get("/services/oauth2/userinfo")["organization_id"] == org
    own = client.session.get(told["id"], timeout=5).json()
    assert (own["email"], own["timezone"]) == ("ada@example.com", "Europe/Amsterdam")
    assert "DailyApiRequests" in client.get("~/limits")


def test_who_denies_sends_the_browser_back_with_an_error(sandbox: Place) -> None:
    assert press(sandbox, "deny")["error"] == "access_denied"


@pytest.mark.parametrize(
    ("setting", "error"), [({}, "OAUTH_EC_APP_NOT_FOUND"), (None, "invalid_client")]
)
@pytest.mark.refusal("sf_not_installed")
def test_without_its_package_no_app_is_authorized(
    alone: Place, setting: dict[str, str] | None, error: str
) -> None:
    other = {"salesforce_missing_package_error": "invalid_client"}
    alone.settings.update(other if setting is None else setting)
    packages.uninstall(alone.account, alone.app)
    assert press(alone)["error"] == error


def test_an_admin_installs_the_package_on_its_page(alone: Place) -> None:
    packages.uninstall(alone.account, alone.app)
    address = f"{alone.url}/salesforce/packaging/installPackage.apexp"
    version = str(alone.app.package["id"])
    assert "Install Acme" in requests.get(address, params={"p0": version}, timeout=5).text
    form = {"p0": version, "portal_id": str(ORG), "decision": "install"}
    assert requests.post(address, data=form, timeout=5).status_code == 200
    assert "code" in press(alone)


def test_uninstalling_the_package_ends_sessions_and_takes_its_fields(alone: Place) -> None:
    access, old = alone.mint()
    packages.uninstall(alone.account, alone.app)
    assert Client(alone.url, access).error("GET", "~/limits") == (401, "INVALID_SESSION_ID")
    assert refresh(alone, old).json()["error"] == "invalid_grant"
    names = [one["name"] for one in alone.client().get("~/sobjects/Task/describe")["fields"]]
    assert "Acme_Touch_Id__c" not in names


@pytest.mark.refusal("sf_refresh_reused", "sf_refresh")
def test_a_refresh_token_is_used_once_and_used_again_ends_everything(sandbox: Place) -> None:
    first = exchange(sandbox).json()
    second = refresh(sandbox, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    client = Client(sandbox.url, second["access_token"])
    client.get("~/limits")
    again = refresh(sandbox, first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert client.error("GET", "~/limits") == (401, "INVALID_SESSION_ID")
    assert refresh(sandbox, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_tokens_may_stay_where_they_do_not_rotate(alone: Place) -> None:
    alone.settings.update({"salesforce_refresh_rotates": False})
    first = exchange(alone).json()
    for _ in range(2):
        answer = refresh(alone, first["refresh_token"])
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()


@pytest.mark.refusal("sf_refresh")
def test_a_refresh_token_that_was_idle_too_long_is_dead(alone: Place) -> None:
    old = exchange(alone).json()["refresh_token"]
    alone.settings.update({"salesforce_refresh_idle_seconds": 0.0})
    assert refresh(alone, old).json()["error"] == "invalid_grant"


@pytest.mark.refusal("sf_user")
def test_whoever_left_lends_no_access(alone: Place) -> None:
    access, old = alone.mint(owner="702")
    alone.account.owners["702"].archived = True
    assert Client(alone.url, access).error("GET", "~/limits")[0] == 401
    assert refresh(alone, old).json()["error"] == "inactive_user"


@pytest.mark.refusal("sf_session")
def test_a_session_ends_without_having_said_when(alone: Place) -> None:
    client = alone.client()
    client.get("~/limits")
    alone.settings.update({"salesforce_session_seconds": -1.0})
    assert alone.client().error("GET", "~/limits") == (401, "INVALID_SESSION_ID")


@pytest.mark.refusal("sf_revoke_token")
def test_revoking(sandbox: Place) -> None:
    first = exchange(sandbox).json()
    address = f"{sandbox.url}{OAUTH}/revoke"
    assert requests.post(address, data={"token": first["refresh_token"]}, timeout=5).ok
    client = Client(sandbox.url, first["access_token"])
    assert client.error("GET", "~/limits")[0] == 401
    again = requests.post(address, data={"token": first["refresh_token"]}, timeout=5)
    assert again.json()["error"] == "unsupported_token_type"


def test_introspection_tells_when_a_session_ends(sandbox: Place) -> None:
    told = exchange(sandbox).json()
    form = {"client_id": "client-999", "client_secret": "secret-999"}

    def introspect(text: str) -> dict[str, Any]:
        address = f"{sandbox.url}{OAUTH}/introspect"
        return requests.post(address, data={**form, "token": text}, timeout=5).json()

    access = introspect(told["access_token"])
    assert access["active"]
    assert access["username"] == "ada@example.com"
    assert access["exp"] - access["iat"] == sandbox.settings.salesforce_session_seconds
    assert introspect(told["refresh_token"])["token_type"] == "refresh_token"
    assert introspect("nothing") == {"active": False}


def test_newer_answers_may_carry_more(alone: Place) -> None:
    assert "id_token" not in exchange(alone).json()
    alone.settings.update({"salesforce_token_extras": True})
    told = exchange(alone).json()
    assert told["api_instance_url"] == f"{alone.url}/salesforce"
    assert told["id_token"].count(".") == 2


def test_the_login_host_says_where_everything_is(sandbox: Place) -> None:
    told = Client(sandbox.url, "").get("/.well-known/openid-configuration")
    assert told["token_endpoint"] == f"{sandbox.url}{OAUTH}/token"


PAGES = [
    ("sf_client", {"client_id": "other"}),
    ("sf_redirect", {"redirect_uri": "https://elsewhere.example/cb"}),
    ("sf_response_type", {"response_type": "token"}),
    ("sf_pkce_missing", {"code_challenge": None}),
    ("sf_pkce_missing", {"code_challenge_method": "plain"}),
    ("sf_scope", {"scope": "api full"}),
]


@pytest.mark.refusal(
    "sf_client", "sf_redirect", "sf_response_type", "sf_pkce_missing", "sf_scope", "sf_org"
)
def test_what_the_consent_page_refuses(sandbox: Place) -> None:
    for row, changed in PAGES:
        assert consent(sandbox, **changed).status_code == 400, row
    form = {**ASKED, "portal_id": "1", "decision": "approve"}
    address = f"{sandbox.url}{OAUTH}/authorize/decision"
    assert requests.post(address, data=form, timeout=5).status_code == 400


EXCHANGES = [
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"client_id": "other"}, "invalid_client_id"),
    ({"client_secret": "wrong"}, "invalid_client"),
    ({"code": "wrong"}, "invalid_grant"),
    ({"redirect_uri": "http://localhost/other"}, "redirect_uri_mismatch"),
    ({"code_verifier": "w" * 50}, "invalid_grant"),
    ({"code_verifier": ""}, "invalid_grant"),
]


@pytest.mark.refusal(
    "sf_grant_type", "sf_token_client", "sf_token_secret", "sf_code", "sf_code_redirect",
    "sf_verifier", "sf_token_form",
)  # fmt: skip
def test_what_the_token_endpoint_refuses(sandbox: Place) -> None:
    for changed, error in EXCHANGES:
        answer = exchange(sandbox, **changed)
        assert (answer.status_code, answer.json()["error"]) == (400, error), changed
    answer = requests.post(f"{sandbox.url}{OAUTH}/token", json={"a": 1}, timeout=5)
    assert answer.json()["error"] == "invalid_request"


def test_a_code_is_good_once_and_not_for_long(alone: Place) -> None:
    code = press(alone)["code"]
    assert exchange(alone, code=code).status_code == 200
    assert exchange(alone, code=code).status_code == 400
    alone.settings.update({"salesforce_code_seconds": -1.0})
    assert exchange(alone).json()["error"] == "invalid_grant"


def test_the_client_may_say_who_it_is_by_basic(sandbox: Place) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": press(sandbox)["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    answer = requests.post(
        f"{sandbox.url}{OAUTH}/token", data=form, auth=("client-999", "secret-999"), timeout=5
    )
    assert answer.status_code == 200


def test_versions_need_no_token(sandbox: Place) -> None:
    told = requests.get(f"{sandbox.url}/salesforce/services/data", timeout=5).json()
    assert (told[0]["version"], told[-1]["version"]) == ("31.0", "67.0")
    assert told[-1] == {"label": "Summer '26", "url": DATA, "version": "67.0"}
