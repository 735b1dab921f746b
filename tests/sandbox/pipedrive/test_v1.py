"""What API v1 alone has: notes, leads, mail, call logs, histories."""

from __future__ import annotations

import pytest

from sandbox.world.people_acts import Acts
from sandbox.world.records import Link, Record
from tests.sandbox.pipedrive.support import USER, Client, Company
from tests.sandbox.support import START

V2 = "/api/v2"
DAY = 86_400_000


@pytest.fixture
def person(company: Company) -> Record:
    fields = {"email": "p@example.com", "firstname": "Pat", "lastname": "Roe"}
    return company.account.create("contacts", fields, USER)


@pytest.fixture
def deal(company: Company, person: Record) -> Record:
    fields = {"dealname": "Deal", "dealstage": "2", "hubspot_owner_id": "602"}
    return company.account.create("deals", fields, USER, [Link("contacts", person.id)])


def test_notes(client: Client, deal: Record, person: Record) -> None:
    made = client.post(
        "/v1/notes",
        {
            "content": "<b>Called</b>",
            "deal_id": int(deal.id),
            "person_id": int(person.id),
            "add_time": "2026-10-01 10:00:00",
            "pinned_to_deal_flag": 1,
            "user_id": 602,
        },
    )
    assert (made["add_time"], made["user_id"]) == ("2026-10-01 10:00:00", 602)
    assert (made["deal"]["title"], made["person"]["name"]) == ("Deal", "Pat Roe")
    assert (made["pinned_to_deal_flag"], made["pinned_to_person_flag"]) == (True, False)
    listed = client.call("GET", "/v1/notes", deal_id=deal.id, limit=1).json()
    assert [one["id"] for one in listed["data"]] == [made["id"]]
    assert listed["additional_data"]["pagination"]["more_items_in_collection"] is False
    assert client.get("/v1/notes", deal_id=1) == []
    assert client.get("/v1/notes", user_id=601) == []
    path = f"/v1/notes/{made['id']}"
    changed = client.call("PUT", path, {"content": "x", "pinned_to_deal_flag": False}).json()
    assert changed["data"]["content"] == "x"
    assert changed["data"]["pinned_to_deal_flag"] is False
    assert client.call("DELETE", path).json() == {"success": True, "data": True}
    assert client.get(path)["active_flag"] is False
    assert client.get("/v1/notes") == []


def test_only_admins_write_in_anothers_name(company: Company, deal: Record) -> None:
    ben = company.client(user="602")
    body = {"content": "x", "deal_id": int(deal.id)}
    assert ben.call("POST", "/v1/notes", body | {"user_id": 601}).status_code == 403
    assert ben.post("/v1/notes", body)["user_id"] == 602


def test_leads(company: Company, client: Client, person: Record) -> None:
    field = client.post(f"{V2}/dealFields", {"field_name": "Source", "field_type": "varchar"})
    label = client.get("/v1/leadLabels")[0]
    made = client.post(
        "/v1/leads",
        {
            "title": "Pat's plan",
            "person_id": int(person.id),
            "value": {"amount": 900, "currency": "EUR"},
            "expected_close_date": "2026-12-01",
            "label_ids": [label["id"]],
            field["field_code"]: "fair",
        },
    )
    assert len(made["id"]) == 36
    assert (made["person_id"], made["owner_id"]) == (int(person.id), 601)
    assert made["value"] == {"amount": 900, "currency": "EUR"}
    assert made[field["field_code"]] == "fair", "custom fields of deals stand at the top"
    other = Acts(company.account).do("create_lead", {"contact": person.id, "label": "COLD"})
    listed = client.call("GET", "/v1/leads", limit=1, sort="add_time DESC").json()
    assert listed["additional_data"] == {
        "start": 0,
        "limit": 1,
        "more_items_in_collection": True,
    }
    both = {one["title"]: one for one in client.get("/v1/leads", person_id=person.id)}
    assert set(both) == {"Pat's plan", "Pat Roe"}
    assert field["field_code"] not in both["Pat Roe"], "without a value it is left out"
    assert both["Pat Roe"]["label_ids"] == [client.get("/v1/leadLabels")[2]["id"]]
    company.clock.advance(5000)
    Acts(company.account).do("move_lead", {"lead": other.id, "stage": "Disqualified"})
    since = client.get("/v1/leads", updated_since="2026-10-12T06:00:05Z")
    assert since == [], "archived leads have a list of their own"
    assert [one["title"] for one in client.get("/v1/leads/archived")] == ["Pat Roe"]
    path = f"/v1/leads/{made['id']}"
    assert client.patch(path, {"title": "New", "value": None})["value"] is None
    assert client.patch(path, {"is_archived": True})["is_archived"] is True
    act = client.post(f"{V2}/activities", {"subject": "x", "lead_id": made["id"]})
    assert client.get(path)["next_activity_id"] == act["id"]
    assert [one["id"] for one in client.get(f"{V2}/activities", lead_id=made["id"])] == [act["id"]]
    assert client.call("DELETE", path).json()["data"] == {"id": made["id"]}
    assert client.call("GET", path).status_code == 404


def test_a_lead_becomes_a_deal_and_back(company: Company, client: Client, person: Record) -> None:
    lead = client.post("/v1/leads", {"title": "L", "person_id": int(person.id)})
    act = client.post(f"{V2}/activities", {"subject": "x", "lead_id": lead["id"]})
    job = client.post(f"{V2}/leads/{lead['id']}/convert/deal", {"stage_id": 3})["conversion_id"]
    status = client.get(f"{V2}/leads/{lead['id']}/convert/status/{job}")
    assert status["status"] == "completed"
    path = f"{V2}/deals/{status['deal_id']}"
    deal = client.get(path, include_fields="source_lead_id")
    assert (deal["stage_id"], deal["person_id"]) == (3, int(person.id))
    assert deal["source_lead_id"] == lead["id"]
    assert client.call("GET", f"/v1/leads/{lead['id']}").status_code == 404
    assert client.get(f"{V2}/activities/{act['id']}")["deal_id"] == deal["id"]
    job = client.post(f"{path}/convert/lead", {})["conversion_id"]
    status = client.get(f"{path}/convert/status/{job}")
    assert client.get(f"/v1/leads/{status['lead_id']}")["title"] == "L"
    assert client.get(path)["is_deleted"] is True


def test_mail(company: Company, client: Client, deal: Record, person: Record) -> None:
    acts = Acts(company.account)
    acts.do("send_email", {"deal": deal.id, "subject": "Offer", "text": "<p>Here it is</p>"})
    company.clock.advance(60_000)
    acts.do("reply", {"deal": deal.id, "text": "Thanks"})
    told = [one["data"] for one in client.get(f"/v1/deals/{deal.id}/mailMessages")]
    reply, offer = told
    assert (reply["sent_flag"], offer["sent_flag"]) == (0, 1)
    assert reply["from"][0]["linked_person_id"] == int(person.id)
    assert offer["to"][0]["email_address"] == "p@example.com"
    assert offer["from"][0]["name"] == "Ben Rep"
    assert (offer["snippet"], offer["mail_tracking_status"]) == ("Here it is", "not opened")
    acts.do("open_mail", {"deal": deal.id})
    (_, offer) = (one["data"] for one in client.get(f"/v1/persons/{person.id}/mailMessages"))
    assert offer["mail_tracking_status"] == "opened"
    path = f"/v1/mailbox/mailMessages/{reply['id']}"
    assert "body" not in client.get(path)
    assert client.get(path, include_body=1)["body"] == "Thanks"
    times = "last_incoming_mail_time,last_outgoing_mail_time"
    shown = client.get(f"{V2}/deals/{deal.id}", include_fields=times)
    assert shown["last_incoming_mail_time"] == "2026-10-12T06:01:00Z"
    assert shown["last_outgoing_mail_time"] == "2026-10-12T06:00:00Z"


def test_call_logs(company: Company, client: Client, deal: Record) -> None:
    log = {
        "outcome": "no_answer",
        "to_phone_number": "+31 20",
        "start_time": "2026-10-12 05:00:00",
        "end_time": "2026-10-12 05:04:00",
        "deal_id": int(deal.id),
        "note": "Rang out",
    }
    made = client.post("/v1/callLogs", log)
    assert (made["outcome"], made["duration"]) == ("no_answer", "240")
    shown = client.get(f"{V2}/activities/{made['activity_id']}")
    assert (shown["type"], shown["done"], shown["note"]) == ("call", True, "Rang out")
    assert shown["deal_id"] == int(deal.id)
    task = client.post(f"{V2}/activities", {"subject": "Ring them", "deal_id": int(deal.id)})
    again = client.post("/v1/callLogs", log | {"activity_id": task["id"], "outcome": "connected"})
    assert (again["activity_id"], again["subject"]) == (task["id"], "Ring them")
    assert client.get(f"{V2}/activities/{task['id']}")["done"] is True
    assert [one["outcome"] for one in client.get("/v1/callLogs")] == ["no_answer", "connected"]


def test_changelog(company: Company, client: Client, deal: Record) -> None:
    acts = Acts(company.account)
    key = client.post(f"{V2}/dealFields", {"field_name": "Why", "field_type": "text"})
    for number, stage in enumerate(("3", "4", "Closed won", "2"), 1):
        company.clock.set(START + number * DAY)
        acts.do("move_deal", {"deal": deal.id, "stage": stage})
    company.clock.advance(DAY)
    client.patch(f"{V2}/deals/{deal.id}", {"value": 7, "custom_fields": {key["field_code"]: "so"}})
    path, entries, cursor = f"/v1/deals/{deal.id}/changelog", [], ""
    while cursor is not None:
        page = client.call("GET", path, limit=2, cursor=cursor).json()
        entries += page["data"]
        cursor = page["additional_data"]["next_cursor"]
    told = [(one["field_key"], one["old_value"], one["new_value"]) for one in entries]
    assert set(told[:2]) == {("value", None, "7"), (key["field_code"], None, "so")}
    assert set(told[2:4]) == {("stage_id", "4", "2"), ("status", "won", "open")}
    assert told[4:] == [
        ("status", "open", "won"),
        ("stage_id", "3", "4"),
        ("stage_id", "2", "3"),
    ]
    last = entries[-1]
    assert (last["time"], last["change_source"], last["actor_user_id"]) == (
        "2026-10-13 06:00:00",
        "app",
        602,
    )
    assert entries[0]["change_source"] == "api"
    company.settings.update({"pipedrive_changelog_zone": "company"})
    assert client.get(path)[-1]["time"] == "2026-10-13 08:00:00"


def test_flow_and_recents(company: Company, client: Client, deal: Record) -> None:
    acts = Acts(company.account)
    company.clock.advance(5000)
    acts.do("log_call", {"deal": deal.id, "started": START + 2000})
    acts.do("note", {"deal": deal.id, "text": "Keen"})
    acts.do("reply", {"deal": deal.id})
    acts.do("move_deal", {"deal": deal.id, "stage": "3"})
    kinds = [one["object"] for one in client.get(f"/v1/deals/{deal.id}/flow")]
    assert sorted(kinds) == ["activity", "dealChange", "mailMessage", "note"]
    only = client.get(f"/v1/deals/{deal.id}/flow", items="activity,note")
    assert [one["object"] for one in only] == ["note", "activity"]
    query = {"since_timestamp": "2026-10-12 06:00:05", "items": "note,activity"}
    told = client.call("GET", "/v1/recents", **query).json()
    assert sorted(one["item"] for one in told["data"]) == ["activity", "note"]
    assert told["additional_data"]["last_timestamp_on_page"] == "2026-10-12 06:00:05"
    company.account.archive("deals", deal.id, USER)
    (gone,) = client.get("/v1/recents", since_timestamp="2026-10-12 06:00:05", items="deal")
    assert gone["data"]["is_deleted"] is True


def test_searches(company: Company, client: Client, deal: Record, person: Record) -> None:
    client.post("/v1/notes", {"content": "likes Zanzibar", "deal_id": int(deal.id)})
    found = client.get(f"{V2}/deals/search", term="zanzibar")["items"]
    assert [one["item"]["id"] for one in found] == [int(deal.id)]
    assert found[0]["item"]["stage"] == {"id": 2, "name": "Qualified"}
    assert found[0]["item"]["person"] == {"id": int(person.id), "name": "Pat Roe"}
    assert client.get(f"{V2}/deals/search", term="zanzibar", fields="title")["items"] == []
    assert client.get(f"{V2}/deals/search", term="deal", status="won")["items"] == []
    exact = {"term": "P@EXAMPLE.com", "exact_match": "true", "fields": "email"}
    (one,) = client.get(f"{V2}/persons/search", **exact)["items"]
    assert (one["item"]["id"], one["result_score"]) == (int(person.id), 1.0)
    assert client.get(f"{V2}/persons/search", term="example", exact_match="true")["items"] == []
    both = client.get(f"{V2}/itemSearch", term="pa", item_types="deal,person")["items"]
    assert [one["item"]["type"] for one in both] == ["person"]
    for kind in ("organizations", "leads"):
        assert client.get(f"{V2}/{kind}/search", term="nothing")["items"] == []
