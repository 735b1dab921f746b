"""Writing against the sandbox: creation that never updates, adoption, partial refusals."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from connectors.contract import (
    SEVERAL,
    AuthRevoked,
    Conflict,
    Created,
    Invalid,
    NewTask,
    NotFound,
    Transient,
    Unknown,
    Update,
)
from connectors.hubspot.install import ENGAGEMENT_PATHS, FOOTPRINT
from connectors.hubspot.webhooks import parse_events
from sandbox.world.records import Property, Record
from tests.connectors.hubspot.conftest import REP, Installed
from tests.sandbox.support import START

Start = Callable[..., Installed]
CREATE = r"POST /crm/objects/[^/]+/tasks/batch/create"
UPDATE = r"POST /crm/objects/[^/]+/deals/batch/update"


def task(deal: Record, *more: tuple[str, str], **changed: Any) -> NewTask:
    given: dict[str, Any] = {
        "touch_id": str(uuid.uuid4()), "subject": "Call: questions", "body": "<p>Why</p>",
        "type": "call", "priority": "high", "due_at": START + 3_600_000, "owner_id": "501",
        "associations": (("deal", deal.id), *more),
    }
    return NewTask(**(given | changed))


def tasks_of(hubspot: Installed) -> list[Record]:
    return list(hubspot.account.objects["tasks"].values())


def test_a_task_is_written_whole_with_its_associations(hubspot: Installed) -> None:
    deal = hubspot.deal()
    contact = hubspot.contact(deal)
    wanted = task(deal, ("contact", contact.id))
    (created,) = hubspot.connector.create_tasks([wanted])
    (record,) = tasks_of(hubspot)
    assert created == Created(wanted.touch_id, record.id)
    assert record.get("hs_task_type") == "CALL"
    assert record.get("hs_task_status") == "NOT_STARTED"
    assert record.linked("deals") == [deal.id]
    assert record.linked("contacts") == [contact.id]
    assert hubspot.calls.made == [
        ("POST", "/crm/objects/2026-03/tasks/batch/create", 201, "dispatch")
    ]
    (read,) = hubspot.connector.read("task", [record.id])
    assert read.fields | {
        "subject": wanted.subject, "body": wanted.body, "type": "call", "priority": "high",
        "status": "open", "due_at": wanted.due_at, "owner": "501", "touch_id": wanted.touch_id,
        "state": "open",
    } == read.fields


def test_a_task_without_an_owner(hubspot: Installed) -> None:
    (created,) = hubspot.connector.create_tasks([task(hubspot.deal(), owner_id=None)])
    assert created.id
    assert tasks_of(hubspot)[0].get("hubspot_owner_id") == ""


def test_answers_stand_in_the_order_of_the_tasks(hubspot: Installed) -> None:
    deal = hubspot.deal()
    wanted = [task(deal, subject=f"S{n}") for n in range(230)]
    created = hubspot.connector.create_tasks(wanted)
    assert [one.touch_id for one in created] == [one.touch_id for one in wanted]
    made = [hubspot.account.need("tasks", one.id or "") for one in created]
    subjects = [record.get("hs_task_subject") for record in made]
    assert subjects == [one.subject for one in wanted]
    assert hubspot.calls.count("batch/create") == 3


def test_one_bad_input_spoils_no_other(hubspot: Installed) -> None:
    deal, gone = hubspot.deal(), hubspot.deal()
    hubspot.account.archive("deals", gone.id, REP)
    good, orphan, bad = task(deal), task(gone), task(deal, owner_id="999")
    first, second, third = hubspot.connector.create_tasks([good, orphan, bad])
    assert first.id
    assert isinstance(second.error, Invalid)
    assert isinstance(third.error, Invalid)
    assert "owner" in third.error.fields
    assert len(tasks_of(hubspot)) == 1


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize("many", [False, True])
def test_a_task_that_exists_is_adopted_and_not_changed(
    start: Start, status: int, many: bool
) -> None:
    hubspot = start({"unique_conflict_status": status})
    deal = hubspot.deal()
    wanted = [task(deal) for _ in range(5 if many else 1)]
    (there,) = hubspot.connector.create_tasks(wanted[:1])
    hubspot.account.update("tasks", there.id or "", {"hs_task_subject": "By the rep"}, REP)
    created = hubspot.connector.create_tasks(wanted)
    assert (created[0].id, created[0].adopted, created[0].archived) == (there.id, True, False)
    assert (created[0].written or {})["subject"] == wanted[0].subject, "as it was, not as it is"
    assert all(one.id and not one.adopted for one in created[1:])
    assert len(tasks_of(hubspot)) == len(wanted)
    assert hubspot.account.need("tasks", there.id or "").get("hs_task_subject") == "By the rep"


def test_a_batch_refused_whole_is_still_adopted_and_completed(hubspot: Installed) -> None:
    """An account that answers 409 for the whole batch instead of 207."""
    deal = hubspot.deal()
    wanted = [task(deal) for _ in range(4)]
    hubspot.connector.create_tasks(wanted[1:2])
    hubspot.fault(CREATE, "409_before")
    created = hubspot.connector.create_tasks(wanted)
    assert [one.adopted for one in created] == [False, True, False, False]
    assert all(one.id for one in created)
    assert len(tasks_of(hubspot)) == 4


def test_a_batch_refused_whole_is_halved_until_the_bad_input_is_alone(hubspot: Installed) -> None:
    deal = hubspot.deal()
    wanted = [task(deal) for _ in range(4)]
    hubspot.fault(CREATE, "400_before", times=3)  # all four, the first two, the first
    created = hubspot.connector.create_tasks(wanted)
    assert isinstance(created[0].error, Invalid)
    assert all(one.id for one in created[1:])
    assert len(tasks_of(hubspot)) == 3


def test_a_task_that_a_rep_deleted_is_found_archived(start: Start) -> None:
    hubspot = start({"archived_hold_unique": True})
    wanted = task(hubspot.deal())
    (made,) = hubspot.connector.create_tasks([wanted])
    hubspot.account.archive("tasks", made.id or "", REP)
    (again,) = hubspot.connector.create_tasks([wanted])
    assert (again.id, again.adopted, again.archived) == (made.id, True, True)
    found = hubspot.connector.find_tasks([(wanted.touch_id, wanted.associations)])
    assert found[wanted.touch_id].archived


def test_linkedin_falls_back_to_a_to_do_and_says_so(start: Start) -> None:
    hubspot = start({"linkedin_task_types": False})
    deal = hubspot.deal()
    wanted = [task(deal), task(deal, type="linkedin", subject="Connect")]
    call, linkedin = hubspot.connector.create_tasks(wanted)
    assert call.id
    assert call.written is None
    assert linkedin.written == {"type": "todo", "subject": "LinkedIn: Connect"}
    (read,) = hubspot.connector.read("task", [linkedin.id or ""])
    assert {name: read.fields[name] for name in linkedin.written} == linkedin.written
    assert len(tasks_of(hubspot)) == 2


def test_linkedin_where_it_is_accepted(hubspot: Installed) -> None:
    (made,) = hubspot.connector.create_tasks([task(hubspot.deal(), type="linkedin")])
    assert made.written is None
    assert tasks_of(hubspot)[0].get("hs_task_type") == "LINKED_IN_MESSAGE"


@pytest.mark.parametrize("kind", ["500_after", "500_before", "reset_after", "timeout_after"])
def test_a_lost_answer_is_unknown_and_then_looked_up(hubspot: Installed, kind: str) -> None:
    deal = hubspot.deal()
    contact = hubspot.contact(deal)
    wanted = [task(deal, ("contact", contact.id)) for _ in range(3)]
    hubspot.fault(CREATE, kind)
    with pytest.raises(Unknown):
        hubspot.connector.create_tasks(wanted)
    assert hubspot.calls.count("batch/create") == 1
    found = hubspot.connector.find_tasks([(one.touch_id, one.associations) for one in wanted])
    if kind == "500_before":
        assert found == {}
        return
    assert set(found) == {one.touch_id for one in wanted}
    record = found[wanted[0].touch_id]
    assert record.associations == {"deal": [deal.id], "contact": [contact.id]}
    assert record.history["due_at"][0].value == wanted[0].due_at


def test_what_was_made_before_a_lost_batch_is_not_forgotten(hubspot: Installed) -> None:
    deal = hubspot.deal()
    wanted = [task(deal) for _ in range(260)]
    hubspot.fault(CREATE, "500_after", at_nth=2)
    created = hubspot.connector.create_tasks(wanted)
    assert all(one.id for one in created[:100])
    assert all(isinstance(one.error, Unknown) for one in created[100:200])
    assert all(isinstance(one.error, Transient) for one in created[200:])
    assert len(tasks_of(hubspot)) == 200


def test_find_tasks_reads_many_at_once(hubspot: Installed) -> None:
    deal = hubspot.deal()
    wanted = [task(deal) for _ in range(120)]
    hubspot.connector.create_tasks(wanted)
    hubspot.calls.made.clear()
    asked = [(one.touch_id, one.associations) for one in wanted]
    asked.append((str(uuid.uuid4()), (("deal", deal.id),)))
    found = hubspot.connector.find_tasks(asked)
    assert set(found) == {one.touch_id for one in wanted}
    assert hubspot.calls.count("tasks/batch/read") == 4, "three live, one archived"
    assert hubspot.connector.find_tasks([]) == {}


# --- without the unique property -----------------------------------------------------------------


@pytest.fixture
def marked(start: Start) -> Installed:
    """An account that refuses unique properties on tasks."""
    return start(
        {"unique_properties_on_activities": False}, installed=False, unique_touch_id=False
    )


def test_install_reports_that_the_touch_id_is_refused(marked: Installed) -> None:
    report = marked.connector.install()
    assert not report.unique_touch_id
    refused = dict(report.refused)
    assert set(refused) == {f"{path}.followthrough_touch_id" for path in ENGAGEMENT_PATHS}
    assert "deals.followthrough_control" in report.created


def test_without_the_property_a_mark_in_the_body_is_found(marked: Installed) -> None:
    marked.connector.install()
    deal, other = marked.deal(), marked.deal()
    wanted = [task(deal), task(deal), task(other)]
    created = marked.connector.create_tasks(wanted)
    assert all(one.id for one in created)
    found = marked.connector.find_tasks([(one.touch_id, one.associations) for one in wanted[1:]])
    assert {touch: record.id for touch, record in found.items()} == {
        wanted[1].touch_id: created[1].id, wanted[2].touch_id: created[2].id,
    }
    assert found[wanted[1].touch_id].fields["body"] == wanted[1].body, "the mark is not content"
    (read,) = marked.connector.read("task", [created[0].id or ""])
    assert (read.fields["touch_id"], read.fields["body"]) == (wanted[0].touch_id, wanted[0].body)
    assert marked.calls.count("search") == 0, "never by search, whose index lags"


@pytest.mark.parametrize("unique", [True, False])
def test_a_note_is_written_once_and_found_like_a_task(
    request: pytest.FixtureRequest, unique: bool
) -> None:
    crm: Installed = request.getfixturevalue("hubspot" if unique else "marked")
    crm.connector.install()
    deal = crm.deal()
    wanted = task(deal, ("contact", crm.contact(deal).id))
    crm.fault(CREATE.replace("tasks", "notes"), "500_after")
    with pytest.raises(Unknown):
        crm.connector.create_tasks([wanted], "note")
    (record,) = crm.account.objects["notes"].values()
    assert record.linked("deals") == [deal.id]
    assert record.get("hs_timestamp") == str(wanted.due_at)
    assert (record.get("followthrough_state") or "") == ("done" if unique else "")
    asked = [(wanted.touch_id, wanted.associations)]
    assert crm.connector.find_tasks(asked) == {}, "it is no task"
    (found,) = crm.connector.find_tasks(asked, "note").values()
    assert (found.id, found.fields["body"]) == (record.id, wanted.body)


def test_without_the_property_a_lost_answer_is_found_too(marked: Installed) -> None:
    marked.connector.install()
    wanted = task(marked.deal())
    marked.fault(CREATE, "500_after")
    with pytest.raises(Unknown):
        marked.connector.create_tasks([wanted])
    assert set(marked.connector.find_tasks([(wanted.touch_id, wanted.associations)])) == {
        wanted.touch_id
    }


def test_without_the_property_a_deleted_task_is_found_by_its_mark(marked: Installed) -> None:
    """Its associations went with it, so the recycle bin is gone through."""
    marked.connector.install()
    wanted, others = task(marked.deal()), [task(marked.deal()) for _ in range(120)]
    made, *_ = marked.connector.create_tasks([wanted, *others])
    for one in tasks_of(marked):
        marked.account.archive("tasks", one.id, REP)
    found = marked.connector.find_tasks([(wanted.touch_id, wanted.associations)])
    assert [(record.id, record.archived) for record in found.values()] == [(made.id, True)]


@pytest.mark.parametrize("unique", [True, False])
def test_a_found_task_tells_what_was_first_written(
    start: Start, marked: Installed, unique: bool
) -> None:
    hubspot = start() if unique else marked
    hubspot.connector.install()
    wanted = task(hubspot.deal())
    (made,) = hubspot.connector.create_tasks([wanted])
    changed = {"hs_task_body": "By the rep", "hs_timestamp": str(START + 5)}
    if not unique:
        changed["hs_task_body"] += hubspot.account.need("tasks", made.id or "").get("hs_task_body")
    hubspot.account.update("tasks", made.id or "", changed, REP)
    (record,) = hubspot.connector.find_tasks([(wanted.touch_id, wanted.associations)]).values()
    written = record.as_written()
    assert (written["body"], written["due_at"]) == (wanted.body, wanted.due_at)
    assert record.fields["body"].startswith("By the rep")


# --- updates, associations, archive --------------------------------------------------------------


def test_updates_answer_each_input(hubspot: Installed) -> None:
    deals = [hubspot.deal() for _ in range(3)]
    updates = [
        Update(deals[0].id, {"momentum": "hot", "next_touch_at": START, "sequence": "p/s"}),
        Update("999999999", {"momentum": "hot"}),
        Update(deals[1].id, {"amount": "much"}),
        Update(deals[2].id, {"next_touch_at": None}),
    ]
    done, missing, invalid, cleared = hubspot.connector.update("deal", updates)
    assert done.error is None
    assert isinstance(missing.error, NotFound)
    assert isinstance(invalid.error, Invalid)
    assert "amount" in invalid.error.fields
    assert cleared.error is None
    (read,) = hubspot.connector.read("deal", [deals[0].id])
    assert read.fields["momentum"] == "hot"
    assert read.fields["next_touch_at"] == START


def test_a_lost_update_is_unknown_and_not_repeated(hubspot: Installed) -> None:
    """A rep may have changed the record in between; repeating would undo it."""
    deal = hubspot.deal()
    hubspot.fault(UPDATE, "500_after")
    with pytest.raises(Unknown):
        hubspot.connector.update("deal", [Update(deal.id, {"momentum": "warm"})])
    assert hubspot.calls.count("batch/update") == 1


def test_a_batch_of_updates_refused_whole_is_halved(hubspot: Installed) -> None:
    deals = [hubspot.deal() for _ in range(4)]
    hubspot.fault(UPDATE, "400_before", times=3)
    answers = hubspot.connector.update("deal", [Update(d.id, {"momentum": "hot"}) for d in deals])
    assert [answer.error is None for answer in answers] == [False, True, True, True]


def test_an_unmapped_field_is_a_programming_error(hubspot: Installed) -> None:
    with pytest.raises(ValueError, match="not mapped"):
        hubspot.connector.update("deal", [Update("1", {"colour": "red"})])


def test_archiving_is_safe_to_repeat(hubspot: Installed) -> None:
    deal = hubspot.deal()
    created = hubspot.connector.create_tasks([task(deal) for _ in range(120)])
    made = [one.id or "" for one in created]
    hubspot.fault(r"POST /crm/objects/[^/]+/tasks/batch/archive", "502_after")
    hubspot.connector.archive("task", made)
    hubspot.connector.archive("task", made[:1])
    assert tasks_of(hubspot) == []
    assert hubspot.connector.read("task", made) == []
    assert len(hubspot.connector.read("task", made, archived=True)) == 120


def test_associating_is_safe_to_repeat(hubspot: Installed) -> None:
    deal = hubspot.deal()
    contact = hubspot.contact()
    for _ in range(2):
        hubspot.connector.associate("deal", "contact", [(deal.id, contact.id)])
    (read,) = hubspot.connector.read("deal", [deal.id], associations=("contact",))
    assert read.associations == {"contact": [contact.id]}


def test_associating_with_what_is_gone_is_told_after_the_others_are_made(
    hubspot: Installed,
) -> None:
    deal = hubspot.deal()
    contact = hubspot.contact()
    pairs = [(deal.id, "999999999"), (deal.id, contact.id)]
    with pytest.raises((Invalid, NotFound)):
        hubspot.connector.associate("deal", "contact", pairs)
    assert deal.linked("contacts") == [contact.id]


# --- install and uninstall -----------------------------------------------------------------------


def test_install_is_idempotent(start: Start) -> None:
    hubspot = start(installed=False)
    first = hubspot.connector.install()
    again = hubspot.connector.install()
    every = sum(map(len, FOOTPRINT.values()))
    assert (len(first.created), first.existing, first.refused) == (every, (), ())
    assert (again.created, len(again.existing), again.refused) == ((), every, ())
    assert first.unique_touch_id
    assert again.unique_touch_id


def test_install_goes_on_where_it_was_interrupted(start: Start) -> None:
    hubspot = start(installed=False)
    hubspot.fault(r"POST /crm/properties/[^/]+/contacts$", "500_after")
    with pytest.raises(Unknown):
        hubspot.connector.install()
    report = hubspot.connector.install()
    assert report.refused == ()
    assert len(report.created) + len(report.existing) == sum(map(len, FOOTPRINT.values()))


def test_an_existing_plain_touch_id_is_seen_to_be_unfit(start: Start) -> None:
    hubspot = start(installed=False)
    hubspot.account.add_property("tasks", Property("followthrough_touch_id", "By hand"))
    assert not hubspot.connector.install().unique_touch_id


def test_uninstalling_takes_the_app_out(hubspot: Installed) -> None:
    hubspot.connector.uninstall()
    hubspot.restart(expired=True)
    with pytest.raises(AuthRevoked):
        hubspot.connector.pipelines()


def test_a_conflict_that_cannot_be_adopted_stays_a_conflict(marked: Installed) -> None:
    marked.connector.install()
    marked.fault(CREATE, "409_before")
    (answer,) = marked.connector.create_tasks([task(marked.deal())])
    assert isinstance(answer.error, Conflict)


def test_events_of_our_own_writes_parse(hubspot: Installed) -> None:
    """What the sandbox sends is what the parser reads; both written from the same documents."""
    from tests.sandbox.support import Receiver

    rows = [
        {"subscriptionType": "deal.propertyChange", "propertyName": "followthrough_momentum"},
        {"subscriptionType": "object.creation", "objectType": "task"},
        {"subscriptionType": "object.propertyChange", "objectType": "task",
         "propertyName": "hs_task_status"},
        {"subscriptionType": "deal.deletion"},
    ]
    sandbox = hubspot.sandbox
    with Receiver() as receiver:
        sandbox.app.webhook_url = receiver.url
        sandbox.app.subscriptions[:] = rows
        deal = hubspot.deal()
        hubspot.connector.update("deal", [Update(deal.id, {"momentum": "hot"})])
        (made,) = hubspot.connector.create_tasks([task(deal)])
        hubspot.account.update("tasks", made.id or "", {"hs_task_status": "COMPLETED"}, REP)
        hubspot.account.archive("deals", deal.id, REP)
        sandbox.hubspot.deliveries.flush()
        events = [
            event
            for _, body in receiver.got
            for event in parse_events(body, hubspot.connector.mapping)
        ]
    seen = {(event.kind, event.object_type, event.object_id, event.field) for event in events}
    assert {
        ("changed", "deal", deal.id, "momentum"),
        ("created", "task", made.id, SEVERAL),  # created and completed at one instant
        ("deleted", "deal", deal.id, None),
    } <= seen
    echo = next(event for event in events if event.field == "momentum")
    assert (echo.source, echo.source_id, echo.account) == ("INTEGRATION", "777", "4000001")
