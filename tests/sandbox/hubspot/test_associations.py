"""Associations over HTTP, one pair at a time and in batches."""

from __future__ import annotations

import pytest

from sandbox.world.records import Link, Record
from sandbox.world.store import Account
from tests.sandbox.hubspot.conftest import USER, types
from tests.sandbox.support import Client

OBJECTS = "/crm/objects/2026-03"
BATCH = "/crm/associations/2026-03/deals/contacts/batch"


@pytest.mark.refusal("associations_none")
def test_batch_read_names_records_without_any(
    api: Client, account: Account, deal: Record, contact: Record
) -> None:
    alone = account.create("deals", {"dealname": "Alone"}, USER)
    answer = api.post(f"{BATCH}/read", {"inputs": [{"id": deal.id}, {"id": alone.id}]})
    assert answer.status_code == 207
    told = answer.json()
    assert told["results"][0]["from"] == {"id": deal.id}
    assert told["results"][0]["to"] == [
        {
            "toObjectId": contact.id,
            "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}],
        }
    ]
    problem = told["errors"][0]
    assert problem["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert problem["context"]["fromObjectId"] == [alone.id]


def test_batch_create_and_archive(
    api: Client, account: Account, deal: Record, contact: Record
) -> None:
    other = account.create("contacts", {"firstname": "O"}, USER)
    pair = {"from": {"id": deal.id}, "to": {"id": other.id}, "types": [types(3)]}
    stray = {"from": {"id": deal.id}, "to": {"id": "999"}, "types": [types(3)]}
    answer = api.post(f"{BATCH}/create", {"inputs": [pair, stray]})
    assert answer.status_code == 207
    assert len(answer.json()["results"]) == 1
    assert set(deal.linked("contacts")) == {contact.id, other.id}
    assert other.linked("deals") == [deal.id]
    assert deal.get("num_associated_contacts") == "2"
    gone = {"from": {"id": deal.id}, "to": [{"id": other.id}, {"id": "999"}]}
    assert api.post(f"{BATCH}/archive", {"inputs": [gone]}).status_code == 200
    assert deal.linked("contacts") == [contact.id]
    assert other.linked("deals") == []


def test_default_both_ways(api: Client, account: Account, deal: Record) -> None:
    other = account.create("contacts", {"firstname": "O"}, USER)
    body = {"inputs": [{"from": {"id": deal.id}, "to": {"id": other.id}}]}
    told = api.post(f"{BATCH}/associate/default", body).json()
    numbers = [one["associationSpec"]["associationTypeId"] for one in told["results"]]
    assert numbers == [3, 4]
    assert other.linked("deals") == [deal.id]


def test_one_pair(api: Client, account: Account, deal: Record, contact: Record) -> None:
    note = account.create("notes", {"hs_timestamp": "1", "hs_note_body": "x"}, USER)
    path = f"{OBJECTS}/notes/{note.id}/associations"
    assert api.call("PUT", f"{path}/deals/{deal.id}", [types(214)]).status_code == 201
    assert api.call("PUT", f"{path}/default/contacts/{contact.id}").status_code == 200
    told = api.get(f"{path}/deals").json()["results"]
    assert [one["toObjectId"] for one in told] == [deal.id]
    assert told[0]["associationTypes"][0]["typeId"] == 214
    assert api.call("DELETE", f"{path}/deals/{deal.id}").status_code == 204
    assert api.get(f"{path}/deals").json()["results"] == []
    assert api.get(f"{path}/contacts").json()["results"][0]["toObjectId"] == contact.id


def test_labels_of_the_account_have_types_of_their_own(
    api: Client, account: Account, deal: Record
) -> None:
    champion = account.create("contacts", {"firstname": "Ch"}, USER)
    account.associate(("deals", deal.id), Link("contacts", champion.id, ("Champion",)), USER)
    told = api.post(f"{BATCH}/read", {"inputs": [{"id": deal.id}]}).json()
    found = {one["toObjectId"]: one["associationTypes"] for one in told["results"][0]["to"]}
    shown = [(t["category"], t["label"]) for t in found[champion.id]]
    assert shown == [("HUBSPOT_DEFINED", None), ("USER_DEFINED", "Champion")]
    number = found[champion.id][1]["typeId"]
    other = account.create("contacts", {"firstname": "O"}, USER)
    pair = {
        "from": {"id": deal.id},
        "to": {"id": other.id},
        "types": [types(number, "USER_DEFINED")],
    }
    assert api.post(f"{BATCH}/create", {"inputs": [pair]}).status_code == 201
    assert deal.links["contacts"][other.id] == ("", "Champion")


def test_pages_of_one_record(api: Client, account: Account, deal: Record) -> None:
    for number in range(4):
        account.create("notes", {"hs_timestamp": str(number)}, USER, [Link("deals", deal.id)])
    path = f"{OBJECTS}/deals/{deal.id}/associations/notes"
    first = api.get(path, limit=3).json()
    rest = api.get(path, limit=3, after=first["paging"]["next"]["after"]).json()
    assert [len(first["results"]), len(rest["results"])] == [3, 1]
    assert "paging" not in rest
