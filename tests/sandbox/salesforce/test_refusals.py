"""What Salesforce refuses, refused: one row per reason, sent by plain ``requests``."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from sandbox.salesforce import control, ids
from sandbox.world.records import Link, Record
from tests.sandbox.salesforce.support import DATA, TOUCH, USER, Client, Place, sfid

MANY = "~/composite/sobjects"
TASK = "~/sobjects/Task"


class Case(NamedTuple):
    """A call with a full token, and how it is refused. ``row``: by which row of the table."""

    name: str
    row: str
    method: str
    path: str
    body: Any
    status: int
    code: str


def of_type(name: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": name}, **values}


def several(*records: dict[str, Any]) -> dict[str, Any]:
    return {"records": list(records)}


DEAL, GONE, LEAD, CONVERTED, PERSON, STRANGER = (
    "{deal}", "{gone}", "{lead}", "{converted}", "{person}", "{stranger}",
)  # fmt: skip
"""Ids that the test fills in; the stranger is a user who has left."""
OPPORTUNITY = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
NEVER = "006Fx0000000001"

ROWS = [
    Case("no_path", "sf_no_such_path", "GET", "~/nothing", None, 404, "NOT_FOUND"),
    Case("no_method", "sf_wrong_method", "PUT", TASK, {}, 405, "METHOD_NOT_ALLOWED"),
    Case("retired", "sf_version_gone", "GET", "/services/data/v30.0/query", None, 410,
         "UNSUPPORTED_API_VERSION"),
    Case("unborn", "sf_version_unknown", "GET", "/services/data/v99.0/query", None, 404,
         "NOT_FOUND"),
    Case("long", "sf_uri_length", "GET", "~/query?q=" + "a" * 16_384, None, 414, "URI_TOO_LONG"),
    Case("no_json", "sf_json", "POST", TASK, b"{", 400, "JSON_PARSER_ERROR"),
    Case("no_object", "sf_json", "POST", TASK, [1], 400, "JSON_PARSER_ERROR"),
    Case("no_records", "sf_json", "POST", MANY, {}, 400, "JSON_PARSER_ERROR"),
    Case("no_such_object", "sf_object", "GET", "~/sobjects/Gadget/describe", None, 404,
         "NOT_FOUND"),
    Case("no_record", "sf_record", "GET", f"~/sobjects/Opportunity/{NEVER}", None, 404,
         "NOT_FOUND"),
    Case("no_id", "sf_record", "GET", "~/sobjects/Opportunity/seven", None, 404, "NOT_FOUND"),
    Case("change_nothing", "sf_record", "PATCH", f"~/sobjects/Opportunity/{NEVER}", {}, 404,
         "NOT_FOUND"),
    Case("deleted", "sf_deleted", "PATCH", f"~/sobjects/Opportunity/{GONE}", {}, 404,
         "ENTITY_IS_DELETED"),
    Case("read_field", "sf_read_field", "GET", f"~/sobjects/Opportunity/{DEAL}?fields=Colour",
         None, 400, "INVALID_FIELD"),
    Case("backwards", "sf_span", "GET", "~/sobjects/Task/updated?start=2026-10-12T06:00:00Z"
         "&end=2026-10-11T06:00:00Z", None, 400, "INVALID_REPLICATION_DATE"),
    Case("too_old", "sf_span", "GET", "~/sobjects/Task/deleted?start=2026-08-01T06:00:00Z"
         "&end=2026-10-11T06:00:00Z", None, 400, "INVALID_REPLICATION_DATE"),
    Case("no_instant", "sf_instant", "GET", "~/sobjects/Task/updated?start=soon&end=later", None,
         400, "MALFORMED_QUERY"),
    Case("no_external", "sf_external_id", "GET", "~/sobjects/Task/Subject/x", None, 404,
         "NOT_FOUND"),
    Case("upsert_twice", "sf_upsert_value", "PATCH", f"{TASK}/{TOUCH}/x", {TOUCH: "y"}, 400,
         "INVALID_FIELD"),
    Case("not_written", "sf_write_object", "POST", "~/sobjects/OpportunityStage", {}, 400,
         "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"),
    Case("field", "sf_field_unknown", "POST", TASK, {"Colour": "red"}, 400, "INVALID_FIELD"),
    Case("computed", "sf_field_closed", "POST", TASK, {"IsClosed": True}, 400,
         "INVALID_FIELD_FOR_INSERT_UPDATE"),
    Case("subtype_change", "sf_field_closed", "PATCH", f"{TASK}/{{task}}",
         {"TaskSubtype": "Email"}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    Case("required", "sf_required", "POST", "~/sobjects/Opportunity", {"Name": "x"}, 400,
         "REQUIRED_FIELD_MISSING"),
    Case("emptied", "sf_required", "PATCH", f"~/sobjects/Opportunity/{DEAL}", {"Name": None}, 400,
         "REQUIRED_FIELD_MISSING"),
    Case("long_text", "sf_too_long", "POST", TASK, {"Subject": "x" * 256}, 400,
         "STRING_TOO_LONG"),
    Case("long_name", "sf_too_long", "PATCH", f"~/sobjects/Opportunity/{DEAL}",
         {"Name": "x" * 121}, 400, "STRING_TOO_LONG"),
    Case("no_date", "sf_value_type", "POST", TASK, {"ActivityDate": "tomorrow"}, 400,
         "JSON_PARSER_ERROR"),
    Case("date_and_time", "sf_value_type", "POST", TASK, {"ActivityDate": "2026-10-20T09:00:00Z"},
         400, "JSON_PARSER_ERROR"),
    Case("no_flag", "sf_value_type", "POST", TASK, {"IsReminderSet": 7}, 400,
         "JSON_PARSER_ERROR"),
    Case("no_number", "sf_value_type", "PATCH", f"~/sobjects/Opportunity/{DEAL}",
         {"Amount": "much"}, 400, "JSON_PARSER_ERROR"),
    Case("no_text", "sf_value_type", "POST", TASK, {"Subject": ["a"]}, 400, "JSON_PARSER_ERROR"),
    Case("percent", "sf_number_range", "PATCH", f"~/sobjects/Opportunity/{DEAL}",
         {"Probability": 101}, 400, "NUMBER_OUTSIDE_VALID_RANGE"),
    Case("no_email", "sf_email", "POST", "~/sobjects/Contact", {"LastName": "x", "Email": "x"},
         400, "INVALID_EMAIL_ADDRESS"),
    Case("option", "sf_picklist", "POST", TASK, {"Status": "Nearly"}, 400,
         "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    Case("own_option", "sf_picklist", "PATCH", f"~/sobjects/Opportunity/{DEAL}",
         {"Acme_Control__c": "Maybe"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    Case("stage", "sf_picklist", "PATCH", f"~/sobjects/Opportunity/{DEAL}", {"StageName": "Limbo"},
         400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    Case("cadence", "sf_subtype", "POST", TASK, {"TaskSubtype": "Cadence"}, 400,
         "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    Case("bad_id", "sf_id", "POST", TASK, {"WhatId": "seven"}, 400, "MALFORMED_ID"),
    Case("other_object", "sf_reference_type", "POST", TASK, {"WhatId": PERSON}, 400,
         "FIELD_INTEGRITY_EXCEPTION"),
    Case("no_target", "sf_reference", "POST", TASK, {"WhatId": NEVER}, 400,
         "INVALID_CROSS_REFERENCE_KEY"),
    Case("gone_target", "sf_reference", "POST", TASK, {"WhatId": GONE}, 400,
         "INVALID_CROSS_REFERENCE_KEY"),
    Case("lead_and_deal", "sf_lead_what", "POST", TASK, {"WhoId": LEAD, "WhatId": DEAL}, 400,
         "FIELD_INTEGRITY_EXCEPTION"),
    Case("converted", "sf_lead_converted", "PATCH", f"~/sobjects/Lead/{CONVERTED}",
         {"Rating": "Hot"}, 400, "CANNOT_UPDATE_CONVERTED_LEAD"),
    Case("convert", "sf_picklist", "PATCH", f"~/sobjects/Lead/{LEAD}",
         {"Status": "Closed - Converted"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    Case("left", "sf_owner", "POST", TASK, {"OwnerId": STRANGER}, 400, "INACTIVE_OWNER_OR_USER"),
    Case("endless", "sf_event_times", "POST", "~/sobjects/Event",
         {"StartDateTime": "2026-10-20T09:00:00Z"}, 400, "FIELD_INTEGRITY_EXCEPTION"),
    Case("startless", "sf_event_times", "POST", "~/sobjects/Event", {"DurationInMinutes": 30}, 400,
         "FIELD_INTEGRITY_EXCEPTION"),
    Case("dayless", "sf_event_times", "POST", "~/sobjects/Event", {"IsAllDayEvent": True}, 400,
         "FIELD_INTEGRITY_EXCEPTION"),
    Case("sent", "sf_email_sent", "PATCH", "~/sobjects/EmailMessage/{mail}",
         {"RelatedToId": None}, 400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"),
    Case("role_twice", "sf_role_exists", "POST", "~/sobjects/OpportunityContactRole",
         {"OpportunityId": DEAL, "ContactId": PERSON}, 400, "DUPLICATE_VALUE"),
    Case("role_moved", "sf_field_closed", "PATCH", "~/sobjects/OpportunityContactRole/{role}",
         {"ContactId": PERSON}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    Case("twice", "sf_duplicate", "POST", TASK, {TOUCH: "taken"}, 400, "DUPLICATE_VALUE"),
    Case("many", "sf_too_many", "POST", MANY, several(*[of_type("Task")] * 201), 400,
         "EXCEEDED_ID_LIMIT"),
    Case("chunks", "sf_chunks", "POST", MANY,
         several(*[of_type(name) for _ in range(6) for name in ("Task", "Event")][:11]), 400,
         "LIMIT_EXCEEDED"),
    Case("typeless", "sf_record_type_missing", "POST", MANY, several({"Subject": "x"}), 400,
         "INVALID_INPUT"),
]  # fmt: skip

AMONG = [
    ("sf_row_missing", of_type("Opportunity", id=NEVER), "INVALID_CROSS_REFERENCE_KEY"),
    ("sf_row_deleted", of_type("Opportunity", id=GONE), "ENTITY_IS_DELETED"),
    ("sf_row_id", of_type("Opportunity", id="seven"), "MALFORMED_ID"),
    ("sf_row_id", of_type("Opportunity"), "MALFORMED_ID"),
]
"""Rows refused among others, each with status 200."""


@pytest.fixture(scope="module")
def known(sandbox: Place) -> dict[str, str]:
    """What the ids in braces stand for."""
    account = sandbox.account
    deal, gone = sandbox.deal(), sandbox.deal()
    account.archive("deals", gone.id, USER)
    lead, converted = sandbox.lead(email="l@example.com"), sandbox.lead(email="c@example.com")
    api = sandbox.client()
    account.associate(("deals", deal.id), _link(converted), USER)
    account.add_owner(type(account.owners["701"])("709", 9209, "gone@example.com", "G", "One"))
    account.owners["709"].archived = True
    task = api.create("Task", Subject="x", **{TOUCH: "taken"})
    mail = api.create("EmailMessage", Subject="x", Status="3")
    roles = api.query("SELECT Id FROM OpportunityContactRole ORDER BY Id LIMIT 1")
    return {
        "deal": sfid("Opportunity", deal),
        "gone": sfid("Opportunity", gone),
        "lead": sfid("Lead", lead),
        "converted": sfid("Lead", converted),
        "person": ids.make("Contact", int(deal.linked("contacts")[0])),
        "stranger": ids.make("User", 709),
        "task": task,
        "mail": mail,
        "role": roles[0]["Id"],
    }


def _link(record: Record) -> Any:
    return Link("contacts", record.id)


def filled(known: dict[str, str], given: Any) -> Any:
    """A path or body with the ids filled in."""
    if isinstance(given, str):
        for name, one in known.items():
            given = given.replace("{" + name + "}", one)
        return given
    if isinstance(given, dict):
        return {name: filled(known, one) for name, one in given.items()}
    return given


@pytest.mark.parametrize("case", ROWS, ids=[case.name for case in ROWS])
def test_refused(api: Client, sandbox: Place, known: dict[str, str], case: Case) -> None:
    before = sandbox.salesforce.refusals[case.row]
    path, body = filled(known, case.path), filled(known, case.body)
    assert api.error(case.method, path, body) == (case.status, case.code)
    assert sandbox.salesforce.refusals[case.row] == before + 1


@pytest.mark.refusal("sf_row_missing", "sf_row_deleted", "sf_row_id")
def test_refused_among_others(api: Client, known: dict[str, str]) -> None:
    good = of_type("Opportunity", id=known["deal"], NextStep="Call")
    bad = [filled(known, record) for _, record, _ in AMONG]
    results = api.ok("PATCH", MANY, several(good, *bad))
    assert results[0]["success"] is True
    codes = [result["errors"][0]["statusCode"] for result in results[1:]]
    assert codes == [code for _, _, code in AMONG]


@pytest.mark.refusal("sf_media_type")
def test_a_body_is_json(api: Client) -> None:
    answer = api.session.post(api.url + DATA + "/sobjects/Task", data={"Subject": "x"}, timeout=5)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.refusal("sf_api_scope")
def test_the_api_needs_its_scope(sandbox: Place) -> None:
    api = sandbox.client(scopes=["openid"])
    assert api.error("GET", "~/limits") == (403, "INSUFFICIENT_SCOPE")
    assert api.get("/services/oauth2/userinfo")["email"] == "ada@example.com"


@pytest.mark.refusal("sf_ambiguous")
def test_several_records_of_one_external_id(api: Client, sandbox: Place) -> None:
    for email in ("s1@example.com", "s2@example.com"):
        sandbox.contact(email=email, acme_score="11")
    answer = api.call("PATCH", "~/sobjects/Contact/Acme_Score__c/11.0", {"FirstName": "x"})
    assert (answer.status_code, len(answer.json())) == (300, 2)


def test_a_field_that_may_only_be_read(alone: Place) -> None:
    control.protect_fields(alone.account, ["Contact.DoNotCall"])
    api = alone.client()
    values = {"LastName": "x", "DoNotCall": True}
    assert api.error("POST", "~/sobjects/Contact", values) == (
        400,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
    )
    (field,) = [
        one
        for one in api.get("~/sobjects/Contact/describe")["fields"]
        if one["name"] == "DoNotCall"
    ]
    assert (field["createable"], field["updateable"]) == (False, False)
