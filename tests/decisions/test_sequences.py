from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.codes import Code
from app.decisions.placing import plan
from app.decisions.recycling import come_back
from app.decisions.rules import waits_for
from app.decisions.sequences import advance, became_deal, progress
from app.decisions.timing import shift
from app.decisions.zones import local_day
from app.model.decisions import (
    ArmTimer,
    Decision,
    EndEnrolment,
    EnrolmentView,
    PlanTouches,
    SetProperty,
)
from app.model.ids import touch_id
from app.model.playbook import LatePolicy, When
from app.model.records import ContactView, SubjectView
from app.model.signals import Signal
from app.model.time import DAY, HOUR, Business, parse_delay
from app.model.vocabulary import (
    EnrolmentState,
    Mode,
    SignalKind,
    StageKind,
    StopReason,
    SubjectType,
    TaskType,
)
from tests.decisions.build import (
    ANY_TIME,
    CAL,
    NOW,
    STEPS,
    at,
    context,
    enrolment,
    entered,
    sequence,
    signal,
    step,
    subject,
)

LATER = at("2026-03-04 11:00")
CHAIN = (
    step("one", "1d"),
    step("two", "2d", anchor="previous_done"),
    step("three", "1wd", anchor="previous_done"),
)


def ended(decision: Decision) -> EndEnrolment:
    (end,) = decision.actions
    assert isinstance(end, EndEnrolment)
    return end


def planned(decision: Decision) -> PlanTouches:
    (more,) = decision.actions
    assert isinstance(more, PlanTouches)
    return more


def test_owed_due_and_written() -> None:
    (one,) = plan(at("2026-03-03 15:00"), (step("s", "4d"),), CAL, NOW, "e1")
    assert one.owed_at == at("2026-03-07 15:00")  # a Saturday
    assert one.due_at == at("2026-03-09 09:00")
    assert one.write_at == at("2026-03-09 09:00")
    assert (one.id, one.occurrence) == (touch_id("e1", "s", 0), 0)


def test_lead_and_windows_off() -> None:
    steps = (step("a", "1d", lead=parse_delay("2h")), step("b", "1d"))
    a, b = plan(NOW, steps, CAL, NOW, "e1")
    assert a.write_at == at("2026-03-03 08:00")
    assert b.write_at == at("2026-03-03 09:00")
    (night,) = plan(at("2026-03-06 23:00"), (step("a", "1d"),), ANY_TIME, NOW, "e1")
    assert night.owed_at == night.due_at == night.write_at == at("2026-03-07 23:00")


def test_a_step_on_the_one_before_waits_for_it() -> None:
    assert [t.step.id for t in plan(NOW, CHAIN, CAL, NOW, "e1")] == ["one"]
    assert [t.step.id for t in plan(NOW, CHAIN[1:], CAL, NOW, "e1")] == ["two"]


@pytest.mark.parametrize(
    ("fields", "owed"),
    [
        ({"renewal": "2026-06-01T00:00:00Z"}, at("2026-06-03 02:00")),
        ({"renewal": at("2026-06-01 02:00")}, at("2026-06-03 02:00")),
        ({"renewal": "soon"}, None),
        ({}, None),
    ],
)
def test_a_step_on_a_date_property(fields: dict[str, Any], owed: int | None) -> None:
    made = plan(NOW, (step("r", "2d", anchor="field:renewal"),), CAL, NOW, "e1", fields=fields)
    assert [touch.owed_at for touch in made] == ([] if owed is None else [owed])


def test_late_steps_are_spread_over_working_days_in_order() -> None:
    now = at("2026-03-12 11:00")  # a Thursday; days 3 and 7 are past, 14 is not
    touches = plan(NOW, STEPS, CAL, now, "e1")
    assert [touch.due_at for touch in touches] == [
        now,
        at("2026-03-13 09:00"),
        at("2026-03-16 10:00"),
    ]
    assert [touch.owed_at for touch in touches] == [
        at("2026-03-05 10:00"),
        at("2026-03-09 10:00"),
        at("2026-03-16 10:00"),
    ]


def test_what_is_due_earlier_today_keeps_its_time() -> None:
    (one,) = plan(NOW, (step("s", None),), CAL, Business(NOW + 6 * HOUR), "e1")
    assert one.due_at == NOW


def test_a_step_that_is_done_now_however_late() -> None:
    late = step("s", "1d", late=LatePolicy("now"))
    night = at("2026-03-08 23:00")
    assert plan(NOW, (late,), CAL, night, "e1")[0].due_at == night


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=6),
    st.integers(0, 90 * 24),
    st.sampled_from([CAL, replace(CAL, zone="America/New_York")]),
)
def test_planning_late_makes_no_burst(days: list[int], hours: int, cal: Any) -> None:
    steps = tuple(step(f"s{i}", f"{day}d") for i, day in enumerate(sorted(days)))
    now = Business(NOW + hours * HOUR)
    touches = plan(NOW, steps, cal, now, "e1")
    on_time = {t.id: t.due_at for t in plan(NOW, steps, cal, NOW, "e1")}
    moved = [t for t in touches if t.due_at != on_time[t.id]]
    days_moved = [local_day(t.due_at, cal.zone) for t in moved]
    assert len(set(days_moved)) == len(days_moved)
    assert all(t.due_at >= now for t in moved)
    assert all(shift(t.due_at, cal) == t.due_at for t in touches)
    assert [t.due_at for t in touches] == sorted(t.due_at for t in touches)
    assert all(t.write_at <= t.due_at for t in touches)


# --- exits


def moved_to(kind: StageKind, stage_id: str, when: int = LATER, **more: Any) -> Signal:
    return entered(Business(when), stage_id, kind, **more)


GONE = subject(stage_id="st-neg", stage_kind=StageKind.NEGOTIATION, stage_entered_at=LATER)
WON = subject(stage_id="st-won", stage_kind=StageKind.WON, stage_entered_at=LATER)
LOST = subject(stage_id="st-lost", stage_kind=StageKind.LOST, stage_entered_at=LATER)
CLOSED_WON = replace(moved_to(StageKind.WON, "st-won"), kind=SignalKind.CLOSED)


@pytest.mark.parametrize(
    ("event", "known", "reason"),
    [
        (signal(SignalKind.REPLIED, LATER), subject(), StopReason.REPLIED),
        (signal(SignalKind.MEETING_BOOKED, LATER), subject(), StopReason.MEETING_BOOKED),
        (moved_to(StageKind.NEGOTIATION, "st-neg"), GONE, StopReason.STAGE_LEFT),
        (moved_to(StageKind.WON, "st-won"), WON, StopReason.CLOSED_WON),
        (CLOSED_WON, WON, StopReason.CLOSED_WON),
        (moved_to(StageKind.LOST, "st-lost"), LOST, StopReason.CLOSED_LOST),
        (signal(SignalKind.OPTED_OUT, LATER, contact="c1"), subject(), StopReason.OPTED_OUT),
        (signal(SignalKind.OPTED_OUT, LATER), subject(), StopReason.OPTED_OUT),
        (signal(SignalKind.BOUNCED, LATER, contact="c1"), subject(), StopReason.BOUNCED),
        (
            signal(SignalKind.CONTROL_CHANGED, LATER, data={"control": "stop"}),
            subject(),
            StopReason.CONTROL,
        ),
        (signal(SignalKind.CONTROL_CHANGED, LATER), subject(control="stop"), StopReason.CONTROL),
        (
            signal(SignalKind.CONTROL_CHANGED, LATER),
            subject(contacts=(ContactView("c1", control="stop"),)),
            StopReason.CONTROL,
        ),
        (signal(SignalKind.DELETED, LATER), subject(deleted=True), StopReason.DELETED),
        # it left and came back: the later entry is another one
        (moved_to(StageKind.PROPOSAL, "st-proposal"), subject(), StopReason.STAGE_LEFT),
        # both moves in one batch: the re-read subject is back already
        (moved_to(StageKind.NEGOTIATION, "st-neg"), subject(), StopReason.STAGE_LEFT),
    ],
)
def test_exits(event: Signal, known: SubjectView, reason: StopReason) -> None:
    decision = advance(enrolment(), event, known, CAL, LATER)
    end = ended(decision)
    assert (end.reason, end.goal) == (reason, False)
    assert decision.explanations[0].code == reason.value
    assert decision.explanations[0].values["cause"] == event.cause


@pytest.mark.parametrize(
    "event",
    [
        entered(),  # the entry that started it
        signal(SignalKind.REPLIED, Business(NOW - 1)),  # answers nothing of ours
        moved_to(StageKind.QUALIFIED, "st-q", NOW - DAY),  # reported late
        replace(moved_to(StageKind.WON, "st-won", NOW - DAY), kind=SignalKind.CLOSED),
        signal(SignalKind.OPTED_OUT, LATER, contact="c2"),  # somebody else
        signal(SignalKind.BOUNCED, LATER, contact="c2"),
        signal(SignalKind.CONTROL_CHANGED, LATER, data={"control": "run"}),
        signal(SignalKind.OWNER_CHANGED, LATER),
        signal(SignalKind.REP_ACTIVITY, LATER),
        signal(SignalKind.MEETING_CANCELLED, LATER),
    ],
)
def test_what_ends_nothing(event: Signal) -> None:
    assert advance(enrolment(), event, subject(), CAL, LATER) == Decision()


EVENTS = {
    StopReason.REPLIED: signal(SignalKind.REPLIED, LATER),
    StopReason.MEETING_BOOKED: signal(SignalKind.MEETING_BOOKED, LATER),
    StopReason.STAGE_LEFT: moved_to(StageKind.NEGOTIATION, "st-neg"),
    StopReason.CLOSED_WON: CLOSED_WON,
    StopReason.CLOSED_LOST: moved_to(StageKind.LOST, "st-lost"),
    StopReason.OPTED_OUT: signal(SignalKind.OPTED_OUT, LATER),
    StopReason.BOUNCED: signal(SignalKind.BOUNCED, LATER),
    StopReason.CONTROL: signal(SignalKind.CONTROL_CHANGED, LATER, data={"control": "stop"}),
    StopReason.DELETED: signal(SignalKind.DELETED, LATER),
}


@pytest.mark.parametrize("reason", EVENTS)
def test_an_exit_that_the_file_turns_off_is_off_except_for_stop_and_deletion(
    reason: StopReason,
) -> None:
    one = enrolment(sequence=sequence(exits=frozenset()))
    fixed = reason in (StopReason.CONTROL, StopReason.DELETED)
    assert bool(advance(one, EVENTS[reason], subject(), CAL, LATER).actions) is fixed
    alone = enrolment(sequence=sequence(exits=frozenset({reason})))
    assert ended(advance(alone, EVENTS[reason], subject(), CAL, LATER)).reason is reason


def test_a_closing_that_is_no_exit_is_still_a_stage_left() -> None:
    one = enrolment(sequence=sequence(exits=frozenset({StopReason.STAGE_LEFT})))
    assert ended(advance(one, CLOSED_WON, WON, CAL, LATER)).reason is StopReason.STAGE_LEFT


FIRING_EXITS = {
    StopReason.STAGE_LEFT,
    StopReason.CLOSED_WON,
    StopReason.CLOSED_LOST,
    StopReason.OPTED_OUT,
    StopReason.CONTROL,
    StopReason.DELETED,
}


@pytest.mark.parametrize("reason", EVENTS)
def test_exits_of_a_rules_own_tasks(reason: StopReason) -> None:
    firing = enrolment(sequence=None)
    made = advance(firing, EVENTS[reason], subject(), CAL, LATER).actions
    assert bool(made) is (reason in FIRING_EXITS)


def test_tasks_that_no_stage_caused_outlive_the_stage() -> None:
    recap = enrolment(sequence=None, anchor="meeting:1", anchor_stage=None)
    left = moved_to(StageKind.NEGOTIATION, "st-neg")
    assert advance(recap, left, GONE, CAL, LATER) == Decision()
    assert ended(advance(recap, CLOSED_WON, WON, CAL, LATER)).reason is StopReason.CLOSED_WON


def test_an_opt_out_leaves_a_reps_own_work() -> None:
    todo = enrolment(sequence=None, steps=(step("x", task=TaskType.TODO),))
    assert not advance(todo, EVENTS[StopReason.OPTED_OUT], subject(), CAL, LATER).actions


def test_work_that_a_closing_started_is_not_ended_by_it() -> None:
    won = enrolment(
        sequence=None, anchor=CLOSED_WON.cause, anchor_at=LATER, anchor_stage="st-won"
    )
    assert not advance(won, CLOSED_WON, WON, CAL, LATER).actions
    by_other_path = replace(CLOSED_WON, cause="closed:7")
    assert not advance(won, by_other_path, WON, CAL, LATER).actions


def test_a_sequence_started_by_silence_ends_with_the_stage_it_began_in() -> None:
    one = enrolment(anchor="silence:1")
    again = moved_to(StageKind.PROPOSAL, "st-proposal")
    assert not advance(one, again, subject(), CAL, LATER).actions
    left = moved_to(StageKind.NEGOTIATION, "st-neg")
    assert ended(advance(one, left, GONE, CAL, LATER)).reason is StopReason.STAGE_LEFT


# --- goal


GOAL = When(SignalKind.STAGE_ENTERED, frozenset({StageKind.NEGOTIATION, StageKind.WON}))


@pytest.mark.parametrize(
    ("event", "known"),
    [(moved_to(StageKind.NEGOTIATION, "st-neg"), GONE), (CLOSED_WON, WON)],
)
def test_the_goal_comes_before_the_exits(event: Signal, known: SubjectView) -> None:
    one = enrolment(sequence=sequence(goal=GOAL))
    end = ended(advance(one, event, known, CAL, LATER))
    assert (end.reason, end.goal) == (StopReason.GOAL, True)


@pytest.mark.parametrize(
    "event", [moved_to(StageKind.LOST, "st-lost"), moved_to(StageKind.WON, "w", NOW - 1)]
)
def test_what_is_not_the_goal(event: Signal) -> None:
    one = enrolment(sequence=sequence(goal=GOAL, exits=frozenset()))
    assert not advance(one, event, LOST, CAL, LATER).actions


def test_a_reply_can_be_the_goal() -> None:
    one = enrolment(sequence=sequence(goal=When(SignalKind.REPLIED)))
    assert ended(advance(one, EVENTS[StopReason.REPLIED], subject(), CAL, LATER)).goal


# --- steps


def done(step_id: str, kind: SignalKind = SignalKind.TASK_COMPLETED, of: str = "e1") -> Signal:
    return signal(kind, LATER, f"task:{step_id}", data={"enrolment": of, "step": step_id})


def chained(**more: Any) -> EnrolmentView:
    return enrolment(sequence=sequence(steps=CHAIN), planned=frozenset({"one"}), **more)


@pytest.mark.parametrize("kind", [SignalKind.TASK_COMPLETED, SignalKind.TASK_DELETED])
def test_the_next_step_counts_from_when_the_one_before_was_over(kind: SignalKind) -> None:
    decision = advance(chained(), done("one", kind), subject(), CAL, LATER)
    (two,) = planned(decision).touches
    assert (two.step.id, two.owed_at) == ("two", at("2026-03-06 11:00"))
    assert two.id == touch_id("e1", "two")
    assert decision.explanations[0].code == Code.STEP_PLANNED


def test_a_step_that_the_view_counts_already_gives_the_same() -> None:
    counted = chained(finished=frozenset({"one"}), last_done_at=LATER)
    assert progress(counted, subject(), CAL, LATER) == advance(
        chained(), done("one"), subject(), CAL, LATER
    )


def test_another_enrolments_task_moves_nothing() -> None:
    assert advance(chained(), done("one", of="e2"), subject(), CAL, LATER) == Decision()


def test_nothing_is_planned_twice() -> None:
    view = enrolment(sequence=sequence(steps=CHAIN), planned=frozenset({"one", "two"}))
    assert advance(view, done("one"), subject(), CAL, LATER) == Decision()


def test_the_last_step_finishes_it_and_says_when_to_look_again() -> None:
    steps = (*STEPS[:2], step("close", "21d", recycle=parse_delay("90d")))
    view = enrolment(
        sequence=sequence(steps=steps),
        planned=frozenset({"d3", "d7", "close"}),
        finished=frozenset({"d3", "d7"}),
    )
    end, aside, timer = advance(view, done("close"), subject(), CAL, LATER).actions
    back = at("2026-06-02 11:00")  # 90 days, over the change of clocks
    assert isinstance(end, EndEnrolment)
    assert (end.reason, end.recycle_at) == (StopReason.FINISHED, back)
    assert aside == SetProperty(1, "momentum", "recycle")
    data = {"enrolment": "e1", "definition": "pb/seq"}
    assert timer == ArmTimer(1, "recycle:e1", back, data)
    without = replace(view, steps=STEPS[:2])
    assert ended(progress(without, subject(), CAL, LATER)).recycle_at is None


BACK = {"enrolment": "e1", "definition": "pb/seq"}


def test_on_its_day_it_is_a_signal_that_names_the_sequence() -> None:
    decision, signal = come_back(BACK, LATER, context(), LATER)
    assert decision.actions == (SetProperty(1, "momentum", "warm"),)
    assert signal is not None
    assert (signal.kind, signal.cause) == (SignalKind.RECYCLED, "recycle:e1")
    when = When(SignalKind.RECYCLED, sequences=frozenset({"seq"}))
    assert waits_for(when, signal, SubjectType.DEAL)
    assert not waits_for(replace(when, sequences=frozenset({"x"})), signal, SubjectType.DEAL)


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"subject": subject(deleted=True)}, "record_deleted"),
        ({"subject": subject(stage_kind=StageKind.LOST)}, Code.SUBJECT_CLOSED),
        ({"running": [enrolment()]}, Code.GONE_ON),
    ],
)
def test_what_is_over_or_goes_on_by_itself_does_not_come_back(
    known: dict[str, Any], code: str
) -> None:
    decision, signal = come_back(BACK, LATER, context(**known), LATER)
    assert signal is None
    assert decision.actions == ()
    assert decision.explanations[0].code == code


def test_what_is_only_imagined_or_a_rules_own_task_keeps_nothing_from_coming_back() -> None:
    beside = [enrolment(mode=Mode.SHADOW), enrolment(sequence=None)]
    assert come_back(BACK, LATER, context(running=beside), LATER)[1] is not None


def test_open_steps_keep_it_running() -> None:
    view = enrolment(planned=frozenset({"d3", "d7", "d14"}), finished=frozenset({"d3"}))
    assert advance(view, done("d7"), subject(), CAL, LATER) == Decision()


def test_a_step_on_an_unknown_date_holds_nobody_up() -> None:
    steps = (step("r", "2d", anchor="field:renewal"), step("then", "1d", anchor="previous_done"))
    view = enrolment(sequence=sequence(steps=steps))
    assert planned(progress(view, subject(), CAL, LATER)).touches[0].step.id == "then"
    over = replace(view, planned=frozenset({"then"}), finished=frozenset({"then"}))
    assert ended(progress(over, subject(), CAL, LATER)).reason is StopReason.FINISHED


@pytest.mark.parametrize(
    "state", [EnrolmentState.PROPOSED, EnrolmentState.BACKLOG, EnrolmentState.APPROVAL]
)
def test_what_has_not_begun_can_end_but_not_go_on(state: EnrolmentState) -> None:
    view = chained(state=state)
    assert advance(view, done("one"), subject(), CAL, LATER) == Decision()
    assert ended(advance(view, EVENTS[StopReason.REPLIED], subject(), CAL, LATER))


def test_what_has_ended_stays_ended() -> None:
    view = enrolment(state=EnrolmentState.ENDED)
    for event in EVENTS.values():
        assert advance(view, event, subject(), CAL, LATER) == Decision()


@pytest.mark.parametrize(
    ("seq", "moves"),
    [(sequence(on_deal="move"), True), (sequence(on_deal="end"), False), (None, False)],
)
def test_when_the_contact_becomes_a_deal(seq: Any, moves: bool) -> None:
    decision = became_deal(enrolment(sequence=seq), 7, LATER)
    assert decision.explanations[0].values["deal"] == 7
    if moves:
        assert decision.actions == ()
    else:
        assert ended(decision).reason is StopReason.BECAME_DEAL
