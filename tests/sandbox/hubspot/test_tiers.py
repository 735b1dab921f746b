"""What an account of each tier can grant, do and see, and what a change of its tier does."""

from __future__ import annotations

import pytest

from sandbox.assembly import assemble
from sandbox.hubspot.grants import Grants
from sandbox.server import serve
from sandbox.simulation import Simulation
from sandbox.world.records import TIERS, App
from tests.sandbox.hubspot.conftest import USER
from tests.sandbox.hubspot.test_oauth import code_of, consent, exchange, press, token
from tests.sandbox.support import PAID, REQUIRED, SCOPES, Client, Receiver, SandboxServer

SEQUENCES = "/automation/sequences/2026-03"
ENROL = f"{SEQUENCES}/enrollments?userId=9001"


@pytest.mark.parametrize("tier", TIERS)
def test_optional_scopes_come_with_the_tier(tier: str) -> None:
    with SandboxServer(tier=tier) as server:
        told = exchange(server, code_of(server, optional_scope=" ".join(PAID))).json()
        paid = tier not in ("free", "starter")
        assert set(told["scopes"]) == {*REQUIRED, *(PAID if paid else ())}
        client = Client(server.url, told["access_token"])
        assert client.get(SEQUENCES, userId="9001").status_code == (200 if paid else 403)
        seated = tier in ("professional", "enterprise")
        refused = client.post(ENROL, {})
        assert refused.status_code == (400 if seated else 403), refused.text


@pytest.mark.parametrize(
    ("tier", "installs"),
    [
        pytest.param("starter", False, marks=pytest.mark.refusal("install_tier")),
        ("professional", True),
    ],
)
def test_a_required_scope_of_a_higher_tier_bars_the_installation(tier: str, installs: bool) -> None:
    with SandboxServer(tier=tier) as server:
        server.app.required_scopes = [*REQUIRED, "automation"]
        page = consent(server, scope=" ".join(server.app.required_scopes)).text
        if installs:
            assert "code" in press(server, page, "approve")
            return
        with pytest.raises(AssertionError, match="include automation"):
            press(server, page, "approve")


@pytest.mark.parametrize("kept", [False, True])
def test_a_downgrade_takes_what_the_tier_had_given(kept: bool) -> None:
    with SandboxServer(settings={"downgrade_withdraws_scopes": not kept}) as server:
        told = exchange(server, code_of(server, optional_scope=" ".join(PAID))).json()
        client = Client(server.url, told["access_token"])
        assert client.get(SEQUENCES, userId="9001").status_code == 200
        server.account.tier = "starter"
        refused = client.get(SEQUENCES, userId="9001")
        assert refused.status_code == 403
        assert refused.json()["category"] == ("FORBIDDEN" if kept else "MISSING_SCOPES")
        facts = token(server, "/introspect", token=told["access_token"]).json()
        assert (PAID[0] in facts["scopes"]) is kept
        again = token(server, grant_type="refresh_token", refresh_token=told["refresh_token"])
        assert (PAID[0] in again.json()["scopes"]) is kept
        server.account.tier = "professional"
        assert client.get(SEQUENCES, userId="9001").status_code == 200


@pytest.mark.parametrize("tier", TIERS)
def test_stage_properties_come_with_the_tier(tier: str) -> None:
    with SandboxServer(tier=tier) as server:
        server.account.create("deals", {"dealstage": "qualifiedtobuy"}, USER)
        client, paid = server.client(), tier not in ("free", "starter")
        listed = client.get("/crm/properties/2026-03/deals").json()["results"]
        names = {one["name"] for one in listed}
        for name in ("hs_v2_date_entered_contractsent", "hs_v2_date_entered_current_stage"):
            assert (name in names) is paid
            answer = client.get(f"/crm/properties/2026-03/deals/{name}")
            assert answer.status_code == (200 if paid else 404)


def test_scopes_are_withdrawn_while_the_app_is_running() -> None:
    owners, events = "/crm/owners/2026-03", [{"subscriptionType": "deal.creation"}]
    with Receiver() as receiver:
        simulation = Simulation()
        flask = assemble(simulation)
        portal = simulation.generate(deals=2).portal_id
        http = serve(flask, port=0)
        http.start()
        try:
            app = App(7, "c", "s", [], [], webhook_url=receiver.url, subscriptions=events)
            simulation.world.register_app(app)
            grants = Grants.of(simulation.world)
            refresh = grants.issue_refresh(7, portal, 9001, SCOPES)
            client = Client(http.url, grants.issue_access(refresh, 1800))
            assert client.get(owners).status_code == 200
            account = simulation.world.accounts[portal]
            account.create("deals", {"dealname": "Heard"}, USER)
            flask.extensions["hubspot"].deliveries.flush(5)
            assert len(receiver.events()) == 1
            gone = ["crm.objects.owners.read", "crm.objects.deals.read"]
            told = client.post(f"/sandbox/accounts/{portal}", {"withdraw_scopes": gone})
            assert told.status_code == 200, told.text
            assert client.get(owners).json()["category"] == "MISSING_SCOPES"
            account.create("deals", {"dealname": "Unheard"}, USER)
            flask.extensions["hubspot"].deliveries.flush(5)
            assert len(receiver.events()) == 1
            again = Client(http.url, grants.issue_access(refresh, 1800))
            assert again.get(owners).status_code == 403, "a fresh token has no more"
        finally:
            http.stop()
