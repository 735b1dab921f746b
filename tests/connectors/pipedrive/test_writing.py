"""Tasks and notes are made once, strictly typed, and found again; fields are written by name."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from connectors.contract import (
    Created,
    FeatureUnavailable,
    Invalid,
    NewTask,
    NotFound,
    RateLimited,
    Transient,
    Unknown,
    Update,
)
from connectors.marks import marked
from connectors.values import instant
from tests.connectors.pipedrive.conftest import Route, Start, code, no, ok
from tests.connectors.pipedrive.test_reading import activity
from tests.connectors.support import HANG_UP, Answer, Asked

DUE = instant("2026-12-31T23:30:45.120Z")
MINUTE_OF_DUE = instant("2026-12-31T23:30:00Z")
ACTIVITIES = "/api/v2/activities"
POST = f"POST {ACTIVITIES}"
PRIORITIES = {
    "GET /api/v2/activityFields": ok(
        [{"field_code": "priority", "field_name": "Priority", "field_type": "enum",
          "is_custom_field": False,
          "options": [{"id": 41, "label": "Hoch"}, {"id": 42, "label": "Mittel"}]},
         {"field_code": "type", "field_name": "Art", "field_type": "enum", "is_custom_field": False,
          "options": [{"id": "call", "label": "Anruf"}]}],
        next_cursor=None,
    )
}  # fmt: skip


def task(*on: tuple[str, str], **changed: Any) -> NewTask:
    given: dict[str, Any] = {
        "touch_id": str(uuid.uuid4()), "subject": "Call: questions", "body": "<p>Why</p>",
        "type": "call", "priority": "high", "due_at": DUE, "owner_id": "3",
        "associations": on or (("deal", "1"), ("contact", "7")),
    }  # fmt: skip
    return NewTask(**(given | changed))


def echo(asked: Asked) -> Answer:
    """The activity as Pipedrive answers it."""
    sent = asked.json
    return ok(activity(77, **{key: sent.get(key) for key in (
        "subject", "type", "owner_id", "deal_id", "due_date", "due_time", "note", "participants",
        "priority",
    )}))  # fmt: skip


def test_what_clears_up_knows_the_account_as_it_was_read(start: Start) -> None:
    pd = start(PRIORITIES | {POST: echo})
    pd.connector.create_tasks([task()])
    read = [one.path for one in pd.server.asked if one.method == "GET"]
    pd.connector.clearing().create_tasks([task()])
    assert [one.path for one in pd.server.asked if one.method == "GET"] == read


def test_a_task_is_an_activity_with_what_it_stands_on(start: Start) -> None:
    pd = start({POST: echo, **PRIORITIES})
    wanted = task(("deal", "1"), ("contact", "7"), ("contact", "8"))
    (created,) = pd.connector.create_tasks([wanted])
    assert created == Created(wanted.touch_id, "77", written={"due_at": MINUTE_OF_DUE})
    (asked,) = pd.asked("POST", ACTIVITIES)
    assert asked.json == {
        "subject": "Call: questions", "type": "call", "owner_id": 3, "deal_id": 1, "done": False,
        "busy": False, "due_date": "2026-12-31", "due_time": "23:30", "priority": 41,
        "note": marked("<p>Why</p>", wanted.touch_id),
        "participants": [{"person_id": 7, "primary": True}, {"person_id": 8, "primary": False}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "routes", "written"),
    [
        ({"priority": "low"}, PRIORITIES, {"priority": "none"}),
        ({}, {}, {"priority": "none"}),
        ({"type": "linkedin", "priority": "none"}, {},
         {"type": "todo", "subject": "LinkedIn: Call: questions"}),
    ],
)  # fmt: skip
def test_what_the_account_lacks_is_said(
    start: Start, changed: dict[str, Any], routes: dict[str, Route], written: dict[str, Any]
) -> None:
    pd = start({POST: echo, **routes})
    (created,) = pd.connector.create_tasks([task(**changed)])
    assert created.written == {"due_at": MINUTE_OF_DUE, **written}


def test_text_that_the_crm_rewrote_is_no_edit_of_a_rep(start: Start) -> None:
    def rewritten(asked: Asked) -> Answer:
        asked.raw = asked.raw.replace(b"<p>Why</p>", b"<div>Why</div>")
        return echo(asked)

    pd = start({POST: rewritten, **PRIORITIES})
    (created,) = pd.connector.create_tasks([task(due_at=MINUTE_OF_DUE)])
    assert created.written == {"body": "<div>Why</div>"}


def test_a_kind_that_the_account_does_not_have_becomes_a_to_do(start: Start) -> None:
    def script(asked: Asked) -> Answer:
        if asked.json["type"] == "call":
            return no(400, "type: 'call' is not an activity type")
        return echo(asked)

    pd = start({POST: script, **PRIORITIES})
    (created,) = pd.connector.create_tasks([task(due_at=MINUTE_OF_DUE)])
    assert (created.id, created.written) == ("77", {"type": "todo"})


def test_where_the_lead_is_gone_its_person_has_the_task(start: Start) -> None:
    lead = "9c1e0f52-a7d4-4b6e-0000-000005f5e101"

    def converted(asked: Asked) -> Answer:
        gone = no(400, "Lead not found")
        return gone if "lead_id" in asked.json else echo(asked)

    pd = start({POST: converted})
    (made,) = pd.connector.create_tasks([task(("lead", lead), ("contact", "7"))])
    assert (made.id, made.error) == ("77", None)
    first, second = (asked.json for asked in pd.asked("POST", ACTIVITIES))
    assert first["lead_id"] == lead
    assert first["participants"] == second["participants"] == [{"person_id": 7, "primary": True}]


def test_of_several_deals_the_first_has_the_task_where_it_is_sought(start: Start) -> None:
    pd = start({POST: echo, f"GET {ACTIVITIES}": lambda asked: ok([], next_cursor=None)})
    several = task(("deal", "5"), ("deal", "2"), ("deal", "9"))
    pd.connector.create_tasks([several])
    pd.connector.find_tasks([(several.touch_id, several.associations)])
    (made,), (sought,) = pd.asked("POST", ACTIVITIES), pd.asked("GET", ACTIVITIES)
    assert made.json["deal_id"] == 5
    assert sought.query["deal_id"] == ["5"]


def test_one_that_is_refused_spoils_no_other(start: Start) -> None:
    def script(asked: Asked) -> Answer:
        refused = asked.json.get("deal_id") == 2
        return no(400, "owner_id: user is not active") if refused else echo(asked)

    pd = start({POST: script})
    first, second, third = pd.connector.create_tasks(
        [task(("deal", "1")), task(("deal", "2")), task(("deal", "3"))]
    )
    assert first.id == third.id == "77"
    assert isinstance(second.error, Invalid)
    assert set(second.error.fields) == {"owner"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [(no(500, "oops"), Unknown), (HANG_UP, Unknown), (no(402, "x"), RateLimited)],
)
def test_a_lost_answer_stops_before_anything_is_doubled(
    start: Start, answer: Answer, error: type[Exception]
) -> None:
    pd = start({POST: answer})
    with pytest.raises(error):
        pd.connector.create_tasks([task(), task()])
    assert len(pd.asked("POST", ACTIVITIES)) == 1


def test_what_was_made_before_a_failure_is_not_forgotten(start: Start) -> None:
    answers = iter([echo, no(500, "oops")])

    def script(asked: Asked) -> Answer:
        found = next(answers)
        return found(asked) if callable(found) else found

    pd = start({POST: script})
    first, second, third = pd.connector.create_tasks([task(), task(), task()])
    assert first.id == "77"
    assert isinstance(second.error, Unknown)
    assert isinstance(third.error, Transient)


def test_a_task_is_found_through_its_deal(start: Start) -> None:
    mine, other = task(("deal", "1")), task(("contact", "7"))
    rows = [activity(5), activity(6, note=marked("<p>Why</p>", mine.touch_id)),
            activity(8, note=marked("x", str(uuid.uuid4())))]  # fmt: skip
    pd = start({f"GET {ACTIVITIES}": ok(rows, next_cursor=None)})
    found = pd.connector.find_tasks(
        [(one.touch_id, one.associations) for one in (mine, other, mine)]
    )
    assert {touch: record.id for touch, record in found.items()} == {mine.touch_id: "6"}
    record = found[mine.touch_id]
    assert record.fields["body"] == "<p>Why</p>"
    assert record.associations == {"deal": ["1"], "contact": ["7", "8"]}
    assert record.as_written()["body"] == "<p>Why</p>", "nobody changed it since"
    asked = [a.query for a in pd.asked("GET", ACTIVITIES)]
    assert [a.get("deal_id") or a.get("person_id") for a in asked] == [["1"], ["7"]]


def test_a_task_that_stands_on_no_record_is_sought_among_the_latest(start: Start) -> None:
    """A manager's digest."""
    mine = task(associations=())
    rows = [activity(5), activity(6, deal_id=None, note=marked("<p>Why</p>", mine.touch_id))]
    pd = start({f"GET {ACTIVITIES}": ok(rows, next_cursor=None)})
    pd.clocks.now = instant("2026-11-30T12:00:00Z")
    found = pd.connector.find_tasks([(mine.touch_id, ())])
    assert [record.id for record in found.values()] == ["6"]
    (asked,) = pd.asked("GET", ACTIVITIES)
    assert asked.query["updated_since"] == ["2026-11-23T12:00:00Z"]


def test_of_one_that_was_changed_nobody_knows_how_it_was_written(start: Start) -> None:
    mine = task(("deal", "1"))
    row = activity(
        6, note=marked("<p>Other</p>", mine.touch_id), update_time="2026-11-03T08:00:00Z"
    )
    pd = start({f"GET {ACTIVITIES}": ok([row], next_cursor=None)})
    found = pd.connector.find_tasks([(mine.touch_id, mine.associations)])
    assert found[mine.touch_id].as_written() == {}


# --- notes ---------------------------------------------------------------------------------------


def test_a_note_stands_on_the_deal(start: Start) -> None:
    pd = start({"POST /v1/notes": ok({"id": 12})})
    wanted = task(("contact", "7"), ("deal", "1"))
    assert pd.connector.create_tasks([wanted], "note") == [Created(wanted.touch_id, "12")]
    (asked,) = pd.asked("POST", "/v1/notes")
    assert asked.json == {
        "content": marked("<p>Why</p>", wanted.touch_id), "deal_id": 1,
        "add_time": "2026-12-31 23:30:00",
    }  # fmt: skip


def test_a_note_is_found_by_its_mark(start: Start) -> None:
    mine = task(("deal", "1"))
    row = {"id": 12, "content": marked("<p>Why</p>", mine.touch_id), "deal_id": 1,
           "add_time": "2026-11-01 08:00:00", "update_time": "2026-11-01 08:00:00"}  # fmt: skip
    pd = start({"GET /v1/notes": ok([row, {**row, "id": 13, "content": "by a rep"}])})
    found = pd.connector.find_tasks([(mine.touch_id, mine.associations)], "note")
    assert [(r.id, r.fields["body"]) for r in found.values()] == [("12", "<p>Why</p>")]


# --- fields --------------------------------------------------------------------------------------


def test_fields_are_written_by_their_keys_and_strictly_typed(start: Start) -> None:
    pd = start({"PATCH /api/v2/deals/1": ok({"id": 1})})
    fields = {
        "momentum": "hot", "sequence": "Proposal", "owner": "5",
        "next_touch_at": instant("2026-12-01T23:30:00Z"), "last_touch_at": None,
    }  # fmt: skip
    (answer,) = pd.connector.update("deal", [Update("1", fields)])
    assert answer.error is None
    (asked,) = pd.asked("PATCH", "/api/v2/deals/1")
    assert asked.json == {
        "owner_id": 5,
        "custom_fields": {
            code("Follow-up momentum"): 30,
            code("Follow-up sequence"): "Proposal",
            code("Follow-up: next touch"): "2026-12-02",  # already tomorrow in Tallinn
            code("Follow-up: last touch"): None,
        },
    }


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("2026-12-04T22:00:00Z", "2026-12-05"),  # Tallinn's midnight: that day
        ("2026-12-04T22:00:01Z", "2026-12-06"),  # a second later: never before it
        ("2026-12-05T10:00:00Z", "2026-12-06"),
        ("2027-03-27T23:00:00Z", "2027-03-29"),  # the clocks go forward on the 28th
    ],
)
def test_a_pause_ends_no_earlier_than_asked(start: Start, until: str, day: str) -> None:
    pd = start({"PATCH /api/v2/deals/1": ok({"id": 1})})
    pd.connector.update(
        "deal", [Update("1", {"control": "pause", "pause_until": instant(until)})]
    )
    (asked,) = pd.asked("PATCH", "/api/v2/deals/1")
    assert asked.json["custom_fields"] == {
        code("Follow-up control"): 11, code("Follow-up paused until"): day
    }  # fmt: skip


def test_other_words_of_a_task_bear_its_mark(start: Start) -> None:
    touch = str(uuid.uuid4())
    row = activity(9, note=marked("<p>Old</p>", touch))
    pd = start({f"GET {ACTIVITIES}/9": ok(row), f"PATCH {ACTIVITIES}/9": ok(row)})
    pd.connector.update("task", [Update("9", {"body": "<p>New</p>"})])
    (asked,) = pd.asked("PATCH", f"{ACTIVITIES}/9")
    assert asked.json == {"note": marked("<p>New</p>", touch)}


def test_a_task_is_completed(start: Start) -> None:
    pd = start({f"PATCH {ACTIVITIES}/9": ok({})})
    pd.connector.update("task", [Update("9", {"status": "completed"})])
    (asked,) = pd.asked("PATCH", f"{ACTIVITIES}/9")
    assert asked.json == {"done": True}


def test_a_task_moves_and_changes_hands(start: Start) -> None:
    pd = start({f"PATCH {ACTIVITIES}/9": ok({"id": 9})})
    fields = {"due_at": DUE, "owner": "4", "state": "resolved", "state_reason": "Closed"}
    pd.connector.update("task", [Update("9", fields)])
    (asked,) = pd.asked("PATCH", f"{ACTIVITIES}/9")
    assert asked.json == {"due_date": "2026-12-31", "due_time": "23:30", "owner_id": 4}


def test_what_pipedrive_has_no_place_for_is_not_sent(start: Start) -> None:
    pd = start()
    (answer,) = pd.connector.update("task", [Update("9", {"state": "resolved"})])
    assert answer.error is None
    assert pd.paths() == []


def test_a_field_that_an_admin_deleted_holds_up_no_other(start: Start) -> None:
    kept = code("Follow-up sequence")
    fields = [
        {"field_code": code(name), "field_name": name, "field_type": kind, "is_custom_field": True,
         "options": None}
        for name, kind in (("Follow-up sequence", "varchar"), ("Follow-up: next touch", "date"))
    ]  # fmt: skip
    lists = iter([fields, fields[:1], fields[:1]])
    patches = iter([no(400, "custom_fields: is not a field"), ok({"id": 1})])
    pd = start({
        "GET /api/v2/dealFields": lambda _: ok(next(lists), next_cursor=None),
        "PATCH /api/v2/deals/1": lambda _: next(patches),
    })  # fmt: skip
    (answer,) = pd.connector.update("deal", [Update("1", {"sequence": "A", "next_touch_at": DUE})])
    assert answer.error is None
    assert pd.asked("PATCH", "/api/v2/deals/1")[1].json == {"custom_fields": {kept: "A"}}
    assert pd.calls.gone == ["deals.followthrough_next_touch_at"]


def test_one_update_of_many_is_refused(start: Start) -> None:
    pd = start({
        "PATCH /api/v2/deals/1": no(404, "Deal not found"),
        "PATCH /api/v2/deals/2": ok({"id": 2}),
    })  # fmt: skip
    first, second = pd.connector.update("deal", [Update(id, {"owner": "5"}) for id in ("1", "2")])
    assert isinstance(first.error, NotFound)
    assert second.error is None


def test_an_unknown_choice_names_those_there_are(start: Start) -> None:
    (answer,) = start().connector.update("deal", [Update("1", {"momentum": "tepid"})])
    assert isinstance(answer.error, Invalid)
    assert "hot, warm, recycle" in answer.error.message


def test_deleting_what_is_gone_is_no_error(start: Start) -> None:
    pd = start({f"DELETE {ACTIVITIES}/9": no(404, "not found"), f"DELETE {ACTIVITIES}/8": ok({})})
    pd.connector.archive("task", ["9", "8", "9"])
    assert pd.paths() == [f"DELETE {ACTIVITIES}/9", f"DELETE {ACTIVITIES}/8"]


def test_a_task_is_put_onto_its_records(start: Start) -> None:
    pd = start({f"PATCH {ACTIVITIES}/9": ok({}), f"PATCH {ACTIVITIES}/8": no(404, "gone")})
    with pytest.raises(NotFound):
        pd.connector.associate("task", "contact", [("8", "7"), ("9", "7")])
    (asked,) = pd.asked("PATCH", f"{ACTIVITIES}/9")
    assert asked.json == {"participants": [{"person_id": 7, "primary": True}]}
    with pytest.raises(FeatureUnavailable):
        pd.connector.associate("deal", "contact", [("1", "7")])
