"""A person's words on one follow-up's times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.decisions.rescheduling import RescheduleError, reschedule
from app.model.decisions import (
    CountFrom,
    Decision,
    EnrolmentView,
    LeaveOut,
    MoveTouches,
    PlanTouches,
    WithdrawTouches,
)
from app.model.ids import touch_id
from app.model.rescheduling import By, Change, JumpTo, PauseUntil, Skip, To
from app.model.time import Delay, Unit, parse_delay
from app.model.vocabulary import EnrolmentState, Mode
from tests.decisions.build import CAL, NOW, at, enrolment, sequence, step, subject
from tests.decisions.test_migrating import DONE, OPEN, row

A, B = step("a", "1d"), step("b", "3d")
C = step("c", "1d", anchor="previous_done")
TUE, THU = at("2026-03-03 10:00"), at("2026-03-05 10:00")


def view(**rows: dict[str, Any]) -> EnrolmentView:
    dates = {"a": TUE, "b": THU, "c": THU}
    touches = tuple(
        row(id, **{"owed_at": dates[id], "due_at": dates[id], **more}) for id, more in rows.items()
    )
    return enrolment(
        sequence=sequence(steps=(A, B, C)), touches=touches, planned=frozenset(rows),
        finished=frozenset(id for id, more in rows.items() if more == DONE),
    )  # fmt: skip


def of(found: Decision, kind: type) -> list[Any]:
    return [action for action in found.actions if isinstance(action, kind)]


def due(found: Decision) -> dict[str, int]:
    moved = [touch for move in of(found, MoveTouches) for touch in move.touches]
    return {touch.step.id: touch.due_at for touch in moved}


def asked(one: EnrolmentView, change: Change) -> Decision:
    return reschedule(one, change, subject(), CAL, NOW, "ada")


def test_all_that_is_to_come_moves_and_delays_count_from_later() -> None:
    found = asked(view(a={}, b={}), By(parse_delay("1wd")))
    assert due(found) == {"a": at("2026-03-04 10:00"), "b": at("2026-03-06 10:00")}
    assert of(found, CountFrom) == [CountFrom("e1", 1, at("2026-03-03 10:00"))]
    again = replace(view(a={}), counts_from=at("2026-03-20 10:00"))
    assert of(asked(again, By(parse_delay("2d"))), CountFrom)[0].at == at("2026-03-22 10:00")


def test_what_is_over_stays_and_what_a_rep_edited_too() -> None:
    assert list(due(asked(view(a=DONE, b={}), By(parse_delay("1d"))))) == ["b"]
    edited = {**OPEN, "edited": True}
    assert list(due(asked(view(a=edited, b={}), By(parse_delay("1d"))))) == ["b"]
    gone = {**OPEN, "wish": "resolve"}
    assert list(due(asked(view(a=gone, b={}), By(parse_delay("1d"))))) == ["b"]


def test_a_moved_day_keeps_the_time_of_the_step_and_not_of_working_hours() -> None:
    """Tuesday at 10 lands on a Saturday, so on Monday at 9; a day later it is Tuesday... at 9, but
    what it is owed by is still 10 o'clock."""
    found = asked(view(a={}), By(parse_delay("4d")))
    (move,) = of(found, MoveTouches)
    assert move.touches[0].due_at == at("2026-03-09 09:00")
    once = {"owed_at": move.touches[0].owed_at, "due_at": move.touches[0].due_at}
    assert due(asked(view(a=once), By(parse_delay("3d")))) == {"a": at("2026-03-10 10:00")}


def test_a_late_step_counts_from_where_it_stands() -> None:
    late = {"owed_at": at("2026-02-10 10:00"), "due_at": TUE}
    assert due(asked(view(a=late), By(parse_delay("1d")))) == {"a": at("2026-03-04 10:00")}


def test_a_step_on_a_date_keeps_what_it_is_owed_by() -> None:
    dated = step("a", "1d", anchor="field:go_live")
    one = replace(view(a={}), steps=(dated,))
    (move,) = of(asked(one, By(parse_delay("2d"))), MoveTouches)
    assert (move.touches[0].owed_at, move.touches[0].due_at) == (TUE, THU)


def test_to_a_time_and_not_before_one() -> None:
    one = view(a={}, b={})
    assert due(asked(one, To(at("2026-03-10 15:30")))) == {
        "a": at("2026-03-10 15:30"), "b": at("2026-03-12 10:00"),
    }  # fmt: skip
    assert due(asked(one, PauseUntil(at("2026-03-16 12:00")))) == {
        "a": at("2026-03-17 10:00"), "b": at("2026-03-19 10:00"),
    }  # fmt: skip
    same_day = asked(view(a={"owed_at": NOW, "due_at": NOW}), PauseUntil(at("2026-03-02 14:00")))
    assert due(same_day) == {"a": at("2026-03-02 14:00")}


def test_a_step_is_left_out_and_what_waited_for_it_follows() -> None:
    found = asked(view(a=DONE, b={}), Skip("b"))
    assert of(found, WithdrawTouches)[0].touches == (touch_id("e1", "b"),)
    assert [t.step.id for t in of(found, PlanTouches)[0].touches] == ["c"]
    (left,) = of(asked(view(a={}, b={}), Skip("c")), LeaveOut)
    assert [(t.id, left.reason) for t in left.touches] == [(touch_id("e1", "c"), "skipped")]


def test_on_to_a_step_at_once() -> None:
    found = asked(view(a={}, b={}), JumpTo("b"))
    assert of(found, WithdrawTouches)[0].touches == (touch_id("e1", "a"),)
    assert due(found) == {"b": NOW}
    assert of(found, CountFrom)[0].at == at("2026-02-27 10:00")
    found = asked(view(a=DONE, b={}), JumpTo("c"))
    assert of(found, WithdrawTouches)[0].touches == (touch_id("e1", "b"),)
    assert [t.due_at for t in of(found, PlanTouches)[0].touches] == [NOW]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (By(Delay(0, Unit.D)), "by: "),
        (To(at("2026-03-01 10:00")), "to: it lies in the past"),
        (PauseUntil(NOW), "pause_until: it lies in the past"),
        (Skip("x"), "there are a, b, c"),
        (Skip("a"), "step: 'a' is over"),
        (JumpTo("a"), "step: 'a' is over"),
    ],
)
def test_words_that_do_not_fit(change: Change, said: str) -> None:
    with pytest.raises(RescheduleError, match=said):
        asked(view(a=DONE, b={}), change)


@pytest.mark.parametrize(
    "one",
    [
        replace(view(a={}), state=EnrolmentState.ENDED),
        replace(view(a={}), state=EnrolmentState.BACKLOG),
        replace(view(a={}), mode=Mode.SHADOW),
    ],
)
def test_what_does_not_run_has_no_times(one: EnrolmentView) -> None:
    with pytest.raises(RescheduleError, match="does not run"):
        asked(one, By(parse_delay("1d")))
    with pytest.raises(RescheduleError, match="no step of it is planned, open or waiting"):
        asked(view(a=DONE), By(parse_delay("1d")))
