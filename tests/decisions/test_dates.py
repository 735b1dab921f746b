"""Dates of the record: rules that wait for them, and steps that move with them."""

from __future__ import annotations

from typing import Any

import pytest

from app.decisions.approaching import approached, arm_dates, set_date
from app.decisions.backlog import qualifies
from app.decisions.codes import Code
from app.decisions.dates import instant_of
from app.decisions.placing import plan
from app.decisions.rules import decide
from app.decisions.sequences import advance
from app.decisions.still_owed import reason_gone
from app.model.decisions import (
    ArmTimer,
    DisarmTimer,
    EndEnrolment,
    MoveTouches,
    PlanTouches,
    StartEnrolment,
    WithdrawTouches,
)
from app.model.ids import touch_id
from app.model.playbook import CreateTasks, Step, When
from app.model.signals import Signal
from app.model.time import Business, Delay, Unit
from app.model.vocabulary import Again, EnrolmentState, Mode, SignalKind, StageKind, StopReason
from tests.decisions.build import (
    AMSTERDAM,
    CAL,
    NEW_YORK,
    NOW,
    active,
    at,
    context,
    enrolment,
    rule,
    sequence,
    step,
    subject,
)

ENDS = "2026-06-01"
NEAR = at("2026-03-03 00:00")  # ninety days before, on the wall clock
BEFORE = Step("b", Delay(-7, Unit.D), step().task, "Before the end", "t", anchor="field:ends")


def dated(amount: int = -90, then: Any = None, **more: Any) -> Any:
    when = When(SignalKind.DATE, after=Delay(amount, Unit.D), field="ends")
    keys = {"mode", "activated_at", "settle_ms"}
    of_active = {name: more.pop(name) for name in list(more) if name in keys}
    return active(rule(then or (CreateTasks((BEFORE,)),), when=when, **more), **of_active)


def ends(value: Any = ENDS, **more: Any) -> Any:
    return subject(fields={"ends": value}, **more)


def changed(old: Any, new: Any, when: Business = NOW, **more: Any) -> Signal:
    data = {"field": "ends", "from": old, "to": new, "first": False, **more}
    return Signal(SignalKind.FIELD_CHANGED, 1, when, f"field:ends:{when}", data=data)


# --- what a date is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "zone", "instant"),
    [
        (ENDS, AMSTERDAM, at("2026-06-01 00:00")),
        (ENDS, NEW_YORK, at("2026-06-01 00:00", NEW_YORK)),
        (at("2026-06-01 15:00"), NEW_YORK, at("2026-06-01 15:00")),
        ("2026-06-01T12:00:00Z", NEW_YORK, at("2026-06-01 14:00")),
        ("in June", AMSTERDAM, None),
        ("31.12.2026", AMSTERDAM, None),
        (None, AMSTERDAM, None),
    ],
)
def test_a_date_begins_where_the_work_is_done(value: Any, zone: str, instant: int | None) -> None:
    assert instant_of(value, zone) == instant


def test_days_before_a_date_keep_midnight_over_a_change_of_the_clocks() -> None:
    (touch,) = plan(NOW, (BEFORE,), CAL, NOW, "e", fields={"ends": "2026-04-02"})
    assert touch.owed_at == at("2026-03-26 00:00")
    assert touch.due_at == at("2026-03-26 09:00")


# --- rules on dates ------------------------------------------------------------------------------


def test_a_date_that_is_near_fires_once_for_its_value() -> None:
    (start,) = approached(dated(), context(subject=ends()), NEAR).actions
    assert isinstance(start, StartEnrolment)
    assert (start.anchor, start.anchor_at) == (f"date:ends:{ENDS}", NEAR)
    again = approached(dated(), context(subject=ends(), past={"pb/r": {start.anchor}}), NEAR)
    assert again.explanations[0].code == Code.ALREADY_FIRED
    other = context(subject=ends("2026-06-02"), past={"pb/r": {start.anchor}})
    assert approached(dated(), other, at("2026-03-05")).actions


def test_a_closed_deal_keeps_its_stage_as_what_the_follow_up_stands_on() -> None:
    won = ends(stage_kind=StageKind.WON, stage_id="st-won")
    (start,) = approached(dated(), context(subject=won), NEAR).actions
    assert isinstance(start, StartEnrolment)
    assert start.anchor_stage == "st-won"


@pytest.mark.parametrize(
    ("one", "value", "now", "said"),
    [
        (dated(mode=Mode.OFF), ENDS, NEAR, Code.RULE_OFF),
        (dated(), None, NEAR, Code.DATE_UNKNOWN),
        (dated(), "soon", NEAR, Code.DATE_UNKNOWN),
        (dated(), ENDS, at("2026-06-01 09:00"), Code.DATE_PAST),
        (dated(activated_at=NEAR + 1), ENDS, at("2026-03-04"), Code.BEFORE_ACTIVATION),
    ],
)
def test_what_keeps_a_date_from_firing(one: Any, value: Any, now: Business, said: str) -> None:
    decision = approached(one, context(subject=ends(value)), now)
    assert decision.actions == ()
    assert decision.explanations[0].code == said


def test_a_date_after_which_something_is_owed_may_be_past() -> None:
    assert approached(dated(14), context(subject=ends()), at("2026-06-15 00:00")).actions


def test_once_only_is_for_all_dates() -> None:
    known = context(subject=ends(), past={"pb/r": {"date:ends:2025-06-01"}})
    decision = approached(dated(again=Again.ONCE), known, NEAR)
    assert decision.explanations[0].code == Code.ONCE_ONLY


def test_what_is_written_after_activation_is_no_backlog_however_late() -> None:
    one = dated(activated_at=at("2026-04-01"), settle_ms=300_000)
    now = at("2026-04-10 12:00")
    armed = set_date(one, changed(None, ENDS, now), context(subject=ends()), now)
    assert armed.actions == (ArmTimer(1, "pb/r", Business(now + 300_000), {"since": now}),)
    assert approached(one, context(subject=ends()), Business(now + 300_000), since=now).actions


def test_a_change_sets_moves_and_removes_the_timer() -> None:
    (moved,) = decide(changed(ENDS, "2026-07-01"), context(dated(), subject=ends("2026-07-01")), NOW
                      ).actions  # fmt: skip
    assert moved == ArmTimer(1, "pb/r", at("2026-04-02 00:00"), {"since": NOW})
    gone = decide(changed(ENDS, None), context(dated(), subject=ends(None)), NOW)
    assert gone.actions == (DisarmTimer(1, "pb/r"),)
    other = Signal(SignalKind.FIELD_CHANGED, 1, NOW, "f", data={"field": "score", "to": 1})
    assert decide(other, context(dated(), subject=ends()), NOW).actions == ()


def test_timers_are_armed_for_dates_ahead_and_what_is_near_is_backlog() -> None:
    ahead = context(dated(activated_at=NOW), subject=ends())
    assert arm_dates(ahead, NOW).actions == (ArmTimer(1, "pb/r", NEAR, {}),)
    assert arm_dates(context(dated(), subject=ends(), armed=frozenset({"pb/r"})), NOW).actions == ()
    near = at("2026-03-10")
    (owed,) = qualifies(dated(activated_at=near), context(subject=ends()), near)
    assert isinstance(owed, StartEnrolment)
    assert (owed.state, owed.touches) == (EnrolmentState.BACKLOG, ())
    past = at("2026-07-01")
    assert qualifies(dated(activated_at=past), context(subject=ends()), past) == ()


def test_a_backlog_whose_date_has_passed_is_not_owed_any_more() -> None:
    one, waiting = dated(), enrolment(sequence=None, anchor=f"date:ends:{ENDS}", anchor_at=NEAR)
    known = context(subject=ends())
    assert reason_gone(one, waiting, known, at("2026-05-31")) is None
    gone = reason_gone(one, waiting, known, at("2026-06-01 00:00"))
    assert gone is not None
    assert gone[0] == Code.DATE_PAST


def test_a_changed_field_is_a_signal_but_its_first_reading_is_none() -> None:
    one = active(rule(when=When(SignalKind.FIELD_CHANGED, field="ends")))
    known = context(one, subject=ends())
    assert decide(changed("2026-05-01", ENDS), known, NOW).actions
    assert decide(changed(None, ENDS, first=True), known, NOW).actions == ()


# --- steps that move -----------------------------------------------------------------------------


def row(state: str = "planned", outcome: str | None = None, **more: Any) -> dict[str, Any]:
    made = {
        "id": touch_id("e1", "b"), "step": "b", "occurrence": 0, "state": state, "reason": None,
        "outcome": outcome, "outcome_at": None, "outcome_why": None,
    }  # fmt: skip
    return {**made, **more}


RENEWAL = sequence("renewal", (step("first", "1d"), BEFORE))


def running(*touches: dict[str, Any], **more: Any) -> Any:
    return enrolment(sequence=RENEWAL, touches=touches, planned=frozenset({"first"}), **more)


def after(one: Any, old: Any, new: Any, now: Business = NOW) -> Any:
    return advance(one, changed(old, new, now), ends(new), CAL, now)


@pytest.mark.parametrize("stands", [row(), row("waiting"), row("performed", "open")])
def test_a_step_moves_with_its_date_under_its_own_id(stands: Any) -> None:
    decision = after(running(stands), ENDS, "2026-06-08")
    (move,) = decision.actions
    assert isinstance(move, MoveTouches)
    assert [(t.id, t.due_at) for t in move.touches] == [(stands["id"], at("2026-06-01 09:00"))]
    assert decision.explanations[0].code == Code.STEP_MOVED


def test_a_step_is_placed_once_its_date_is_known() -> None:
    (made,) = after(running(), None, ENDS).actions
    assert isinstance(made, PlanTouches)
    assert [(t.step.id, t.occurrence) for t in made.touches] == [("b", 0)]


def test_an_emptied_date_withdraws_and_one_that_is_back_plans_another() -> None:
    (gone,) = after(running(row()), ENDS, None).actions
    assert isinstance(gone, WithdrawTouches)
    assert (gone.touches, gone.reason) == ((touch_id("e1", "b"),), "date_emptied")
    dropped = running(row("dropped", reason="date_emptied"))
    resolved = running(row("performed", "resolved", outcome_why="date_emptied"))
    for one in (dropped, resolved):
        (again,) = after(one, None, ENDS).actions
        assert isinstance(again, PlanTouches)
        assert [(t.id, t.occurrence) for t in again.touches] == [(touch_id("e1", "b", 1), 1)]


@pytest.mark.parametrize(
    "one",
    [
        running(row("performed", "completed")),
        running(row("dropped", reason="opted_out")),
        running(row(), mode=Mode.SHADOW),
        running(row(), state=EnrolmentState.BACKLOG),
    ],
)
def test_what_is_over_or_never_began_does_not_move(one: Any) -> None:
    assert after(one, ENDS, "2026-06-08").actions == ()


@pytest.mark.parametrize(
    ("new", "reason"),
    [(None, StopReason.DATE_GONE), ("2027-06-01", StopReason.DATE_MOVED), ("2026-06-03", None)],
)
def test_what_a_date_began_ends_when_it_would_not_have_begun_yet(
    new: str | None, reason: StopReason | None
) -> None:
    one = running(row(), anchor=f"date:ends:{ENDS}", anchor_at=NEAR, anchor_stage=None)
    actions = after(one, ENDS, new, at("2026-03-20")).actions
    ended = [action.reason for action in actions if isinstance(action, EndEnrolment)]
    assert ended == ([reason] if reason else [])
