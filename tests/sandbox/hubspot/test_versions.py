"""Two dated versions side by side, and what the later one holds writes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.control_account import change_account
from sandbox.world.records import Record
from tests.sandbox.hubspot.conftest import USER
from tests.sandbox.support import Client, SandboxServer

OLD, NEW = "/crm/objects/2026-03", "/crm/objects/2026-09"
REQUIRED = {
    "deals": ["amount", {"property": "closed_lost_reason", "when": "dealstage", "is": "closedlost"}]
}


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(settings={"rate_limit_multiplier": 1000.0}) as made:
        change_account(made.account, {"required_properties": REQUIRED})
        yield made


@pytest.fixture
def client(server: SandboxServer) -> Client:
    return server.client()


@pytest.fixture
def deal(server: SandboxServer) -> Record:
    return server.account.create("deals", {"dealname": "D", "dealstage": "qualifiedtobuy"}, USER)


def write(client: Client, way: str, base: str, deal: Record, **values: str) -> Any:
    one = {"id": deal.id, "properties": values}
    if way == "create":
        return client.post(f"{base}/deals", {"properties": values})
    if way == "batch create":
        return client.post(f"{base}/deals/batch/create", {"inputs": [{"properties": values}]})
    if way == "patch":
        return client.call("PATCH", f"{base}/deals/{deal.id}", {"properties": values})
    return client.post(f"{base}/deals/batch/update", {"inputs": [one]})


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer.json().get("errors", ())]


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_both_versions_are_served(client: Client, deal: Record, version: str) -> None:
    assert client.get(f"/crm/objects/{version}/deals/{deal.id}").json()["id"] == deal.id
    assert client.get(f"/crm/owners/{version}").status_code == 200
    assert client.get(f"/account-info/{version}/details").status_code == 200


def test_others_are_not(client: Client) -> None:
    assert client.get("/crm/objects/2025-03/deals").status_code == 404


def test_counts_tell_them_apart(server: SandboxServer, client: Client) -> None:
    client.get(f"{OLD}/deals")
    client.get(f"{NEW}/deals")
    assert set(server.hubspot.stats()["calls"]) == {
        "GET /crm/objects/2026-03/{object_type}",
        "GET /crm/objects/2026-09/{object_type}",
    }


@pytest.mark.refusal("required_missing")
@pytest.mark.parametrize("way", ["create", "batch create"])
def test_a_new_record_has_what_is_required(client: Client, deal: Record, way: str) -> None:
    assert write(client, way, OLD, deal, dealname="N").status_code == 201
    refused = write(client, way, NEW, deal, dealname="N")
    assert refused.status_code == 400
    assert codes(refused) == ["MISSING_REQUIRED_PROPERTY"]
    assert write(client, way, NEW, deal, dealname="N", amount="5").status_code == 201


@pytest.mark.refusal("required_missing")
@pytest.mark.parametrize("way", ["patch", "batch update"])
def test_a_change_does_not_empty_it(client: Client, deal: Record, way: str) -> None:
    assert write(client, way, NEW, deal, dealname="N").status_code == 200, "left alone"
    refused = write(client, way, NEW, deal, amount="")
    assert refused.status_code == 400
    assert codes(refused) == ["MISSING_REQUIRED_PROPERTY"]
    assert write(client, way, OLD, deal, amount="").status_code == 200


@pytest.mark.refusal("required_missing")
def test_a_change_may_have_to_fill_what_was_empty(
    server: SandboxServer, client: Client, deal: Record
) -> None:
    server.settings.update({"required_on_every_update": True})
    assert codes(write(client, "patch", NEW, deal, dealname="N")) == ["MISSING_REQUIRED_PROPERTY"]
    assert write(client, "patch", NEW, deal, dealname="N", amount="5").status_code == 200
    assert write(client, "patch", NEW, deal, dealname="O").status_code == 200


@pytest.mark.refusal("required_missing_here")
@pytest.mark.parametrize("way", ["patch", "batch update"])
def test_a_value_may_ask_for_another(client: Client, deal: Record, way: str) -> None:
    refused = write(client, way, NEW, deal, dealstage="closedlost")
    assert refused.status_code == 400
    assert codes(refused) == ["MISSING_CONDITIONAL_REQUIRED_PROPERTY"]
    assert deal.get("dealstage") == "qualifiedtobuy"
    reason = {"dealstage": "closedlost", "closed_lost_reason": "price"}
    assert write(client, way, NEW, deal, **reason).status_code == 200
    assert codes(write(client, way, NEW, deal, closed_lost_reason="")) == [
        "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    ]
    assert write(client, way, NEW, deal, dealstage="contractsent").status_code == 200


def test_an_account_may_have_task_statuses_of_its_own(
    server: SandboxServer, client: Client
) -> None:
    task = {"properties": {"hs_timestamp": "1", "hs_task_status": "IN_REVIEW"}}
    assert client.post(f"{OLD}/tasks", task).status_code == 400
    change_account(server.account, {"task_statuses": ["IN_REVIEW"]})
    assert client.post(f"{OLD}/tasks", task).status_code == 201
