"""The end of records and their way back, as plain HTTP shows them: merge, deletion, privacy."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.records import Link, Record
from sandbox.world.store import Account
from tests.sandbox.hubspot.conftest import USER, task_input, types
from tests.sandbox.support import Client, SandboxServer

OBJECTS = "/crm/objects/2026-03"
LINKS = "/crm/associations/2026-03"


def merge(api: Client, kind: str, primary: str, other: str) -> dict[str, Any]:
    body = {"primaryObjectId": primary, "objectIdToMerge": other}
    answer = api.post(f"{OBJECTS}/{kind}/merge", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def read(api: Client, kind: str, record_id: str, *names: str, **more: Any) -> dict[str, Any]:
    answer = api.get(f"{OBJECTS}/{kind}/{record_id}", properties=",".join(names), **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def values(api: Client, kind: str, record_id: str, *names: str) -> list[str | None]:
    properties = read(api, kind, record_id, *names)["properties"]
    return [properties[name] for name in names]


def ends(api: Client, kind: str, record_id: str, other: str) -> list[str]:
    answer = api.post(f"{LINKS}/{kind}/{other}/batch/read", {"inputs": [{"id": record_id}]})
    return [to["toObjectId"] for one in answer.json()["results"] for to in one["to"]]


def test_a_merge_makes_a_new_record_to_which_both_ids_lead(
    api: Client, account: Account, contact: Record, deal: Record
) -> None:
    fields = {"email": "merge@example.com", "phone": "1", "firstname": "Other"}
    other = account.create("contacts", fields, USER)
    theirs = account.create("deals", {"dealname": "T"}, USER, [Link("contacts", other.id)])
    new = merge(api, "contacts", contact.id, other.id)["id"]
    assert new not in (contact.id, other.id)
    for one in (contact.id, other.id, new):
        assert read(api, "contacts", one)["id"] == new
    assert values(api, "contacts", new, "phone", "firstname", "email", "hs_additional_emails") == [
        "1",
        "C",
        contact.get("email"),
        "merge@example.com",
    ]
    assert values(api, "contacts", new, "hs_merged_object_ids") == [f"{contact.id};{other.id}"]
    assert sorted(ends(api, "contacts", new, "deals")) == sorted([deal.id, theirs.id])
    assert ends(api, "deals", theirs.id, "contacts") == [new]
    assert values(api, "contacts", new, "num_associated_deals") == ["2"]
    told = read(api, "contacts", new, propertiesWithHistory="firstname")["propertiesWithHistory"]
    assert [v["value"] for v in told["firstname"]] == ["C"], "of one instant, the primary's"
    by_address = {"idProperty": "email"}
    assert read(api, "contacts", "merge@example.com", **by_address)["id"] == new
    both = {"inputs": [{"id": contact.id}, {"id": other.id}], "properties": []}
    batch = api.post(f"{OBJECTS}/contacts/batch/read", both)
    assert (batch.status_code, [one["id"] for one in batch.json()["results"]]) == (200, [new])


def test_merged_records_are_neither_listed_nor_in_the_recycle_bin(
    api: Client, account: Account
) -> None:
    one = account.create("companies", {"name": "A", "domain": "a.example"}, USER)
    two = account.create("companies", {"name": "B", "city": "Bonn"}, USER)
    new = merge(api, "companies", one.id, two.id)["id"]
    listed = api.get(f"{OBJECTS}/companies", limit=100).json()["results"]
    assert [row["id"] for row in listed] == [new]
    assert api.get(f"{OBJECTS}/companies", archived="true").json()["results"] == []
    gone = api.get(f"{OBJECTS}/companies/{two.id}", archived="true")
    assert gone.status_code == 404
    assert values(api, "companies", two.id, "name", "city") == ["A", "Bonn"]


def test_histories_are_united_and_the_primary_value_wins(
    api: Client, sandbox: SandboxServer, account: Account
) -> None:
    kept = account.create("deals", {"dealname": "K", "dealstage": "qualifiedtobuy"}, USER)
    sandbox.clock.advance(1000)
    fields = {"dealname": "G", "dealstage": "contractsent", "amount": "10"}
    gone = account.create("deals", fields, USER)
    sandbox.clock.advance(1000)
    new = merge(api, "deals", kept.id, gone.id)["id"]
    told = read(api, "deals", new, "amount", propertiesWithHistory="dealstage,amount")
    assert told["properties"]["dealstage"] == "qualifiedtobuy"
    assert told["properties"]["amount"] == "10"
    stages = [(v["value"], v["sourceType"]) for v in told["propertiesWithHistory"]["dealstage"]]
    assert stages == [
        ("qualifiedtobuy", "MERGE_OBJECTS"),
        ("contractsent", "CRM_UI"),
        ("qualifiedtobuy", "CRM_UI"),
    ]
    assert [v["value"] for v in told["propertiesWithHistory"]["amount"]] == ["10"]
    first = read(api, "deals", new, "createdate")
    assert first["createdAt"] == first["properties"]["createdate"] < told["updatedAt"]


def test_merges_in_a_row_lead_to_the_last(api: Client, account: Account, deal: Record) -> None:
    one, two, three = (account.create("deals", {"dealname": n}, USER) for n in "123")
    first = merge(api, "deals", one.id, two.id)["id"]
    last = merge(api, "deals", three.id, two.id)["id"]
    assert {read(api, "deals", x.id)["id"] for x in (one, two, three)} == {last}
    assert read(api, "deals", first)["id"] == last
    changed = api.call("PATCH", f"{OBJECTS}/deals/{one.id}", {"properties": {"amount": "7"}})
    assert changed.json()["id"] == last
    assert api.call("DELETE", f"{OBJECTS}/deals/{two.id}").status_code == 204
    assert api.get(f"{OBJECTS}/deals/{last}").status_code == 404
    assert api.get(f"{OBJECTS}/deals/{last}", archived="true").status_code == 200


def test_open_tasks_follow_a_merge(
    api: Client, account: Account, deal: Record, contact: Record
) -> None:
    task = api.post(f"{OBJECTS}/tasks", task_input(deal, contact)).json()["id"]
    other = account.create("deals", {"dealname": "P"}, USER)
    later = {"hs_timestamp": "2026-11-20T09:00:00Z"}
    on_other = [{"to": {"id": other.id}, "types": [types(216)]}]
    second = api.post(f"{OBJECTS}/tasks", {"properties": later, "associations": on_other})
    new = merge(api, "deals", other.id, deal.id)["id"]
    assert ends(api, "tasks", task, "deals") == [new]
    assert sorted(ends(api, "deals", new, "tasks")) == sorted([task, second.json()["id"]])
    assert values(api, "deals", new, "num_notes", "notes_next_activity_date") == [
        "2",
        "2026-10-20T09:00:00Z",
    ]


def test_of_two_primary_companies_the_primary_records_stays(api: Client, account: Account) -> None:
    firms = [account.create("companies", {"name": n}, USER) for n in "ab"]
    one, two = (
        account.create("contacts", {}, USER, [Link("companies", firm.id, ("", "primary"))])
        for firm in firms
    )
    new = merge(api, "contacts", one.id, two.id)["id"]
    told = api.get(f"{OBJECTS}/contacts/{new}/associations/companies").json()["results"]
    labels = {row["toObjectId"]: {t["label"] for t in row["associationTypes"]} for row in told}
    assert labels == {firms[0].id: {None, "Primary"}, firms[1].id: {None}}


def test_a_lagging_reader_still_has_the_primary_record(account: Account) -> None:
    with SandboxServer(settings={"read_lag_seconds": 60.0}) as server:
        api = server.client()
        one = server.account.create("deals", {"dealname": "1"}, USER)
        two = server.account.create("deals", {"dealname": "2"}, USER)
        for record in (one, two):
            record.shadow = None  # they were there long before
        new = merge(api, "deals", one.id, two.id)["id"]
        assert read(api, "deals", one.id)["id"] == one.id
        assert api.get(f"{OBJECTS}/deals/{new}").status_code == 404
        server.settings.update({"read_lag_seconds": 0.0})
        assert read(api, "deals", one.id)["id"] == new


def test_a_restored_record_finds_what_was_merged_meanwhile(api: Client, account: Account) -> None:
    one, two = (account.create("contacts", {"firstname": n}, USER) for n in "ab")
    deal = account.create("deals", {"dealname": "D"}, USER, [Link("contacts", two.id)])
    api.call("DELETE", f"{OBJECTS}/deals/{deal.id}")
    new = merge(api, "contacts", one.id, two.id)["id"]
    account.restore("deals", deal.id, USER)
    assert read(api, "deals", deal.id)["archived"] is False
    assert ends(api, "deals", deal.id, "contacts") == [new]
    assert ends(api, "contacts", new, "deals") == [deal.id]


@pytest.mark.parametrize("by", ["id", "email"])
def test_erased_for_good(api: Client, account: Account, by: str) -> None:
    email = f"erase-{by}@example.com"
    person = account.create("contacts", {"email": email, "firstname": "P"}, USER)
    deal = account.create("deals", {"dealname": "D"}, USER, [Link("contacts", person.id)])
    body = {"objectId": person.id} if by == "id" else {"objectId": email, "idProperty": "email"}
    assert api.post(f"{OBJECTS}/contacts/gdpr-delete", body).status_code == 204
    for archived in ("false", "true"):
        gone = api.get(f"{OBJECTS}/contacts/{person.id}", archived=archived)
        assert gone.status_code == 404
        listed = api.get(f"{OBJECTS}/contacts", limit=100, archived=archived).json()["results"]
        assert person.id not in [row["id"] for row in listed]
    assert ends(api, "deals", deal.id, "contacts") == []
    again = api.post(f"{OBJECTS}/contacts", {"properties": {"email": email}})
    assert again.status_code == 201, "an erased contact may come back as another one"


def test_an_archived_contact_can_still_be_erased(api: Client, contact: Record) -> None:
    api.call("DELETE", f"{OBJECTS}/contacts/{contact.id}")
    body = {"objectId": contact.id}
    assert api.post(f"{OBJECTS}/contacts/gdpr-delete", body).status_code == 204
    assert api.get(f"{OBJECTS}/contacts/{contact.id}", archived="true").status_code == 404
    assert api.post(f"{OBJECTS}/contacts/gdpr-delete", body).status_code == 404


def test_an_address_that_nobody_has_is_blocked(api: Client) -> None:
    body = {"objectId": "Never@Example.com", "idProperty": "email"}
    assert api.post(f"{OBJECTS}/contacts/gdpr-delete", body).status_code == 204
    refused = api.post(f"{OBJECTS}/contacts", {"properties": {"email": "never@example.com"}})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "INVALID_EMAIL"


@pytest.mark.parametrize(
    "body", [{}, {"objectId": ""}, {"objectId": "x", "idProperty": "firstname"}]
)
def test_an_erasure_that_names_nobody_is_refused(api: Client, body: dict[str, str]) -> None:
    assert api.post(f"{OBJECTS}/contacts/gdpr-delete", body).status_code == 400
