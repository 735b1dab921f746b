"""The control endpoints: time, accounts, deeds, exports; every refusal says what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.control import acts_of
from sandbox.simulation import Simulation
from sandbox.world.generator import DEFAULT_START, WEEK
from sandbox.world.people_acts import VERBS
from tests.sandbox.simulated import Desk


@pytest.fixture
def desk() -> Desk:
    made = Desk(deals=20)
    made.simulation.barrier.POLL_S = 0.05
    return made


def post(desk: Desk, path: str, body: Any) -> tuple[int, dict[str, Any]]:
    answer = desk.client.post(f"/sandbox/{path}", json=body)
    return answer.status_code, answer.json or {}


def test_time_stands_until_it_is_granted(desk: Desk):
    time = desk.client.get("/sandbox/time").json
    assert time is not None
    assert time["now"] == time["granted_until"] == DEFAULT_START
    assert time["ends_at"] == DEFAULT_START + 4 * WEEK
    report = {"run": "r", "now": DEFAULT_START, "delivery": 0, "next_due": None}
    assert post(desk, "drained", report)[1]["moved"] is False
    status, state = post(desk, "grant", {"until": DEFAULT_START + 5})
    assert (status, state["granted_until"]) == (200, DEFAULT_START + 5)
    assert post(desk, "drained", report)[1] == {
        "now": DEFAULT_START + 5,
        "delivery": 0,
        "lost": 0,
        "moved": True,
        "granted_until": DEFAULT_START + 5,
    }


def test_granting_to_the_end_plays_the_whole_account(desk: Desk):
    post(desk, "grant", {"until": "end"})
    report = {"run": "r", "now": DEFAULT_START, "delivery": 0, "next_due": None}
    # Without an app nothing is delivered, so one report lets the world run to the end.
    assert post(desk, "drained", report)[1]["now"] == DEFAULT_START + 4 * WEEK
    stats = desk.client.get("/sandbox/stats").json
    assert stats is not None
    assert stats["people"][str(desk.portal)]["move_deal"] > 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"now": 1, "delivery": 0}, "run"),
        ({"run": "r", "delivery": 0}, "now"),
        ({"run": "r", "now": "1", "delivery": 0}, "now"),
        ({"run": "r", "now": 1, "delivery": 0, "next_due": 1.5}, "next_due"),
        ({"run": "r", "now": 1, "delivery": 0, "nextdue": 1}, "nextdue"),
        ([1], "(body)"),
    ],
)
def test_a_report_that_is_no_report_is_refused(desk: Desk, body: Any, field: str):
    status, answer = post(desk, "drained", body)
    assert (status, answer["field"]) == (400, field)


def test_control_is_for_loopback_only(desk: Desk):
    answer = desk.client.get("/sandbox/time", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.status_code == 403


def test_accounts_are_made_and_described(desk: Desk):
    status, made = post(desk, "accounts", {"deals": 5, "seed": 3, "portal_id": 77})
    assert status == 201
    assert made["counts"]["deals"] == 5 - round(5 * 0.18)
    assert made["stage_kinds"]["proposal"] == "decisionmakerboughtin"
    titles = [owner["title"] for owner in made["owners"]]
    assert titles[:2] == ["CRM administrator", "Sales manager"]
    listed = desk.client.get("/sandbox/accounts").json
    assert listed is not None
    assert [one["portal_id"] for one in listed["accounts"]] == [desk.portal, 77]
    assert post(desk, "accounts", {"deals": 5, "portal_id": 77})[0] == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"deals": 0}, "at least one"),
        ({"deals": "many"}, "whole number"),
        ({"weeks": "four"}, "number"),
        ({"size": 4}, "unknown"),
        ({"data": "/nowhere"}, "mapping"),
    ],
)
def test_an_account_that_cannot_be_made_says_why(desk: Desk, body: dict[str, Any], said: str):
    status, answer = post(desk, "accounts", body)
    assert status == 400
    assert said in answer["error"]


def test_an_app_is_registered(desk: Desk):
    app = {
        "app_id": 5,
        "client_id": "c",
        "client_secret": "s",
        "redirect_uris": ["http://localhost/cb"],
        "required_scopes": ["oauth"],
        "webhook_url": "http://localhost/hook",
        "subscriptions": [{"subscriptionType": "deal.creation"}],
    }
    assert post(desk, "apps", app)[0] == 201
    assert desk.simulation.world.apps[5].webhook_url == "http://localhost/hook"
    assert post(desk, "apps", {**app, "client_secret": ""})[1]["field"] == "client_secret"
    assert post(desk, "apps", {**app, "secret": "x"})[1]["field"] == "secret"


def test_faults_and_settings_are_changed_and_shown(desk: Desk):
    status, made = post(desk, "faults", {"match": "POST /crm/.*", "kind": "500_after"})
    assert status == 201
    listed = desk.client.get("/sandbox/faults").json
    assert listed is not None
    assert [fault["id"] for fault in listed["faults"]] == [made["id"]]
    assert desk.client.delete(f"/sandbox/faults?id={made['id']}").json == {"removed": 1}
    assert post(desk, "faults", {"kind": "boom"})[0] == 400
    assert post(desk, "settings", {"token_seconds": 20})[1]["token_seconds"] == 20
    assert post(desk, "settings", {"tokens": 20})[0] == 400
    har = desk.client.get("/sandbox/har").json
    assert har is not None
    assert har["log"]["version"] == "1.2"


def test_a_rep_works_on_a_task(desk: Desk):
    deal = desk.deal()
    task = desk.task(deal)
    desk.act("edit_task", task=task.id, subject="Call again", priority="HIGH")
    desk.act("move_task", task=task.id, due=DEFAULT_START + 7_200_000)
    assert task.get("hs_task_subject") == "Call again"
    assert task.get("hs_timestamp") == str(DEFAULT_START + 7_200_000)
    desk.act("complete_task", task=task.id)
    assert task.get("hs_task_completion_date") == str(DEFAULT_START)
    last = task.history["hs_task_status"][-1]
    owner = desk.account.owners[deal.get("hubspot_owner_id")]
    assert (last.source_type, last.source_id) == ("CRM_UI", f"userId:{owner.user_id}")
    desk.act("reopen_task", task=task.id)
    assert task.get("hs_task_status") == "NOT_STARTED"
    desk.act("delete_task", task=task.id)
    assert task.archived
    assert "may have been deleted" in desk.refused("complete_task", task=task.id)["error"]


def test_a_prospect_answers_books_and_leaves(desk: Desk):
    deal = desk.deal()
    contact = desk.account.objects["contacts"][deal.linked("contacts")[0]]
    desk.act("reply", deal=deal.id, text="Yes")
    assert deal.get("hs_sales_email_last_replied") == str(DEFAULT_START)
    start = DEFAULT_START + 86_400_000
    meeting = desk.act("book_meeting", deal=deal.id, start=start)
    assert meeting["properties"]["hs_meeting_outcome"] == "SCHEDULED"
    assert meeting["properties"]["hs_meeting_end_time"] == str(start + 1_800_000)
    ended = desk.act("meeting_outcome", meeting=meeting["id"], outcome="NO_SHOW")
    assert ended["properties"]["hs_meeting_outcome"] == "NO_SHOW"
    assert desk.refused("meeting_outcome", meeting=meeting["id"], outcome="MISSED")["field"] == (
        "outcome"
    )
    desk.act("opt_out", contact=contact.id)
    desk.act("bounce", deal=deal.id)
    assert contact.get("hs_email_optout") == "true"
    assert contact.get("hs_email_bounce") == "1"


def test_a_form_makes_a_contact_once(desk: Desk):
    first = desk.act("submit_form", email="new@example.com", firstname="Nia")
    again = desk.act("submit_form", email="new@example.com", form="Pricing")
    assert first["id"] == again["id"]
    assert again["properties"]["num_conversion_events"] == "2"
    assert again["properties"]["recent_conversion_event_name"] == "Pricing"
    assert again["properties"]["first_conversion_event_name"] == "Contact us"


def test_a_deal_is_created_moved_owned_and_deleted(desk: Desk):
    contact = desk.act("create_contact", email="c@example.com")
    deal = desk.act("create_deal", name="Big one", stage="qualified", contact=contact["id"])
    record = desk.account.objects["deals"][deal["id"]]
    assert record.linked("contacts") == [contact["id"]]
    assert record.get("dealstage") == "qualifiedtobuy"
    desk.act("move_deal", deal=deal["id"], stage="Negotiation")
    assert record.get("dealstage") == "contractsent"
    owner = next(iter(desk.account.owners.values()))
    desk.act("change_owner", deal=deal["id"], owner=owner.email)
    assert record.get("hubspot_owner_id") == owner.id
    desk.act("change_owner", deal=deal["id"], owner="none")
    assert record.get("hubspot_owner_id") == ""
    desk.act("log_call", deal=deal["id"], minutes=3)
    desk.act("send_email", deal=deal["id"], subject="Offer")
    desk.act("note", deal=deal["id"], text="hm")
    params = {"kind": "deals", "record": deal["id"], "property": "hs_priority"}
    desk.act("set_property", **params, value="high")
    assert desk.refused("set_property", **params, value="urgent")["field"] == "value"
    desk.act("delete_deal", deal=deal["id"])
    assert record.archived


@pytest.mark.parametrize(
    ("verb", "params", "field"),
    [
        ("fly", {}, "verb"),
        ("move_deal", {"stage": "won"}, "deal"),
        ("move_deal", {"deal": "1", "stage": "won"}, "deal"),
        ("reply", {}, "deal"),
        ("reply", {"contact": "1"}, "contact"),
        ("create_deal", {"name": "x", "stage": "signed"}, "stage"),
        ("create_deal", {"name": "x", "owner": "nobody"}, "owner"),
        ("create_deal", {"name": "x", "colour": "red"}, "colour"),
        ("create_contact", {"email": "x@example.com", "user": "0"}, "user"),
        ("edit_task", {"task": "1"}, "subject"),
        ("set_property", {"kind": "cars", "record": "1", "property": "x"}, "kind"),
    ],
)
def test_a_deed_that_cannot_be_done_names_the_parameter(
    desk: Desk, verb: str, params: dict[str, Any], field: str
):
    assert desk.refused(verb, **params)["field"] == field


def test_deeds_in_an_unknown_account_list_the_known_ones(desk: Desk):
    status, answer = post(desk, "act", {"portal": 1, "verb": "reply"})
    assert status == 400
    assert str(desk.portal) in answer["error"]


def test_taking_an_address_twice_is_a_conflict(desk: Desk):
    desk.act("create_contact", email="twice@example.com")
    body = {"portal": desk.portal, "verb": "create_contact", "email": "Twice@example.com"}
    assert post(desk, "act", body)[0] == 409


def test_every_verb_has_its_method(desk: Desk):
    acts = acts_of(desk.simulation, desk.portal)
    assert [verb for verb in VERBS if not callable(getattr(acts, verb, None))] == []


def test_the_export_holds_history_owners_and_what_was_deleted(desk: Desk):
    deal = desk.deal()
    task = desk.task(deal)
    desk.act("delete_task", task=task.id)
    desk.act("move_deal", deal=deal.id, stage="proposal")
    export = desk.client.get(f"/sandbox/export/{desk.portal}").json
    assert export is not None
    found = next(one for one in export["deals"] if one["id"] == deal.id)
    assert found["history"]["dealstage"][-1][:3] == [
        DEFAULT_START,
        "decisionmakerboughtin",
        "CRM_UI",
    ]
    assert "hs_is_closed" not in found["history"]
    gone = next(one for one in export["tasks"] if one["id"] == task.id)
    assert gone["archived"] is True
    assert gone["created_by"] == ["INTEGRATION", "1"]
    assert gone["associations"]["deals"][0]["id"] == deal.id
    anna = next(one for one in export["owners"] if one["first_name"] == "Anna")
    assert anna["timezone"] == "Europe/Berlin"
    assert anna["working_hours"][0]["startMinute"] == 540
    only = desk.client.get(f"/sandbox/export/{desk.portal}?kinds=deals").json
    assert only is not None
    assert "tasks" not in only
    assert desk.client.get(f"/sandbox/export/{desk.portal}?kinds=cars").status_code == 400
    assert desk.client.get("/sandbox/export/1").status_code == 400


def test_a_saved_sandbox_goes_on_where_it_was(desk: Desk, tmp_path: Any):
    simulation = desk.simulation
    simulation.barrier.grant(DEFAULT_START + WEEK)
    simulation.barrier.drained("r", DEFAULT_START, 0, None)
    simulation.save(tmp_path / "state")
    again = Simulation()
    again.load(tmp_path / "state")
    assert again.clock.now() == DEFAULT_START + WEEK
    for one in (simulation, again):
        one.barrier.grant(one.ends_at)
        one.barrier.drained("r", DEFAULT_START + WEEK, 0, None)
    done = [one.people.casts[desk.portal].state["done"] for one in (simulation, again)]
    assert done[0] == done[1]
    stages = [
        [
            deal.get("dealstage")
            for deal in one.world.accounts[desk.portal].objects["deals"].values()
        ]
        for one in (simulation, again)
    ]
    assert stages[0] == stages[1]


def test_in_wall_time_the_world_acts_when_its_time_has_come():
    simulation = Simulation("wall")
    now = simulation.clock.now()
    account = simulation.generate(deals=20, weeks=4)
    assert account.extra["span"][0] >= now
    assert simulation.tick() == 0
    done: list[str] = []
    simulation.agenda.handle("probe", done.append)
    simulation.agenda.add(simulation.clock.now(), "probe", "x")
    assert simulation.tick() == 1
    assert done == ["x"]
