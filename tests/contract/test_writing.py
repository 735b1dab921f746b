"""Tasks are created once and never updated by creating; a rep's work stands."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract import Business, CrmRecord, NewTask, Unknown, Update
from tests.contract.house import BEN, CREATE, DAY, HOUR, TOUCH, House

SHOWN = ("subject", "body", "type", "priority", "due_at", "owner")


def stands(house: House, id: str) -> CrmRecord:
    (record,) = house.connector.read("task", [id], history=True, associations=("deal", "contact"))
    return record


def linked(house: House) -> tuple[Any, ...]:
    nora = house.contact()
    return (("deal", house.deal(contact=nora)), ("contact", nora))


def made(house: House, task: NewTask) -> str:
    (answer,) = house.connector.create_tasks([task])
    assert answer.error is None, answer.error
    assert answer.id is not None
    return answer.id


def ours(house: House) -> int:
    """How many tasks of ours there are, deleted ones too."""
    every = (*house.account.objects["tasks"].values(), *house.account.archived["tasks"].values())
    return sum(record.created_by.source_type == "INTEGRATION" for record in every)


@pytest.mark.parametrize("kind", ["call", "email", "todo", "linkedin", "meeting"])
def test_a_task_stands_as_it_was_meant_or_as_the_answer_says(house: House, kind: str) -> None:
    """Otherwise the first reading would take our own writing for a rep's edit."""
    task = house.task(associations=linked(house), type=kind)
    (answer,) = house.connector.create_tasks([task])
    assert answer.id is not None
    record = stands(house, answer.id)
    intended = {
        "subject": task.subject, "body": task.body, "type": task.type, "priority": task.priority,
        "due_at": task.due_at, "owner": task.owner_id, **(answer.written or {}),
    }  # fmt: skip
    assert {name: record.fields[name] for name in SHOWN} == intended
    assert record.fields["status"] == "open"
    assert record.fields["touch_id"] == task.touch_id
    assert record.associations == {
        "deal": [task.associations[0][1]], "contact": [task.associations[1][1]],
    }  # fmt: skip
    assert record.fields["due_at"] == task.due_at, "to the minute"


def test_answers_stand_in_the_order_of_the_tasks(house: House) -> None:
    on = linked(house)
    tasks = [house.task(number, associations=on, subject=f"T{number}") for number in range(120)]
    answers = house.connector.create_tasks(tasks)
    assert [a.touch_id for a in answers] == [t.touch_id for t in tasks]
    assert len({a.id for a in answers}) == 120
    assert stands(house, str(answers[77].id)).fields["subject"] == "T77"


def test_one_bad_input_spoils_no_other(house: House) -> None:
    on = linked(house)
    nobody = house.outer("owners", "999")
    bad = NewTask(
        **{**{n: getattr(house.task(2, associations=on), n) for n in NewTask.__slots__},
           "owner_id": nobody}
    )  # fmt: skip
    good, refused, other = house.connector.create_tasks(
        [house.task(1, associations=on), bad, house.task(3, associations=on)]
    )
    assert good.id
    assert other.id
    assert refused.id is None
    assert refused.error is not None
    assert ours(house) == 2


def test_creating_again_adopts_and_undoes_nothing(house: House) -> None:
    task = house.task(associations=linked(house))
    id = made(house, task)
    house.act("edit_task", task=id, subject="Ring, ask for Nora")
    found = house.connector.find_tasks([(task.touch_id, task.associations)])
    assert found[task.touch_id].id == id
    if house.can("lookup_by_touch_id"):
        (answer,) = house.connector.create_tasks([task])
        assert (answer.id, answer.adopted) == (id, True)
    assert stands(house, id).fields["subject"] == "Ring, ask for Nora"
    assert ours(house) == 1


def test_a_task_that_a_rep_deleted_is_found_and_told_so(house: House) -> None:
    task = house.task(associations=linked(house))
    id = made(house, task)
    house.act("delete_task", task=id)
    if house.lacks("lookup_by_touch_id"):
        assert "deleted" in house.capability("lookup_by_touch_id").instead
        return
    found = house.connector.find_tasks([(task.touch_id, task.associations)])
    assert (found[task.touch_id].id, found[task.touch_id].archived) == (id, True)


@pytest.mark.parametrize("kind", ["500_after", "reset_after"])
def test_a_lost_answer_is_unknown_and_then_looked_up(house: House, kind: str) -> None:
    task, other = house.task(associations=linked(house)), house.task(2)
    house.fault(CREATE[house.kind.name], kind)
    with pytest.raises(Unknown):
        house.connector.create_tasks([task])
    found = house.connector.find_tasks(
        [(task.touch_id, task.associations), (other.touch_id, task.associations)]
    )
    assert list(found) == [task.touch_id]
    assert ours(house) == 1


@pytest.mark.parametrize("unique", [True, False])
def test_a_task_on_no_record_is_looked_up_too(house: House, unique: bool) -> None:
    house.connector = house.again(unique_touch_id=unique)
    house.connector.install()
    task, other = house.task(), house.task(2)
    house.fault(CREATE[house.kind.name], "500_after")
    with pytest.raises(Unknown):
        house.connector.create_tasks([task])
    assert list(house.connector.find_tasks([(task.touch_id, ()), (other.touch_id, ())])) == [
        task.touch_id
    ]


def test_a_task_that_is_found_tells_as_what_it_was_written(house: House) -> None:
    """The guard may have moved it or given it to another before the answer was lost."""
    task = house.task(associations=linked(house))
    made(house, task)
    found = house.connector.find_tasks([(task.touch_id, task.associations)])[task.touch_id]
    written = found.as_written()
    names = ("subject", "due_at", "owner", "priority")
    assert [written[name] for name in names] == [
        task.subject, task.due_at, task.owner_id, task.priority,
    ]  # fmt: skip


def test_a_refused_write_had_no_effect(house: House) -> None:
    task = house.task(associations=linked(house))
    house.fault(CREATE[house.kind.name], "503_before")
    with pytest.raises(Unknown):
        house.connector.create_tasks([task])
    assert house.connector.find_tasks([(task.touch_id, task.associations)]) == {}


def test_without_a_field_for_it_the_touch_id_is_found_by_its_mark(house: House) -> None:
    house.connector = house.again(unique_touch_id=False)
    task = house.task(associations=linked(house))
    id = made(house, task)
    found = house.connector.find_tasks([(task.touch_id, task.associations)])
    assert found[task.touch_id].id == id
    record = stands(house, id)
    assert record.fields["touch_id"] == task.touch_id
    assert "followthrough:" not in record.fields["body"]


def test_a_note_is_written_once_and_found_like_a_task(house: House) -> None:
    on = linked(house)
    at = Business(house.now)
    note = house.task(associations=on, body="<p>Handed over by Ada.</p>", due_at=at)
    (answer,) = house.connector.create_tasks([note], "note")
    assert answer.id
    found = house.connector.find_tasks([(note.touch_id, note.associations)], "note")
    assert found[note.touch_id].id == answer.id
    (record,) = house.connector.read("note", [answer.id])
    assert "Handed over by Ada." in record.fields["body"]
    assert house.connector.find_tasks([(TOUCH.format(9), on)], "note") == {}


def test_a_task_moves_to_another_time_and_owner(house: House) -> None:
    task = house.task(associations=linked(house))
    id, other = made(house, task), house.outer("owners", BEN)
    later = Business(task.due_at + DAY + HOUR)
    (answer,) = house.connector.update("task", [Update(id, {"due_at": later, "owner": other})])
    assert answer.error is None
    fields = stands(house, id).fields
    assert (fields["due_at"], fields["owner"]) == (later, other)
    house.connector.update("task", [Update(id, {"owner": task.owner_id})])
    assert stands(house, id).fields["due_at"] == later, "a new owner moves nothing"


def test_updates_answer_each_input(house: House) -> None:
    task = house.task(associations=linked(house))
    id = made(house, task)
    gone = made(house, house.task(2, associations=task.associations))
    house.connector.archive("task", [gone])
    state: dict[str, Any] = {"state": "resolved", "state_reason": "replied"}
    if house.lacks("task_state"):
        state = {"due_at": house.now + DAY}
    good, bad = house.connector.update("task", [Update(id, state), Update(gone, state)])
    assert (good.id, good.error) == (id, None)
    assert bad.error is not None
    if house.can("own_fields") and not house.lacks("task_state"):
        assert stands(house, id).fields["state"] == "resolved"


def test_archiving_is_safe_to_repeat(house: House) -> None:
    id = made(house, house.task(associations=linked(house)))
    for _ in range(2):
        house.connector.archive("task", [id, id])
    assert house.connector.read("task", [id]) == []


def test_a_completed_task_says_when(house: House) -> None:
    id = made(house, house.task(associations=linked(house)))
    house.pass_time(HOUR)
    house.act("complete_task", task=id)
    fields = stands(house, id).fields
    assert (fields["status"], fields["completed_at"]) == ("completed", house.now)


def test_a_deal_shows_where_follow_up_stands_and_takes_a_reps_word(house: House) -> None:
    deal = house.deal()
    if not house.can("own_fields"):
        return
    shown = {
        "momentum": "hot", "next_touch_at": Business(house.now + DAY), "sequence": "proposal/s",
        "last_touch_at": Business(house.now),
    }  # fmt: skip
    (answer,) = house.connector.update("deal", [Update(deal, shown)])
    assert answer.error is None
    (record,) = house.connector.read("deal", [deal])
    for name, value in shown.items():
        if house.lacks("touch_times") and name.endswith("_at"):
            assert record.fields[name] <= value < record.fields[name] + DAY, "its day"
        else:
            assert record.fields[name] == value
    house.connector.update("deal", [Update(deal, {"next_touch_at": None})])
    house.choose("deals", deal, "followthrough_control", "Follow-up control", "pause")
    (record,) = house.connector.read("deal", [deal])
    assert (record.fields["next_touch_at"], record.fields["control"]) == (None, "pause")
