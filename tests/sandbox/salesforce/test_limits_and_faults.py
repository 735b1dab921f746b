"""How often an org may be called, and failures to order."""

from __future__ import annotations

import json

import pytest

from sandbox.har import Har
from sandbox.world.records import Record
from tests.sandbox.salesforce.support import Client, Place, sfid

LIMITS = "~/limits"


@pytest.mark.refusal("sf_daily_limit")
def test_an_org_has_so_many_calls_in_a_day(alone: Place) -> None:
    api = alone.client()
    told = api.call("GET", LIMITS)
    assert told.headers["Sforce-Limit-Info"] == "api-usage=1/102000"
    assert told.json()["DailyApiRequests"] == {"Max": 102_000, "Remaining": 101_999}
    alone.salesforce.limits.spend(alone.account, 101_998)
    assert api.get(LIMITS)["DailyApiRequests"]["Remaining"] == 0
    answer = api.call("GET", LIMITS)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert "Retry-After" not in answer.headers
    assert api.get("/services/oauth2/userinfo"), "who the user is costs nothing"


def test_an_admin_may_set_calls_apart_for_the_app(alone: Place) -> None:
    alone.settings.update({"salesforce_app_quota": 250})
    alone.salesforce.limits.spend(alone.account, 10)
    told = alone.client().call("GET", LIMITS).headers["Sforce-Limit-Info"]
    assert told == "api-usage=11/102000; per-app-api-usage=1/250(appName=Acme)"


@pytest.mark.parametrize(
    ("tier", "most"), [("developer", 15_000), ("enterprise", 102_000), ("unlimited", 110_000)]
)
def test_the_edition_decides(tier: str, most: int) -> None:
    with Place(tier=tier) as place:
        told = place.client().call("GET", LIMITS)
        assert told.headers["Sforce-Limit-Info"] == f"api-usage=1/{most}"


def test_a_collection_is_one_call(alone: Place) -> None:
    api = alone.client()
    record = {"attributes": {"type": "Task"}, "Subject": "x"}
    answer = api.call("POST", "~/composite/sobjects", {"records": [record] * 200})
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/102000"
    assert all(one["success"] for one in answer.json())


@pytest.mark.refusal("sf_at_once")
def test_only_some_long_calls_run_at_once() -> None:
    with Place(tier="developer", settings={"salesforce_long_call_seconds": 600.0}) as place:
        found = place.salesforce.limits
        numbers = [found.admit(place.account) for _ in range(5)]
        assert place.client().get(LIMITS), "they have not run for long"
        place.settings.update({"salesforce_long_call_seconds": 0.0})  # now they have
        assert place.client().error("GET", LIMITS) == (403, "REQUEST_LIMIT_EXCEEDED")
        for number in numbers:
            found.over(place.account, number)
        assert place.client().get(LIMITS)


@pytest.mark.refusal("sf_api_disabled")
def test_a_professional_edition_may_have_no_api() -> None:
    with Place(tier="professional") as place:
        assert place.client().get(LIMITS)
        place.settings.update({"salesforce_professional_api": False})
        assert place.client().error("GET", LIMITS) == (403, "API_DISABLED_FOR_ORG")


def test_refusals_may_tell_the_limits_too(alone: Place) -> None:
    api = alone.client()
    missing = "~/sobjects/Gadget/describe"
    assert "Sforce-Limit-Info" not in api.call("GET", missing).headers
    alone.settings.update({"salesforce_limit_info_on_errors": True})
    assert "Sforce-Limit-Info" in api.call("GET", missing).headers


@pytest.mark.refusal("sf_lock_row", "sf_lock")
def test_a_record_that_somebody_else_is_writing(alone: Place) -> None:
    api, deal = alone.client(), alone.deal()
    alone.salesforce.faults.add({"match": "ROW Task", "kind": "lock", "at_nth": 2})
    records = [{"attributes": {"type": "Task"}, "Subject": str(n)} for n in range(3)]
    results = api.ok("POST", "~/composite/sobjects", {"records": records})
    assert [one["success"] for one in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    address = f"~/sobjects/Opportunity/{sfid('Opportunity', deal)}"
    for status in (400, 409):
        alone.settings.update({"salesforce_lock_status": status})
        alone.salesforce.faults.add({"match": "ROW Opportunity", "kind": "lock"})
        assert api.error("PATCH", address, {"NextStep": "x"}) == (status, "UNABLE_TO_LOCK_ROW")
        assert deal.get("hs_next_step") == ""


@pytest.mark.parametrize(
    ("kind", "status", "shape"),
    [
        ("429", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("401_before", 401, "INVALID_SESSION_ID"),
        ("500_before", 500, "UNKNOWN_EXCEPTION"),
        ("503_before", 503, "<!DOCTYPE html>"),
        ("502_after", 502, "<!DOCTYPE html>"),
    ],
)
def test_failures_have_the_vendors_shape(alone: Place, kind: str, status: int, shape: str) -> None:
    alone.salesforce.faults.add({"match": "GET /salesforce/.*", "kind": kind})
    answer = alone.client().call("GET", LIMITS)
    assert answer.status_code == status
    assert shape in answer.text
    assert ("json" in answer.headers["Content-Type"]) == (shape[0] != "<")


def test_a_lost_answer_leaves_what_was_done(alone: Place) -> None:
    api = alone.client()
    alone.salesforce.faults.add({"match": "POST .*/sobjects/Task", "kind": "503_after"})
    assert api.call("POST", "~/sobjects/Task", {"Subject": "done"}).status_code == 503
    assert api.query("SELECT Subject FROM Task") == [{"Subject": "done"}]


def test_readers_may_lag(alone: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    alone.settings.update({"read_lag_seconds": 600.0})
    api = alone.client()
    api.get(LIMITS)  # from here on former states are kept
    deal: Record = alone.deal()
    opportunity = sfid("Opportunity", deal)
    assert api.error("GET", f"~/sobjects/Opportunity/{opportunity}")[0] == 404
    assert api.query("SELECT Id FROM Opportunity") == []
    alone.settings.update({"read_lag_seconds": 0.0})
    assert api.query("SELECT Id FROM Opportunity") == [{"Id": opportunity}]


def test_every_call_is_archived_with_its_secrets_masked(alone: Place) -> None:
    alone.settings.update({"har": True})
    access, _ = alone.mint()
    Client(alone.url, access).get("~/query", q="SELECT Id FROM Task")
    (entry,) = alone.salesforce.har.export()["log"]["entries"]
    assert entry["request"]["url"].startswith(f"{alone.url}/salesforce/services/data/v67.0/query")
    assert entry["_scopes"] == [("api", "full")]
    assert access not in str(entry)


def test_no_token_or_signature_of_an_answer_is_archived() -> None:
    har, hidden = Har(), ("t0p-s3cret", "r3fr3sh", "s1gn3d")
    answer = dict(zip(("access_token", "refresh_token", "signature"), hidden, strict=True))
    har.record(
        started=0, seconds=0, method="POST", url="http://127.0.0.1/salesforce/services/oauth2/token",
        request_headers=[("Content-Type", "application/x-www-form-urlencoded")],
        request_body=b"grant_type=refresh_token&refresh_token=r3fr3sh&client_secret=s1gn3d",
        status=200, response_headers=[("Content-Type", "application/json")],
        response_body=json.dumps(answer | {"instance_url": "http://127.0.0.1"}).encode(),
    )  # fmt: skip
    archived = json.dumps(har.export())
    assert "instance_url" in archived
    assert not [one for one in hidden if one in archived]
