"""Webhooks v2 as an app receives them: shape, own writes, retries, bans, the end of dead ones."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from sandbox.pipedrive.hooks import BAN_AFTER, Hook
from sandbox.world.people_acts import Acts
from sandbox.world.people_admin import Admin
from sandbox.world.records import Link, Record
from tests.sandbox.pipedrive.support import COMPANY, USER, Client, Company, payloads, sent
from tests.sandbox.support import START, Receiver

V2 = "/api/v2"
MINUTE, DAY = 60_000, 86_400_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def company() -> Iterator[Company]:
    with Company() as made:
        yield made


def subscribe(api: Client, receiver: Receiver, action: str = "*", object: str = "*") -> int:
    made = api.post(
        "/v1/webhooks",
        {
            "subscription_url": receiver.url,
            "event_action": action,
            "event_object": object,
            "name": f"{action}.{object}",
            "http_auth_user": "followthrough",
            "http_auth_password": "s3cret",
        },
    )
    return made["id"]


@pytest.fixture
def hook(company: Company, receiver: Receiver) -> Hook:
    found = company.pipedrive.hooks.get(subscribe(company.client(), receiver))
    assert found is not None
    return found


def contact(company: Company, email: str = "p@example.com") -> Record:
    return company.account.create("contacts", {"email": email, "firstname": "Pat"}, USER)


def deal(company: Company, *people: Record) -> Record:
    fields = {"dealname": "Deal", "dealstage": "2", "hubspot_owner_id": "602"}
    links = [Link("contacts", one.id) for one in people]
    return company.account.create("deals", fields, USER, links)


def test_a_stage_change_as_it_is_sent(company: Company, receiver: Receiver, hook: Hook) -> None:
    made = deal(company, contact(company))
    sent(company, receiver)
    company.clock.advance(5000)
    company.account.update("deals", made.id, {"dealstage": "4"}, USER)
    company.pipedrive.deliveries.flush(5)
    headers, body = receiver.got[0]
    expected = base64.b64encode(b"followthrough:s3cret").decode()
    assert headers["Authorization"] == f"Basic {expected}"
    assert headers["X-Sandbox-Delivery"] == str(company.pipedrive.deliveries.last_number())
    told = orjson.loads(body)
    meta = told["meta"]
    for name in ("id", "correlation_id"):
        assert len(meta.pop(name)) == 36
    assert meta == {
        "action": "change",
        "entity": "deal",
        "entity_id": made.id,
        "company_id": str(COMPANY),
        "is_bulk_edit": False,
        "timestamp": "2026-10-12T06:00:05.000Z",
        "type": "application",
        "user_id": "601",
        "version": "2.0",
        "webhook_id": str(hook.id),
        "webhook_owner_id": "601",
        "change_source": "app",
        "attempt": 1,
        "host": "company-5000001.pipedrive.com",
        "permitted_user_ids": ["601", "602"],
    }
    assert told["data"]["stage_id"] == 4
    assert told["data"]["visible_to"] == "3"
    assert told["previous"] == {
        "stage_id": 2,
        "stage_change_time": None,
        "update_time": "2026-10-12T06:00:00Z",
    }


def test_one_event_for_a_record_with_its_links(
    company: Company, receiver: Receiver, hook: Hook
) -> None:
    person = contact(company)
    made = deal(company, person)
    told = sent(company, receiver)
    assert [(one["meta"]["action"], one["meta"]["entity"]) for one in told] == [
        ("create", "person"),
        ("create", "deal"),
    ]
    assert told[1]["previous"] is None
    assert told[1]["data"]["person_id"] == int(person.id)
    company.account.archive("deals", made.id, USER)
    (gone,) = sent(company, receiver)
    assert (gone["meta"]["action"], gone["data"]) == ("delete", None)
    assert gone["previous"]["title"] == "Deal"


def test_own_writes_come_back(company: Company, receiver: Receiver, hook: Hook) -> None:
    made = deal(company)
    sent(company, receiver)
    api = company.client()
    body = {"subject": "Call", "type": "call", "deal_id": int(made.id), "due_time": "09:30"}
    act = api.post(f"{V2}/activities", body)
    (told,) = sent(company, receiver)
    assert (told["meta"]["change_source"], told["meta"]["user_id"]) == ("api", "601")
    assert told["data"]["id"] == act["id"]
    assert told["data"]["due_time"] == {"timezone_id": None, "value": "09:30:00"}
    company.clock.advance(1000)
    Acts(company.account).do("complete_task", {"task": str(act["id"])})
    (told,) = sent(company, receiver)
    assert told["meta"]["change_source"] == "app"
    assert told["previous"]["done"] is False
    api.call("DELETE", f"{V2}/activities/{act['id']}")
    assert sent(company, receiver)[0]["meta"]["action"] == "delete"


def test_what_an_activity_moves_on_its_deal_is_told_nobody(
    company: Company, receiver: Receiver
) -> None:
    made = deal(company, contact(company))
    subscribe(company.client(), receiver, "*", "deal")
    company.clock.advance(1000)
    Acts(company.account).do("log_call", {"deal": made.id})
    Acts(company.account).do("reply", {"deal": made.id})
    assert sent(company, receiver) == []
    shown = company.client().get(f"{V2}/deals/{made.id}", include_fields="last_incoming_mail_time")
    assert shown["update_time"] == shown["last_incoming_mail_time"] == "2026-10-12T06:00:01Z"
    company.settings.update({"pipedrive_activity_updates": False})
    assert company.client().get(f"{V2}/deals/{made.id}")["update_time"] == "2026-10-12T06:00:00Z"


def test_mail_may_be_told(company: Company, receiver: Receiver, hook: Hook) -> None:
    person = contact(company)
    made = deal(company, person)
    sent(company, receiver)
    company.settings.update({"pipedrive_mail_tells": True})
    company.clock.advance(1000)
    Acts(company.account).do("reply", {"deal": made.id})
    told = sent(company, receiver)
    assert {one["meta"]["entity_id"] for one in told} == {made.id, person.id}
    assert told[0]["previous"] == {"update_time": "2026-10-12T06:00:00Z"}


@pytest.mark.parametrize(
    ("action", "object", "expected"),
    [
        ("create", "deal", [("create", "deal")]),
        ("change", "*", [("change", "deal")]),
        ("*", "person", [("create", "person")]),
        ("delete", "activity", []),
    ],
)
def test_a_webhook_is_for_its_events(
    company: Company,
    receiver: Receiver,
    action: str,
    object: str,
    expected: list[tuple[str, str]],
) -> None:
    subscribe(company.client(), receiver, action, object)
    made = deal(company, contact(company))
    company.clock.advance(1)
    company.account.update("deals", made.id, {"amount": "5"}, USER)
    told = sent(company, receiver)
    assert [(one["meta"]["action"], one["meta"]["entity"]) for one in told] == expected


def test_a_merge_tells_both(company: Company, receiver: Receiver, hook: Hook) -> None:
    one, two = contact(company, "one@example.com"), contact(company, "two@example.com")
    made = deal(company, two)
    sent(company, receiver)
    api = company.client()
    answer = api.call("PUT", f"/v1/persons/{two.id}/merge", {"merge_with_id": int(one.id)})
    assert answer.json()["data"]["id"] == int(one.id)
    told = {told["meta"]["entity_id"]: told["meta"] for told in sent(company, receiver)}
    assert told[two.id]["action"] == "delete"
    assert told[two.id]["merged_to_id"] == one.id
    assert told[one.id]["merged_from_id"] == two.id
    assert api.get(f"{V2}/deals/{made.id}")["person_id"] == int(one.id)
    assert api.call("GET", f"{V2}/persons/{two.id}").status_code == 404
    shown = api.get(f"{V2}/persons/{one.id}")
    assert [mail["value"] for mail in shown["emails"]] == ["one@example.com", "two@example.com"]


def test_a_bulk_edit_is_marked(company: Company, receiver: Receiver, hook: Hook) -> None:
    deals = [deal(company), deal(company)]
    sent(company, receiver)
    company.clock.advance(1)
    params = {"kind": "deals", "records": [one.id for one in deals], "values": {"amount": "9"}}
    Acts(company.account).do("bulk_edit", params)
    told = sent(company, receiver)
    assert [one["meta"]["is_bulk_edit"] for one in told] == [True, True]


# --- retries -------------------------------------------------------------------------------------


def test_retried_after_3_30_and_150_seconds(
    company: Company, receiver: Receiver, hook: Hook
) -> None:
    receiver.answers = [500, 301, 404, 503]
    deal(company)
    company.pipedrive.deliveries.flush(5)
    arrived: list[tuple[int, int]] = []
    for seconds in range(200):
        for one in payloads(receiver):
            arrived.append((seconds, one["meta"]["attempt"]))
        receiver.got.clear()
        company.play(1000)
    assert arrived == [(0, 1), (3, 2), (33, 3), (183, 4)]
    counts = company.pipedrive.deliveries.counts
    assert (counts["delivered"], counts["retried"], counts["given_up"]) == (0, 3, 1)
    assert company.pipedrive.deliveries.lost() == 1
    assert company.client().get("/v1/webhooks")[0]["last_http_status"] == 503


def test_a_retry_that_arrives(company: Company, receiver: Receiver, hook: Hook) -> None:
    receiver.answers = [500]
    made = deal(company)
    company.pipedrive.deliveries.flush(5)
    assert not company.pipedrive.deliveries.pending(), "business time must pass first"
    assert company.world.agenda.next_at() == START + 3000
    company.clock.advance(1000)
    company.account.update("deals", made.id, {"amount": "7"}, USER)
    company.pipedrive.deliveries.flush(5)
    company.play(2000)
    first, change, again = payloads(receiver)
    assert again["meta"]["id"] == first["meta"]["id"]
    assert (again["meta"]["attempt"], again["data"]["value"]) == (2, 0), "as it was at the event"
    assert change["data"]["value"] == 7, "what came later may arrive earlier"
    numbers = [int(headers["X-Sandbox-Delivery"]) for headers, _ in receiver.got]
    assert company.pipedrive.deliveries.last_number() == max(numbers) == numbers[-1]


def test_ten_failed_first_attempts_bring_a_ban(
    company: Company, receiver: Receiver, hook: Hook
) -> None:
    receiver.answers = [500] * BAN_AFTER
    for number in range(BAN_AFTER):
        contact(company, f"p{number}@example.com")
    company.pipedrive.deliveries.flush(5)
    assert company.pipedrive.hooks.banned(hook)
    receiver.got.clear()
    contact(company, "lost@example.com")
    company.pipedrive.deliveries.flush(5)
    assert receiver.got == []
    assert company.pipedrive.deliveries.counts["dropped"] == 1
    company.play(31 * MINUTE)
    assert not company.pipedrive.hooks.banned(hook)
    assert "lost@example.com" not in str(payloads(receiver)), "lost for good"
    receiver.got.clear()
    contact(company, "heard@example.com")
    assert len(sent(company, receiver)) == 1


def test_a_dead_webhook_is_deleted_after_three_days(
    company: Company, receiver: Receiver, hook: Hook
) -> None:
    for day in range(4):
        receiver.answers = [500] * 4
        contact(company, f"p{day}@example.com")
        company.pipedrive.deliveries.flush(5)
        assert hook.removed is None
        company.play(DAY)
    assert hook.removed is not None
    assert hook.reason == "no successful delivery on 3 consecutive days"
    assert company.client().get("/v1/webhooks") == []


def test_nobody_there_is_a_failure(company: Company) -> None:
    gone = Receiver()
    subscribe(company.client(), gone)
    gone._server.server_close()
    deal(company)
    company.pipedrive.deliveries.flush(5)
    assert company.pipedrive.deliveries.counts["retried"] == 1


def test_what_waits_outlives_the_process(company: Company, receiver: Receiver, hook: Hook) -> None:
    receiver.answers = [500]
    deal(company)
    company.pipedrive.deliveries.flush(5)
    contact(company)
    state, agenda = company.world.snapshot(), company.world.agenda.snapshot()
    with Company() as later:
        later.world.restore(state)
        later.world.agenda.restore(agenda)
        receiver.got.clear()
        later.play(3000)
        told = [(one["meta"]["entity"], one["meta"]["attempt"]) for one in payloads(receiver)]
    assert sorted(told) == [("deal", 2), ("person", 1)]


# --- losses made to order ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "drop"}, 0),
        ({"kind": "duplicate"}, 2),
        ({"kind": "delay", "seconds": 60}, 0),
        ({"kind": "disorder"}, 1),
    ],
)
def test_faults_of_events(
    company: Company, receiver: Receiver, hook: Hook, fault: dict[str, Any], expected: int
) -> None:
    company.pipedrive.faults.add({"match": "EVENT create\\.deal", **fault})
    deal(company)
    assert len(sent(company, receiver)) == expected
    assert not sent(company, receiver), "what comes late comes in its own time"
    company.play(MINUTE)
    late = len(payloads(receiver))
    assert late == (1 if fault["kind"] == "delay" else 0)


def test_shares_of_events(company: Company, receiver: Receiver, hook: Hook) -> None:
    company.settings.update({"webhook_drop": 0.3, "webhook_duplicate": 0.3})
    for number in range(40):
        contact(company, f"p{number}@example.com")
    company.pipedrive.deliveries.flush(5)
    ids = [one["meta"]["id"] for one in payloads(receiver)]
    assert 15 < len(set(ids)) < 40
    assert len(ids) > len(set(ids))


# --- what admins change --------------------------------------------------------------------------


def test_users_pipelines_and_stages(company: Company, receiver: Receiver, hook: Hook) -> None:
    account = company.account
    admin = Admin(account)
    made = admin.do("add_stage", {"label": "Trial", "after": "2"})
    (told,) = [one for one in sent(company, receiver) if one["meta"]["action"] == "create"]
    assert (told["meta"]["entity"], told["data"]["name"]) == ("stage", "Trial")
    company.clock.advance(1000)
    admin.do("rename_stage", {"stage": made["id"], "label": "Pilot"})
    (told,) = sent(company, receiver)
    assert told["previous"]["name"] == "Trial"
    assert (told["meta"]["entity_id"], told["meta"]["user_id"]) == (made["id"], "601")
    admin.do("rename_pipeline", {"pipeline": "1", "label": "Sales"})
    admin.do("delete_stage", {"stage": made["id"]})
    told = sent(company, receiver)
    kinds = [(one["meta"]["action"], one["meta"]["entity"]) for one in told]
    assert ("change", "pipeline") in kinds
    assert ("delete", "stage") in kinds
    admin.do("archive_owner", {"owner": "602"})
    (told,) = sent(company, receiver)
    assert (told["meta"]["entity"], told["previous"]) == ("user", {"active_flag": True})
    assert "permitted_user_ids" not in told["meta"]
