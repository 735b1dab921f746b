"""Leads, companies, messages and labels: kinds of records beside deals, contacts and tasks."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot.kinds import define_label
from sandbox.world.records import Link, Record
from sandbox.world.store import Account
from tests.sandbox.hubspot.conftest import USER, types
from tests.sandbox.support import REQUIRED, Client, SandboxServer

OBJECTS = "/crm/objects/2026-03"
LINKS = "/crm/associations/2026-03"


def lead(contact: Record, number: int = 578, **properties: str) -> dict[str, Any]:
    return {
        "properties": {"hs_lead_name": "Nia Vos", **properties},
        "associations": [{"to": {"id": contact.id}, "types": [types(number)]}],
    }


def refusal(answer: Any) -> tuple[int, str]:
    errors = answer.json().get("errors") or [{}]
    return answer.status_code, errors[0].get("code", answer.json()["category"])


# --- leads ---------------------------------------------------------------------------------------


def test_a_lead_belongs_to_a_contact_and_stands_in_its_own_pipeline(
    api: Client, contact: Record
) -> None:
    answer = api.post(f"{OBJECTS}/leads", lead(contact, hs_lead_label="HOT"))
    assert answer.status_code == 201, answer.text
    made = answer.json()["id"]
    names = "hs_lead_name,hs_pipeline,hs_pipeline_stage,hs_createdate"
    shown = api.get(f"{OBJECTS}/0-136/{made}", properties=names, associations="contacts").json()
    assert shown["properties"]["hs_pipeline"] == "lead-pipeline-id"
    assert shown["properties"]["hs_pipeline_stage"] == "new-stage-id"
    assert [one["id"] for one in shown["associations"]["contacts"]["results"]] == [contact.id] * 2
    told = api.get("/crm/pipelines/2026-03/leads").json()["results"]
    assert [stage["id"] for stage in told[0]["stages"]] == [
        "new-stage-id",
        "attempting-stage-id",
        "connected-stage-id",
        "qualified-stage-id",
        "unqualified-stage-id",
    ]
    moved = {"properties": {"hs_pipeline_stage": "connected-stage-id"}}
    assert api.call("PATCH", f"{OBJECTS}/leads/{made}", moved).status_code == 200
    path = f"{OBJECTS}/leads/{made}"
    history = api.get(path, propertiesWithHistory="hs_pipeline_stage").json()
    stages = [v["value"] for v in history["propertiesWithHistory"]["hs_pipeline_stage"]]
    assert stages == ["connected-stage-id", "new-stage-id"]


@pytest.mark.refusal("lead_name_missing", "lead_contact_missing", "option_invalid")
def test_leads_that_do_not_fit_are_refused(api: Client, contact: Record) -> None:
    alone = api.post(f"{OBJECTS}/leads", {"properties": {"hs_lead_name": "Nobody's"}})
    assert refusal(alone) == (400, "VALIDATION_ERROR")
    nameless = lead(contact)
    del nameless["properties"]["hs_lead_name"]
    assert refusal(api.post(f"{OBJECTS}/leads", nameless)) == (400, "REQUIRED_FIELD")
    for field, value in (
        ("hs_pipeline_stage", "closedwon"),
        ("hs_pipeline", "default"),
        ("hs_lead_label", "BURNING"),
    ):
        answer = api.post(f"{OBJECTS}/leads", lead(contact, **{field: value}))
        assert refusal(answer) == (400, "INVALID_OPTION")


def test_a_task_stands_on_a_lead(api: Client, contact: Record) -> None:
    made = api.post(f"{OBJECTS}/leads", lead(contact)).json()["id"]
    body = {
        "properties": {"hs_timestamp": "2026-10-20T09:00:00Z"},
        "associations": [{"to": {"id": made}, "types": [types(647)]}],
    }
    task = api.post(f"{OBJECTS}/tasks", body).json()["id"]
    found = api.post(f"{LINKS}/leads/tasks/batch/read", {"inputs": [{"id": made}]}).json()
    (row,) = found["results"][0]["to"]
    assert row["toObjectId"] == task
    assert [one["typeId"] for one in row["associationTypes"]] == [646]
    shown = api.get(f"{OBJECTS}/leads/{made}", properties="notes_next_activity_date").json()
    assert shown["properties"]["notes_next_activity_date"] == "2026-10-20T09:00:00Z"


def test_leads_need_their_scope_and_a_tier_that_has_them(
    sandbox: SandboxServer, contact: Record
) -> None:
    without = sandbox.client(scopes=REQUIRED)
    assert without.get(f"{OBJECTS}/leads").json()["category"] == "MISSING_SCOPES"
    api = sandbox.client()
    assert api.get(f"{OBJECTS}/leads").status_code == 200
    sandbox.account.tier = "starter"
    assert api.get(f"{OBJECTS}/leads").status_code == 403
    sandbox.account.tier = "professional"


# --- companies, messages -------------------------------------------------------------------------


def test_a_company_knows_its_zone(api: Client, account: Account, contact: Record) -> None:
    fields = {"name": "Kobe Foods", "timezone": "Asia/Tokyo"}
    firm = account.create("companies", fields, USER, [Link("contacts", contact.id)])
    given = {"inputs": [{"id": firm.id}], "properties": ["timezone", "name"]}
    told = api.post(f"{OBJECTS}/companies/batch/read", given).json()["results"][0]["properties"]
    assert (told["name"], told["timezone"]) == ("Kobe Foods", "Asia/Tokyo")


def test_messages_are_logged_with_their_channel(api: Client, contact: Record, deal: Record) -> None:
    fields = {
        "hs_timestamp": "2026-10-12T06:00:00Z",
        "hs_communication_channel_type": "SMS",
        "hs_communication_logged_from": "CRM",
        "hs_communication_body": "On my way",
    }
    links = [
        {"to": {"id": contact.id}, "types": [types(81)]},
        {"to": {"id": deal.id}, "types": [types(85)]},
    ]
    body = {"properties": fields, "associations": links}
    assert api.post(f"{OBJECTS}/communications", body).status_code == 201
    shown = api.get(f"{OBJECTS}/contacts/{contact.id}", properties="num_contacted_notes").json()
    assert shown["properties"]["num_contacted_notes"] == "1"
    body["properties"]["hs_communication_channel_type"] = "PIGEON"
    assert refusal(api.post(f"{OBJECTS}/communications", body)) == (400, "INVALID_OPTION")


# --- labels and roles ----------------------------------------------------------------------------


def test_labels_of_an_account_are_told_with_their_types(
    api: Client, account: Account, contact: Record, deal: Record
) -> None:
    number = define_label(account.extra, "deals", "contacts", "Economic buyer")
    told = api.get(f"{LINKS}/deals/contacts/labels").json()["results"]
    assert told[0] == {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}
    assert {"category": "USER_DEFINED", "typeId": number, "label": "Economic buyer"} in told
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": number}]
    path = f"{OBJECTS}/deals/{deal.id}/associations/contacts/{contact.id}"
    assert api.call("PUT", path, spec).json()["labels"] == ["Economic buyer"]
    found = api.get(f"{OBJECTS}/deals/{deal.id}/associations/contacts").json()["results"]
    labels = {one["label"] for one in found[0]["associationTypes"]}
    assert labels == {None, "Economic buyer"}
    firms = api.get(f"{LINKS}/contacts/companies/labels").json()["results"]
    assert [one["label"] for one in firms] == [None, "Primary"]


@pytest.mark.parametrize(
    ("value", "status"),
    [("DECISION_MAKER", 200), ("CHAMPION;BUDGET_HOLDER", 200), ("", 200), ("BOSS", 400)],
)
def test_a_contact_may_have_several_parts_in_buying(
    api: Client, contact: Record, value: str, status: int
) -> None:
    body = {"properties": {"hs_buying_role": value}}
    answer = api.call("PATCH", f"{OBJECTS}/contacts/{contact.id}", body)
    assert answer.status_code == status
    shown = api.get(f"{OBJECTS}/contacts/{contact.id}", properties="hs_buying_role").json()
    expected = value if status == 200 else None
    assert shown["properties"]["hs_buying_role"] == (expected or None)
