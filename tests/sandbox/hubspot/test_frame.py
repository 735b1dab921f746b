"""Pipelines, owners, properties, account facts and search over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.records import Owner, Team
from sandbox.world.store import Account
from tests.sandbox.hubspot.conftest import USER
from tests.sandbox.support import PORTAL, START, Client, SandboxServer

OBJECTS = "/crm/objects/2026-03"
PROPERTIES = "/crm/properties/2026-03"


def test_pipelines(api: Client) -> None:
    told = api.get("/crm/pipelines/2026-03/deals").json()["results"]
    assert [one["id"] for one in told] == ["default"]
    stages = {one["id"]: one["metadata"] for one in told[0]["stages"]}
    assert stages["closedwon"] == {"isClosed": "true", "probability": "1.0"}
    assert stages["closedlost"] == {"isClosed": "true", "probability": "0.0"}
    assert stages["qualifiedtobuy"]["isClosed"] == "false"
    assert api.get("/crm/pipelines/2026-03/deals/default").json() == told[0]


def test_owners(api: Client, account: Account) -> None:
    account.add_team(Team("7", "North"))
    account.add_owner(
        Owner("503", 9003, "left@example.com", "Le", "Ft", [("7", True)], archived=True)
    )
    active = api.get("/crm/owners/2026-03", limit=1).json()
    assert active["results"][0]["userId"] == 9001
    after = active["paging"]["next"]["after"]
    rest = api.get("/crm/owners/2026-03", limit=1, after=after).json()
    assert [one["id"] for one in rest["results"]] == ["502"]
    assert "paging" not in rest
    found = api.get("/crm/owners/2026-03", email="BEN@example.com").json()["results"]
    assert [one["id"] for one in found] == ["502"]
    gone = api.get("/crm/owners/2026-03", archived="true").json()["results"][0]
    assert gone["teams"] == [{"id": "7", "name": "North", "primary": True}]
    assert "userId" not in gone
    assert gone["userIdIncludingInactive"] == 9003
    by_user = api.get("/crm/owners/2026-03/9002", idProperty="userId").json()
    assert by_user["id"] == "502"


def test_account_facts_follow_the_season(sandbox: SandboxServer, api: Client) -> None:
    told = api.get("/account-info/2026-03/details").json()
    assert told["portalId"] == PORTAL
    assert told["timeZone"] == "Europe/Amsterdam"
    assert told["companyCurrency"] == "EUR"
    assert told["utcOffset"] == "+02:00"
    assert told["utcOffsetMilliseconds"] == 7_200_000


def test_properties_from_definition_to_value(api: Client, account: Account) -> None:
    group = {"name": "followthrough", "label": "Followthrough"}
    assert api.post(f"{PROPERTIES}/deals/groups", group).status_code == 201
    momentum = {
        "name": "followthrough_momentum",
        "label": "Momentum",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "followthrough",
        "options": [{"label": "Hot", "value": "hot"}, {"label": "Warm", "value": "warm"}],
    }
    due = {
        "name": "followthrough_next_touch_at",
        "label": "Next",
        "type": "datetime",
        "fieldType": "date",
        "groupName": "followthrough",
    }
    both = {"inputs": [momentum, due]}
    assert api.post(f"{PROPERTIES}/deals/batch/create", both).status_code == 201
    again = api.post(f"{PROPERTIES}/deals/batch/create", both)
    assert again.status_code == 207
    assert again.json()["numErrors"] == 2
    assert again.json()["errors"][0]["category"] == "OBJECT_ALREADY_EXISTS"
    names = {"inputs": [{"name": "followthrough_momentum"}, {"name": "nothing"}]}
    known = api.post(f"{PROPERTIES}/deals/batch/read", names)
    assert known.status_code == 207
    assert known.json()["results"][0]["hubspotDefined"] is False
    deal = account.create("deals", {"dealname": "P"}, USER)
    values = {"followthrough_momentum": "hot", "followthrough_next_touch_at": str(START)}
    api.call("PATCH", f"{OBJECTS}/deals/{deal.id}", {"properties": values})
    shown = api.get(f"{OBJECTS}/deals/{deal.id}", properties=",".join(values)).json()["properties"]
    assert shown["followthrough_momentum"] == "hot"
    assert shown["followthrough_next_touch_at"] == "2026-10-12T06:00:00Z"
    api.call("PATCH", f"{PROPERTIES}/deals/followthrough_momentum", {"label": "M"})
    assert api.get(f"{PROPERTIES}/deals/followthrough_momentum").json()["label"] == "M"
    gone = {"inputs": [{"name": "followthrough_momentum"}, {"name": "nothing"}]}
    assert api.post(f"{PROPERTIES}/deals/batch/archive", gone).status_code == 204
    assert api.get(f"{PROPERTIES}/deals/followthrough_momentum").status_code == 404
    groups = api.get(f"{PROPERTIES}/deals/groups").json()["results"]
    assert "followthrough" in [one["name"] for one in groups]


def test_schema_tells_what_is_read_only(api: Client) -> None:
    told = {one["name"]: one for one in api.get(f"{PROPERTIES}/deals").json()["results"]}
    assert told["hs_is_closed"]["modificationMetadata"]["readOnlyValue"] is True
    assert told["dealname"]["modificationMetadata"]["readOnlyValue"] is False


# --- search --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def searched() -> Any:
    with SandboxServer(settings={"rate_limit_multiplier": 1000.0}) as server:
        for number in range(1, 8):
            server.clock.advance(1000)
            fields = {
                "dealname": f"Deal {number}",
                "amount": str(number * 10),
                "dealstage": "closedwon" if number > 5 else "qualifiedtobuy",
            }
            if number % 2:
                fields["hubspot_owner_id"] = "501"
            server.account.create("deals", fields, USER)
        yield server


def found(server: SandboxServer, filters: list[Any] | None = None, **more: Any) -> list[str]:
    body = {"properties": ["dealname"], "limit": 100, **more}
    if filters is not None:
        body["filterGroups"] = [{"filters": filters}]
    answer = server.client().post(f"{OBJECTS}/deals/search", body)
    assert answer.status_code == 200, answer.text
    return [one["properties"]["dealname"][5:] for one in answer.json()["results"]]


@pytest.mark.parametrize(
    ("name", "operator", "value", "expected"),
    [
        ("amount", "GT", {"value": "50"}, "67"),
        ("amount", "GTE", {"value": "50"}, "567"),
        ("amount", "LT", {"value": "20"}, "1"),
        ("amount", "LTE", {"value": "20"}, "12"),
        ("amount", "EQ", {"value": "30.0"}, "3"),
        ("amount", "BETWEEN", {"value": "20", "highValue": "40"}, "234"),
        ("dealstage", "EQ", {"value": "closedwon"}, "67"),
        ("dealstage", "NEQ", {"value": "closedwon"}, "12345"),
        ("dealstage", "IN", {"values": ["closedwon", "closedlost"]}, "67"),
        ("dealstage", "NOT_IN", {"values": ["closedwon"]}, "12345"),
        ("hubspot_owner_id", "HAS_PROPERTY", {}, "1357"),
        ("hubspot_owner_id", "NOT_HAS_PROPERTY", {}, "246"),
        ("dealname", "CONTAINS_TOKEN", {"value": "*4"}, "4"),
        ("hs_lastmodifieddate", "GTE", {"value": str(START + 6000)}, "67"),
        ("createdate", "LT", {"value": "2026-10-12T06:00:03Z"}, "12"),
    ],
)
def test_search_operators(
    searched: SandboxServer, name: str, operator: str, value: dict[str, Any], expected: str
) -> None:
    one = {"propertyName": name, "operator": operator, **value}
    assert found(searched, [one]) == list(expected)


def test_search_groups_sort_query_and_pages(searched: SandboxServer) -> None:
    low = {"propertyName": "amount", "operator": "LT", "value": "20"}
    high = {"propertyName": "amount", "operator": "GT", "value": "60"}
    groups = [{"filters": [low]}, {"filters": [high]}]
    assert found(searched, filterGroups=groups) == ["1", "7"]
    falling = [{"propertyName": "amount", "direction": "DESCENDING"}]
    assert found(searched, sorts=falling)[:2] == ["7", "6"]
    assert found(searched, query="deal 5") == ["5"]
    told = searched.client().post(f"{OBJECTS}/deals/search", {"limit": 3, "after": "3"}).json()
    assert told["total"] == 7
    assert len(told["results"]) == 3
    assert told["paging"]["next"]["after"] == "6"


def test_search_lags_behind() -> None:
    with SandboxServer(settings={"search_lag_seconds": 60.0}) as server:
        api = server.client()
        assert api.post(f"{OBJECTS}/deals/search", {}).json()["total"] == 0
        server.account.create("deals", {"dealname": "New"}, USER)
        assert api.post(f"{OBJECTS}/deals/search", {}).json()["total"] == 0
        assert len(api.get(f"{OBJECTS}/deals").json()["results"]) == 1, "reads do not lag"
        server.settings.update({"search_lag_seconds": 0.0})
        assert api.post(f"{OBJECTS}/deals/search", {}).json()["total"] == 1
