"""Rate limits with the vendor's own 429, failures to order, counts, and the HTTP archive."""

from __future__ import annotations

import orjson
import pytest
import requests

from sandbox.faults import Faults
from sandbox.hubspot import limits
from sandbox.settings import Settings
from sandbox.world.records import App
from tests.sandbox.hubspot.conftest import FOREIGN_PORTAL, USER, task_input
from tests.sandbox.support import SCOPES, Receiver, SandboxServer

OBJECTS = "/crm/objects/2026-03"
DETAILS = "/account-info/2026-03/details"
DEALS = f"{OBJECTS}/deals"


class Wall:
    """The limits' clock, set by the test."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(limits, "time", made)
    return made


@pytest.mark.refusal("rate_ten_seconds")
def test_110_calls_in_ten_seconds_per_app_and_account(wall: Wall) -> None:
    with SandboxServer() as server:
        server.add_account(FOREIGN_PORTAL)
        other = server.world.register_app(App(778, "c", "s", [], list(SCOPES)))
        api = server.client()
        answers = [api.get(DETAILS) for _ in range(110)]
        assert {one.status_code for one in answers} == {200}
        assert answers[0].headers["X-HubSpot-RateLimit-Max"] == "110"
        assert answers[0].headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
        assert answers[0].headers["X-HubSpot-RateLimit-Remaining"] == "109"
        assert answers[-1].headers["X-HubSpot-RateLimit-Remaining"] == "0"
        refused = api.get(DETAILS)
        assert refused.status_code == 429
        told = refused.json()
        assert told["errorType"] == "RATE_LIMIT"
        assert told["policyName"] == "TEN_SECONDLY_ROLLING"
        assert told["message"] == "You have reached your ten_secondly_rolling limit."
        assert "Retry-After" not in refused.headers
        assert server.client().get(DETAILS).status_code == 429, "a second token shares the limit"
        assert server.client(FOREIGN_PORTAL).get(DETAILS).status_code == 200
        assert server.client(app=other).get(DETAILS).status_code == 200
        wall.now += 10.0
        assert api.get(DETAILS).status_code == 200
        assert server.hubspot.stats()["http_429"] == 2


@pytest.mark.refusal("rate_search")
def test_search_five_a_second_apart_from_the_rest(wall: Wall) -> None:
    with SandboxServer() as server:
        api = server.client()
        answers = [api.post(f"{DEALS}/search", {}) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [429]
        assert answers[-1].json()["policyName"] == "SECONDLY"
        assert answers[-1].json()["message"] == "You have reached your secondly limit."
        assert "X-HubSpot-RateLimit-Max" not in answers[0].headers
        assert api.get(DETAILS).headers["X-HubSpot-RateLimit-Remaining"] == "109"
        wall.now += 1.0
        assert api.post(f"{DEALS}/search", {}).status_code == 200


@pytest.mark.refusal("rate_associations")
@pytest.mark.parametrize(("tier", "most"), [("starter", 100), ("professional", 150)])
def test_associations_have_a_limit_of_their_own(wall: Wall, tier: str, most: int) -> None:
    with SandboxServer(tier=tier, settings={"associations_count_twice": False}) as server:
        api = server.client()
        path = "/crm/associations/2026-03/deals/contacts/batch/read"
        answers = [api.post(path, {"inputs": []}).status_code for _ in range(most + 1)]
        assert answers == [200] * most + [429]
        assert api.get(DETAILS).status_code == 200


def test_multiplier_raises_all(wall: Wall) -> None:
    with SandboxServer(settings={"rate_limit_multiplier": 2.0}) as server:
        assert server.client().get(DETAILS).headers["X-HubSpot-RateLimit-Max"] == "220"


# --- faults --------------------------------------------------------------------------------------


@pytest.fixture
def server() -> object:
    with SandboxServer(settings={"rate_limit_multiplier": 1000.0}) as made:
        yield made


def test_refused_before_anything_is_done(server: SandboxServer) -> None:
    server.hubspot.faults.add({"match": f"POST {DEALS}$", "kind": "503_before", "times": 2})
    api, body = server.client(), {"properties": {"dealname": "A"}}
    assert [api.post(DEALS, body).status_code for _ in range(3)] == [503, 503, 201]
    assert len(server.account.objects["deals"]) == 1


def test_done_and_then_refused(server: SandboxServer) -> None:
    server.hubspot.faults.add({"match": f"POST {DEALS}$", "kind": "500_after"})
    answer = server.client().post(DEALS, {"properties": {"dealname": "A"}})
    assert answer.status_code == 500
    assert len(server.account.objects["deals"]) == 1


@pytest.mark.parametrize("kind", ["reset", "timeout"])
@pytest.mark.parametrize(("when", "written"), [("before", 0), ("after", 1)])
def test_no_answer_at_all(server: SandboxServer, kind: str, when: str, written: int) -> None:
    server.hubspot.faults.add({"match": "POST .*", "kind": f"{kind}_{when}", "seconds": 0.01})
    api, body = server.client(), {"properties": {"dealname": "A"}}
    with pytest.raises(requests.ConnectionError):
        api.post(DEALS, body)
    assert len(server.account.objects["deals"]) == written
    assert api.post(DEALS, body).status_code == 201


def test_429_to_order_and_slow(server: SandboxServer) -> None:
    faults = server.hubspot.faults
    faults.add({"match": "GET .*", "kind": "429", "at_nth": 2})
    faults.add({"match": "GET .*owners.*", "kind": "slow", "seconds": 0.01})
    api = server.client()
    answers = [api.get(DETAILS) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 429, 200]
    assert answers[1].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert api.get("/crm/owners/2026-03").status_code == 200
    assert [one["hits"] for one in faults.listing()] == [1, 1]
    assert faults.clear() == 2


def test_oauth_can_fail_too(server: SandboxServer) -> None:
    server.hubspot.faults.add({"match": "POST /oauth/2026-03/token$", "kind": "502_before"})
    assert requests.post(f"{server.url}/oauth/2026-03/token", timeout=5).status_code == 502


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "explode"}, "kind"),
        ({"kind": "429", "when": 1}, "when"),
        ({"kind": "429", "match": "GET ("}, "regular expression"),
    ],
)
def test_faults_that_make_no_sense(fault: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faults().add(fault)


def test_settings_refuse_what_they_do_not_know() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="no_such"):
        settings.update({"token_seconds": 5, "no_such": 1})
    with pytest.raises(ValueError, match="token_seconds"):
        settings.update({"token_seconds": "soon"})
    with pytest.raises(ValueError, match="token_seconds"):
        settings.update({"token_seconds": True})
    assert settings.token_seconds == 1800, "an update is all or nothing"
    settings.update({"read_lag_seconds": 2})
    assert settings.read_lag_seconds == 2.0


# --- counts and archive --------------------------------------------------------------------------


def test_calls_are_counted_by_endpoint_and_status(server: SandboxServer) -> None:
    api = server.client()
    api.get(f"{DEALS}/1")
    api.get(f"{DEALS}/2")
    api.get(DEALS)
    before = server.hubspot.requests()
    assert before == (3, 0)
    told = server.hubspot.stats()
    assert told["calls"]["GET /crm/objects/2026-03/{object_type}/{record_id}"] == {"404": 2}
    assert told["calls"]["GET /crm/objects/2026-03/{object_type}"] == {"200": 1}
    assert told["total"] == 3
    assert all(number for counts in told["calls"].values() for number in counts.values())
    requests.get(f"{server.url}/oauth/authorize", timeout=5)
    assert server.hubspot.requests() == before, "a person at the consent page is no call"


def test_archive_holds_all_and_no_secret() -> None:
    subscriptions = [{"subscriptionType": "deal.creation"}]
    with (
        Receiver() as receiver,
        SandboxServer(
            settings={"har": True}, webhook_url=receiver.url, subscriptions=subscriptions
        ) as server,
    ):
        minted = server.mint()
        form = {
            "grant_type": "refresh_token",
            "client_id": server.app.client_id,
            "client_secret": server.app.client_secret,
            "refresh_token": minted["refresh_token"],
        }
        told = requests.post(f"{server.url}/oauth/2026-03/token", data=form, timeout=5).json()
        api = server.client()
        contact = server.account.create("contacts", {"firstname": "C"}, USER)
        deal = server.account.create("deals", {"dealname": "D"}, USER)
        api.post(f"{OBJECTS}/tasks", task_input(deal, contact))
        api.get(DEALS, limit=1)
        server.hubspot.deliveries.flush(5)
        archive = server.hubspot.har.export()["log"]
    assert archive["version"] == "1.2"
    shown = [(e["request"]["method"], e["response"]["status"]) for e in archive["entries"]]
    assert shown == [("POST", 200), ("POST", 201), ("GET", 200), ("POST", 200)]
    assert "Call about the proposal" in archive["entries"][1]["request"]["postData"]["text"]
    assert archive["entries"][2]["request"]["queryString"] == [{"name": "limit", "value": "1"}]
    assert archive["entries"][3]["request"]["url"] == receiver.url
    text = orjson.dumps(archive).decode()
    secrets = [
        minted["refresh_token"],
        told["access_token"],
        told["refresh_token"],
        server.app.client_secret,
        api.token,
        receiver.got[0][0]["X-HubSpot-Signature-v3"],
    ]
    for secret in secrets:
        assert secret not in text
