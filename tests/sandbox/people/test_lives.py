"""Deeds that end records, bring them back, join them or change many at once."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.records import Record
from tests.sandbox.simulated import Desk


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(deals=12)


def contact(desk: Desk, name: str) -> str:
    return desk.act("create_contact", email=f"{name}@lives.example", firstname=name)["id"]


def deal(desk: Desk, name: str, **more: Any) -> Record:
    return desk.account.need("deals", desk.act("create_deal", name=name, **more)["id"])


def test_deleted_and_restored_with_the_same_id(desk: Desk) -> None:
    person = contact(desk, "back")
    record = deal(desk, "Back", contact=person)
    desk.act("delete", kind="deals", record=record.id)
    assert desk.account.find("deals", record.id) is None
    told = desk.act("restore", kind="deals", record=record.id)
    assert told["id"] == record.id
    assert desk.account.need("deals", record.id).linked("contacts") == [person]
    again = desk.refused("restore", kind="deals", record=record.id)
    assert again["field"] == "record"


def test_a_restore_that_would_double_an_address_is_refused(desk: Desk) -> None:
    gone = contact(desk, "double")
    desk.act("delete", kind="contacts", record=gone)
    contact(desk, "double")
    told = desk.refused("restore", kind="contacts", record=gone)
    assert "change or delete that one" in told["error"]


def test_merged_from_the_screen(desk: Desk) -> None:
    one, two = contact(desk, "one"), contact(desk, "two")
    new = desk.act("merge", kind="contacts", primary=one, other=two)["id"]
    assert new not in (one, two)
    assert desk.account.need("contacts", two).id == new
    assert "cannot come back" in desk.refused("restore", kind="contacts", record=two)["error"]
    assert desk.refused("merge", kind="contacts", primary=one, other=two)["field"] == "other"


def test_erased_deleted_or_not(desk: Desk) -> None:
    live, gone = contact(desk, "live"), contact(desk, "gone")
    desk.act("delete", kind="contacts", record=gone)
    for one in (live, gone):
        assert desk.act("erase", contact=one)["properties"] == {}
        assert desk.refused("erase", contact=one)["field"] == "contact"
        assert desk.refused("restore", kind="contacts", record=one)["field"] == "record"


def test_joined_late_with_a_label_and_parted(desk: Desk) -> None:
    person, record = contact(desk, "late"), deal(desk, "Late")
    ends = {"kind": "deals", "record": record.id, "to_kind": "contacts", "to": person}
    desk.act("associate", **ends)
    desk.act("associate", **ends, label="Champion")
    assert record.links["contacts"] == {person: ("", "Champion")}
    desk.act("dissociate", **ends, label="Champion")
    assert record.links["contacts"] == {person: ("",)}
    desk.act("dissociate", **ends)
    assert record.linked("contacts") == []
    assert desk.refused("dissociate", **ends)["field"] == "to"


def test_many_records_at_once_name_where_the_change_came_from(desk: Desk) -> None:
    made = [deal(desk, f"Bulk {number}") for number in range(3)]
    ids = [record.id for record in made]
    values = {"dealstage": "qualifiedtobuy", "amount": 5}
    desk.act("bulk_edit", kind="deals", records=ids, values=values)
    desk.act("bulk_edit", kind="deals", records=ids, values={"amount": 6}, source="BATCH_UPDATE")
    for record in made:
        stage, amount = record.history["dealstage"][-1], record.history["amount"][-1]
        assert (stage.value, stage.source_type) == ("qualifiedtobuy", "CRM_UI_BULK_ACTION")
        assert stage.source_id.startswith("userId:")
        assert (amount.value, amount.source_type) == ("6", "BATCH_UPDATE")


def test_a_file_import_makes_and_changes_records(desk: Desk) -> None:
    known = contact(desk, "known")
    rows = [
        {"email": "KNOWN@lives.example", "lastname": "Now"},
        {"email": "fresh@lives.example", "lastname": "New"},
    ]
    fresh = desk.act("import_rows", kind="contacts", rows=rows)["id"]
    assert desk.account.need("contacts", known).get("lastname") == "Now"
    row = {"dealname": "Imported", "dealstage": "contractsent", "contact": fresh}
    made = desk.act("import_rows", kind="deals", rows=[row])["id"]
    record = desk.account.need("deals", made)
    assert record.created_by.source_type == "IMPORT"
    assert record.linked("contacts") == [fresh]
    desk.act("import_rows", kind="deals", rows=[{"id": made, "amount": 9, "contact": known}])
    assert record.get("amount") == "9"
    assert sorted(record.linked("contacts")) == sorted([fresh, known])


@pytest.mark.parametrize(
    ("verb", "params", "field"),
    [
        ("delete", {"kind": "cars", "record": "1"}, "kind"),
        ("delete", {"kind": "deals", "record": "1"}, "record"),
        ("erase", {"contact": "1"}, "contact"),
        ("bulk_edit", {"kind": "deals", "records": "1", "values": {"amount": 1}}, "records"),
        ("bulk_edit", {"kind": "deals", "records": ["1"], "values": {"amount": 1}}, "records"),
        (
            "bulk_edit",
            {"kind": "deals", "records": ["1"], "values": {"amount": 1}, "source": "MAGIC"},
            "source",
        ),
        ("import_rows", {"kind": "deals", "rows": [{"colour": "red"}]}, "property"),
        ("import_rows", {"kind": "deals", "rows": [{"dealtype": "gift"}]}, "value"),
        ("import_rows", {"kind": "deals", "rows": [{"dealname": "x", "contact": "1"}]}, "contact"),
    ],
)
def test_what_makes_no_sense_names_the_parameter(
    desk: Desk, verb: str, params: dict[str, Any], field: str
) -> None:
    assert desk.refused(verb, **params)["field"] == field


def test_a_lead_is_made_moved_and_becomes_a_deal(desk: Desk) -> None:
    person = contact(desk, "leader")
    lead = desk.act("create_lead", contact=person, label="WARM")
    assert lead["properties"]["hs_lead_name"] == "leader"
    assert lead["properties"]["hs_pipeline_stage"] == "new-stage-id"
    made = deal(desk, "From a lead", contact=person)
    moved = desk.act("move_lead", lead=lead["id"], stage="Qualified", deal=made.id)
    assert moved["properties"]["hs_pipeline_stage"] == "qualified-stage-id"
    assert made.linked("leads") == [lead["id"]]
    assert desk.refused("move_lead", lead=lead["id"], stage="won")["field"] == "stage"
    assert desk.refused("create_lead", contact=person, label="BURNING")["field"] == "value"


def test_a_company_and_a_message_from_the_screen(desk: Desk) -> None:
    person = contact(desk, "employee")
    record = deal(desk, "Firm", contact=person)
    firm = desk.act("create_company", name="F", zone="Asia/Tokyo", contact=person, deal=record.id)
    assert firm["properties"]["timezone"] == "Asia/Tokyo"
    assert record.links["companies"] == {firm["id"]: ("", "primary")}
    sent = desk.act("log_message", deal=record.id, text="Hi", channel="WHATS_APP")
    assert sent["kind"] == "communications"
    assert desk.refused("log_message", deal=record.id, text="x", channel="PIGEON")["field"] == (
        "channel"
    )
