"""Records over HTTP: written, read with history, looked up, listed and in partial batches."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.records import Actor, Link, Record
from sandbox.world.store import Account
from tests.sandbox.hubspot.conftest import USER, task_input, types
from tests.sandbox.support import SCOPES, START, Client, SandboxServer

OBJECTS = "/crm/objects/2026-03"
TOUCH = {
    "name": "touch_id",
    "label": "Touch",
    "type": "string",
    "fieldType": "text",
    "groupName": "tasksinformation",
    "hasUniqueValue": True,
}


@pytest.fixture
def touch(api: Client) -> str:
    made = api.post("/crm/properties/2026-03/tasks", TOUCH)
    assert made.status_code in (201, 409)
    return "touch_id"


def read(api: Client, kind: str, ids: list[str], **more: Any) -> Any:
    params = {"archived": "true"} if more.pop("archived", False) else {}
    body = {"inputs": [{"id": one} for one in ids], "properties": [], **more}
    return api.post(f"{OBJECTS}/{kind}/batch/read", body, **params)


def test_batch_create_with_associations(
    api: Client, account: Account, deal: Record, contact: Record
) -> None:
    body = {"inputs": [task_input(deal, contact), task_input(deal, contact)]}
    answer = api.post(f"{OBJECTS}/tasks/batch/create", body)
    assert answer.status_code == 201
    told = answer.json()
    assert told["status"] == "COMPLETE"
    assert len(told["results"]) == 2
    first = told["results"][0]
    assert first["properties"]["hs_timestamp"] == "2026-10-20T09:00:00Z"
    shown = read(api, "tasks", [first["id"]], properties=["hs_object_source"]).json()["results"][0]
    assert shown["properties"]["hs_object_source"] == "INTEGRATION"
    task = account.need("tasks", first["id"])
    assert task.linked("deals") == [deal.id]
    assert task.linked("contacts") == [contact.id]
    assert deal.linked("tasks") == [one["id"] for one in told["results"]]


def test_instants_are_taken_both_ways_and_told_in_iso(api: Client) -> None:
    for given in ("1792486800000", "2026-10-20T11:00:00+02:00", "2026-10-20T09:00:00.000Z"):
        body = {"properties": {"hs_timestamp": given, "hs_note_body": "x"}}
        told = api.post(f"{OBJECTS}/notes", body).json()
        assert told["properties"]["hs_timestamp"] == "2026-10-20T09:00:00Z"


def test_read_with_history_newest_first(
    sandbox: SandboxServer, api: Client, account: Account, deal: Record
) -> None:
    sandbox.clock.advance(1500)
    api.call("PATCH", f"{OBJECTS}/deals/{deal.id}", {"properties": {"dealstage": "contractsent"}})
    answer = read(api, "deals", [deal.id], propertiesWithHistory=["dealstage"])
    assert answer.status_code == 200
    versions = answer.json()["results"][0]["propertiesWithHistory"]["dealstage"]
    assert [v["value"] for v in versions] == ["contractsent", "qualifiedtobuy"]
    assert versions[0]["sourceType"] == "INTEGRATION"
    assert versions[0]["sourceId"] == "777"
    assert versions[1]["sourceType"] == "CRM_UI"
    assert versions[1]["sourceId"] == "userId:9001"
    assert versions[1]["updatedByUserId"] == 9001
    assert versions[0]["timestamp"] > versions[1]["timestamp"]


def test_equal_value_makes_no_version(api: Client, account: Account, deal: Record) -> None:
    before = deal.updated_at
    same = {"properties": {"dealstage": "qualifiedtobuy"}}
    assert api.call("PATCH", f"{OBJECTS}/deals/{deal.id}", same).status_code == 200
    assert len(deal.history["dealstage"]) == 1
    assert deal.updated_at == before


@pytest.mark.refusal("ids_missing")
def test_missing_ids_make_a_207(api: Client, deal: Record) -> None:
    answer = read(api, "deals", [deal.id, "999"], properties=["dealname", "amount", "no_such"])
    assert answer.status_code == 207
    told = answer.json()
    assert [one["id"] for one in told["results"]] == [deal.id]
    shown = told["results"][0]["properties"]
    assert shown["amount"] is None
    assert "no_such" not in shown
    assert told["numErrors"] == 1
    assert told["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert told["errors"][0]["context"]["ids"] == ["999"]


def test_look_up_by_unique_property_live_and_archived(
    api: Client, deal: Record, contact: Record, touch: str
) -> None:
    made = api.post(f"{OBJECTS}/tasks", task_input(deal, contact, touch_id="look-up")).json()
    found = read(api, "tasks", ["look-up"], idProperty=touch, properties=[touch])
    assert found.status_code == 200
    assert found.json()["results"][0]["id"] == made["id"]
    api.call("DELETE", f"{OBJECTS}/tasks/{made['id']}")
    assert read(api, "tasks", ["look-up"], idProperty=touch).status_code == 207
    gone = read(api, "tasks", ["look-up"], idProperty=touch, archived=True).json()["results"]
    assert gone[0]["id"] == made["id"]
    assert gone[0]["archived"] is True
    assert gone[0]["archivedAt"]


@pytest.mark.refusal("unique_taken")
@pytest.mark.parametrize("status", [400, 409])
def test_unique_conflict(
    sandbox: SandboxServer, api: Client, deal: Record, contact: Record, touch: str, status: int
) -> None:
    sandbox.settings.update({"unique_conflict_status": status})
    one = task_input(deal, contact, touch_id=f"same-{status}")
    assert api.post(f"{OBJECTS}/tasks", one).status_code == 201
    before = len(deal.linked("tasks"))
    for path, body in (("tasks", one), ("tasks/batch/create", {"inputs": [one]})):
        answer = api.post(f"{OBJECTS}/{path}", body)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"
    assert len(deal.linked("tasks")) == before
    sandbox.settings.update({"unique_conflict_status": 400})


def test_inputs_of_one_batch_conflict_with_each_other(
    api: Client, deal: Record, contact: Record, touch: str
) -> None:
    one = task_input(deal, contact, touch_id="twice")
    answer = api.post(f"{OBJECTS}/tasks/batch/create", {"inputs": [one, one]})
    assert answer.status_code == 400
    assert deal.linked("tasks") == [], "without trace ids a batch is all or nothing"


@pytest.mark.parametrize("held", [False, True])
def test_unique_value_of_an_archived_record(
    sandbox: SandboxServer, api: Client, deal: Record, contact: Record, touch: str, held: bool
) -> None:
    one = task_input(deal, contact, touch_id=f"archived-{held}")
    first = api.post(f"{OBJECTS}/tasks", one).json()["id"]
    api.post(f"{OBJECTS}/tasks/batch/archive", {"inputs": [{"id": first}]})
    sandbox.settings.update({"archived_hold_unique": held})
    again = api.post(f"{OBJECTS}/tasks", one)
    sandbox.settings.update({"archived_hold_unique": False})
    assert again.status_code == (400 if held else 201)


@pytest.mark.refusal("contact_exists")
def test_contact_email_conflict_is_409_whatever_its_case(api: Client, contact: Record) -> None:
    body = {"properties": {"email": contact.get("email").upper()}}
    answer = api.post(f"{OBJECTS}/contacts", body)
    assert answer.status_code == 409
    assert answer.json()["category"] == "CONFLICT"
    assert contact.id in answer.json()["message"]


def test_trace_ids_make_partial_results(
    api: Client, account: Account, deal: Record, contact: Record
) -> None:
    good = {**task_input(deal, contact), "objectWriteTraceId": "good"}
    bad = {**task_input(deal, contact, hs_task_type="FAX"), "objectWriteTraceId": "bad"}
    stray = {**task_input(deal, contact), "objectWriteTraceId": "stray"}
    stray["associations"] = [{"to": {"id": "999"}, "types": [types(216)]}]
    answer = api.post(f"{OBJECTS}/tasks/batch/create", {"inputs": [bad, good, stray]})
    assert answer.status_code == 207
    told = answer.json()
    assert [one["objectWriteTraceId"] for one in told["results"]] == ["good"]
    assert told["numErrors"] == 2
    traced = {e["context"]["objectWriteTraceId"][0]: e for e in told["errors"]}
    assert traced["bad"]["errors"][0]["code"] == "INVALID_OPTION"
    assert traced["stray"]["context"]["INVALID_OBJECT_IDS"] == ["DEAL=999 is not valid"]
    assert len(deal.linked("tasks")) == 1


def test_same_trace_id_twice_is_all_or_nothing(api: Client, deal: Record, contact: Record) -> None:
    good = {**task_input(deal, contact), "objectWriteTraceId": "one"}
    bad = {**task_input(deal, contact, hs_task_type="FAX"), "objectWriteTraceId": "one"}
    assert api.post(f"{OBJECTS}/tasks/batch/create", {"inputs": [good, bad]}).status_code == 400
    assert deal.linked("tasks") == []


def test_batch_update(api: Client, account: Account, deal: Record) -> None:
    changes = [
        {"id": deal.id, "properties": {"amount": "120.5"}, "objectWriteTraceId": "a"},
        {"id": "999", "properties": {"amount": "1"}, "objectWriteTraceId": "b"},
        {"id": deal.id, "properties": {"amount": "x"}, "objectWriteTraceId": "c"},
    ]
    answer = api.post(f"{OBJECTS}/deals/batch/update", {"inputs": changes})
    assert answer.status_code == 207
    told = answer.json()
    assert told["results"][0]["properties"]["amount"] == "120.5"
    assert told["numErrors"] == 2
    assert deal.get("amount") == "120.5"


def test_emptying_a_property(api: Client, deal: Record) -> None:
    empty = {"properties": {"hubspot_owner_id": ""}}
    told = api.call("PATCH", f"{OBJECTS}/deals/{deal.id}", empty).json()
    assert told["properties"]["hubspot_owner_id"] is None
    assert deal.history["hubspot_owner_id"][-1].value == ""


def test_upsert_creates_then_overwrites(api: Client, account: Account) -> None:
    def upsert(name: str) -> Any:
        one = {"id": "up@example.com", "idProperty": "email", "properties": {"firstname": name}}
        answer = api.post(f"{OBJECTS}/contacts/batch/upsert", {"inputs": [one]})
        assert answer.status_code == 200
        return answer.json()["results"][0]

    first, second = upsert("A"), upsert("B")
    assert (first["new"], second["new"]) == (True, False)
    assert first["id"] == second["id"]
    assert account.need("contacts", first["id"]).get("firstname") == "B"


def test_archive_twice_and_unknown_ids_pass(api: Client, account: Account, deal: Record) -> None:
    body = {"inputs": [{"id": deal.id}, {"id": "999"}]}
    for _ in range(2):
        assert api.post(f"{OBJECTS}/deals/batch/archive", body).status_code == 204
    assert account.find("deals", deal.id) is None
    assert api.call("DELETE", f"{OBJECTS}/deals/{deal.id}").status_code == 204


def test_list_pages_by_id_and_carries_associations(api: Client, account: Account) -> None:
    person = account.create("contacts", {"firstname": "P"}, USER)
    link = [Link("contacts", person.id)]
    made = [account.create("companies", {"name": f"C{n}"}, USER, link).id for n in range(5)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        told = api.get(f"{OBJECTS}/companies", limit=2, associations="contacts", **after).json()
        for one in told["results"]:
            seen.append(one["id"])
            found = one["associations"]["contacts"]["results"]
            assert found == [{"id": person.id, "type": "company_to_contact_unlabeled"}]
        if "paging" not in told:
            break
        after = {"after": told["paging"]["next"]["after"]}
    assert seen == made
    account.archive("companies", made[0], USER)
    gone = api.get(f"{OBJECTS}/companies", archived="true").json()["results"]
    assert [one["id"] for one in gone] == [made[0]]
    account.restore("companies", made[0], USER)
    back = api.get(f"{OBJECTS}/companies", limit=3).json()["results"]
    assert [one["id"] for one in back] == made[:3], "a restored record stands in its old place"


def test_email_content_needs_its_scope(sandbox: SandboxServer, account: Account) -> None:
    headers = '{"from":{"email":"p@example.com"},"to":[{"email":"ada@example.com"}]}'
    mail = account.create(
        "emails",
        {
            "hs_timestamp": str(START),
            "hs_email_subject": "Re",
            "hs_email_direction": "INCOMING_EMAIL",
            "hs_email_headers": headers,
        },
        Actor("EMAIL_INTEGRATION"),
    )
    names = ["hs_email_subject", "hs_email_direction", "hs_email_from_email", "hs_email_to_email"]
    whole = read(sandbox.client(), "emails", [mail.id], properties=names).json()["results"][0]
    assert whole["properties"]["hs_email_subject"] == "Re"
    assert whole["properties"]["hs_email_from_email"] == "p@example.com"
    assert whole["properties"]["hs_email_to_email"] == "ada@example.com"
    blind = sandbox.client(scopes=[one for one in SCOPES if one != "sales-email-read"])
    shown = read(blind, "emails", [mail.id], properties=names).json()["results"][0]["properties"]
    assert "hs_email_subject" not in shown
    assert shown["hs_email_direction"] == "INCOMING_EMAIL"


def test_stage_dates_only_on_paid_tiers() -> None:
    for tier, shown in (("professional", True), ("starter", False)):
        with SandboxServer(tier=tier) as server:
            deal = server.account.create("deals", {"dealstage": "qualifiedtobuy"}, USER)
            name = "hs_v2_date_entered_qualifiedtobuy"
            told = read(server.client(), "deals", [deal.id], properties=[name]).json()
            assert (name in told["results"][0]["properties"]) is shown


def test_read_lag_shows_the_former_state() -> None:
    with SandboxServer(settings={"read_lag_seconds": 60.0}) as server:
        api = server.client()
        old = server.account.create("deals", {"dealname": "Old"}, USER)
        api.get(f"{OBJECTS}/deals")
        server.account.update("deals", old.id, {"dealname": "New"}, USER)
        new = server.account.create("deals", {"dealname": "Newer"}, USER)
        told = read(api, "deals", [old.id, new.id], properties=["dealname"])
        assert told.status_code == 207
        assert [one["properties"]["dealname"] for one in told.json()["results"]] == ["Old"]
        server.settings.update({"read_lag_seconds": 0.0})
        told = read(api, "deals", [old.id, new.id], properties=["dealname"]).json()
        assert [one["properties"]["dealname"] for one in told["results"]] == ["New", "Newer"]
