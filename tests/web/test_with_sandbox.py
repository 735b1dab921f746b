"""The whole way through the consent page of the sandbox, with HubSpot's connector."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from app.installations.registry import Connectors
from app.store import calls, installations, people, pipelines
from app.store.engine import Store
from app.web.factory import create_app
from connectors.hubspot.registration import scopes
from tests.sandbox.support import PORTAL, SandboxServer
from tests.web.support import URL, Served, wall_now


class RealTime:
    def wall(self) -> int:
        return wall_now()

    business = wall


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(redirect_uri=f"{URL}/oauth/hubspot/callback") as sandbox:
        sandbox.app.required_scopes[:] = scopes().required
        sandbox.app.optional_scopes[:] = scopes().optional
        yield sandbox


@pytest.fixture
def real(store: Store, sandbox: SandboxServer) -> Served:
    served = Served(
        store,
        HUBSPOT_CLIENT_ID=sandbox.app.client_id,
        HUBSPOT_CLIENT_SECRET=sandbox.app.client_secret,
        HUBSPOT_API_BASE=sandbox.url,
        HUBSPOT_APP_BASE=sandbox.url,
    )
    served.clocks = RealTime()  # type: ignore[assignment]
    served.connectors = Connectors(served.config, store, served.clocks)
    served.app = create_app(served)  # type: ignore[arg-type]
    return served


def consent(address: str, decision: str) -> str:
    """What a person does on the consent page; the address it leads back to."""
    page = requests.get(address, timeout=10)
    assert page.status_code == 200, page.text
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    form["decision"] = decision
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    answer = requests.post(
        f"{origin}/oauth/authorize/decision", data=form, timeout=10, allow_redirects=False
    )
    assert answer.status_code in (302, 303), answer.text
    return answer.headers["Location"]


def test_from_connect_to_an_installation_that_imports(real: Served) -> None:
    browser = real.browser()
    back = consent(browser.get("/connect/hubspot").location, "approve")
    assert back.startswith(f"{URL}/oauth/hubspot/callback?")
    answer = browser.get(back.removeprefix(URL))
    assert answer.status_code == 302, answer.text
    inst = real.installation(str(PORTAL))
    with real.store.read() as conn:
        row = installations.get(conn, inst)
        folk = people.read(conn, inst)
        stages = pipelines.read_stages(conn, inst)
    assert row is not None
    assert (row["status"], row["zone"]) == ("importing", "Europe/Amsterdam")
    assert row["unique_touch_id"]
    assert {person["email"] for person in folk.values()} >= {"ada@example.com", "ben@example.com"}
    assert len([person for person in folk.values() if person["role"] == "admin"]) == 1
    assert {stage["kind"] for stage in stages} >= {"won", "lost"}
    assert real.connectors.of(inst).account().id == str(PORTAL)
    real.connectors.flush_calls()
    with real.store.read() as conn:
        assert any("account-info" in call["endpoint"] for call in calls.totals(conn, inst))


def test_a_person_who_declines_connects_nothing(real: Served) -> None:
    browser = real.browser()
    back = consent(browser.get("/connect/hubspot").location, "deny")
    answer = browser.get(back.removeprefix(URL))
    assert answer.status_code == 400
    assert "Access was not granted" in answer.text
    with real.store.read() as conn:
        assert installations.read(conn) == []


def test_a_code_stolen_on_its_way_is_worth_nothing_without_the_verifier(real: Served) -> None:
    victim, thief = real.browser(), real.browser()
    back = consent(victim.get("/connect/hubspot").location, "approve")
    code = parse_qs(urlsplit(back).query)["code"][0]
    answer = thief.back(thief.start(), code)
    assert answer.status_code == 400
    assert "did not hand over access" in answer.text
    with real.store.read() as conn:
        assert installations.read(conn) == []
