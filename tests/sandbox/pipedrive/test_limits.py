"""Bursts of a token, tokens of a company's day, the ban, faults, delays of reading."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from sandbox.pipedrive.errors import ApiError
from sandbox.pipedrive.limits import BURSTS, MULTIPLIERS, Limits
from sandbox.settings import Settings
from sandbox.world.records import Record
from tests.sandbox.pipedrive.support import COMPANY, Client, Company

V2 = "/api/v2"
NOON = 1_791_806_400.0
"""2026-10-12 12:00 UTC."""


class Wall:
    """The wall of a test."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def lite(wall: Wall) -> Iterator[Company]:
    with Company(tier="lite") as made:
        made.pipedrive.limits.clock = wall
        yield made


def statuses(api: Client, path: str, count: int) -> list[int]:
    return [api.call("GET", path).status_code for _ in range(count)]


@pytest.mark.refusal("pd_burst")
def test_a_token_has_its_calls_in_two_seconds(lite: Company, wall: Wall) -> None:
    api = lite.client()
    first = api.call("GET", "/v1/users/me")
    assert first.headers["x-ratelimit-limit"] == "80"
    assert first.headers["x-ratelimit-remaining"] == "79"
    assert first.headers["x-ratelimit-reset"] == "2"
    assert statuses(api, "/v1/users/me", 80) == [200] * 79 + [429]
    refused = api.call("GET", "/v1/users/me")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.json()["error"] == "Request over limit"
    assert "retry-after" not in refused.headers
    assert lite.client().call("GET", "/v1/users/me").status_code == 200, "each token has its own"
    wall.now += 2.001
    assert api.call("GET", "/v1/users/me").status_code == 200
    used = lite.pipedrive.stats()["tokens"][str(COMPANY)]["today"]
    assert used == 82 * 2, "a refused call costs nothing"


@pytest.mark.refusal("pd_burst_search")
def test_searches_are_counted_apart(lite: Company) -> None:
    api = lite.client()
    assert statuses(api, f"{V2}/deals/search?term=ab", 11) == [200] * 10 + [429]
    assert api.call("GET", "/v1/users/me").headers["x-ratelimit-remaining"] == "79"


@pytest.mark.refusal("pd_budget")
def test_a_company_has_its_tokens_for_a_day(lite: Company, wall: Wall) -> None:
    lite.account.extra["pipedrive"] = {"seats": 1}
    api, other = lite.client(), lite.client(user="602")
    lite.pipedrive.limits.admit(lite.account, "of another app", "burst", 30_000 - 30)
    assert api.call("GET", f"{V2}/deals").status_code == 200  # 10
    assert other.call("GET", "/v1/users").status_code == 200  # 20: all apps and users share it
    refused = api.call("GET", "/v1/users/me")
    assert refused.status_code == 429
    assert int(refused.headers["x-ratelimit-remaining"]) > 0, "no header tells of the budget"
    wall.now += 11 * 3600
    assert api.call("GET", "/v1/users/me").status_code == 429
    wall.now += 3601
    assert api.call("GET", "/v1/users/me").status_code == 200, "midnight brings new tokens"


def test_what_a_day_of_business_time_takes(lite: Company) -> None:
    lite.settings.update({"rate_limit_multiplier": 1000.0})
    api = lite.client()
    api.get("/v1/users")
    lite.clock.advance(86_400_000)
    api.get(f"{V2}/deals")
    assert lite.pipedrive.stats()["tokens"][str(COMPANY)] == {
        "today": 30,
        "total": 30,
        "busiest_day": 20,
        "allowance": 60_000,
    }


def test_budget_by_plan_seats_and_top_ups(lite: Company) -> None:
    account, limits = lite.account, lite.pipedrive.limits
    assert limits.budget(account) == 30_000 * 2, "two users, two seats"
    for plan, times in MULTIPLIERS.items():
        account.tier = plan
        account.extra["pipedrive"] = {"seats": 3, "top_up": 500}
        assert limits.budget(account) == 30_000 * times * 3 + 500
        headers = limits.admit(account, f"token of {plan}", "burst", 0)
        assert headers["x-ratelimit-limit"] == str(BURSTS[plan])


@pytest.mark.parametrize(
    ("method", "path", "body", "cost"),
    [
        ("GET", f"{V2}/deals", None, 10),
        ("GET", f"{V2}/deals/archived", None, 20),
        ("GET", f"{V2}/deals/search?term=ab", None, 20),
        ("GET", f"{V2}/stages", None, 5),
        ("GET", f"{V2}/stages/1", None, 1),
        ("GET", f"{V2}/activities", None, 10),
        ("GET", "/v1/users", None, 20),
        ("GET", "/v1/users/me", None, 2),
        ("POST", f"{V2}/activities", {"subject": "x"}, 5),
        ("POST", f"{V2}/activities", {"person_id": 1}, 5),
        ("GET", "/v1/deals", None, 0),
    ],
)
def test_what_calls_cost(
    sandbox: Company, api: Client, method: str, path: str, body: object, cost: int
) -> None:
    def total() -> int:
        return sandbox.pipedrive.stats()["tokens"].get(str(COMPANY), {}).get("total", 0)

    before = total()
    api.call(method, path, body)
    assert total() - before == cost


def test_points_that_no_document_settles(lite: Company, wall: Wall) -> None:
    settings = {
        "pipedrive_reset_unit": "milliseconds",
        "pipedrive_retry_after": True,
        "pipedrive_budget_zone": "Europe/Tallinn",
    }
    lite.settings.update(settings)
    api = lite.client()
    assert api.call("GET", "/v1/users/me").headers["x-ratelimit-reset"] == "2000"
    statuses(api, "/v1/users/me", 80)
    assert api.call("GET", "/v1/users/me").headers["retry-after"] == "2"
    before = lite.pipedrive.limits.used()[str(COMPANY)]["today"]
    wall.now = NOON + 9 * 3600 + 1  # midnight in Tallinn, which is three hours ahead
    api.call("GET", "/v1/users/me")
    assert lite.pipedrive.limits.used()[str(COMPANY)]["today"] == 2 < before


@pytest.mark.refusal("pd_banned")
def test_who_goes_on_is_banned_with_a_page(lite: Company, wall: Wall) -> None:
    lite.settings.update({"pipedrive_ban_after": 5})
    api = lite.client()
    assert statuses(api, "/v1/users/me", 87) == [200] * 80 + [429] * 5 + [403] * 2
    page = api.call("GET", "/v1/users/me")
    assert page.headers["Content-Type"].startswith("text/html")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        page.json()
    wall.now += 59
    assert api.call("GET", "/v1/users/me").status_code == 403
    wall.now += 2
    assert api.call("GET", "/v1/users/me").status_code == 200


def test_a_ban_can_be_turned_off(lite: Company) -> None:
    limits = Limits(Settings(pipedrive_ban_after=0), lambda: NOON)
    for _ in range(80):
        limits.admit(lite.account, "token", "burst", 0)
    for _ in range(200):
        with pytest.raises(ApiError, match="pd_burst"):
            limits.admit(lite.account, "token", "burst", 0)


# --- faults and lag ------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "made"), [("500_before", 0), ("500_after", 1), ("429", 0)])
def test_faults(sandbox: Company, api: Client, kind: str, made: int) -> None:
    sandbox.pipedrive.faults.add({"match": "POST /pipedrive/api/v2/activities", "kind": kind})
    before = len(sandbox.account.objects["tasks"])
    answer = api.call("POST", f"{V2}/activities", {"subject": "x"})
    assert answer.status_code == int(kind[:3])
    assert answer.json()["success"] is False
    assert ("x-ratelimit-remaining" in answer.headers) == (kind == "429")
    assert len(sandbox.account.objects["tasks"]) - before == made
    sandbox.pipedrive.faults.clear()


def test_the_line_may_go_dead(sandbox: Company, api: Client) -> None:
    sandbox.pipedrive.faults.add({"match": "POST .*/activities", "kind": "reset_after"})
    before = len(sandbox.account.objects["tasks"])
    with pytest.raises(requests.ConnectionError):
        api.call("POST", f"{V2}/activities", {"subject": "x"})
    assert len(sandbox.account.objects["tasks"]) == before + 1
    sandbox.pipedrive.faults.clear()


def test_reads_and_searches_may_lag(sandbox: Company, api: Client, deal: Record) -> None:
    path = f"{V2}/deals/{deal.id}"
    sandbox.settings.update({"read_lag_seconds": 30.0, "search_lag_seconds": 30.0})
    try:
        api.patch(path, {"title": "Zanzibar"})
        made = api.post(f"{V2}/activities", {"subject": "x", "deal_id": int(deal.id)})
        assert api.get(path)["title"] == "Deal"
        listed = {one["id"]: one["title"] for one in api.get(f"{V2}/deals", limit=500)}
        assert listed[int(deal.id)] == "Deal"
        assert api.get(f"{V2}/deals/search", term="Zanzibar")["items"] == []
        assert api.call("GET", f"{V2}/activities/{made['id']}").status_code == 404
    finally:
        sandbox.settings.update({"read_lag_seconds": 0.0, "search_lag_seconds": 0.0})
    assert api.get(path)["title"] == "Zanzibar"
    found = api.get(f"{V2}/deals/search", term="zanzi")["items"]
    assert [one["item"]["id"] for one in found] == [int(deal.id)]


def test_calls_stand_in_the_archive_with_scopes_and_without_secrets(sandbox: Company) -> None:
    sandbox.settings.update({"har": True})
    try:
        hook = {
            "subscription_url": "https://a.example.com/h",
            "event_action": "*",
            "event_object": "deal",
            "name": "x",
            "http_auth_user": "u",
            "http_auth_password": "very-secret",
        }
        sandbox.client().post("/v1/webhooks", hook)
    finally:
        sandbox.settings.update({"har": False})
    (entry,) = sandbox.pipedrive.har.export()["log"]["entries"]
    assert entry["_scopes"] == [("admin",)]
    assert "very-secret" not in str(entry)
