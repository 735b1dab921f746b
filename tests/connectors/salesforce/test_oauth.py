"""OAuth: whom we trust, and refresh tokens that are good once, whatever is lost on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet

from app.installations.tokens import SqlTokenStore, TokenVault
from app.model.time import SECOND, Wall
from app.store.engine import Store
from app.store.migrations import migrate
from connectors.access import SETTLED_MS, RotatingAccess
from connectors.config import VendorConfig
from connectors.contract import AuthRevoked, Invalid, Tokens, Transient, Unknown
from connectors.registry import vendor
from connectors.salesforce.oauth import checked_base
from tests.connectors.salesforce.rotating import (
    RotatingVendor,
    access_of,
    connector_on,
)
from tests.connectors.support import (
    Answer,
    Asked,
    Clocks,
    ManualClocks,
    MemoryTokenStore,
    ScriptedVendor,
)

ROOT = Path(__file__).parents[3]


def old_tokens(**changes: object) -> Tokens:
    return replace(Tokens("a0", "r0", Wall(0), ("api",), "00D", base=""), **changes)  # type: ignore[arg-type]


def test_authorize_url_asks_with_pkce_and_for_a_refresh_token() -> None:
    url = vendor("salesforce", VendorConfig("my-id", "s")).authorize_url(
        "the state", "https://x.example/cb", "challenge"
    )
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        "https://login.salesforce.com/services/oauth2/authorize"
    )
    assert query["scope"].split() == ["api", "refresh_token", "offline_access", "openid", "id"]
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert (query["state"], query["code_challenge"]) == ("the state", "challenge")


def test_exchange_sends_verifier_and_secret_and_learns_whose_account_it_is() -> None:
    def script(asked: Asked) -> Answer:
        if asked.path.endswith("/introspect"):
            assert asked.form["token"] == "at"
            return 200, {"active": True, "exp": 2_000_000_000}
        if asked.path.endswith("/userinfo"):
            assert asked.headers["Authorization"] == "Bearer at"
            return 200, {"email": "otto@firm.example"}
        return 200, {
            "access_token": "at", "refresh_token": "rt", "token_type": "Bearer",
            "instance_url": f"http://{asked.headers['Host']}/salesforce",
            "id": "https://login.salesforce.com/id/00Dxx0000001gERAAY/005xx000001Sv6eAAC",
            "scope": "refresh_token api", "issued_at": "1790000000000",
        }  # fmt: skip

    with ScriptedVendor(script) as server:
        base = f"{server.url}/salesforce"
        made = vendor("salesforce", VendorConfig("my-id", "my-secret", base, base))
        tokens = made.exchange("the-code", "http://localhost/cb", "verifier")
    form = server.asked[0].form
    assert server.asked[0].path == "/salesforce/services/oauth2/token"
    assert form == {
        "grant_type": "authorization_code", "code": "the-code", "code_verifier": "verifier",
        "redirect_uri": "http://localhost/cb", "client_id": "my-id", "client_secret": "my-secret",
    }  # fmt: skip
    assert (tokens.access, tokens.refresh, tokens.account) == ("at", "rt", "00Dxx0000001gERAAY")
    assert tokens.base == f"{server.url}/salesforce"
    assert tokens.user == "otto@firm.example"
    assert tokens.scopes == ("refresh_token", "api")
    assert tokens.expires_wall == 2_000_000_000 * SECOND


@pytest.mark.parametrize(
    "told",
    [
        "https://acme.my.salesforce.com.evil.example",
        "https://evilsalesforce.com",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://user@acme.my.salesforce.com",
        "https://127.0.0.1",
        "",
    ],
)
def test_an_address_that_is_not_salesforces_is_refused(told: str) -> None:
    with pytest.raises(Invalid, match="not Salesforce's"):
        checked_base(told, "https://login.salesforce.com")


def test_addresses_of_salesforce_are_taken() -> None:
    for told in ("https://acme.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com/"):
        assert checked_base(told, "https://test.salesforce.com") == told.rstrip("/")
    local = "http://127.0.0.1:8600/salesforce"
    assert checked_base(local, local) == local
    with pytest.raises(Invalid):
        checked_base("https://acme.my.salesforce.com", local)


def test_a_package_that_is_not_installed_is_said_so() -> None:
    made = vendor("salesforce", VendorConfig("a", "b"))
    said = made.consent_refused("invalid_client", "app must be installed into org")
    assert "package is not installed" in said
    assert made.consent_refused("access_denied", "end-user denied authorization") == ""
    answer = {"error": "invalid_client", "error_description": "app must be installed into org"}
    with ScriptedVendor(lambda _: (400, answer)) as server:
        base = f"{server.url}/salesforce"
        with pytest.raises(Invalid, match="package is not installed"):
            vendor("salesforce", VendorConfig("i", "s", base)).exchange("c", "http://x/cb", "v")


def test_no_secret_stands_in_an_error_of_the_token_endpoint() -> None:
    def script(asked: Asked) -> Answer:
        return 400, {"error": "invalid_grant", "error_description": asked.raw.decode()}

    with ScriptedVendor(script) as server:
        made = vendor("salesforce", VendorConfig("i", "my-secret", f"{server.url}/salesforce"))
        with pytest.raises(Invalid) as caught:
            made.exchange("the-code", "http://localhost/cb", "the-verifier")
    for hidden in ("my-secret", "the-code", "the-verifier"):
        assert hidden not in caught.value.detail + caught.value.message


# --- rotation ------------------------------------------------------------------------------------


def test_a_rotated_token_is_marked_before_it_is_sent_and_replaced_by_the_answer() -> None:
    rotating = RotatingVendor(exp=2_000_000_000)
    store = MemoryTokenStore(old_tokens())
    seen: list[int] = []

    def script(asked: Asked) -> Answer:
        if asked.path.endswith("/token"):
            seen.append(store.tokens.spent_wall)
        return rotating(asked)

    with ScriptedVendor(script) as server:
        access = access_of(connector_on(server.url, store))
        assert access.bearer() == "a1"
        assert access.bearer() == "a1"
    assert len(seen) == 1
    assert seen[0] > 0
    assert (store.tokens.refresh, store.tokens.spent_wall) == ("r1", 0)
    assert store.tokens.expires_wall == 2_000_000_000 * SECOND
    assert store.tokens.base == f"{server.url}/salesforce"


def test_eight_threads_refresh_once() -> None:
    rotating = RotatingVendor(exp=2_000_000_000)
    store = MemoryTokenStore(old_tokens())
    gate = threading.Barrier(8)
    with ScriptedVendor(rotating) as server:
        access = access_of(connector_on(server.url, store))

        def bearer(_: int) -> str:
            gate.wait()
            return access.bearer()

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(bearer, range(8))) == ["a1"] * 8
    assert (rotating.refreshes, rotating.reused) == (1, 0)


def test_two_processes_of_eight_threads_never_send_a_refresh_token_twice(tmp_path: Path) -> None:
    database, key = f"sqlite:///{tmp_path}/x.db", Fernet.generate_key().decode()
    store = Store(database)
    migrate(store)
    rotating = RotatingVendor(exp=2_000_000_000)
    with ScriptedVendor(rotating) as server:
        base = f"{server.url}/salesforce"
        SqlTokenStore(store, TokenVault([key]), 1, Clocks()).save(old_tokens(base=base))
        words = [
            sys.executable, "-m", "tests.connectors.salesforce.rotating",
            database, key, server.url, "4",
        ]  # fmt: skip
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        processes = [
            subprocess.Popen(
                words, cwd=ROOT, env=environ, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for _ in range(2)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60)[0] for process in processes]
    assert [line.strip() for line in said] == ["0", "0"], "nobody was refused"
    assert rotating.reused == 0
    assert not rotating.revoked
    assert rotating.refreshes >= 4
    tokens = SqlTokenStore(store, TokenVault([key]), 1, Clocks()).load()
    assert (tokens.refresh, tokens.spent_wall) == (rotating.live, 0)
    store.close()


def rotating_access(
    server: ScriptedVendor, store: MemoryTokenStore, clocks: ManualClocks
) -> RotatingAccess:
    """Another process's, at the manual clocks' time."""
    oauth = connector_on(server.url, store)._parts.oauth  # pyright: ignore[reportPrivateUsage]
    return RotatingAccess(store, oauth, clocks)


def test_a_lost_answer_is_asked_about_and_never_answered_by_sending_again() -> None:
    """Salesforce carried the refresh out and the answer was lost: the grant cannot be saved, but
    the customer is told what happened, and nothing is sent that would withdraw more."""
    rotating = RotatingVendor(lose=1)
    clocks = ManualClocks(wall=1_000_000_000)
    store = MemoryTokenStore(old_tokens())
    with ScriptedVendor(rotating) as server:
        with pytest.raises(Unknown):
            rotating_access(server, store, clocks).bearer()
        assert store.tokens.refresh == "r0"
        assert store.tokens.spent_wall == clocks.now
        with pytest.raises(Transient, match="asked shortly"):
            rotating_access(server, store, clocks).bearer()
        clocks.now += SETTLED_MS
        with pytest.raises(AuthRevoked, match="gives it only once"):
            rotating_access(server, store, clocks).bearer()
    assert (rotating.refreshes, rotating.reused) == (1, 0)


def test_a_crash_before_the_token_was_sent_costs_nothing() -> None:
    """The mark stands, but Salesforce would still take the token: so it is sent."""
    rotating = RotatingVendor()
    clocks = ManualClocks(wall=1_000_000_000)
    store = MemoryTokenStore(old_tokens(spent_wall=Wall(clocks.now - SETTLED_MS)))
    with ScriptedVendor(rotating) as server:
        assert rotating_access(server, store, clocks).bearer() == "a1"
    assert store.tokens.refresh == "r1"
    assert rotating.reused == 0


def test_while_nobody_can_ask_nothing_is_sent() -> None:
    clocks = ManualClocks(wall=1_000_000_000)
    store = MemoryTokenStore(old_tokens(spent_wall=Wall(clocks.now - SETTLED_MS)))
    down = ScriptedVendor(lambda _: (503, b"<html>maintenance</html>"))
    with down as server, pytest.raises(Transient):
        rotating_access(server, store, clocks).bearer()
    assert not any(asked.path.endswith("/token") for asked in server.asked)


def test_an_access_token_that_is_still_good_serves_although_its_refresh_token_is_lost() -> None:
    clocks = ManualClocks(wall=1_000_000_000)
    until = Wall(clocks.now + 60 * SECOND)
    store = MemoryTokenStore(old_tokens(expires_wall=until, spent_wall=Wall(1)))
    with ScriptedVendor(RotatingVendor()) as server:
        assert rotating_access(server, store, clocks).bearer() == "a0"


def test_withdrawn_access_is_told_and_not_repeated() -> None:
    rotating = RotatingVendor()
    rotating.revoked = True
    with ScriptedVendor(rotating) as server:
        access = access_of(connector_on(server.url, MemoryTokenStore(old_tokens())))
        with pytest.raises(AuthRevoked, match="Connect it again"):
            access.bearer()
    assert len(server.asked) == 1


def test_an_account_that_moved_is_found_at_its_new_address() -> None:
    """The address comes with every renewal: an account's My Domain may be renamed."""
    store = MemoryTokenStore(old_tokens(base="http://127.0.0.1:9/gone"))
    with ScriptedVendor(RotatingVendor()) as server:
        access = access_of(connector_on(server.url, store))
        access.bearer()
        assert access.current().base == f"{server.url}/salesforce"
