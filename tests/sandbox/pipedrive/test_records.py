"""Deals, persons and activities over the wire: shapes, lists, and what a write does."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.people_acts import ActError, Acts
from sandbox.world.records import Link, Record
from tests.sandbox.pipedrive.support import USER, Client, Company
from tests.sandbox.support import START

V2 = "/api/v2"
DAY = 86_400_000


def new_deal(company: Company, *people: Record, **fields: str) -> Record:
    values = {"dealname": "Deal", "dealstage": "2", "hubspot_owner_id": "602"} | fields
    links = [Link("contacts", one.id) for one in people]
    return company.account.create("deals", values, USER, links)


def new_person(company: Company, email: str = "p@example.com", **fields: str) -> Record:
    values = {"email": email, "firstname": "Pat", "lastname": "Roe"} | fields
    return company.account.create("contacts", values, USER)


def ids(data: list[dict[str, Any]]) -> list[int]:
    return [one["id"] for one in data]


# --- lists ---------------------------------------------------------------------------------------


def test_pages_by_cursor_miss_nothing_while_records_change(
    company: Company, client: Client
) -> None:
    made = []
    for number in range(7):
        made.append(new_deal(company, dealname=f"D{number}"))
        company.clock.advance(1500)
    query = {"sort_by": "update_time", "limit": 3}
    first = client.call("GET", f"{V2}/deals", **query).json()
    assert ids(first["data"]) == [int(one.id) for one in made[:3]]
    company.account.update("deals", made[4].id, {"amount": "5"}, USER)
    seen, cursor = ids(first["data"]), first["additional_data"]["next_cursor"]
    while cursor:
        page = client.call("GET", f"{V2}/deals", **query, cursor=cursor).json()
        seen += ids(page["data"])
        cursor = page["additional_data"]["next_cursor"]
    assert sorted(set(seen)) == sorted(int(one.id) for one in made)
    assert seen[-1] == int(made[4].id), "it went to the end"
    down = client.get(f"{V2}/deals", sort_by="add_time", sort_direction="desc", limit=2)
    assert ids(down) == [int(made[6].id), int(made[5].id)]


def test_since_includes_its_instant_and_until_does_not(company: Company, client: Client) -> None:
    one = new_deal(company)
    company.clock.advance(10_400)
    two = new_deal(company)
    since, until = "2026-10-12T06:00:10Z", "2026-10-12T08:00:10+02:00"
    assert ids(client.get(f"{V2}/deals", updated_since=since)) == [int(two.id)]
    assert ids(client.get(f"{V2}/deals", updated_until=until)) == [int(one.id)]


def test_filters_of_deals(company: Company, client: Client) -> None:
    person = new_person(company)
    one = new_deal(company, person)
    two = new_deal(company, dealstage="4", hubspot_owner_id="601")
    won = new_deal(company, dealstage="3")
    company.account.update("deals", won.id, {"dealstage": "6"}, USER)
    gone = new_deal(company)
    company.account.archive("deals", gone.id, USER)
    expected: list[tuple[dict[str, Any], list[Record]]] = [
        ({}, [one, two, won]),
        ({"owner_id": 601}, [two]),
        ({"person_id": int(person.id)}, [one]),
        ({"stage_id": 4}, [two]),
        ({"stage_id": 3}, [won]),
        ({"stage_id": 6}, []),
        ({"pipeline_id": 1, "status": "open"}, [one, two]),
        ({"status": "won,lost"}, [won]),
        ({"status": "deleted"}, [gone]),
        ({"ids": f"{one.id},{gone.id},999"}, [one]),
    ]
    for query, records in expected:
        found = ids(client.get(f"{V2}/deals", **query))
        assert found == [int(record.id) for record in records], query


def test_deleted_for_thirty_days(company: Company, client: Client) -> None:
    deal, act = new_deal(company), client.post(f"{V2}/activities", {"subject": "x"})
    for path in (f"{V2}/deals/{deal.id}", f"{V2}/activities/{act['id']}"):
        assert client.call("DELETE", path).json()["data"] == {"id": int(path.split("/")[-1])}
        assert client.get(path)["is_deleted"] is True
        company.settings.update({"pipedrive_deleted_readable": False})
        assert client.call("GET", path).status_code == 404
        company.settings.update({"pipedrive_deleted_readable": True})
    assert client.get(f"{V2}/deals/{deal.id}")["status"] == "deleted"
    assert client.get(f"{V2}/activities") == []
    company.clock.advance(30 * DAY + 1)
    assert client.get(f"{V2}/deals", status="deleted") == []
    assert client.call("GET", f"{V2}/deals/{deal.id}").status_code == 404


def test_archived_deals_have_a_list_of_their_own(company: Company, client: Client) -> None:
    deal = new_deal(company)
    path = f"{V2}/deals/{deal.id}"
    assert client.patch(path, {"is_archived": True})["archive_time"] == "2026-10-12T06:00:00Z"
    assert client.get(f"{V2}/deals") == []
    assert ids(client.get(f"{V2}/deals/archived")) == [int(deal.id)]
    assert client.call("PATCH", path, {"title": "x"}).status_code == 403
    assert client.patch(path, {"is_archived": False, "title": "x"})["title"] == "x"


# --- deals ---------------------------------------------------------------------------------------


def test_a_deal_stays_in_the_stage_where_it_was_decided(company: Company, client: Client) -> None:
    deal = new_deal(company)
    acts, path = Acts(company.account), f"{V2}/deals/{deal.id}"
    assert client.get(path)["stage_change_time"] is None
    company.clock.set(START + DAY)
    acts.do("move_deal", {"deal": deal.id, "stage": "4"})
    company.clock.set(START + 2 * DAY)
    acts.do("move_deal", {"deal": deal.id, "stage": "Closed lost"})
    lost = client.get(path, include_fields="first_won_time")
    assert (lost["stage_id"], lost["status"]) == (4, "lost")
    assert lost["stage_change_time"] == "2026-10-13T06:00:00Z"
    assert lost["lost_time"] == lost["close_time"] == "2026-10-14T06:00:00Z"
    assert (lost["won_time"], lost["expected_close_date"], lost["first_won_time"]) == (None,) * 3
    won = client.patch(path, {"status": "won", "stage_id": 5})
    assert (won["stage_id"], won["status"]) == (5, "won")
    back = client.patch(path, {"status": "open"})
    assert (back["stage_id"], back["status"], back["close_time"]) == (5, "open", None)
    assert client.get(path, include_fields="first_won_time")["first_won_time"] == won["won_time"]
    assert company.account.need("deals", deal.id).get("dealstage") == "5"
    moved = client.patch(path, {"status": "lost", "lost_reason": "price"})
    assert moved["lost_reason"] == "price"
    assert client.patch(path, {"stage_id": 3})["status"] == "lost", "it stays decided"


def test_a_new_deal(company: Company, client: Client) -> None:
    person = new_person(company)
    org = client.post(f"{V2}/organizations", {"name": "Org"})
    made = client.post(
        f"{V2}/deals",
        {
            "title": "Big",
            "value": 1200.5,
            "person_id": int(person.id),
            "org_id": org["id"],
            "expected_close_date": "2026-12-24",
            "label_ids": [1, 3],
            "stage_id": 3,
        },
    )
    assert (made["owner_id"], made["stage_id"], made["pipeline_id"]) == (601, 3, 1)
    assert (made["person_id"], made["org_id"]) == (int(person.id), org["id"])
    assert (made["value"], made["currency"]) == (1200.5, "EUR")
    assert (made["expected_close_date"], made["label_ids"]) == ("2026-12-24", [1, 3])
    path = f"{V2}/deals/{made['id']}"
    other = new_person(company, "q@example.com")
    assert client.patch(path, {"person_id": int(other.id)})["person_id"] == int(other.id)
    changed = client.patch(path, {"person_id": None, "org_id": None, "value": None})
    assert (changed["org_id"], changed["value"]) == (None, 0)
    assert changed["person_id"] == int(person.id), "the first one is a participant still"
    company.settings.update({"pipedrive_nulls_left_out": True})
    assert "org_id" not in client.get(path)
    assert "won_time" not in client.get(path)


def test_a_deal_moves_to_another_pipeline(company: Company, client: Client) -> None:
    from sandbox.world.people_admin import Admin

    made = Admin(company.account).do(
        "add_pipeline", {"label": "Renewals", "stages": ["Due", "Talks", "Won", "Lost"]}
    )
    stages = client.get(f"{V2}/stages", pipeline_id=made["id"])
    assert [one["name"] for one in stages] == ["Due", "Talks"]
    deal = new_deal(company)
    moved = client.patch(f"{V2}/deals/{deal.id}", {"pipeline_id": int(made["id"])})
    assert (moved["pipeline_id"], moved["stage_id"]) == (int(made["id"]), stages[0]["id"])
    assert client.patch(f"{V2}/deals/{deal.id}", {"status": "won"})["status"] == "won"


def test_participants(company: Company, client: Client) -> None:
    one, two = new_person(company), new_person(company, "q@example.com")
    deal = new_deal(company, one)
    path = f"/v1/deals/{deal.id}/participants"
    client.post(path, {"person_id": int(two.id)})
    listed = client.call("GET", path, limit=1).json()
    assert [entry["person_id"]["value"] for entry in listed["data"]] == [int(one.id)]
    page = listed["additional_data"]["pagination"]
    assert page == {
        "start": 0,
        "limit": 1,
        "more_items_in_collection": True,
        "next_start": 1,
    }
    rest = client.call("GET", path, start=1).json()
    assert [entry["person_id"]["value"] for entry in rest["data"]] == [int(two.id)]
    assert "next_start" not in rest["additional_data"]["pagination"]
    assert client.get(f"{V2}/deals/{deal.id}")["person_id"] == int(one.id)


# --- activities ----------------------------------------------------------------------------------


def test_due_date_and_time_are_one_instant_in_utc(company: Company, client: Client) -> None:
    body = {"subject": "x", "due_date": "2026-10-25", "due_time": "23:30"}
    made = client.post(f"{V2}/activities", body)
    record = company.account.need("tasks", str(made["id"]))
    assert record.get("hs_timestamp") == str(1_792_971_000_000)
    assert (made["due_date"], made["due_time"]) == ("2026-10-25", "23:30:00")
    path = f"{V2}/activities/{made['id']}"
    assert client.patch(path, {"due_date": "2026-10-26"})["due_time"] == "23:30:00"
    assert client.patch(path, {"due_time": "08:15:30"})["due_date"] == "2026-10-26"
    assert client.patch(path, {"due_time": None})["due_time"] is None
    assert client.patch(path, {"due_date": "2026-10-27"})["due_time"] is None, "still all day"
    today = client.post(f"{V2}/activities", {"subject": "x"})
    assert (today["due_date"], today["due_time"]) == ("2026-10-12", None)


def test_an_activity_with_everything(company: Company, client: Client) -> None:
    one, two = new_person(company), new_person(company, "q@example.com")
    deal = new_deal(company, one)
    given = {
        "subject": "Lunch",
        "type": "lunch",
        "owner_id": 602,
        "deal_id": int(deal.id),
        "participants": [
            {"person_id": int(two.id), "primary": False},
            {"person_id": int(one.id), "primary": True},
        ],
        "duration": "01:30",
        "busy": True,
        "location": {"value": "Station"},
        "public_description": "Come",
        "priority": 3,
        "note": "<b>Bring</b> papers",
    }
    made = client.post(f"{V2}/activities", given)
    assert made["person_id"] == int(one.id)
    assert made["duration"] == "01:30:00"
    for name in ("subject", "type", "owner_id", "deal_id", "busy", "location", "priority", "note"):
        assert made[name] == given[name]
    path = f"{V2}/activities/{made['id']}"
    swapped = client.patch(path, {"participants": [{"person_id": int(two.id), "primary": True}]})
    assert swapped["participants"] == [{"person_id": int(two.id), "primary": True}]
    assert client.patch(path, {"type": "call", "deal_id": None})["deal_id"] is None
    assert client.get(path)["type"] == "call"
    company.clock.advance(60_000)
    done = client.patch(path, {"done": True})
    assert (done["done"], done["marked_as_done_time"]) == (True, "2026-10-12T06:01:00Z")
    assert client.patch(path, {"done": False})["marked_as_done_time"] is None


def test_what_people_do_are_activities(company: Company, client: Client) -> None:
    person = new_person(company)
    deal = new_deal(company, person)
    acts, about = Acts(company.account), {"deal": deal.id}
    acts.do("log_call", {**about, "minutes": 4})
    acts.do("log_message", {**about, "text": "Hi", "channel": "SMS"})
    meeting = acts.do(
        "book_meeting", {**about, "start": START + DAY, "end": START + DAY + 5400_000}
    )
    acts.do("send_email", {**about, "subject": "Offer"})
    found = {one["type"]: one for one in client.get(f"{V2}/activities", deal_id=int(deal.id))}
    assert set(found) == {"call", "sms", "meeting"}, "mail is none"
    assert (found["call"]["done"], found["call"]["duration"]) == (True, "00:04:00")
    assert (found["meeting"]["done"], found["meeting"]["duration"]) == (False, "01:30:00")
    assert found["meeting"]["due_date"] == "2026-10-13"
    extra = client.get(
        f"{V2}/deals/{deal.id}",
        include_fields="next_activity_id,last_activity_id,activities_count,done_activities_count",
    )
    assert extra["next_activity_id"] == int(meeting.id)
    assert (extra["activities_count"], extra["done_activities_count"]) == (3, 2)
    assert ids(client.get(f"{V2}/activities", done="false")) == [int(meeting.id)]
    assert len(client.get(f"{V2}/activities", person_id=int(person.id), owner_id=602)) == 3
    with pytest.raises(ActError, match="done, not done, or deleted"):
        acts.do("meeting_outcome", {"meeting": meeting.id, "outcome": "NO_SHOW"})
    acts.do("meeting_outcome", {"meeting": meeting.id, "outcome": "COMPLETED"})
    assert client.get(f"{V2}/activities/{meeting.id}")["done"] is True
    held = client.patch(f"{V2}/activities/{meeting.id}", {"due_time": "10:00", "duration": "00:45"})
    assert (held["due_time"], held["duration"]) == ("10:00:00", "00:45:00")
    acts.do("meeting_outcome", {"meeting": meeting.id, "outcome": "CANCELED"})
    assert client.get(f"{V2}/activities/{meeting.id}")["is_deleted"] is True


def test_unknown_fields_may_be_ignored(company: Company, client: Client) -> None:
    company.settings.update({"pipedrive_unknown_fields": "ignored"})
    assert client.post(f"{V2}/activities", {"subject": "x", "user_id": 602})["owner_id"] == 601


def test_pages_may_be_cut(company: Company, client: Client) -> None:
    company.settings.update({"pipedrive_limit_above_most": "cut"})
    new_deal(company)
    assert len(client.get(f"{V2}/deals", limit=5000)) == 1


def test_twins_may_be_missing(company: Company, client: Client) -> None:
    company.settings.update({"pipedrive_v1_twins": "missing"})
    assert client.call("GET", "/v1/deals").status_code == 404


# --- persons and organizations -------------------------------------------------------------------


def test_persons(company: Company, client: Client) -> None:
    made = client.post(
        f"{V2}/persons",
        {
            "name": "Pat van Roe",
            "emails": [
                {"value": "home@example.com", "primary": False, "label": "home"},
                {"value": "work@example.com", "primary": True, "label": "work"},
            ],
            "phones": [{"value": "+31 20", "primary": True, "label": "mobile"}],
        },
    )
    assert (made["first_name"], made["last_name"]) == ("Pat", "van Roe")
    assert made["emails"][0] == {"value": "work@example.com", "primary": True, "label": "work"}
    assert made["emails"][1]["label"] == "home"
    twin = client.post(f"{V2}/persons", {"name": "Twin", "emails": [{"value": "work@example.com"}]})
    assert twin["id"] != made["id"], "two persons may have one address"
    org = client.post(f"{V2}/organizations", {"name": "Org", "address": {"value": "Dam 1"}})
    path = f"{V2}/persons/{made['id']}"
    assert client.patch(path, {"org_id": org["id"], "name": "Pat Roe"})["org_id"] == org["id"]
    assert ids(client.get(f"{V2}/persons", org_id=org["id"])) == [made["id"]]
    extra = client.get(f"{V2}/organizations/{org['id']}", include_fields="people_count")
    assert (extra["people_count"], extra["address"]["value"]) == (1, "Dam 1")
    assert client.call("DELETE", f"{V2}/organizations/{org['id']}").status_code == 200
    assert client.get(path)["org_id"] is None


def test_consent(company: Company, client: Client) -> None:
    people = [new_person(company, f"{n}@example.com") for n in range(3)]
    acts = Acts(company.account)
    acts.do("opt_out", {"contact": people[0].id})
    acts.do("bounce", {"contact": people[1].id})
    shown = client.get(f"{V2}/persons", include_fields="marketing_status,doi_status")
    assert [one["marketing_status"] for one in shown] == [
        "unsubscribed",
        "no_consent",
        "no_consent",
    ]
    plain = client.get(f"{V2}/persons/{people[0].id}")
    assert "marketing_status" not in plain, "only when asked for"


# --- custom fields -------------------------------------------------------------------------------


def test_custom_fields_by_key_and_type(company: Company, client: Client) -> None:
    def add(name: str, kind: str, *options: str) -> dict[str, Any]:
        body: dict[str, Any] = {"field_name": name, "field_type": kind}
        if options:
            body["options"] = [{"label": one} for one in options]
        return client.post(f"{V2}/dealFields", body)

    control = add("Followthrough control", "enum", "Run", "Pause", "Stop")
    tags, day = add("Tags", "set", "a", "b"), add("Until", "date")
    money, score = add("Budget", "monetary"), add("Score", "double")
    span = add("Span", "daterange")
    key = control["field_code"]
    assert len(key) == 40
    assert control["is_custom_field"] is True
    run, pause, _ = (one["id"] for one in control["options"])
    deal = new_deal(company)
    path = f"{V2}/deals/{deal.id}"
    assert client.get(path)["custom_fields"] == dict.fromkeys(
        one["field_code"] for one in (control, tags, day, money, score, span)
    )
    values = {
        key: pause,
        tags["field_code"]: [one["id"] for one in tags["options"]],
        day["field_code"]: "2026-11-01",
        money["field_code"]: {"value": 10.5, "currency": "USD"},
        score["field_code"]: 7,
        span["field_code"]: {"value": "2026-11-01", "until": "2026-11-03"},
    }
    assert client.patch(path, {"custom_fields": values})["custom_fields"] == values
    only = client.get(path, custom_fields=f"{key},{'f' * 40}")["custom_fields"]
    assert only == {key: pause}
    assert client.patch(path, {"custom_fields": {key: None}})["custom_fields"][key] is None
    # A person at the screens sees the same field by its name.
    Acts(company.account).do(
        "set_property",
        {"kind": "deals", "record": deal.id, "property": "followthrough_control", "value": "run"},
    )
    assert client.get(path)["custom_fields"][key] == run
    for given in ("2", {"id": run}, True):
        answer = client.call("PATCH", path, {"custom_fields": {key: given}})
        assert answer.status_code == 400, given


def test_definitions_of_fields(company: Company, client: Client) -> None:
    client.post(f"{V2}/personFields", {"field_name": "Zone", "field_type": "varchar"})
    again = client.post(f"{V2}/personFields", {"field_name": "Zone", "field_type": "text"})
    listed = client.get(f"{V2}/personFields")
    assert [one["field_type"] for one in listed if one["field_name"] == "Zone"] == [
        "varchar",
        "text",
    ], "two fields may have one name"
    path = f"{V2}/personFields/{again['field_code']}"
    assert client.patch(path, {"field_name": "Time zone"})["field_name"] == "Time zone"
    assert client.get(path)["field_name"] == "Time zone"
    assert client.get(f"{V2}/dealFields/value")["subfields"][0]["field_code"] == "value"
    assert client.call("DELETE", path).status_code == 200
    assert client.call("GET", path).status_code == 404
    mood = {"field_name": "Mood", "field_type": "set", "options": [{"label": "Good"}]}
    made = client.post(f"{V2}/dealFields", mood)
    options = f"{V2}/dealFields/{made['field_code']}/options"
    (bad,) = client.post(options, [{"label": "Bad"}])
    shown = client.get(f"{V2}/dealFields/{made['field_code']}")["options"]
    assert [one["label"] for one in shown] == ["Good", "Bad"]
    assert bad["id"] == shown[1]["id"] != shown[0]["id"]
    assert client.call("POST", options, {}).status_code == 400
    lead = company.client(["base", "activities:read"])
    assert lead.call("GET", f"{V2}/activityFields").status_code == 403, "admins only in v2"
    keys = [one["key"] for one in lead.get("/v1/activityFields")]
    assert "priority" in keys


def test_webhooks_show_custom_fields_with_their_type(company: Company, client: Client) -> None:
    import orjson

    from tests.sandbox.support import Receiver

    made = client.post(
        f"{V2}/dealFields",
        {"field_name": "Mood", "field_type": "enum", "options": [{"label": "Good"}]},
    )
    text = client.post(f"{V2}/dealFields", {"field_name": "Why", "field_type": "text"})
    deal = new_deal(company)
    option, key, why = made["options"][0]["id"], made["field_code"], text["field_code"]
    with Receiver() as receiver:
        client.post(
            "/v1/webhooks",
            {
                "subscription_url": receiver.url,
                "event_action": "change",
                "event_object": "deal",
                "name": "x",
            },
        )
        client.patch(f"{V2}/deals/{deal.id}", {"custom_fields": {key: option, why: "so"}})
        company.pipedrive.deliveries.flush(5)
        (told,) = [orjson.loads(body) for _, body in receiver.got]
    assert told["data"]["custom_fields"] == {
        key: {"type": "enum", "id": option},
        why: {"type": "text", "value": "so"},
    }
    assert told["previous"]["custom_fields"] == {key: None, why: None}


# --- activity types ------------------------------------------------------------------------------


def test_activity_types(company: Company, client: Client) -> None:
    keys = [one["key_string"] for one in client.get("/v1/activityTypes")]
    assert keys[:6] == ["call", "meeting", "task", "deadline", "email", "lunch"]
    made = client.post("/v1/activityTypes", {"name": "Site Visit", "icon_key": "truck"})
    assert made["key_string"] == "site_visit"
    shown = client.post(f"{V2}/activities", {"subject": "x", "type": "site_visit"})
    assert client.get(f"{V2}/activities/{shown['id']}")["type"] == "site_visit"
    address = f"/v1/activityTypes/{made['id']}"
    renamed = client.call("PUT", address, {"name": "Visit"}).json()["data"]
    assert (renamed["name"], renamed["key_string"]) == ("Visit", "site_visit"), "the key stays"
    ended = client.call("DELETE", address).json()["data"]
    assert ended["active_flag"] is False
    again = client.call("POST", f"{V2}/activities", {"subject": "x", "type": "site_visit"})
    assert again.status_code == 400
    assert "'site_visit' is none of" in again.json()["error"]
    assert client.get(f"{V2}/activities/{shown['id']}")["type"] == "site_visit", "kept"
    client.patch(f"{V2}/activities/{shown['id']}", {"done": True})
