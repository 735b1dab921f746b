"""Records made, changed and deleted through the API, one at a time and many."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce import ids
from sandbox.world.people_acts import Acts
from sandbox.world.people_admin import Admin
from sandbox.world.records import Record
from tests.sandbox.salesforce.support import TOUCH, USER, Client, Place, sfid

MANY = "~/composite/sobjects"
DAY = 86_400_000


def task(deal: Record, **values: Any) -> dict[str, Any]:
    """A timed call for an opportunity's person, as an app would send it."""
    return {
        "attributes": {"type": "Task"},
        "Subject": "Call about the proposal",
        "WhatId": sfid("Opportunity", deal),
        "WhoId": None,
        "ActivityDate": "2026-10-20",
        "ReminderDateTime": "2026-10-20T14:30:00.000+0000",
        "IsReminderSet": True,
        "TaskSubtype": "Call",
        "Priority": "High",
        "Status": "Not Started",
        **values,
    }


def made(api: Client, *records: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return api.ok("POST", MANY, {"allOrNone": False, "records": list(records), **more})


def test_a_timed_task_is_the_worlds_task(api: Client, sandbox: Place, deal: Record) -> None:
    (result,) = made(api, task(deal, **{TOUCH: "t-1"}))
    assert (result["success"], result["errors"]) == (True, [])
    record = sandbox.account.need("tasks", str(int(record_number(result["id"]))))
    assert record.get("hs_task_type") == "CALL"
    assert record.get("hs_task_priority") == "HIGH"
    assert record.get("hs_timestamp") == "1792506600000"
    assert record.linked("deals") == [deal.id]
    assert record.get("acme_touch_id") == "t-1"
    assert record.created_by.source_type == "INTEGRATION"
    told = api.get(f"~/sobjects/Task/{result['id']}")
    assert (told["ActivityDate"], told["ReminderDateTime"]) == (
        "2026-10-20",
        "2026-10-20T14:30:00.000+0000",
    )
    assert told["IsReminderSet"] is True
    assert told["CreatedById"] == api.get("/services/oauth2/userinfo")["user_id"]


def record_number(record_id: str) -> int:
    return ids.read(record_id)[1]


def test_a_task_without_a_time_is_due_on_its_day(api: Client, deal: Record) -> None:
    given = task(deal, IsReminderSet=False, ReminderDateTime=None, ActivityDate="2026-10-25")
    (result,) = made(api, given)
    told = api.get(f"~/sobjects/Task/{result['id']}")
    assert (told["ActivityDate"], told["ReminderDateTime"]) == ("2026-10-25", None)


def test_who_moves_a_task_at_the_screens_moves_day_and_reminder(
    api: Client, sandbox: Place, deal: Record
) -> None:
    (result,) = made(api, task(deal))
    sandbox.clock.advance(1000)
    number = str(record_number(result["id"]))
    # Half past midnight on the 24th in Amsterdam.
    Acts(sandbox.account).do("move_task", {"task": number, "due": 1_792_794_600_000})
    told = api.get(f"~/sobjects/Task/{result['id']}")
    assert told["ReminderDateTime"] == "2026-10-23T22:30:00.000+0000"
    assert told["ActivityDate"] == "2026-10-24"
    api.ok("PATCH", f"~/sobjects/Task/{result['id']}", {"ActivityDate": "2026-10-30"})
    told = api.get(f"~/sobjects/Task/{result['id']}")
    assert told["ActivityDate"] == "2026-10-30"


def test_a_completed_task_says_when(api: Client, sandbox: Place, deal: Record) -> None:
    (result,) = made(api, task(deal))
    number = str(record_number(result["id"]))
    Acts(sandbox.account).do("complete_task", {"task": number})
    told = api.get(f"~/sobjects/Task/{result['id']}", fields="IsClosed,Status,CompletedDateTime")
    assert told["IsClosed"] is True
    assert told["Status"] == "Completed"
    assert told["CompletedDateTime"] is not None
    opportunity = api.get(f"~/sobjects/Opportunity/{sfid('Opportunity', deal)}")
    assert opportunity["LastActivityDate"] == "2026-10-20"


def test_what_people_do_appears_as_activities(api: Client, sandbox: Place, deal: Record) -> None:
    acts = Acts(sandbox.account)
    call = acts.do("log_call", {"deal": deal.id, "outcome": "voicemail"})
    mail = acts.do("reply", {"deal": deal.id, "text": "Yes please"})
    start = sandbox.clock.now() + DAY
    meeting = acts.do("book_meeting", {"deal": deal.id, "start": start})
    acts.do("meeting_outcome", {"meeting": meeting.id, "outcome": "NO_SHOW"})
    told = api.get(f"~/sobjects/Task/{sfid('Task', call)}")
    assert (told["TaskSubtype"], told["IsClosed"]) == ("Call", True)
    assert (told["CallDisposition"], told["CallDurationInSeconds"]) == ("Voicemail", 300)
    told = api.get(f"~/sobjects/EmailMessage/{sfid('EmailMessage', mail)}")
    assert (told["Incoming"], told["Status"], told["TextBody"]) == (True, "0", "Yes please")
    assert told["RelatedToId"] == sfid("Opportunity", deal)
    beside = api.get(f"~/sobjects/Task/{told['ActivityId']}")
    assert (beside["TaskSubtype"], beside["Status"]) == ("Email", "Completed")
    ends = api.query(
        "SELECT RelationType, RelationObjectType, RelationAddress FROM EmailMessageRelation "
        f"WHERE EmailMessageId = '{told['Id']}' ORDER BY RelationType"
    )
    assert [(one["RelationType"], one["RelationObjectType"]) for one in ends] == [
        ("FromAddress", "Contact"),
        ("ToAddress", "User"),
    ]
    told = api.get(f"~/sobjects/Event/{sfid('Event', meeting)}")
    assert (told["DurationInMinutes"], told["Meeting_Outcome__c"]) == (30, "No Show")


def test_an_event_is_a_meeting(api: Client, sandbox: Place, deal: Record) -> None:
    event = api.create(
        "Event", Subject="Demo", WhatId=sfid("Opportunity", deal),
        StartDateTime="2026-10-21T08:00:00Z", DurationInMinutes=45,
        Meeting_Outcome__c="Scheduled",
    )  # fmt: skip
    record = sandbox.account.need("meetings", str(record_number(event)))
    assert record.get("hs_meeting_end_time") == "1792572300000"
    api.ok("PATCH", f"~/sobjects/Event/{event}", {"EndDateTime": "2026-10-21T09:00:00Z"})
    assert api.get(f"~/sobjects/Event/{event}")["DurationInMinutes"] == 60


def test_an_email_of_an_app_has_its_task(api: Client, sandbox: Place, deal: Record) -> None:
    person = sandbox.account.need("contacts", deal.linked("contacts")[0])
    mail = api.create(
        "EmailMessage", Subject="Offer", FromAddress="ben@example.com",
        ToAddress=person.get("email"), Status="3", RelatedToId=sfid("Opportunity", deal),
        TextBody="Hello",
    )  # fmt: skip
    told = api.get(f"~/sobjects/EmailMessage/{mail}")
    assert (told["Incoming"], told["IsTracked"], told["IsOpened"]) == (False, True, False)
    beside = api.get(f"~/sobjects/Task/{told['ActivityId']}")
    assert beside["WhoId"] == sfid("Contact", person)
    sandbox.clock.advance(1000)
    Acts(sandbox.account).do("open_mail", {"contact": person.id})
    assert api.get(f"~/sobjects/EmailMessage/{mail}")["IsOpened"] is True
    Acts(sandbox.account).do("bounce", {"contact": person.id})
    assert api.get(f"~/sobjects/EmailMessage/{mail}")["IsBounced"] is True
    told = api.get(f"~/sobjects/Contact/{sfid('Contact', person)}")
    assert told["EmailBouncedDate"] is not None


def test_a_stage_decides_what_goes_with_it_and_leaves_a_trail(
    api: Client, sandbox: Place, deal: Record
) -> None:
    address = f"~/sobjects/Opportunity/{sfid('Opportunity', deal)}"
    assert api.get(address)["LastStageChangeDate"] is None
    sandbox.clock.advance(DAY)
    api.ok("PATCH", address, {"StageName": "Negotiation/Review", "Amount": 1500})
    told = api.get(address)
    assert (told["Probability"], told["ForecastCategoryName"]) == (80.0, "Commit")
    assert told["LastStageChangeDate"] == told["LastModifiedDate"]
    sandbox.clock.advance(DAY)
    api.ok("PATCH", address, {"Amount": 2000})
    Acts(sandbox.account).do("move_deal", {"deal": deal.id, "stage": "Closed Won"})
    told = api.get(address)
    assert (told["IsClosed"], told["IsWon"], told["Probability"]) == (True, True, 100.0)
    rows = api.query(
        "SELECT StageName, Amount, PrevAmount FROM OpportunityHistory WHERE OpportunityId = "
        f"'{told['Id']}' ORDER BY CreatedDate"
    )
    assert [row["StageName"] for row in rows] == [
        "Qualification",
        "Negotiation/Review",
        "Closed Won",
    ]
    assert rows[2]["PrevAmount"] == 1500.0
    assert told["LastAmountChangedHistoryId"] is not None


def test_roles_join_a_person_and_an_opportunity(api: Client, sandbox: Place, deal: Record) -> None:
    person = sandbox.contact(email="role@example.com")
    opportunity, contact = sfid("Opportunity", deal), sfid("Contact", person)
    role = api.create(
        "OpportunityContactRole", OpportunityId=opportunity, ContactId=contact,
        Role="Decision Maker", IsPrimary=True,
    )  # fmt: skip
    assert person.id in deal.linked("contacts")
    rows = api.query(
        "SELECT ContactId, Role, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = "
        f"'{opportunity}' AND IsPrimary = true"
    )
    assert rows == [{"ContactId": contact, "Role": "Decision Maker", "IsPrimary": True}]
    api.ok("PATCH", f"~/sobjects/OpportunityContactRole/{role}", {"Role": "Influencer"})
    assert api.get(f"~/sobjects/OpportunityContactRole/{role}")["Role"] == "Influencer"
    sandbox.account.archive("contacts", person.id, USER)
    told = api.get(f"~/sobjects/OpportunityContactRole/{role}")
    assert told["ContactId"] == contact, "a role outlives its contact"
    assert api.query(f"SELECT Id FROM Contact WHERE Id = '{contact}'") == []
    api.ok("DELETE", f"~/sobjects/OpportunityContactRole/{role}")
    assert api.error("GET", f"~/sobjects/OpportunityContactRole/{role}")[0] == 404


def test_a_lead_becomes_a_contact_with_its_first_opportunity(api: Client, sandbox: Place) -> None:
    acts = Acts(sandbox.account)
    person = acts.do("submit_form", {"email": "inbound@example.com", "lastname": "Ito",
                                     "company": "Alder"})  # fmt: skip
    lead = sfid("Lead", person)
    told = api.get(f"~/sobjects/Lead/{lead}")
    assert (told["Status"], told["IsConverted"], told["Company"]) == (
        "Open - Not Contacted", False, "Alder"
    )  # fmt: skip
    assert api.error("GET", f"~/sobjects/Contact/{sfid('Contact', person)}")[0] == 404
    on_lead = api.create("Task", Subject="Call the lead", WhoId=lead)
    deal = acts.do("create_deal", {"name": "First order", "contact": person.id})
    told = api.get(f"~/sobjects/Lead/{lead}")
    assert (told["IsConverted"], told["Status"]) == (True, "Closed - Converted")
    assert told["ConvertedOpportunityId"] == sfid("Opportunity", deal)
    assert told["ConvertedContactId"] == sfid("Contact", person)
    assert api.get(f"~/sobjects/Task/{on_lead}")["WhoId"] == told["ConvertedContactId"]
    again = acts.do("submit_form", {"email": "inbound@example.com", "lastname": "Ito"})
    assert again.id != person.id, "a form makes a lead, whoever has the address"


def test_a_merge_keeps_one_id(api: Client, sandbox: Place, deal: Record) -> None:
    keeper = sandbox.account.need("contacts", deal.linked("contacts")[0])
    other = sandbox.contact(email="double@example.com")
    acts = Acts(sandbox.account)
    acts.do("associate", {"kind": "deals", "record": deal.id, "to_kind": "contacts",
                          "to": other.id})  # fmt: skip
    acts.do("merge", {"kind": "contacts", "primary": keeper.id, "other": other.id})
    assert api.get(f"~/sobjects/Contact/{sfid('Contact', keeper)}")["Id"]
    assert api.error("GET", f"~/sobjects/Contact/{sfid('Contact', other)}")[0] == 404
    opportunity = sfid("Opportunity", deal)
    rows = api.query(
        f"SELECT ContactId FROM OpportunityContactRole WHERE OpportunityId = '{opportunity}'"
    )
    assert rows == [{"ContactId": sfid("Contact", keeper)}]


def test_upsert_by_an_external_id(api: Client, sandbox: Place, deal: Record) -> None:
    address = f"~/sobjects/Task/{TOUCH}/up-1"
    first = api.call("PATCH", address, {"Subject": "One"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    second = api.call("PATCH", address, {"Subject": "Two"})
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert second.json()["id"] == first.json()["id"]
    assert api.get(address)["Subject"] == "Two"
    for email in ("x1@example.com", "x2@example.com"):
        sandbox.contact(email=email, acme_score="7")
    several = api.call("GET", "~/sobjects/Contact/Acme_Score__c/7.0")
    assert (several.status_code, len(several.json())) == (300, 2)


def test_collections_answer_for_each_record(api: Client, sandbox: Place, deal: Record) -> None:
    results = made(
        api,
        task(deal, **{TOUCH: "c-1"}),
        task(deal, Subject="x" * 256),
        task(deal, **{TOUCH: "c-1"}),
        task(deal, TaskSubtype="Fax"),
    )
    assert [one["success"] for one in results] == [True, False, False, False]
    codes = [one["errors"][0]["statusCode"] for one in results[1:]]
    assert codes == [
        "STRING_TOO_LONG",
        "DUPLICATE_VALUE",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    ]
    assert results[1]["errors"][0]["fields"] == ["Subject"]
    assert "id" not in results[1]
    changed = api.ok("PATCH", MANY, {"records": [
        {"attributes": {"type": "Task"}, "id": results[0]["id"], "Status": "Completed"},
        {"attributes": {"type": "Task"}, "id": "00TFx0000000001", "Status": "Completed"},
    ]})  # fmt: skip
    assert [one["success"] for one in changed] == [True, False]
    read = api.ok("POST", f"{MANY}/Task", {"ids": [results[0]["id"], "00TFx0000000001"],
                                           "fields": ["Id", "Status"]})  # fmt: skip
    assert read[0]["Status"] == "Completed"
    assert read[1] is None
    gone = api.ok("DELETE", MANY, ids=f"{results[0]['id']},{results[0]['id']}")
    assert [one["success"] for one in gone] == [True, True]
    gone = api.ok("DELETE", MANY, ids=results[0]["id"])
    assert gone[0]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


@pytest.mark.refusal("sf_rolled_back")
def test_all_or_none(api: Client, sandbox: Place, deal: Record) -> None:
    before = len(sandbox.account.objects["tasks"])
    results = made(api, task(deal), task(deal, Subject="x" * 256), allOrNone=True)
    assert [one["success"] for one in results] == [False, False]
    assert results[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert len(sandbox.account.objects["tasks"]) == before


def test_collections_upsert(api: Client, deal: Record) -> None:
    records = [task(deal, **{TOUCH: f"cu-{number}"}) for number in range(2)]
    address = f"{MANY}/Task/{TOUCH}"
    first = api.ok("PATCH", address, {"records": records})
    again = api.ok("PATCH", address, {"records": [
        {"attributes": {"type": "Task"}, TOUCH: "cu-1", "Subject": "Other"}
    ]})  # fmt: skip
    assert [one["created"] for one in (*first, *again)] == [True, True, False]
    assert again[0]["id"] == first[1]["id"]


def test_what_was_changed_and_what_was_deleted(alone: Place) -> None:
    api, account = alone.client(), alone.account
    kept, gone = alone.deal(), alone.deal()
    start = alone.clock.now()
    alone.clock.advance(3_600_000)
    account.archive("deals", gone.id, USER)
    account.update("deals", kept.id, {"amount": "7"}, USER)
    alone.clock.advance(3_600_000)
    span = {"start": "2026-10-12T06:30:00+00:00", "end": "2026-10-12T07:30:00+00:00"}
    told = api.get("~/sobjects/Opportunity/updated", **span)
    assert told["ids"] == [sfid("Opportunity", kept)]
    told = api.get("~/sobjects/Opportunity/deleted", **span)
    assert told["deletedRecords"] == [
        {"id": sfid("Opportunity", gone), "deletedDate": "2026-10-12T07:00:00.000+0000"}
    ]
    roles = api.get("~/sobjects/OpportunityContactRole/deleted", **span)["deletedRecords"]
    assert len(roles) == 1, "a role goes with its opportunity"
    assert alone.clock.now() == start + 7_200_000


def test_describe_says_what_an_app_must_know(api: Client) -> None:
    told = api.get("~/sobjects/Task/describe")
    fields = {one["name"]: one for one in told["fields"]}
    subtype, touch, day = fields["TaskSubtype"], fields[TOUCH], fields["ActivityDate"]
    assert (subtype["createable"], subtype["updateable"]) == (True, False)
    assert subtype["restrictedPicklist"] is True
    assert "LinkedIn" in [one["value"] for one in subtype["picklistValues"]]
    assert (touch["externalId"], touch["unique"], touch["length"]) == (True, True, 36)
    assert (day["type"], fields["ReminderDateTime"]["type"]) == ("date", "datetime")
    assert fields["WhoId"]["referenceTo"] == ["Contact", "Lead"]
    opportunity = api.get("~/sobjects/Opportunity/describe")
    fields = {one["name"]: one for one in opportunity["fields"]}
    assert fields["HasOverdueTask"]["filterable"] is False
    assert fields["IsWon"]["createable"] is False
    assert [one["value"] for one in fields["Acme_Control__c"]["picklistValues"]] == [
        "Run", "Pause", "Stop"
    ]  # fmt: skip
    assert {"OpportunityContactRoles", "Tasks"} <= {
        one["relationshipName"] for one in opportunity["childRelationships"]
    }
    everything = api.get("~/sobjects")["sobjects"]
    assert {"Opportunity", "Task", "Lead"} <= {one["name"] for one in everything}


def test_pipelines_are_record_types_with_stages_of_their_own(alone: Place) -> None:
    api = alone.client()
    alone.deal()
    assert api.query("SELECT Id FROM RecordType") == []
    assert api.query("SELECT RecordTypeId FROM Opportunity") == [{"RecordTypeId": None}]
    stages = ["Due", "Renewed", "Not renewed"]
    Admin(alone.account).do("add_pipeline", {"label": "Renewals", "stages": stages})
    rows = api.query("SELECT Id, Name FROM RecordType ORDER BY Name")
    assert [row["Name"] for row in rows] == ["Renewals", "Sales Process"]
    made = api.create("Opportunity", Name="Next", StageName="Due", CloseDate="2026-12-01",
                      RecordTypeId=rows[0]["Id"])  # fmt: skip
    told = api.get(f"~/sobjects/Opportunity/{made}")
    assert (told["StageName"], told["RecordTypeId"]) == ("Due", rows[0]["Id"])
    base = "~/ui-api/object-info/Opportunity/picklist-values"
    own = api.get(f"{base}/{rows[0]['Id']}/StageName")["values"]
    assert [one["value"] for one in own] == stages
