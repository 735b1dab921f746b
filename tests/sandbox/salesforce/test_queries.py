"""SOQL as an app of this kind uses it, and how its answers look."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce import control
from sandbox.world.records import Link, Record
from tests.sandbox.salesforce.support import USER, Client, Place, sfid

DAY = 86_400_000


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["Name"] for row in rows]


@pytest.fixture(scope="module")
def book(sandbox: Place) -> list[Record]:
    """Three opportunities a day apart, of which the last is won and the second has no amount."""
    start = sandbox.clock.now()
    made: list[Record] = []
    for number, (stage, amount) in enumerate(
        (("Prospecting", "100"), ("Qualification", ""), ("Closed Won", "9000"))
    ):
        sandbox.clock.set(start + number * DAY)
        record = sandbox.deal(dealname=f"Book {number}", dealstage=stage, amount=amount)
        made.append(record)
    return made


def test_an_answer_has_types_addresses_and_what_was_asked(api: Client, book: list[Record]) -> None:
    first = sfid("Opportunity", book[0])
    text = f"SELECT Id, Owner.Name, Amount, IsDeleted FROM Opportunity WHERE Id = '{first}'"
    told = api.get("~/query", q=text)
    assert (told["totalSize"], told["done"]) == (1, True)
    (row,) = told["records"]
    assert row["attributes"] == {
        "type": "Opportunity",
        "url": f"/services/data/v67.0/sobjects/Opportunity/{first}",
    }
    assert row["Owner"]["attributes"]["type"] == "User"
    assert (row["Owner"]["Name"], row["Amount"], row["IsDeleted"]) == ("Ben Rep", 100.0, False)
    assert set(row) == {"attributes", "Id", "Owner", "Amount", "IsDeleted"}


CONDITIONS = [
    ("StageName = 'prospecting'", [0]),
    ("StageName != 'Prospecting'", [1, 2]),
    ("StageName IN ('Prospecting', 'Closed Won')", [0, 2]),
    ("StageName NOT IN ('Prospecting')", [1, 2]),
    ("Amount > 99.5", [0, 2]),
    ("Amount = null", [1]),
    ("Amount != null AND IsClosed = false", [0]),
    ("(IsWon = true OR Amount = null)", [1, 2]),
    ("NOT IsClosed = true", [0, 1]),
    ("Name LIKE 'book _'", [0, 1, 2]),
    ("Name LIKE '%1'", [1]),
    ("Name LIKE 'book\\_1'", []),
    ("CreatedDate >= 2026-10-13T06:00:00Z", [1, 2]),
    ("CreatedDate > 2026-10-13T08:00:00+02:00", [2]),
    ("CreatedDate = TODAY", [2]),
    ("CreatedDate = YESTERDAY", [1]),
    ("CreatedDate < TODAY", [0, 1]),
    ("CreatedDate = LAST_N_DAYS:1", [1, 2]),
    ("CreatedDate = N_DAYS_AGO:2", [0]),
    ("CreatedDate = THIS_WEEK", [0, 1, 2]),
    ("CreatedDate > THIS_MONTH", []),
    ("DAY_ONLY(CreatedDate) = 2026-10-13", [1]),
    ("CALENDAR_YEAR(CreatedDate) = 2026", [0, 1, 2]),
    ("CloseDate = NEXT_N_DAYS:90", [0, 1, 2]),
    ("CloseDate < 2026-01-01", []),
    ("Owner.Name = 'Ben Rep'", [0, 1, 2]),
    ("Owner.UserRole.Name = 'x'", []),
    ("Id IN (SELECT OpportunityId FROM OpportunityContactRole WHERE IsPrimary = true)", [0, 1, 2]),
    ("Id NOT IN (SELECT OpportunityId FROM OpportunityContactRole)", []),
]


@pytest.mark.parametrize(("condition", "found"), CONDITIONS, ids=[one for one, _ in CONDITIONS])
def test_conditions(
    api: Client, sandbox: Place, book: list[Record], condition: str, found: list[int]
) -> None:
    text = f"SELECT Name FROM Opportunity WHERE Name LIKE 'Book%' AND ({condition}) ORDER BY Name"
    assert names(api.query(text)) == [f"Book {number}" for number in found]


ORDERS = [
    ("Amount", [1, 0, 2]),
    ("Amount ASC NULLS LAST", [0, 2, 1]),
    ("Amount DESC", [1, 2, 0]),
    ("Amount DESC NULLS LAST", [2, 0, 1]),
    ("IsClosed DESC, Name DESC", [2, 1, 0]),
    ("SystemModstamp, Id", [0, 1, 2]),
    ("Name LIMIT 1 OFFSET 1", [1]),
]


@pytest.mark.parametrize(("order", "found"), ORDERS, ids=[one for one, _ in ORDERS])
def test_order_limit_and_offset(
    api: Client, book: list[Record], order: str, found: list[int]
) -> None:
    text = f"SELECT Name FROM Opportunity WHERE Name LIKE 'Book%' ORDER BY {order}"
    assert names(api.query(text)) == [f"Book {number}" for number in found]


def test_subqueries_and_what_they_lead_to(api: Client, sandbox: Place, book: list[Record]) -> None:
    person = sandbox.contact(email="second@example.com", firstname="Sam")
    link = Link("contacts", person.id, ("", "Decision maker"))
    sandbox.account.associate(("deals", book[0].id), link, USER)
    (row,) = api.query(
        "SELECT Name, (SELECT Contact.FirstName, Role, IsPrimary FROM OpportunityContactRoles "
        "ORDER BY CreatedDate), (SELECT Id FROM Tasks) FROM Opportunity WHERE Name = 'Book 0'"
    )
    roles = row["OpportunityContactRoles"]
    assert (roles["totalSize"], roles["done"]) == (2, True)
    told = [(one["Contact"]["FirstName"], one["Role"], one["IsPrimary"]) for one in (
        roles["records"])]  # fmt: skip
    assert told == [("Pat", None, True), ("Sam", "Decision Maker", False)]
    assert row["Tasks"] is None


def test_a_reference_to_several_objects(api: Client, sandbox: Place, book: list[Record]) -> None:
    lead = sandbox.lead(email="lead@example.com", firstname="Lea")
    on_deal = api.create("Task", Subject="poly", WhatId=sfid("Opportunity", book[0]))
    on_lead = api.create("Task", Subject="poly", WhoId=sfid("Lead", lead))
    rows = api.query(
        "SELECT Id, What.Name, What.Type, Who.Type, Who.FirstName, TYPEOF What WHEN Opportunity "
        "THEN StageName, Owner.Name ELSE Name END FROM Task WHERE Subject = 'poly' ORDER BY Id"
    )
    by_id = {row["Id"]: row for row in rows}
    what = by_id[on_deal]["What"]
    assert what["StageName"] == "Prospecting"
    assert what["Owner"]["Name"] == "Ben Rep"
    assert by_id[on_lead]["What"] is None
    assert (by_id[on_lead]["Who"]["Type"], by_id[on_lead]["Who"]["FirstName"]) == ("Lead", "Lea")
    assert by_id[on_deal]["Who"] is None
    found = api.query("SELECT Id FROM Task WHERE What.Type = 'Opportunity' AND Subject = 'poly'")
    assert [row["Id"] for row in found] == [on_deal]


def test_aggregates(api: Client, book: list[Record]) -> None:
    where = "FROM Opportunity WHERE Name LIKE 'Book%'"
    told = api.get("~/query", q=f"SELECT COUNT() {where}")
    assert (told["totalSize"], told["records"]) == (3, [])
    (row,) = api.query(f"SELECT COUNT(Amount) n, SUM(Amount), MAX(CreatedDate) last {where}")
    assert row == {"n": 2, "expr0": 9100.0, "last": "2026-10-14T06:00:00.000+0000"}
    rows = api.query(f"SELECT IsClosed, COUNT(Id) n {where} GROUP BY IsClosed ORDER BY COUNT(Id)")
    assert rows == [{"IsClosed": True, "n": 1}, {"IsClosed": False, "n": 2}]
    rows = api.query(f"SELECT IsClosed, AVG(Amount) {where} GROUP BY IsClosed HAVING COUNT(Id) > 1")
    assert rows == [{"IsClosed": False, "expr0": 100.0}]
    rows = api.query(f"SELECT Owner.Name, COUNT_DISTINCT(StageName) k {where} GROUP BY Owner.Name")
    assert rows == [{"Name": "Ben Rep", "k": 3}]


def test_fields_all_and_an_alias(api: Client, book: list[Record]) -> None:
    (row,) = api.query("SELECT FIELDS(ALL) FROM Opportunity WHERE Name = 'Book 2' LIMIT 1")
    assert row["Acme_Control__c"] is None
    assert row["Probability"] == 100.0
    (row,) = api.query("SELECT FIELDS(CUSTOM) FROM Opportunity WHERE Name = 'Book 2' LIMIT 1")
    assert list(row) == ["Acme_Control__c"]
    rows = api.query("SELECT o.Name FROM Opportunity o WHERE o.Name = 'Book 2'")
    assert names(rows) == ["Book 2"]


def test_a_long_answer_comes_in_pages_that_were_settled_by_the_query(alone: Place) -> None:
    api = alone.client()
    people = [alone.contact(email=f"n{n:03d}@example.com") for n in range(450)]
    size = {"Sforce-Query-Options": "batchSize=200"}
    first = api.ok("GET", "~/query", q="SELECT Email FROM Contact ORDER BY Email", headers=size)
    assert (first["totalSize"], first["done"], len(first["records"])) == (450, False, 200)
    alone.contact(email="n000@example.com")
    alone.account.archive("contacts", people[449].id, USER)
    second = api.get(first["nextRecordsUrl"])
    last = api.get(second["nextRecordsUrl"])
    assert last["done"]
    assert "nextRecordsUrl" not in last
    told = [row["Email"] for page in (first, second, last) for row in page["records"]]
    assert told == [f"n{n:03d}@example.com" for n in range(450)]
    assert Client(alone.url, alone.mint(owner="702")[0]).error("GET", first["nextRecordsUrl"]) == (
        400,
        "INVALID_QUERY_LOCATOR",
    )
    for _ in range(10):
        api.ok("GET", "~/query", q="SELECT Id FROM Contact", headers=size)
    assert api.error("GET", first["nextRecordsUrl"])[1] == "INVALID_QUERY_LOCATOR"


def test_deleted_records_are_for_query_all(api: Client, sandbox: Place) -> None:
    gone = sandbox.deal(dealname="Gone")
    sandbox.account.archive("deals", gone.id, USER)
    text = "SELECT Name, IsDeleted FROM Opportunity WHERE Name = 'Gone'"
    assert api.query(text) == []
    told = api.get("~/queryAll", q=f"{text} AND IsDeleted = true")["records"]
    assert [row["IsDeleted"] for row in told] == [True]


def test_labels(alone: Place) -> None:
    api = alone.client()
    alone.deal(dealname="One")
    stage = alone.account.pipelines["deals"]["default"].stages[1]
    stage.label = "Qualified well"
    (row,) = api.query("SELECT StageName, toLabel(StageName) said FROM Opportunity")
    assert row == {"StageName": "Qualification", "said": "Qualified well"}
    (told,) = api.query("SELECT ApiName FROM OpportunityStage WHERE MasterLabel LIKE '%well'")
    assert told == {"ApiName": "Qualification"}


def test_what_field_level_security_hides_is_not_there(alone: Place) -> None:
    control.hide_fields(alone.account, ["Contact.HasOptedOutOfEmail"])
    api = alone.client()
    assert api.error("GET", "~/query", q="SELECT HasOptedOutOfEmail FROM Contact") == (
        400,
        "INVALID_FIELD",
    )
    names = [one["name"] for one in api.get("~/sobjects/Contact/describe")["fields"]]
    assert "HasOptedOutOfEmail" not in names
    assert "DoNotCall" in names
    control.hide_objects(alone.account, ["EmailMessage"])
    assert api.error("GET", "~/query", q="SELECT Id FROM EmailMessage")[1] == "INVALID_TYPE"


def test_currencies_are_there_only_where_the_org_has_several(alone: Place) -> None:
    api = alone.client()
    alone.deal(deal_currency_code="USD")
    text = "SELECT CurrencyIsoCode FROM Opportunity"
    assert api.error("GET", "~/query", q=text)[1] == "INVALID_FIELD"
    control.set_currencies(alone.account, True)
    assert api.query(text) == [{"CurrencyIsoCode": "USD"}]
    assert api.query("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true") == [
        {"IsoCode": "EUR"}
    ]


MALFORMED = [
    "SELECT",
    "SELECT Name",
    "SELECT FROM Account",
    "SELECT Name FROM Account WHERE",
    "SELECT Name FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
    "SELECT Name FROM Account WHERE Name = :name",
    "SELECT Name FROM Account WHERE Name = 'a",
    "SELECT Name FROM Account LIMIT many",
    "SELECT Name FROM Account USING SCOPE mine",
    "SELECT Name FROM Account WITH SECURITY_ENFORCED",
    "SELECT Name FROM Account ALL ROWS",
    "SELECT Name FROM Account FOR UPDATE",
    "SELECT Name FROM Account GROUP BY ROLLUP(Name)",
    "SELECT Name, COUNT(Id) FROM Account",
    "SELECT SUM(Name) FROM Account",
    "SELECT SHOUT(Name) FROM Account",
    "SELECT FIELDS(ALL) FROM Account",
    "SELECT Name FROM Account WHERE Name > null",
    "SELECT Name FROM Account WHERE CreatedDate IN (TODAY, YESTERDAY)",
    "SELECT Name FROM Account WHERE CreatedDate = LAST_N_DAYS",
    "SELECT Name FROM Account WHERE Name IN (SELECT Name FROM Account)",
    "SELECT Name FROM Account WHERE Id IN (SELECT Id, Name FROM Account)",
    "SELECT Name FROM Account WHERE Id IN (SELECT Name FROM Account)",
    "SELECT Name FROM Account ORDER BY COUNT(Id)",
    "SELECT Name, (SELECT COUNT(Id) FROM Contacts) FROM Account",
    "SELECT toLabel(Name) FROM Account",
    "SELECT Name FROM Account WHERE CALENDAR_YEAR(Name) = 2026",
    "SELECT Name FROM Account WHERE CreatedDate > 2026-13-45T00:00:00Z",
    "SELECT Name FROM Account WHERE CreatedDate > 2026-10-12T06:00:00",
    "SELECT Name FROM Account; DROP",
]


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.refusal("sf_malformed")
def test_what_soql_does_not_allow_is_malformed(api: Client, text: str) -> None:
    assert api.error("GET", "~/query", q=text) == (400, "MALFORMED_QUERY")


REFUSED = [
    ("sf_query_object", "SELECT Id FROM Gadget", "INVALID_TYPE"),
    ("sf_query_object", "SELECT Id, (SELECT Id FROM Gadgets) FROM Account", "INVALID_TYPE"),
    ("sf_query_field", "SELECT Colour FROM Account", "INVALID_FIELD"),
    ("sf_query_field", "SELECT Id FROM Account WHERE Colour = 'red'", "INVALID_FIELD"),
    ("sf_query_field", "SELECT Id FROM Account ORDER BY Colour", "INVALID_FIELD"),
    ("sf_query_field", "SELECT Boss.Name FROM Account", "INVALID_FIELD"),
    ("sf_query_field", "SELECT What.StageName FROM Task", "INVALID_FIELD"),
    ("sf_filter_field", "SELECT Id FROM Opportunity WHERE HasOverdueTask = true", "INVALID_FIELD"),
    ("sf_filter_field", "SELECT Id FROM Task WHERE Description = 'a'", "INVALID_FIELD"),
    ("sf_filter_field", "SELECT Id FROM Task ORDER BY Description", "INVALID_FIELD"),
    ("sf_filter_value", "SELECT Id FROM Account WHERE CreatedDate > '2026-10-12'", "INVALID_FIELD"),
    ("sf_filter_value", "SELECT Id FROM Account WHERE CreatedDate > 2026-10-12", "INVALID_FIELD"),
    ("sf_filter_value", "SELECT Id FROM Opportunity WHERE IsClosed = 'true'", "INVALID_FIELD"),
    ("sf_filter_value", "SELECT Id FROM Account WHERE Name = 7", "INVALID_FIELD"),
    ("sf_filter_value", "SELECT Id FROM Opportunity WHERE Amount = '7'", "INVALID_FIELD"),
    ("sf_filter_id", "SELECT Id FROM Account WHERE Id = 'seven'", "INVALID_QUERY_FILTER_OPERATOR"),
    ("sf_filter_operator", "SELECT Id FROM Opportunity WHERE Amount LIKE '7%'",
     "INVALID_QUERY_FILTER_OPERATOR"),
    ("sf_filter_operator", "SELECT Id FROM Account WHERE Name INCLUDES ('a')",
     "INVALID_QUERY_FILTER_OPERATOR"),
    ("sf_offset", "SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
]  # fmt: skip


@pytest.mark.refusal(
    "sf_query_object", "sf_query_field", "sf_filter_field", "sf_filter_value", "sf_filter_id",
    "sf_filter_operator", "sf_offset", "sf_locator", "sf_batch_size",
)  # fmt: skip
def test_what_a_query_may_not_ask(api: Client, sandbox: Place) -> None:
    for row, text, code in REFUSED:
        before = sandbox.salesforce.refusals[row]
        assert api.error("GET", "~/query", q=text) == (400, code), text
        assert sandbox.salesforce.refusals[row] == before + 1, text
    assert api.error("GET", "~/query/0r8Fx-200")[1] == "INVALID_QUERY_LOCATOR"
    headers = {"Sforce-Query-Options": "batchSize=10"}
    text = "SELECT Id FROM Account"
    assert api.error("GET", "~/query", q=text, headers=headers)[1] == "INVALID_QUERY_OPTIONS"


def test_the_rest_of_an_answer_does_not_stay_forever(alone: Place) -> None:
    api = alone.client()
    for number in range(201):
        alone.contact(email=f"m{number}@example.com")
    size = {"Sforce-Query-Options": "batchSize=200"}
    told = api.ok("GET", "~/query", q="SELECT Id FROM Contact", headers=size)
    alone.settings.update({"salesforce_locator_seconds": 0.0})
    assert api.error("GET", told["nextRecordsUrl"])[1] == "INVALID_QUERY_LOCATOR"
