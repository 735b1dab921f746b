from typing import Any

import pytest

from app.decisions.backlog import accept, qualifies, release
from app.decisions.context import Cause
from app.decisions.firing import fire
from app.decisions.rules import decide
from app.model.decisions import Notice, StartEnrolment
from app.model.playbook import Compare, CreateTasks, Enrol, Notify
from app.model.time import Business, parse_delay
from app.model.vocabulary import EnrolmentState, Mode, SignalKind, StageKind
from tests.decisions.build import (
    CAL,
    NOW,
    STEPS,
    active,
    at,
    context,
    entered,
    rule,
    sequence,
    step,
    subject,
)

ACTIVATED = at("2026-03-20 12:00")  # a Friday; the deal entered on the 2nd
QUIET = rule(
    (CreateTasks((step("check", None),)), Notify("manager", "stale")),
    kind=SignalKind.NO_ACTIVITY,
    after=parse_delay("7d"),
)


def owed(one: Any, **facts: Any) -> Any:
    return qualifies(one, context(**facts), ACTIVATED)


def begun(one: Any, **facts: Any) -> StartEnrolment:
    (start,) = owed(one, **facts)
    assert isinstance(start, StartEnrolment)
    return start


def test_a_stage_entry_from_before_is_backlog_and_creates_nothing() -> None:
    start = begun(active(activated_at=ACTIVATED))
    assert (start.state, start.touches) == (EnrolmentState.BACKLOG, ())
    live = decide(entered(), context(active()), NOW).actions[0]
    assert isinstance(live, StartEnrolment)
    assert start.id == live.id  # so the same is never owed twice


@pytest.mark.parametrize(
    ("one", "facts"),
    [
        (active(activated_at=NOW), {}),  # entered at or after activation: a signal, no backlog
        (active(rule(stages=frozenset({StageKind.WON})), activated_at=ACTIVATED), {}),
        (active(activated_at=ACTIVATED), {"subject": subject(stage_entered_at=None)}),
        (active(activated_at=ACTIVATED), {"subject": subject(deleted=True)}),
        (active(activated_at=ACTIVATED), {"followed": frozenset({"p9"})}),
        (active(activated_at=ACTIVATED), {"past": {"pb/r": frozenset({entered().cause})}}),
        (
            active(rule(condition=Compare("deal.amount", "<", 1)), activated_at=ACTIVATED),
            {},
        ),
        (active(rule(kind=SignalKind.REPLIED), activated_at=ACTIVATED), {}),
        (active(activated_at=ACTIVATED, mode=Mode.OFF), {}),
    ],
)
def test_what_is_not_owed(one: Any, facts: Any) -> None:
    assert owed(one, **facts) == ()


def test_a_silence_from_before_is_backlog() -> None:
    one = active(QUIET, activated_at=ACTIVATED)
    start, notice = owed(one, subject=subject(last_activity_at=at("2026-03-10 10:00")))
    assert isinstance(start, StartEnrolment)
    assert (start.anchor, start.state) == ("silence:1", EnrolmentState.BACKLOG)
    assert isinstance(notice, Notice)


@pytest.mark.parametrize(
    "facts",
    [
        {"subject": subject(last_activity_at=at("2026-03-18 10:00"))},  # not silent yet
        {
            "subject": subject(last_activity_at=at("2026-03-10 10:00")),
            "last_fired": {"pb/r": at("2026-03-18 10:00")},
        },
    ],
)
def test_a_silence_that_is_none(facts: Any) -> None:
    assert owed(active(QUIET, activated_at=ACTIVATED), **facts) == ()


def test_release_counts_from_now_under_the_same_ids() -> None:
    start = begun(active(rule(Enrol("seq")), sequence(), activated_at=ACTIVATED))
    now = at("2026-03-23 10:00")
    released = release(start, now, CAL)
    assert released.state is EnrolmentState.ACTIVE
    assert (released.id, released.anchor_at, released.started_at) == (start.id, NOW, now)
    assert [touch.due_at for touch in released.touches] == [
        at("2026-03-26 10:00"),
        at("2026-03-30 10:00"),
        at("2026-04-06 10:00"),
    ]
    again = release(start, Business(now + 5), CAL)
    assert [touch.id for touch in again.touches] == [touch.id for touch in released.touches]


def test_an_accepted_proposal_keeps_its_dates_and_spreads_what_is_late() -> None:
    proposed = decide(entered(), context(active(mode=Mode.MANUAL)), NOW).actions[0]
    assert isinstance(proposed, StartEnrolment)
    accepted = accept(proposed, at("2026-03-06 10:00"), CAL)
    assert [touch.due_at for touch in accepted.touches] == [
        at("2026-03-06 10:00"),
        at("2026-03-09 10:00"),
        at("2026-03-16 10:00"),
    ]
    assert [touch.step for touch in accepted.touches] == list(STEPS)


def test_a_released_step_on_a_date_keeps_its_date() -> None:
    dated = sequence(steps=(step("r", "1d", anchor="field:renewal"),))
    start = begun(active(rule(Enrol("seq")), dated, activated_at=ACTIVATED))
    released = release(start, ACTIVATED, CAL, {"renewal": "2026-06-01"})
    assert [touch.owed_at for touch in released.touches] == [at("2026-06-02 00:00")]


def test_backlog_is_explained_as_such() -> None:
    one = active(activated_at=ACTIVATED)
    cause = Cause(entered().cause, NOW, "st-proposal", True)
    made = fire(one, cause, context(), ACTIVATED, EnrolmentState.BACKLOG)
    assert [line.verdict for line in made.explanations] == ["backlog"]
