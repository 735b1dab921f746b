"""OAuth against the sandbox, and the refresh of tokens by many at once."""

from __future__ import annotations

import base64
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from app.model.time import Wall
from connectors.access import Access
from connectors.budget import MemoryBudgetStore
from connectors.config import VendorConfig
from connectors.contract import AuthRevoked, Invalid, Tokens, Transient
from connectors.hubspot.registration import scopes
from connectors.registry import vendor
from sandbox.world.records import App
from tests.connectors.hubspot.conftest import Installed
from tests.connectors.support import Asked, Calls, Clocks, MemoryTokenStore, ScriptedVendor
from tests.sandbox.support import PORTAL


def test_authorize_url_asks_for_scopes_with_state_and_pkce() -> None:
    made = vendor("hubspot", VendorConfig("my-id", "s"))
    url = made.authorize_url("the state", "https://x.example/cb?a=1", "challenge")
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://app.hubspot.com/oauth/authorize"
    assert query["scope"].split(" ") == list(scopes().required)
    assert query["optional_scope"].split(" ") == list(scopes().optional)
    assert query["state"] == "the state"
    assert query["redirect_uri"] == "https://x.example/cb?a=1"
    assert (query["code_challenge"], query["code_challenge_method"]) == ("challenge", "S256")
    assert "+" not in parts.query, "spaces are %20"


def test_an_unknown_crm_is_named() -> None:
    with pytest.raises(ValueError, match="'pipedream'; there are: hubspot"):
        vendor("pipedream", VendorConfig("a", "b"))


def test_exchange_reads_what_was_really_granted() -> None:
    def script(asked: Asked) -> tuple[int, object]:
        if asked.path.endswith("/introspect"):
            assert asked.form["token"] == "at"
            return 200, {"active": True, "hub_id": 42, "scopes": ["oauth"], "user": "a@b.c"}
        return 200, {
            "access_token": "at", "refresh_token": "rt", "expires_in": 60, "hub_id": 42,
            "scopes": ["oauth", "sales-email-read"],
        }

    with ScriptedVendor(script) as server:
        made = vendor("hubspot", VendorConfig("my-id", "my-secret", server.url))
        tokens = made.exchange("the-code", "http://localhost/cb", "verifier")
    form = server.asked[0].form
    assert server.asked[0].path == "/oauth/2026-03/token"
    assert form == {
        "grant_type": "authorization_code", "code": "the-code", "code_verifier": "verifier",
        "redirect_uri": "http://localhost/cb", "client_id": "my-id", "client_secret": "my-secret",
    }
    assert (tokens.access, tokens.refresh, tokens.account) == ("at", "rt", "42")
    assert tokens.scopes == ("oauth",)
    assert tokens.user == "a@b.c"
    assert 50_000 < tokens.expires_wall - Clocks().wall() <= 60_000


def test_a_bad_code_says_to_start_again(hubspot: Installed) -> None:
    sandbox = hubspot.sandbox
    config = VendorConfig(sandbox.app.client_id, sandbox.app.client_secret, sandbox.url)
    with pytest.raises(Invalid, match="Start the connection again"):
        vendor("hubspot", config).exchange("nonsense", sandbox.app.redirect_uris[0], "v")


def test_eight_threads_refresh_once(hubspot: Installed) -> None:
    hubspot.restart(expired=True)
    gate = threading.Barrier(8)

    def read(_: int) -> int:
        gate.wait()
        return len(hubspot.connector.pipelines())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(8))) == [1] * 8
    assert hubspot.calls.count("/oauth/") == 1
    assert len(hubspot.store.saved) == 1


def test_processes_refresh_once() -> None:
    """They share only the token store and its lock."""

    class Counting:
        calls = 0

        def refresh(self, old: Tokens) -> Tokens:
            self.calls += 1
            return Tokens("new", old.refresh, Wall(Clocks().wall() + 60_000))

    oauth = Counting()
    store = MemoryTokenStore(Tokens("old", "r", Wall(0)))
    processes = [Access(store, oauth, Clocks()) for _ in range(4)]  # type: ignore[arg-type]
    gate = threading.Barrier(4)

    def bearer(access: Access) -> str:
        gate.wait()
        return access.bearer()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(bearer, processes)) == ["new"] * 4
    assert oauth.calls == 1


def test_a_token_is_saved_before_it_is_used() -> None:
    class Breaking(MemoryTokenStore):
        def save(self, tokens: Tokens) -> None:
            raise RuntimeError("disk full")

    class Answering:
        def refresh(self, old: Tokens) -> Tokens:
            return Tokens("new", "r2", Wall(Clocks().wall() + 60_000))

    access = Access(Breaking(Tokens("old", "r", Wall(0))), Answering(), Clocks())  # type: ignore[arg-type]
    for _ in range(2):  # nor is it remembered
        with pytest.raises(RuntimeError):
            access.bearer()


def test_a_refused_token_is_renewed_once_and_the_call_repeated(hubspot: Installed) -> None:
    deal = hubspot.deal()
    hubspot.restart(access="withdrawn")
    assert [record.id for record in hubspot.connector.read("deal", [deal.id])] == [deal.id]
    assert hubspot.calls.count("/oauth/") == 1
    assert hubspot.calls.statuses() == [401, 200, 200]
    hubspot.connector.read("deal", [deal.id])
    assert hubspot.calls.count("/oauth/") == 1


def test_a_fresh_token_that_is_refused_is_transient() -> None:
    def script(asked: Asked) -> tuple[int, object]:
        if "/oauth/" in asked.path:
            return 200, {"access_token": f"t{len(server.asked)}", "expires_in": 1800}
        return 401, {"category": "INVALID_AUTHENTICATION"}

    store = MemoryTokenStore(Tokens("t", "r", Wall(Clocks().wall() + 60_000)))
    with ScriptedVendor(script) as server:
        made = vendor("hubspot", VendorConfig("i", "s", server.url)).connect(
            store, MemoryBudgetStore(), Clocks(), Calls()
        )
        with pytest.raises(Transient, match="just issued"):
            made.read("deal", ["1"])
    assert [asked.path.split("/")[1] for asked in server.asked] == ["crm", "oauth", "crm"]
    assert store.tokens.refresh == "r", "a refresh that sends none keeps the old one"


def test_an_uninstalled_app_is_revoked(hubspot: Installed) -> None:
    hubspot.connector.uninstall()
    hubspot.restart(expired=True)
    with pytest.raises(AuthRevoked, match="Connect it again"):
        hubspot.connector.pipelines()
    assert hubspot.store.saved == []


def test_no_secret_stands_in_an_error_of_the_token_endpoint() -> None:
    def script(asked: Asked) -> tuple[int, object]:
        return 400, {"error": "invalid_grant", "message": asked.raw.decode(), "status": "X"}

    with ScriptedVendor(script) as server:
        made = vendor("hubspot", VendorConfig("i", "my-secret", server.url))
        with pytest.raises(Invalid) as caught:
            made.exchange("the-code", "http://localhost/cb", "the-verifier")
    for hidden in ("my-secret", "the-code", "the-verifier"):
        assert hidden not in caught.value.detail + caught.value.message


def test_consent_with_pkce_from_the_page_to_the_tokens(hubspot: Installed) -> None:
    """The scopes of the install URL are exactly those that the app registers."""
    sandbox = hubspot.sandbox
    redirect = "http://localhost:8700/oauth/callback"
    asked = scopes()
    registered = App(
        778, "client-778", "secret-778", [redirect], list(asked.required), list(asked.optional)
    )
    sandbox.world.register_app(registered)
    config = VendorConfig("client-778", "secret-778", sandbox.url, sandbox.url)
    made = vendor("hubspot", config)
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    url = made.authorize_url("s-1", redirect, challenge)
    session = requests.Session()
    session.trust_env = False
    assert session.get(url, timeout=10).status_code == 200
    form = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    form |= {"decision": "approve", "portal_id": str(PORTAL)}
    decision = f"{sandbox.url}/oauth/authorize/decision"
    answer = session.post(decision, data=form, timeout=10, allow_redirects=False)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["s-1"]
    with pytest.raises(Invalid):
        made.exchange(back["code"][0], redirect, "another verifier")
    answer = session.post(decision, data=form, timeout=10, allow_redirects=False)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    tokens = made.exchange(code, redirect, verifier)
    assert set(tokens.scopes) == {*asked.required, *asked.optional}
    assert tokens.account == str(PORTAL)
    assert tokens.user == "ada@example.com"
    assert tokens.access not in repr(tokens)
