"""Records as read: what they say, what a reading costs, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.time import Business
from connectors.contract import CrmRecord
from connectors.marks import marked
from connectors.pipedrive.tables import cost
from connectors.values import instant
from tests.connectors.pipedrive.conftest import SCOPES, Start, code, no, ok
from tests.connectors.support import Answer, Asked

TOUCH = "0f0e0d0c-0000-5000-8000-000000000001"


def deal(id: int = 1, **changed: Any) -> dict[str, Any]:
    return {
        "id": id, "title": "Acme", "owner_id": 3, "person_id": 7, "org_id": None, "pipeline_id": 2,
        "stage_id": 5, "value": 100.5, "currency": "EUR", "status": "open",
        "add_time": "2026-11-01T08:00:00Z", "update_time": "2026-11-20T08:00:00Z",
        "stage_change_time": "2026-11-10T08:00:00Z", "participants_count": 1, "is_deleted": False,
        "is_archived": False, "custom_fields": {},
    } | changed  # fmt: skip


def activity(id: int = 9, **changed: Any) -> dict[str, Any]:
    return {
        "id": id, "subject": "Call", "type": "call", "owner_id": 3, "deal_id": 1, "done": False,
        "due_date": "2026-12-01", "due_time": "09:30", "duration": "00:30", "note": "<p>Why</p>",
        "participants": [{"person_id": 8, "primary": False}, {"person_id": 7, "primary": True}],
        "add_time": "2026-11-01T08:00:00Z", "update_time": "2026-11-01T08:00:00Z",
        "marked_as_done_time": None, "priority": None, "is_deleted": False,
    } | changed  # fmt: skip


def one(start: Start, row: dict[str, Any], **options: Any) -> CrmRecord:
    pd = start({"GET /api/v2/deals/1": ok(row)})
    (record,) = pd.connector.read("deal", ["1"], **options)
    return record


def test_a_deal_in_canonical_words(start: Start) -> None:
    custom = {
        code("Follow-up control"): 11,
        code("Follow-up paused until"): "2026-12-05",
        code("Follow-up momentum"): None,
    }
    record = one(start, deal(custom_fields=custom))
    assert record.fields == record.fields | {
        "name": "Acme", "pipeline": "2", "stage": "5", "owner": "3", "amount": 100.5,
        "amount_company": 100.5, "currency": "EUR", "closed": False, "won": False,
        "control": "pause", "momentum": None, "sequence": None,
    }  # fmt: skip
    assert record.fields["pause_until"] == instant("2026-12-04T22:00:00Z"), "Tallinn's midnight"
    assert record.updated_at == instant("2026-11-20T08:00:00Z")


def test_a_sum_in_another_currency_is_not_the_accounts(start: Start) -> None:
    fields = one(start, deal(currency="USD")).fields
    assert fields["amount"] == 100.5
    assert fields.get("amount_company") is None


@pytest.mark.parametrize("status", ["won", "lost"])
def test_a_closed_deal_is_in_a_stage_of_its_own(start: Start, status: str) -> None:
    closed = deal(status=status, **{f"{status}_time": "2026-11-15T08:00:00Z"})
    record = one(start, closed, history=True)
    assert record.fields["stage"] == f"2:{status}"
    assert (record.fields["closed"], record.fields["won"]) == (True, status == "won")
    assert record.history["stage"][-1][:2] == (f"2:{status}", instant("2026-11-15T08:00:00Z"))


def test_a_field_of_ours_that_is_gone_is_absent_not_unset(start: Start) -> None:
    pd = start({"GET /api/v2/deals/1": ok(deal()), "GET /api/v2/dealFields": ok([])})
    (record,) = pd.connector.read("deal", ["1"])
    assert "control" not in record.fields


def test_absent_fields_are_no_error(start: Start) -> None:
    row = deal()
    for name in ("stage_change_time", "person_id", "org_id", "participants_count", "value"):
        del row[name]
    record = one(start, row, history=True, associations=("contact",))
    assert record.history["stage"][0].at == instant("2026-11-01T08:00:00Z"), "as it was made"
    assert record.associations == {"contact": []}


# --- what a reading costs ------------------------------------------------------------------------


def test_few_are_read_one_by_one_and_many_by_a_list(start: Start) -> None:
    rows = {str(n): deal(n) for n in range(1, 151)}

    def listed(asked: Asked) -> Answer:
        return ok([rows[id] for id in asked.query["ids"][0].split(",")], next_cursor=None)

    pd = start({
        "GET /api/v2/deals": listed,
        **{f"GET /api/v2/deals/{id}": ok(row) for id, row in rows.items()},
    })  # fmt: skip
    assert [r.id for r in pd.connector.read("deal", ["4", "2", "4"])] == ["4", "2"]
    assert pd.paths() == ["GET /api/v2/deals/4", "GET /api/v2/deals/2"]
    pd.server.asked.clear()
    assert len(pd.connector.read("deal", list(rows))) == 150
    assert pd.paths() == ["GET /api/v2/deals"] * 2


def test_the_deleted_and_the_archived_are_absent_and_read_apart(start: Start) -> None:
    rows = {1: deal(1), 2: deal(2, is_deleted=True), 3: deal(3, is_archived=True)}
    pd = start({f"GET /api/v2/deals/{id}": ok(row) for id, row in rows.items()})
    assert [r.id for r in pd.connector.read("deal", ["1", "2", "3", "4"])] == ["1"]
    gone = pd.connector.read("deal", ["1", "2", "3", "4"], archived=True)
    assert [(r.id, r.archived) for r in gone] == [("2", True), ("3", True)]


@pytest.mark.parametrize(
    ("method", "path", "tokens"),
    [
        ("GET", "/api/v2/deals/17", 1), ("GET", "/api/v2/deals", 10),
        ("POST", "/api/v2/activities", 5), ("PATCH", "/api/v2/activities/3", 5),
        ("DELETE", "/api/v2/activities/3", 3), ("GET", "/api/v2/persons/search", 20),
        ("GET", "/api/v2/stages", 5), ("GET", "/v1/users", 20), ("GET", "/v1/users/me", 2),
        ("GET", "/v1/deals/3/changelog", 20), ("GET", "/v1/deals/3/participants", 10),
        ("POST", "/v1/notes", 10), ("GET", "/v1/notes", 20), ("DELETE", "/v1/webhooks/4", 6),
        ("GET", "/api/v2/dealFields", 10), ("GET", "/v1/nobody/knows", 40),
    ],
)  # fmt: skip
def test_what_a_call_costs(method: str, path: str, tokens: int) -> None:
    assert cost(method, path) == tokens


# --- people --------------------------------------------------------------------------------------


def person(**changed: Any) -> dict[str, Any]:
    return {
        "id": 7, "name": "Ada Byron", "first_name": "Ada", "last_name": "Byron", "owner_id": 3,
        "emails": [
            {"value": "old@x.example", "primary": False},
            {"value": "ada@x.example", "primary": True},
        ],
        "phones": [], "add_time": "2026-11-01T08:00:00Z", "update_time": "2026-11-02T08:00:00Z",
        "custom_fields": {},
    } | changed  # fmt: skip


def read_person(start: Start, row: dict[str, Any], **routes: Any) -> dict[str, Any]:
    pd = start({"GET /api/v2/persons/7": ok(row), **routes})
    return pd.connector.read("contact", ["7"])[0].fields


def test_a_person(start: Start) -> None:
    fields = read_person(start, person())
    assert fields == fields | {
        "first_name": "Ada", "last_name": "Byron", "email": "ada@x.example", "phone": None,
        "owner": "3", "control": None,
    }  # fmt: skip


OPTED = code("Follow-up: opted out", "personFields")


@pytest.mark.parametrize(
    ("ours", "marketing", "opted_out"),
    [
        (None, None, None),          # ours is there and unset: nobody has said no
        ("Yes", None, True),
        ("No", None, False),
        (None, "subscribed", None),
        (None, "unsubscribed", True),
        (None, "no_consent", None),
        (None, "archived", True),
        ("No", "unsubscribed", True),
        ("Yes", "subscribed", True),
    ],
)
def test_a_no_anywhere_is_a_no(
    start: Start, ours: str | None, marketing: str | None, opted_out: bool | None
) -> None:
    numbers = {"Yes": 80, "No": 81, None: None}
    row = person(custom_fields={OPTED: numbers[ours]})
    if marketing:
        row["marketing_status"] = marketing
    assert read_person(start, row)["opted_out"] is opted_out


def test_where_no_consent_can_be_read_there_is_none(start: Start) -> None:
    hidden: dict[str, Any] = {"GET /api/v2/personFields": no(403, "Scope and URL mismatch")}
    assert "opted_out" not in read_person(start, person(), **hidden)
    for marketing, opted_out in (("subscribed", False), ("no_consent", False),
                                 ("unsubscribed", True)):  # fmt: skip
        known = read_person(start, person(marketing_status=marketing), **hidden)
        assert known["opted_out"] is opted_out


# --- activities ----------------------------------------------------------------------------------


def test_an_activity_is_due_at_one_instant_of_utc(start: Start) -> None:
    rows = {
        9: activity(9),
        10: activity(10, due_time="15:00:00"),
        11: activity(11, due_time=None),
    }
    pd = start({f"GET /api/v2/activities/{id}": ok(row) for id, row in rows.items()})
    due = [r.fields["due_at"] for r in pd.connector.read("task", ["9", "10", "11"])]
    assert due == [
        instant("2026-12-01T09:30:00Z"), instant("2026-12-01T15:00:00Z"),
        instant("2026-12-01T10:00:00Z"),  # for all day: noon in Tallinn
    ]  # fmt: skip


def test_each_activity_is_read_as_what_it_is(start: Start) -> None:
    rows = {
        1: activity(1),
        2: activity(2, done=True, marked_as_done_time="2026-12-01T10:00:00Z"),
        3: activity(3, done=True, note=marked("<p>Why</p>", TOUCH)),
        4: activity(4, type="meeting", done=False),
        5: activity(5, type="email", done=True),
    }
    pd = start({f"GET /api/v2/activities/{id}": ok(row) for id, row in rows.items()})
    ids = [str(id) for id in rows]
    read = {type: [r.id for r in pd.connector.read(type, ids)]
            for type in ("task", "call", "meeting", "email")}  # fmt: skip
    assert read == {"task": ["1", "3"], "call": ["2"], "meeting": ["4"], "email": ["5"]}
    (ours,) = pd.connector.read("task", ["3"])
    assert (ours.fields["touch_id"], ours.fields["body"]) == (TOUCH, "<p>Why</p>")
    assert ours.fields["status"] == "completed"
    (meeting,) = pd.connector.read("meeting", ["4"], associations=("deal", "contact"))
    assert meeting.fields["outcome"] == "scheduled"
    assert meeting.fields["end_at"] - meeting.fields["start_at"] == 30 * 60_000
    assert meeting.associations == {"deal": ["1"], "contact": ["7", "8"]}


def test_when_the_next_activity_is_due(start: Start) -> None:
    pd = start({
        "GET /api/v2/deals/1": ok(deal(next_activity_id=9)),
        "GET /api/v2/deals/2": ok(deal(2, next_activity_id=None)),
        "GET /api/v2/activities/9": ok(activity()),
    })  # fmt: skip
    first, second = pd.connector.read("deal", ["1", "2"])
    assert first.fields["next_activity_at"] == instant("2026-12-01T09:30:00Z")
    assert second.fields["next_activity_at"] is None


@pytest.mark.parametrize(
    ("mails", "done", "last"),
    [
        ({"last_outgoing_mail_time": "2026-11-18T08:00:00Z"}, "2026-11-19T08:00:00Z", "2026-11-19"),
        ({"last_incoming_mail_time": "2026-11-20T08:00:00Z"}, "2026-11-19T08:00:00Z", "2026-11-20"),
        ({}, "2026-11-19T08:00:00Z", "2026-11-19"),
        ({}, None, None),
    ],
)
def test_when_anything_was_last_done(
    start: Start, mails: dict[str, str], done: str | None, last: str | None
) -> None:
    row = deal(next_activity_id=None, last_activity_id=9 if done else None, **mails)
    pd = start({
        "GET /api/v2/deals/1": ok(row),
        "GET /api/v2/activities/9": ok(activity(done=True, marked_as_done_time=done)),
    })  # fmt: skip
    (record,) = pd.connector.read("deal", ["1"])
    wanted = instant(f"{last}T08:00:00Z") if last else None
    assert record.fields["last_contacted_at"] == wanted


# --- who stands on it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "people", "asked"),
    [
        (deal(), ["7"], 0),
        (deal(participants_count=3), ["7", "8", "6"], 1),
        (deal(person_id=None, participants_count=0), [], 0),
        (deal(status="lost", participants_count=3), ["7"], 0),
    ],
)
def test_participants_are_asked_for_only_where_there_are_more(
    start: Start, row: dict[str, Any], people: list[str], asked: int
) -> None:
    there = [{"id": 1, "person_id": {"value": 7}}, {"id": 2, "person_id": {"value": 8}},
             {"id": 3, "person_id": 6}]  # fmt: skip
    pd = start({"GET /api/v2/deals/1": ok(row), "GET /v1/deals/1/participants": ok(there)})
    (record,) = pd.connector.read("deal", ["1"], associations=("contact",))
    assert record.associations == {"contact": people}
    assert record.primary == ({"contact": "7"} if row["person_id"] else {})
    assert len(pd.asked("GET", "/v1/deals/1/participants")) == asked


def test_a_persons_deals(start: Start) -> None:
    pd = start({
        "GET /api/v2/persons/7": ok(person(open_deals_count=1, closed_deals_count=0)),
        "GET /api/v2/persons/8": ok(person(id=8, open_deals_count=0, closed_deals_count=0)),
        "GET /api/v2/deals": ok([deal(4)], next_cursor=None),
    })  # fmt: skip
    found = pd.connector.read("contact", ["7", "8"], associations=("deal",))
    assert [r.associations for r in found] == [{"deal": ["4"]}, {"deal": []}]
    assert [a.query["person_id"] for a in pd.asked("GET", "/api/v2/deals")] == [["7"]]


def test_companies(start: Start) -> None:
    pd = start({
        "GET /api/v2/deals": ok([deal(4), deal(5)], next_cursor=None),
        "GET /api/v2/persons": ok([], next_cursor=None),
        "GET /api/v2/deals/1": ok(deal(org_id=30)),
        "GET /api/v2/deals/2": ok(deal(2)),
    })  # fmt: skip
    assert pd.connector.deals_of_companies(["30"]) == {"30": ["4", "5"]}
    assert pd.connector.contacts_of_companies(["30"]) == {}
    assert pd.connector.companies_of("deal", ["1", "2"]) == {"1": ["30"]}


def test_a_person_by_address_is_one_that_really_has_it(start: Start) -> None:
    hits = {"items": [{"item": {"id": 7, "emails": ["Ada@x.example"]}},
                      {"item": {"id": 8, "emails": ["ada@x.example.org"]}}]}  # fmt: skip
    pd = start({"GET /api/v2/persons/search": ok(hits)})
    assert pd.connector.contacts_by_email(["ADA@x.example"]) == {"ada@x.example": ["7"]}
    (asked,) = pd.asked("GET", "/api/v2/persons/search")
    assert asked.query["exact_match"] == ["true"]


# --- stages passed -------------------------------------------------------------------------------


def log(*changes: tuple[str, str, str, str]) -> Answer:
    """(field, old, new, time), newest first, as Pipedrive lists them."""
    rows = [
        {"field_key": field, "old_value": old, "new_value": new, "time": time}
        for field, old, new, time in changes
    ]
    return ok(rows, next_cursor=None)


def stages(record: CrmRecord) -> list[tuple[str, int]]:
    return [(one.value, one.at) for one in record.history["stage"]]


LATELY = {"stage_change_time": "2026-11-29T12:00:00Z", "update_time": "2026-11-29T12:00:00Z"}


def test_stages_that_were_passed_through_come_from_the_log(start: Start) -> None:
    changes = log(
        ("stage_id", "4", "5", "2026-11-29 12:00:01"),
        ("title", "A", "B", "2026-11-29 11:30:00"),
        ("stage_id", "3", "4", "2026-11-29 11:00:00"),
    )
    pd = start({"GET /api/v2/deals/1": ok(deal(**LATELY)), "GET /v1/deals/1/changelog": changes})
    pd.clocks.now = instant("2026-11-30T12:00:00Z")
    (record,) = pd.connector.read("deal", ["1"], history=True)
    assert stages(record) == [
        ("3", instant("2026-11-01T08:00:00Z")),  # where it was made, before the first change
        ("4", instant("2026-11-29T11:00:00Z")),
        ("5", instant("2026-11-29T12:00:00Z")),
    ]
    pd.connector.read("deal", ["1"], history=True)
    assert len(pd.asked("GET", "/v1/deals/1/changelog")) == 1, "nothing new: not read again"


def test_the_logs_zone_is_measured_by_its_newest_entry(start: Start) -> None:
    changes = log(
        ("stage_id", "4", "5", "2026-11-29 14:00:01"), ("stage_id", "3", "4", "2026-11-29 13:00:00")
    )
    pd = start({"GET /api/v2/deals/1": ok(deal(**LATELY)), "GET /v1/deals/1/changelog": changes})
    pd.clocks.now = instant("2026-11-30T12:00:00Z")
    (record,) = pd.connector.read("deal", ["1"], history=True)
    assert stages(record)[1] == ("4", instant("2026-11-29T11:00:00Z"))


def test_a_deal_that_was_lost_and_opened_again(start: Start) -> None:
    changes = log(
        ("status", "lost", "open", "2026-11-29 13:00:00"),
        ("status", "open", "lost", "2026-11-29 12:30:00"),
        ("stage_id", "4", "5", "2026-11-29 12:00:00"),
    )
    pd = start({"GET /api/v2/deals/1": ok(deal(**LATELY)), "GET /v1/deals/1/changelog": changes})
    pd.clocks.now = instant("2026-11-30T12:00:00Z")
    (record,) = pd.connector.read("deal", ["1"], history=True)
    assert [stage for stage, _ in stages(record)] == ["4", "5", "2:lost", "5"]


def test_an_old_stage_is_not_looked_up_and_a_new_one_is(start: Start) -> None:
    rows = iter([deal(), deal(), deal(stage_id=6, **LATELY)])
    pd = start({
        "GET /api/v2/deals/1": lambda _: ok(next(rows)),
        "GET /v1/deals/1/changelog": log(("stage_id", "5", "6", "2026-11-29 12:00:00")),
    })  # fmt: skip
    pd.clocks.now = instant("2026-11-30T12:00:00Z")
    asked = [
        pd.connector.read("deal", ["1"], history=True)
        and len(pd.asked("GET", "/v1/deals/1/changelog"))
        for _ in range(3)
    ]
    assert asked == [0, 0, 1]


def test_without_the_scope_the_deal_alone_tells(start: Start) -> None:
    hidden = no(403, "Scope and URL mismatch")
    pd = start({"GET /api/v2/deals/1": ok(deal(**LATELY)), "GET /v1/deals/1/changelog": hidden})
    pd.clocks.now = instant("2026-11-30T12:00:00Z")
    (record,) = pd.connector.read("deal", ["1"], history=True)
    assert stages(record) == [("5", instant("2026-11-29T12:00:00Z"))]


def test_an_import_reads_no_logs(start: Start) -> None:
    pd = start({"GET /api/v2/deals": ok([deal(**LATELY)], next_cursor="more")})
    pd.clocks.now = instant("2026-11-30T12:00:00Z")
    page = pd.connector.page("deal", None, history=True, associations=("contact",))
    assert page.after == "more"
    assert stages(page.records[0]) == [("5", instant("2026-11-29T12:00:00Z"))]
    assert pd.paths() == ["GET /api/v2/deals"]


# --- pages ---------------------------------------------------------------------------------------


def test_what_changed_since_oldest_first(start: Start) -> None:
    pages = iter([ok([deal(1), deal(2, is_archived=True)], next_cursor="c2"),
                  ok([deal(3)], next_cursor=None)])  # fmt: skip
    pd = start({"GET /api/v2/deals": lambda _: next(pages)})
    since = Business(instant("2026-11-20T08:01:00.900Z"))
    first = pd.connector.changed_since("deal", since, None)
    second = pd.connector.changed_since("deal", since, first.after)
    assert [r.id for r in (*first.records, *second.records)] == ["1", "3"]
    assert second.after is None
    asked = [a.query for a in pd.asked("GET", "/api/v2/deals")]
    assert asked[0]["updated_since"] == ["2026-11-20T08:00:00Z"], "a minute earlier"
    assert asked[0]["sort_by"] == ["update_time"]
    assert asked[1]["cursor"] == ["c2"]


def test_who_wrote_is_seen_on_the_deals_themselves(start: Start) -> None:
    wrote = {"last_incoming_mail_time": "2026-11-20T09:00:00Z"}
    before = {"last_incoming_mail_time": "2026-11-20T07:00:00Z"}
    rows = [deal(1, **wrote), deal(2, **before), deal(3)]
    pd = start({
        "GET /api/v2/deals": ok(rows, next_cursor=None),
        "GET /api/v2/deals/1": ok(rows[0]),
        "GET /api/v2/activities": ok([activity(type="email", done=True)], next_cursor=None),
    })  # fmt: skip
    since = Business(instant("2026-11-20T08:30:00Z"))
    page = pd.connector.changed_since("email", since, None)
    (mail,) = page.records
    assert (mail.id, mail.fields["direction"]) == ("1-latest", "in")
    assert mail.fields["at"] == instant("2026-11-20T09:00:00Z")
    rest = pd.connector.changed_since("email", since, page.after)
    assert [r.id for r in rest.records] == ["9"], "and what reps logged"
    assert rest.after is None
    (again,) = pd.connector.read("email", [mail.id], associations=("contact", "deal"))
    assert again.associations == {"deal": ["1"], "contact": ["7"]}


def test_with_the_scope_a_mail_says_what_it_says(start: Start) -> None:
    def mail(id: int, sent: int, time: str) -> dict[str, Any]:
        return {
            "data": {
                "id": id, "subject": "Re: offer", "snippet": "b", "message_time": time,
                "sent_flag": sent, "from": [{"email_address": "ada@x.example",
                "linked_person_id": 7}], "to": [], "add_time": time, "update_time": time,
            }
        }  # fmt: skip

    mails = [mail(51, 0, "2026-11-20T09:00:00Z"), mail(52, 1, "2026-11-20T10:00:00Z"),
             mail(50, 0, "2026-11-20T06:00:00Z")]  # fmt: skip
    pd = start({
        "GET /v1/deals/1/mailMessages": ok(mails),
        "GET /api/v2/deals": ok(
            [deal(1, last_incoming_mail_time="2026-11-20T09:00:00Z")], next_cursor=None
        ),
    }, scopes=(*SCOPES, "mail:read"))  # fmt: skip
    page = pd.connector.changed_since("email", Business(instant("2026-11-20T08:30:00Z")), None)
    assert [r.id for r in page.records] == ["1-51", "1-52"]
    assert [r.fields["direction"] for r in page.records] == ["in", "out"]
    (last,) = pd.connector.read("email", ["1-latest"])
    assert last.id == "1-51"
    assert (last.fields["text"], last.fields["from_email"]) == ("b", "ada@x.example")
    assert last.associations == {"deal": ["1"], "contact": ["7"]}
