from typing import Any

import pytest

from app.decisions.codes import Code
from app.decisions.lasting import last_activity
from app.decisions.rules import arm_silence, silence
from app.model.decisions import ArmTimer, Notice, StartEnrolment
from app.model.playbook import Compare, CreateTasks, Notify, Scope
from app.model.time import Business, parse_delay
from app.model.vocabulary import Again, EnrolmentState, Mode, SignalKind, StageKind
from tests.decisions.build import NOW, active, at, context, rule, step, subject

SPOKE = at("2026-02-20 10:00")
REACHED = at("2026-02-27 10:00")
CHECK_IN = CreateTasks((step("check", None),))


def quiet_rule(then: Any = None, **more: Any) -> Any:
    keys = {"mode", "activated_at"}
    of_active = {name: more.pop(name) for name in list(more) if name in keys}
    one = rule(then or (CHECK_IN,), kind=SignalKind.NO_ACTIVITY, after=parse_delay("7d"), **more)
    return active(one, **of_active)


def quiet(**more: Any) -> Any:
    return subject(last_activity_at=SPOKE, **more)


def test_a_complete_silence_fires_and_is_numbered() -> None:
    one = quiet_rule()
    decision = silence(one, context(subject=quiet(), firings={"pb/r": 2}), REACHED)
    (start,) = decision.actions
    assert isinstance(start, StartEnrolment)
    assert (start.anchor, start.anchor_at) == ("silence:3", REACHED)
    assert start.touches[0].due_at == REACHED
    assert decision.explanations[0].values["silent_since_at"] == SPOKE


def test_deciding_the_same_silence_twice_gives_one_id() -> None:
    known = context(subject=quiet())
    first, again = (silence(quiet_rule(), known, now) for now in (REACHED, NOW))
    assert first.actions[0].id == again.actions[0].id  # type: ignore[union-attr]


def test_activity_moves_the_timer() -> None:
    spoke = at("2026-02-27 09:00")
    decision = silence(quiet_rule(), context(subject=subject(last_activity_at=spoke)), NOW)
    assert decision.actions == (ArmTimer(1, "pb/r", at("2026-03-06 09:00"), {}),)
    assert decision.explanations[0].code == Code.ACTIVITY_SINCE


@pytest.mark.parametrize(
    ("one", "facts", "said"),
    [
        (quiet_rule(mode=Mode.OFF), {}, Code.RULE_OFF),
        (quiet_rule(scope=Scope(reps=frozenset({"o9"}))), {}, Code.OUT_OF_SCOPE),
        (quiet_rule(), {"subject": quiet(stage_kind=StageKind.LOST)}, Code.SUBJECT_CLOSED),
        (quiet_rule(), {"subject": subject(created_at=None)}, Code.ACTIVITY_UNKNOWN),
        (quiet_rule(), {"last_fired": {"pb/r": SPOKE}}, Code.ALREADY_FIRED),
        (quiet_rule(activated_at=REACHED + 1), {}, Code.BEFORE_ACTIVATION),
        (quiet_rule(again=Again.ONCE), {"firings": {"pb/r": 1}}, Code.ONCE_ONLY),
        (quiet_rule(condition=Compare("deal.amount", "<", 1)), {}, Code.CONDITION_FALSE),
    ],
)
def test_a_silence_that_does_not_fire_says_why(one: Any, facts: Any, said: str) -> None:
    decision = silence(one, context(**{"subject": quiet(), **facts}), NOW)
    assert decision.actions == ()
    assert decision.explanations[0].code == said


def test_newer_activity_lets_it_fire_again() -> None:
    known = context(subject=quiet(), last_fired={"pb/r": Business(SPOKE - 1)})
    assert silence(quiet_rule(), known, NOW).actions


def test_silence_can_tell_the_manager() -> None:
    decision = silence(quiet_rule(Notify("manager", "stale")), context(subject=quiet()), NOW)
    assert isinstance(decision.actions[0], Notice)


@pytest.mark.parametrize(
    ("facts", "last"),
    [
        ({"last_activity_at": None}, at("2026-02-01 09:00")),  # nobody ever: since creation
        ({"last_reply_at": Business(SPOKE + 1)}, SPOKE + 1),
        ({"last_meeting_at": Business(SPOKE + 1)}, SPOKE + 1),
        ({"last_meeting_at": Business(NOW + 1)}, SPOKE),  # has not taken place yet
        ({"stage_entered_at": NOW}, SPOKE),  # moving a card is no activity
    ],
)
def test_what_counts_as_activity(facts: dict[str, Any], last: int) -> None:
    assert last_activity(subject(**{"last_activity_at": SPOKE, **facts}), NOW) == last


def test_arming() -> None:
    decision = arm_silence(context(quiet_rule(), subject=quiet()), SPOKE)
    assert decision.actions == (ArmTimer(1, "pb/r", REACHED, {}),)


@pytest.mark.parametrize(
    ("one", "facts"),
    [
        (quiet_rule(), {"armed": frozenset({"pb/r"})}),
        (quiet_rule(), {"last_fired": {"pb/r": SPOKE}}),  # this silence has fired
        (quiet_rule(), {"subject": quiet(stage_kind=StageKind.WON)}),
        (quiet_rule(), {"subject": quiet(deleted=True)}),
        (quiet_rule(), {"subject": subject(created_at=None)}),
        (quiet_rule(), {"followed": frozenset({"p9"})}),
        (quiet_rule(mode=Mode.OFF), {}),
        (quiet_rule(activated_at=REACHED + 1), {}),  # complete before activation: backlog
        (active(), {}),  # waits for no silence
    ],
)
def test_nothing_to_arm(one: Any, facts: Any) -> None:
    assert arm_silence(context(one, **{"subject": quiet(), **facts}), NOW).actions == ()


def test_after_a_firing_newer_activity_arms_again() -> None:
    known = context(quiet_rule(), subject=quiet(), last_fired={"pb/r": Business(SPOKE - 1)})
    assert arm_silence(known, NOW).actions


def test_a_silence_in_shadow_mode_plans_nothing() -> None:
    decision = silence(quiet_rule(mode=Mode.SHADOW), context(subject=quiet()), NOW)
    (start,) = decision.actions
    assert isinstance(start, StartEnrolment)
    assert (start.touches, start.state) == ((), EnrolmentState.ACTIVE)


def test_a_silence_that_completes_as_the_rule_is_activated_is_the_rules() -> None:
    one = quiet_rule(activated_at=REACHED)
    assert silence(one, context(subject=quiet()), NOW).actions
    assert arm_silence(context(one, subject=quiet()), NOW).actions
