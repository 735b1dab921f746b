"""Moves of one enrolment to another version, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from app.decisions.migrating import migrate
from app.model.decisions import (
    ChangeVersion,
    EndEnrolment,
    LeaveOut,
    MoveTouches,
    PlanTouches,
    WithdrawTouches,
)
from app.model.ids import touch_id
from app.model.migration import Migration, Target
from app.model.playbook import Sequence, Step
from app.model.vocabulary import UNENROL_STEP, EnrolmentState, Mode, NewSteps, StopReason
from tests.decisions.build import CAL, NOW, at, enrolment, sequence, step, subject

DAY_2 = at("2026-03-04 12:00")  # Wednesday; the enrolment began on Monday at 10:00


def row(id: str, state: str = "planned", outcome: str | None = None, **more: Any) -> dict[str, Any]:
    known = {
        "id": touch_id("e1", id, more.get("occurrence", 0)), "step": id, "occurrence": 0,
        "state": state, "outcome": outcome, "reason": None, "outcome_why": None, "edited": False,
        "wish": None, "wish_why": None, "due_at": NOW,
    }  # fmt: skip
    return {**known, **more}


DONE = {"state": "performed", "outcome": "completed"}
OPEN = {"state": "performed", "outcome": "open"}


def target(*steps: Step, **more: Any) -> Target:
    return Target(2, 2, 1, sequence(steps=steps, **more), steps)


def moved(
    was: tuple[Step, ...],
    rows: tuple[dict[str, Any], ...],
    to: tuple[Step, ...],
    choice: NewSteps = NewSteps.AHEAD,
    **more: Any,
) -> Migration:
    over = {r["step"] for r in rows if r["state"] == "dropped" or r["outcome"] == "completed"}
    view = enrolment(
        sequence=sequence(steps=was),
        touches=rows,
        planned=frozenset(r["step"] for r in rows),
        finished=frozenset(over),
        last_done_at=NOW,
        **more,
    )
    subject_ = subject(fields=more.get("fields", {}))
    return migrate(view, target(*to), choice, subject_, CAL, DAY_2, "ada")


def fates(found: Migration) -> dict[str, str]:
    return {one.step: one.fate.value for one in found.steps}


def of(found: Migration, kind: type) -> list[Any]:
    return [action for action in found.decision.actions if isinstance(action, kind)]


A, B, C = step("a", "1d"), step("b", "3d"), step("c", "7d")


def test_the_same_steps_change_the_version_alone() -> None:
    found = moved((A, B), (row("a", **DONE), row("b")), (A, B))
    assert found.decision.actions == (ChangeVersion("e1", 1, 2),)
    assert fates(found) == {"a": "done", "b": "stays"}
    (line,) = found.decision.explanations
    assert (line.code, line.values["steps"]) == ("migrated", {"a": "done", "b": "stays"})


@pytest.mark.parametrize(
    ("choice", "past", "ahead"),
    [("none", False, False), ("ahead", False, True), ("past", True, False), ("all", True, True)],
)
def test_which_steps_that_are_new_are_planned(choice: str, past: bool, ahead: bool) -> None:
    found = moved(
        (B,), (row("b"),), (A, B, C), NewSteps(choice)
    )
    told = fates(found)
    assert (told["a"], told["c"]) == tuple("added" if one else "left_out" for one in (past, ahead))
    planned = {touch.step.id for action in of(found, PlanTouches) for touch in action.touches}
    left_out = {touch.step.id for action in of(found, LeaveOut) for touch in action.touches}
    assert planned == {name for name, one in (("a", past), ("c", ahead)) if one}
    assert left_out == {"a", "c"} - planned


def test_late_ones_are_spread_over_working_days() -> None:
    early = (step("x", "1h"), step("y", "1d"))
    found = moved((B,), (row("b"),), (*early, B), NewSteps.ALL)
    (plan,) = of(found, PlanTouches)
    assert [touch.due_at for touch in plan.touches] == [DAY_2, at("2026-03-05 09:00")]
    assert [one.late for one in found.steps] == [True, True, False]


def test_a_step_that_was_left_out_stays_so_while_the_version_has_it() -> None:
    gone = row("b", "dropped", reason="step_left_out")
    found = moved((A, B), (row("a"), gone), (A, B, C), NewSteps.ALL)
    assert fates(found) == {"a": "stays", "b": "done", "c": "added"}


@pytest.mark.parametrize(
    "gone",
    [
        row("b", "dropped", reason="step_removed"),
        row("b", **{**OPEN, "outcome": "resolved"}, outcome_why="step_removed"),
        row("b", **OPEN, wish="resolve", wish_why="step_removed"),
    ],
)
def test_what_a_move_took_away_comes_back_under_the_next_occurrence(gone: dict[str, Any]) -> None:
    found = moved((A,), (row("a"), gone), (A, B))
    (plan,) = of(found, PlanTouches)
    assert [(t.id, t.occurrence) for t in plan.touches] == [(touch_id("e1", "b", 1), 1)]


def test_what_a_rep_kept_or_skipped_does_not_come_back() -> None:
    left = row("b", **{**OPEN, "outcome": "left"}, outcome_why="step_removed")
    skipped = row("c", "dropped", reason="skipped")
    found = moved((A,), (row("a"), left, skipped), (A, B, C), NewSteps.ALL)
    assert fates(found) == {"a": "stays", "b": "done", "c": "done"}


def test_only_what_is_open_is_taken_away_and_no_duty_of_ours() -> None:
    rows = (row("a", **DONE), row("b", **OPEN), row("c"), row(UNENROL_STEP))
    found = moved((A, B, C), rows, (A,))
    (taken,) = of(found, WithdrawTouches)
    assert taken.touches == (touch_id("e1", "b"), touch_id("e1", "c"))
    assert fates(found) == {"a": "done", "b": "removed", "c": "removed"}
    assert found.ends is StopReason.FINISHED, "nothing is left to do"


def test_a_changed_time_moves_an_open_step_and_no_other() -> None:
    later = step("b", "5d")
    found = moved((A, B), (row("a", **DONE), row("b")), (step("a", "9d"), later))
    (move,) = of(found, MoveTouches)
    assert [(t.id, t.due_at) for t in move.touches] == [
        (touch_id("e1", "b"), at("2026-03-09 09:00"))
    ]
    assert fates(found) == {"a": "done", "b": "moves"}


def test_delays_count_from_the_release_where_there_was_one() -> None:
    later = step("b", "5d")
    found = moved((B,), (row("b"),), (later,), counts_from=at("2026-03-03 10:00"))
    (move,) = of(found, MoveTouches)
    assert move.touches[0].due_at == at("2026-03-09 09:00")  # the Sunday after


def test_a_step_after_the_one_before_is_planned_once_that_is_over() -> None:
    follows = step("n", "1d", anchor="previous_done")
    found = moved((A,), (row("a", **DONE),), (A, follows))
    assert fates(found) == {"a": "done", "n": "added"}
    assert found.ends is None
    found = moved((A,), (row("a"),), (A, follows))
    assert fates(found) == {"a": "stays", "n": "waits"}
    last = step("z", "1d", anchor="previous_done")
    found = moved((A, last), (row("a", **DONE), row("z")), (A, follows, last))
    assert fates(found) == {"a": "done", "n": "left_out", "z": "stays"}


def test_a_step_on_an_unknown_date_waits_and_nothing_ends() -> None:
    dated = step("d", "1d", anchor="field:go_live")
    found = moved((A,), (row("a", **DONE),), (A, dated))
    assert (fates(found), found.ends) == ({"a": "done", "d": "waits"}, None)


@pytest.mark.parametrize(
    "more", [{"state": EnrolmentState.BACKLOG}, {"mode": Mode.SHADOW}]
)
def test_what_has_not_begun_changes_its_version_alone(more: dict[str, Any]) -> None:
    found = moved((A,), (), (B, C), **more)
    assert found.decision.actions == (ChangeVersion("e1", 1, 2),)
    assert fates(found) == {"b": "waits", "c": "waits"}


def test_it_ends_where_the_version_has_no_such_sequence() -> None:
    view = enrolment(touches=(row("a", **DONE), row("b"), row("c", **OPEN, edited=True)))
    gone: Sequence | None = None
    found = migrate(view, Target(2, 2, 1, gone, ()), NewSteps.ALL, subject(), CAL, DAY_2, "ada")
    assert found.decision.actions == (EndEnrolment("e1", 1, StopReason.SEQUENCE_GONE, DAY_2),)
    assert fates(found) == {"b": "removed", "c": "left"}


def test_it_is_decided_twice_alike() -> None:
    once, again = (moved((A, B), (row("a"), row("b")), (B, C)) for _ in range(2))
    assert once == again
