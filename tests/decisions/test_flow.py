"""The way through control steps, as tables: what is planned, awaited, passed and never planned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.decisions.backlog import enter
from app.decisions.flow import timer_of
from app.decisions.passing import cohort
from app.decisions.redating import redate
from app.decisions.rescheduling import RescheduleError, reschedule, resume
from app.decisions.sequences import advance, progress
from app.decisions.walking import walk
from app.model.decisions import (
    ArmTimer,
    CountFrom,
    Decision,
    DisarmTimer,
    EndEnrolment,
    EnrolmentView,
    NotePassages,
    PlanTouches,
    SetProperty,
    StartEnrolment,
)
from app.model.flow import (
    Branch,
    Node,
    OutcomeOf,
    Passage,
    Seen,
    SetMomentum,
    Split,
    Wait,
)
from app.model.playbook import Sequence, Step, When
from app.model.rescheduling import By, Change, PauseUntil, To
from app.model.time import DAY, HOUR, Business, parse_delay
from app.model.vocabulary import EXITS, Mode, Momentum, SignalKind, StopReason
from tests.decisions.build import CAL, NOW, active, at, enrolment, signal, step, subject

REPLY = When(SignalKind.REPLIED)
OFF = frozenset(EXITS) - {StopReason.REPLIED}
THEN, ELSE = (("w", "then"),), (("w", "else"),)
WAIT = Wait("w", REPLY, parse_delay("3d"))
WAY: tuple[Node, ...] = (
    WAIT,
    step("yes", "1d", anchor="previous_done", under=THEN),
    step("no", "1d", anchor="previous_done", under=ELSE),
    step("end", "1d", anchor="previous_done"),
)


def steered(*nodes: Node, exits: frozenset[StopReason] = OFF, **more: Any) -> EnrolmentView:
    steps = tuple(node for node in nodes if isinstance(node, Step))
    one = Sequence("seq", "pb", steps, exits=exits, flow=nodes)
    return enrolment(sequence=one, **more)


def planned(made: Decision) -> list[str]:
    return [
        touch.step.id
        for action in made.actions
        if isinstance(action, PlanTouches)
        for touch in action.touches
    ]


def after(view: EnrolmentView, made: Decision) -> EnrolmentView:
    """The view as the store will give it once the decision is carried out."""
    for action in made.actions:
        if isinstance(action, NotePassages):
            known = {one.step: one for one in action.passages}
            view = replace(view, passages={**view.passages, **known})
        elif isinstance(action, PlanTouches):
            names = {touch.step.id for touch in action.touches}
            view = replace(view, planned=view.planned | names)
    return view


def begun(*nodes: Node, now: Business = NOW, **more: Any) -> tuple[EnrolmentView, Decision]:
    view = steered(*nodes, **more)
    made = progress(view, subject(), CAL, now)
    return after(view, made), made


def test_a_wait_plans_nothing_behind_it_and_sets_a_timer() -> None:
    _, made = begun(*WAY)
    until = Business(NOW + 3 * DAY)
    assert planned(made) == []
    assert ArmTimer(1, timer_of("e1"), until, {"enrolment": "e1"}) in made.actions
    (line,) = made.explanations
    assert (line.verdict, line.code, line.positive) == ("waiting", "step_waits", False)
    assert line.values == {"step": "w", "what": "replied", "until": until}


def test_a_signal_takes_the_one_way_and_deciding_twice_gives_the_same() -> None:
    view, _ = begun(*WAY)
    came = signal(SignalKind.REPLIED, Business(NOW + HOUR))
    made = advance(view, came, subject(), CAL, Business(NOW + 2 * HOUR))
    assert planned(made) == ["yes"]
    assert DisarmTimer(1, timer_of("e1")) in made.actions
    assert made == advance(view, came, subject(), CAL, Business(NOW + 2 * HOUR))
    (passed,) = next(a.passages for a in made.actions if isinstance(a, NotePassages))
    assert (passed.arm, passed.passed_at) == ("then", NOW + HOUR)
    on = after(view, made)
    again = advance(on, came, subject(), CAL, Business(NOW + 3 * HOUR))
    assert again == Decision(), "told twice, it moves nothing more"
    assert any(line.values.get("skipped") == ["no"] for line in made.explanations)


@pytest.mark.parametrize("late", [0, 5 * DAY])
def test_the_time_out_takes_the_other_way_and_counts_from_its_own_instant(late: int) -> None:
    view, _ = begun(*WAY)
    now = Business(NOW + 3 * DAY + late)
    made = progress(view, subject(), CAL, now)
    assert planned(made) == ["no"]
    (touch,) = next(a.touches for a in made.actions if isinstance(a, PlanTouches))
    assert touch.owed_at == NOW + 4 * DAY
    assert touch.due_at >= min(now, touch.owed_at)


def test_an_exit_ends_what_waits_and_the_signal_that_began_it_answers_nothing() -> None:
    view, _ = begun(*WAY, exits=frozenset(EXITS))
    came = signal(SignalKind.REPLIED, Business(NOW + HOUR))
    (end,) = advance(view, came, subject(), CAL, Business(NOW + HOUR)).actions
    assert isinstance(end, EndEnrolment)
    assert end.reason is StopReason.REPLIED
    own = replace(view, anchor=came.cause)
    assert advance(own, came, subject(), CAL, Business(NOW + HOUR)) == Decision()


@pytest.mark.parametrize(
    ("since", "arm"), [("entry", "yes"), ("previous_done", None)]
)
def test_a_signal_before_the_wait_began_counts_as_the_wait_says(
    since: Any, arm: str | None
) -> None:
    nodes = (step("first", None), replace(WAIT, since=since), *WAY[1:])
    view, made = begun(*nodes)
    assert planned(made) == ["first"]
    came = advance(
        view, signal(SignalKind.REPLIED, Business(NOW + HOUR)), subject(), CAL,
        Business(NOW + HOUR),
    )  # fmt: skip
    view = after(view, came)
    done = Business(NOW + 2 * HOUR)
    made = progress(view, subject(), CAL, done, done="first", done_at=done)
    assert planned(made) == ([arm] if arm else [])


def test_the_record_itself_tells_what_came_before_anybody_looked() -> None:
    made = progress(
        steered(*WAY), subject(last_reply_at=Business(NOW + HOUR)), CAL, Business(NOW + DAY)
    )
    assert planned(made) == ["yes"]


@pytest.mark.parametrize(
    ("when", "known", "at_once", "later"),
    [
        (When(SignalKind.NO_ACTIVITY, after=parse_delay("2d")),
         {"last_activity_at": Business(NOW)}, NOW, NOW + 2 * DAY),
        (When(SignalKind.DATE, field="ends", after=parse_delay("1d")),
         {"fields": {"ends": "2026-03-03"}}, NOW, at("2026-03-04 00:00")),
    ],
)  # fmt: skip
def test_a_silence_and_a_date_are_awaited_by_the_clock(
    when: When, known: dict[str, Any], at_once: int, later: int
) -> None:
    view = steered(replace(WAIT, until=when, timeout=parse_delay("9d")), *WAY[1:])
    first = progress(view, subject(**known), CAL, Business(at_once))
    (timer,) = [a for a in first.actions if isinstance(a, ArmTimer)]
    assert timer.due_at == later
    view = after(view, first)
    assert planned(progress(view, subject(**known), CAL, Business(later))) == ["yes"]


def test_a_date_that_moves_moves_the_wait() -> None:
    when = When(SignalKind.DATE, field="ends")
    view, _ = begun(replace(WAIT, until=when, timeout=parse_delay("30d")), *WAY[1:])
    event = signal(
        SignalKind.FIELD_CHANGED, Business(NOW + HOUR), cause="field:1",
        data={"field": "ends", "from": None, "to": "2026-03-09"},
    )  # fmt: skip
    moved = subject(fields={"ends": "2026-03-09"})
    made = advance(view, event, moved, CAL, Business(NOW + HOUR))
    (timer,) = [a for a in made.actions if isinstance(a, ArmTimer)]
    assert timer.due_at == at("2026-03-09 00:00")


def test_steps_of_a_way_not_taken_are_not_placed_by_their_date_either() -> None:
    dated = step("dated", None, anchor="field:ends", under=ELSE)
    view, _ = begun(WAIT, dated, step("yes", None, under=THEN))
    event = signal(
        SignalKind.FIELD_CHANGED, Business(NOW + HOUR), cause="field:1",
        data={"field": "ends", "from": None, "to": "2026-03-09"},
    )  # fmt: skip
    moved = subject(fields={"ends": "2026-03-09"})
    assert redate(view, event, moved, CAL, Business(NOW + HOUR)) == Decision()


def test_it_finishes_when_all_that_is_left_lies_on_ways_not_taken() -> None:
    asks = Branch("b", Seen(REPLY))
    view = steered(asks, step("only", None, under=(("b", "then"),), recycle=parse_delay("9d")))
    made = progress(view, subject(), CAL, NOW)
    end = next(a for a in made.actions if isinstance(a, EndEnrolment))
    assert (end.reason, end.recycle_at) == (StopReason.FINISHED, None)


@pytest.mark.parametrize(
    ("row", "taken"),
    [
        ({"state": "performed", "outcome": "completed"}, "then"),
        ({"state": "performed", "outcome": "deleted"}, "else"),
        ({"state": "dropped", "outcome": None}, "else"),
        ({"state": "performed", "outcome": "resolved"}, "else"),
    ],
)
def test_a_branch_asks_how_an_earlier_step_stands(row: dict[str, Any], taken: str) -> None:
    nodes = (
        step("first", None),
        Branch("b", OutcomeOf("first", frozenset({"completed"}))),
        step("then", None, under=(("b", "then"),)),
        step("else", None, under=(("b", "else"),)),
    )
    touch = {"step": "first", "occurrence": 0, "outcome_at": NOW, **row}
    view = steered(
        *nodes, planned=frozenset({"first"}), finished=frozenset({"first"}), touches=(touch,)
    )
    assert planned(progress(view, subject(), CAL, NOW)) == [taken]


def test_a_control_step_with_a_delay_is_decided_then() -> None:
    asks = Branch("b", Seen(REPLY), parse_delay("5d"), "entry")
    view, made = begun(asks, step("yes", None, under=(("b", "then"),)))
    (timer,) = [a for a in made.actions if isinstance(a, ArmTimer)]
    assert timer.due_at == NOW + 5 * DAY
    assert made.explanations[0].code == "step_later"
    came = signal(SignalKind.REPLIED, Business(NOW + DAY))
    seen = advance(view, came, subject(), CAL, Business(NOW + DAY))
    assert planned(seen) == []
    due = progress(after(view, seen), subject(), CAL, Business(NOW + 5 * DAY))
    assert planned(due) == ["yes"]


def test_momentum_is_set_once() -> None:
    view, made = begun(SetMomentum("m", Momentum.HOT), step("s", "1d"))
    assert SetProperty(1, "momentum", "hot") in made.actions
    assert planned(made) == ["s"]
    assert progress(view, subject(), CAL, Business(NOW + HOUR)) == Decision()


def test_cohorts_are_stable_and_as_large_as_their_shares() -> None:
    split = Split("x", (("a", 20), ("b", 80)))
    drawn = [
        cohort(split, "pb/seq", subject(crm_id=str(n), first_seen=("deal", str(n))))
        for n in range(2000)
    ]
    assert 320 < drawn.count("a") < 480
    renamed = subject(crm_id="other", first_seen=("deal", "7"))
    assert cohort(split, "pb/seq", renamed) == drawn[7]
    elsewhere = [
        cohort(split, "pb/two", subject(first_seen=("deal", str(n)))) for n in range(2000)
    ]
    assert elsewhere != drawn, "two splits draw apart"


def test_a_release_counts_the_whole_way_from_itself() -> None:
    view = steered(WAIT, step("yes", "1d"))
    release = Business(NOW + 20 * DAY)
    made = enter(_start(view), subject(), release, CAL, release)
    assert CountFrom("e1", 1, release) in made.actions
    (timer,) = [a for a in made.actions if isinstance(a, ArmTimer)]
    assert timer.due_at == NOW + 23 * DAY


def _start(view: EnrolmentView) -> StartEnrolment:
    return StartEnrolment(
        view.id, view.subject, active(), view.definition, view.sequence, view.steps, view.anchor,
        view.anchor_at, view.started_at, None, "", view.state, Mode.LIVE, (),
    )  # fmt: skip


def test_shadow_goes_no_way() -> None:
    shadow = steered(*WAY, mode=Mode.SHADOW)
    assert progress(shadow, subject(), CAL, NOW) == Decision()


def test_a_passage_says_all_that_is_needed_to_go_on() -> None:
    passed = {"w": Passage("w", "wait", NOW, None, NOW, NOW, "then")}
    view = steered(*WAY, passages=passed)
    assert planned(progress(view, subject(), CAL, NOW)) == ["yes"]


def asked_off(view: EnrolmentView, change: Change, now: Business) -> EnrolmentView:
    return after(view, reschedule(view, change, subject(), CAL, now, "ada"))


@pytest.mark.parametrize(
    ("change", "until"),
    [
        (By(parse_delay("2d")), "2026-03-07 10:00"),
        (By(parse_delay("4h")), "2026-03-05 14:00"),
        (To(at("2026-03-09 15:00")), "2026-03-09 15:00"),
        (PauseUntil(at("2026-03-04 08:00")), "2026-03-07 10:00"),
        (PauseUntil(at("2026-03-02 23:00")), "2026-03-05 10:00"),
    ],
)
def test_a_wait_is_put_off_and_what_is_left_of_it_stays(change: Change, until: str) -> None:
    view, _ = begun(*WAY)
    now = Business(NOW + HOUR)
    made = reschedule(view, change, subject(), CAL, now, "ada")
    assert ArmTimer(1, timer_of("e1"), at(until), {"enrolment": "e1"}) in made.actions
    assert made.explanations[0].values["due"] == {"w": at(until)}
    on = after(view, made)
    assert planned(progress(on, subject(), CAL, Business(at(until) - 1))) == []
    assert planned(progress(on, subject(), CAL, at(until))) == ["no"]
    assert walk(on, subject(), CAL, now).passages == {}, "walked anew, it waits as it did"
    came = advance(on, signal(SignalKind.REPLIED, now), subject(), CAL, now)
    assert planned(came) == ["yes"], "what it waits for is heard all the same"


def test_a_branch_and_a_paced_step_are_put_off_and_a_date_is_not() -> None:
    branch = Branch("b", Seen(REPLY), parse_delay("2d"), anchor="entry")
    view, _ = begun(branch, step("x", "1d", anchor="previous_done", under=(("b", "else"),)))
    on = asked_off(view, By(parse_delay("3d")), NOW)
    assert planned(progress(on, subject(), CAL, Business(NOW + 4 * DAY))) == []
    assert planned(progress(on, subject(), CAL, Business(NOW + 5 * DAY))) == ["x"]
    dated = replace(branch, anchor="field:go_live", at=None)
    about = subject(fields={"go_live": "2026-03-09"})
    view = steered(dated)
    view = after(view, progress(view, about, CAL, NOW))
    with pytest.raises(RescheduleError, match="waits for a date of the record"):
        reschedule(view, By(parse_delay("3d")), about, CAL, NOW, "ada")


def test_a_wait_cannot_be_cut_short() -> None:
    view, _ = begun(*WAY)
    with pytest.raises(RescheduleError, match="not cut short"):
        asked_off(view, To(at("2026-03-03 10:00")), NOW)


def test_no_time_counts_for_a_wait_while_its_rule_is_paused() -> None:
    view, _ = begun(*WAY)
    since, now = Business(NOW + DAY), Business(NOW + 11 * DAY)
    held = replace(view, held_since=since)
    made = progress(held, subject(), CAL, now)
    (timer,) = made.actions
    assert isinstance(timer, ArmTimer), "nothing is passed"
    assert timer.due_at > now, "it is looked at again"
    came = advance(held, signal(SignalKind.REPLIED, now), subject(), CAL, now)
    assert planned(came) == ["yes"], "what comes is heard in the pause too"
    on = after(view, resume(view, since, CAL, now, "otto"))
    ends = Business(NOW + 13 * DAY)
    assert planned(progress(on, subject(), CAL, Business(ends - 1))) == []
    assert planned(progress(on, subject(), CAL, ends)) == ["no"]


def test_a_wait_that_a_completion_begins_in_a_pause_has_its_whole_time_after_it() -> None:
    way = (step("a"), *WAY)
    view = steered(*way, planned=frozenset({"a"}), held_since=Business(NOW + DAY))
    done = Business(NOW + 4 * DAY)
    view = after(view, progress(view, subject(), CAL, done, done="a", done_at=done))
    view = replace(view, finished=frozenset({"a"}), last_done_at=done)
    now = Business(NOW + 8 * DAY)
    on = replace(after(view, resume(view, Business(NOW + DAY), CAL, now, "otto")), held_since=None)
    ends = Business(now + 3 * DAY)
    assert planned(progress(on, subject(), CAL, Business(ends - 1))) == []
    assert planned(progress(on, subject(), CAL, ends)) == ["no"]
