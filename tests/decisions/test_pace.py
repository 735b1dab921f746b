"""The time between steps: how far apart, stretched by what, and looked at again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.decisions.pace import apart, chosen, stretched
from app.decisions.sequences import advance, progress
from app.model.decisions import ArmTimer, Decision, EnrolmentView, NotePassages, PlanTouches
from app.model.pace import Pace
from app.model.playbook import Compare, Sequence, Step
from app.model.time import Business, parse_delay
from app.model.vocabulary import SignalKind
from app.playbooks.pace_build import with_beats
from tests.decisions.build import CAL, NOW, at, enrolment, signal, step, subject

FAST = Pace(Compare("fields.speed", "==", "fast"), 0.5)
SLOW = Pace(Compare("fields.speed", "==", "slow"), 2)
STEPS = (step("a", "2d"), step("b", "6d"), step("c", "10d"))


@pytest.mark.parametrize(
    ("at", "last", "gap"),
    [
        ("6d", "2d", "4d"), ("6wd", "2wd", "4wd"), ("2d", None, "2d"), ("2d", "4h", "2640min"),
        ("2d", "6d", "0d"), ("90min", "1h", "30min"),
    ],
)  # fmt: skip
def test_the_gap_is_in_the_steps_own_unit_where_both_have_it(
    at: str, last: str | None, gap: str
) -> None:
    assert apart(parse_delay(at), parse_delay(last) if last else None) == parse_delay(gap)


@pytest.mark.parametrize(
    ("gap", "times", "found"),
    [
        ("4d", 0.5, "2d"), ("3d", 0.5, "2d"), ("1d", 0.1, "1d"), ("2wd", 3.5, "7wd"),
        ("4h", 0.5, "120min"), ("15min", 2, "30min"), ("4d", 1, "4d"),
    ],
)  # fmt: skip
def test_days_stay_days_at_the_same_hour(gap: str, times: float, found: str) -> None:
    assert stretched(parse_delay(gap), times) == parse_delay(found)


def at_speed(speed: str | None, **more: Any) -> Any:
    return subject(fields={"fields.speed": speed} if speed else {}, **more)


def test_the_first_condition_that_is_met_counts_and_none_leaves_it() -> None:
    assert chosen((FAST, SLOW), at_speed("slow"), NOW, CAL.zone)[0] == 2
    assert chosen((FAST, FAST), at_speed("fast"), NOW, CAL.zone)[0] == 0.5
    assert chosen((FAST, SLOW), at_speed(None), NOW, CAL.zone) == (1.0, {"fields.speed": None})


def paced(*steps: Step, **more: Any) -> EnrolmentView:
    nodes = tuple(with_beats(steps, (FAST, SLOW)))
    one = Sequence("seq", "pb", steps, flow=nodes, pace=(FAST, SLOW))
    return enrolment(sequence=one, planned=frozenset(), **more)


def after(view: EnrolmentView, made: Decision) -> EnrolmentView:
    """The enrolment with what was decided."""
    for action in made.actions:
        if isinstance(action, NotePassages):
            view = replace(view, passages={**view.passages, **{p.step: p for p in action.passages}})
        elif isinstance(action, PlanTouches):
            view = replace(view, planned=view.planned | {t.step.id for t in action.touches})
    return view


def due(made: Decision) -> dict[str, Business]:
    return {
        touch.step.id: touch.due_at
        for action in made.actions
        if isinstance(action, PlanTouches)
        for touch in action.touches
    }


def woken(made: Decision) -> list[Business]:
    return [action.due_at for action in made.actions if isinstance(action, ArmTimer)]


def test_each_step_is_planned_in_its_turn_and_counts_from_the_one_before() -> None:
    view = paced(*STEPS)
    made = progress(view, at_speed("fast"), CAL, NOW)
    assert due(made) == {}
    (first,) = woken(made)
    assert first == at("2026-03-03 09:00"), "when it is to be written"
    view = after(view, made)
    made = progress(view, at_speed("fast"), CAL, first)
    assert due(made) == {"a": at("2026-03-03 10:00")}
    assert woken(made) == [at("2026-03-05 09:00")]
    view = after(view, made)
    # Whoever becomes slow in between is counted from where the last step was.
    slower = progress(view, at_speed("slow"), CAL, at("2026-03-04 12:00"))
    assert woken(slower) == [at("2026-03-11 09:00")]
    view = after(view, slower)
    made = progress(view, at_speed(None), CAL, at("2026-03-09 11:00"))
    assert due(made) == {"b": at("2026-03-09 09:00")}, "four days later was a Saturday"


def test_any_signal_lets_the_pace_be_read_again_and_deciding_twice_changes_nothing() -> None:
    view = after(paced(*STEPS), progress(paced(*STEPS), at_speed("slow"), CAL, NOW))
    later = at("2026-03-03 12:00")
    event = signal(SignalKind.FIELD_CHANGED, later, "field:x", data={"field": "x"})
    made = advance(view, event, at_speed("fast"), CAL, later)
    assert due(made) == {"a": at("2026-03-03 10:00")}
    again = progress(after(view, made), at_speed("fast"), CAL, later)
    assert due(again) == {}


def test_what_was_planned_by_another_version_is_no_gate() -> None:
    """A follow-up that was moved to a version with a pace has its next steps planned already."""
    view = paced(*STEPS)
    view = replace(view, planned=frozenset({"a", "b"}), finished=frozenset({"a"}))
    early = progress(view, at_speed(None), CAL, at("2026-03-04 09:00"))
    assert woken(early) == [at("2026-03-12 09:00")], "it waits for the third, not for the second"
    made = progress(view, at_speed(None), CAL, at("2026-03-12 09:00"))
    assert due(made) == {"c": at("2026-03-12 10:00")}


def test_a_step_after_a_completion_is_stretched_from_there() -> None:
    view = paced(step("a", None), step("b", "2d", anchor="previous_done"))
    view = replace(view, planned=frozenset({"a"}))
    done = at("2026-03-04 11:00")
    made = progress(view, at_speed("slow"), CAL, done, done="a", done_at=done)
    assert woken(made) == [at("2026-03-09 09:00")], "four days later is a Sunday"
