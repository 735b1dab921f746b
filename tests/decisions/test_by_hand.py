"""A person stands in for a rule's signal, and for nothing else that the rule asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.decisions.by_hand import begin_by_hand, offered
from app.decisions.codes import Code
from app.model.condition import Compare
from app.model.decisions import Decision, StartEnrolment
from app.model.playbook import ActiveRule, Enrol, When
from app.model.vocabulary import EnrolmentState, Mode, SignalKind, StageKind
from tests.decisions.build import NOW, active, at, context, rule, sequence, subject

CHASE = sequence()
PROPOSAL = When(SignalKind.STAGE_ENTERED, stages=frozenset({StageKind.PROPOSAL}))


def of(mode: Mode = Mode.LIVE, **more: Any) -> ActiveRule:
    return active(rule((Enrol("seq"),), when=more.pop("when", PROPOSAL), **more), CHASE, mode=mode)


def begun(one: ActiveRule, **facts: Any) -> Decision:
    return begin_by_hand(one, CHASE, "request:7", "ada@x", context(one, **facts), NOW)


def start(decision: Decision) -> StartEnrolment:
    (found,) = [a for a in decision.actions if isinstance(a, StartEnrolment)]
    return found


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.MANUAL])
def test_it_begins_at_once_and_counts_from_now(mode: Mode) -> None:
    one = start(begun(of(mode)))
    assert (one.state, one.mode, one.anchor, one.anchor_at) == (
        EnrolmentState.ACTIVE, Mode.LIVE, "request:7", NOW,
    )  # fmt: skip
    assert one.touches[0].due_at == at("2026-03-05 10:00")
    again = start(begun(of(mode)))
    assert again.id == one.id, "asked again, it is the same"


def test_whose_word_it_was_is_told() -> None:
    line = begun(of()).explanations[-1]
    assert (line.code, line.values["who"]) == (Code.BEGUN_BY_HAND, "ada@x")


@pytest.mark.parametrize(
    ("one", "facts", "code"),
    [
        (of(), {"subject": subject(control="stop")}, "stopped_by_rep"),
        (of(), {"subject": subject(stage_kind=StageKind.LOST)}, Code.SUBJECT_CLOSED),
        (of(), {"subject": subject(deleted=True)}, "record_deleted"),
        (of(), {"followed": frozenset({"other"})}, Code.NOT_FOLLOWED),
        (of(condition=Compare("deal.amount", ">", 9000)), {}, Code.CONDITION_FALSE),
        (of(), {"past": {"pb/seq": frozenset({"request:7"})}}, Code.ALREADY_FIRED),
    ],
)
def test_what_the_rule_asks_besides_holds(
    one: ActiveRule, facts: dict[str, Any], code: str
) -> None:
    made = begun(one, **facts)
    assert made.actions == ()
    assert made.explanations[0].code == code


def test_what_follows_a_closing_stands_on_it() -> None:
    assert start(begun(of())).anchor_stage == "st-proposal"
    lost = When(SignalKind.STAGE_ENTERED, stages=frozenset({StageKind.LOST}))
    closed = subject(stage_id="st-lost", stage_kind=StageKind.LOST)
    assert start(begun(of(when=lost), subject=closed)).anchor_stage == "st-lost"


def test_only_what_is_in_force_is_offered() -> None:
    live, shadow, paused = of(id="a"), of(Mode.SHADOW, id="b"), replace(of(id="c"), paused_at=NOW)
    assert offered([shadow, paused]) == {}
    assert offered([shadow, live, of(id="d")])["pb/seq"][0] is live
    assert offered([active(rule())]) == {}, "tasks of a rule are no sequence"
