"""Every check that stands between a rule and a record, at one instant."""

from __future__ import annotations

from typing import Any

import pytest

from app.decisions.standing import Check, checks
from app.model.ids import stage_anchor
from app.model.playbook import AllOf, AnyOf, Compare, Enrol, NotOf, Scope, When
from app.model.time import Delay, Unit
from app.model.vocabulary import Mode, SignalKind, StageKind
from tests.decisions.build import NOW, active, at, context, enrolment, rule, sequence, subject

PROPOSAL = frozenset({StageKind.PROPOSAL})


def found(one: Any, **more: Any) -> dict[str, Check]:
    return {check.name: check for check in checks(one, context(one, **more), NOW, "UTC")}


def test_all_is_well_where_nothing_stands_against_it() -> None:
    one = active(rule(stages=PROPOSAL, limit=3))
    assert all(check.passed for check in found(one).values())
    assert not any(check.change for check in found(one).values())


@pytest.mark.parametrize(
    ("one", "more", "name", "change"),
    [
        (active(mode=Mode.SHADOW), {}, "mode", "an admin sets it live"),
        (active(), {"subject": subject(deleted=True)}, "record", "it is restored there"),
        (active(), {"followed": frozenset({"p9"})}, "pipeline", "follows this pipeline"),
        (
            active(), {"subject": subject(stage_kind=StageKind.IGNORED)}, "stage",
            "confirms what this stage means",
        ),
        (active(rule(scope=Scope(reps=frozenset({"o9"})))), {}, "scope: rep", "one of o9"),
        (
            active(rule(stages=frozenset({StageKind.WON}))), {}, "signal", "the deal enters won",
        ),
        (active(rule(kind=SignalKind.REPLIED)), {}, "signal", "it happens (replied)"),
        (
            active(rule(when=When(SignalKind.DATE, field="ends"))), {}, "signal",
            "the CRM gives a date",
        ),
        (
            active(rule(when=When(SignalKind.NO_ACTIVITY, after=Delay(7, Unit.D)))),
            {"subject": subject(last_activity_at=at("2026-03-01 10:00"))}, "signal",
            "nothing happens until Sun 8 Mar 2026, 09:00",
        ),
        (
            active(), {"past": {"pb/r": frozenset({stage_anchor("st-proposal", NOW)})}},
            "not yet done", "enters the stage again",
        ),
        (
            active(rule(Enrol("seq")), sequence()),
            {"running": [enrolment(anchor="other")]}, "nothing in the way", "follow-up ends",
        ),
        (active(rule(limit=2)), {"recent_firings": {"pb/r": 2}}, "limit", "approves more"),
        (active(), {"recent_for_subject": {"pb/r": 5}}, "loop", "an hour passes"),
    ],
)  # fmt: skip
def test_what_stands_against_it_says_what_would_change_it(
    one: Any, more: Any, name: str, change: str
) -> None:
    check = found(one, **more)[name]
    assert not check.passed
    assert change in check.change


def test_each_condition_is_a_check_and_alternatives_are_one() -> None:
    rich = Compare("deal.amount", ">=", 9000)
    alternatives = AnyOf((rich, NotOf(Compare("deal.owner", "==", "o1"))))
    parts = AllOf((Compare("deal.name", "known"), alternatives, Compare("deal.stage", "known")))
    one = active(rule(condition=parts))
    made = [c for c in checks(one, context(one), NOW, "UTC") if c.name == "condition"]
    assert [(c.passed, c.change) for c in made] == [
        (False, "deal.name is filled in"),
        (False, "deal.amount >= 9000 or not: deal.owner == o1"),
        (True, ""),
    ]
    assert made[1].found == "deal.amount is 5000.0, deal.owner is o1"
