"""Which follow-up goes on when two records turn out to be one."""

from __future__ import annotations

from app.decisions.merging import merged
from app.model.decisions import EnrolmentView
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StageKind, StopReason
from tests.decisions.build import NOW, enrolment, subject

HOUR = 3_600_000


def _run(id: str, hours: int, **more: object) -> EnrolmentView:
    return enrolment(id=id, started_at=Business(NOW + hours * HOUR), **more)


def _ends(
    kept: list[EnrolmentView], gone: list[EnrolmentView], **more: object
) -> dict[str, StopReason]:
    decision = merged(kept, gone, subject(**more), NOW)
    assert len(decision.actions) == len(decision.explanations)
    return {end.enrolment: end.reason for end in decision.actions}


def test_the_older_of_two_goes_on_whichever_record_it_was_on() -> None:
    assert _ends([_run("k", 1)], [_run("g", 2)]) == {"g": StopReason.MERGED}
    assert _ends([_run("k", 2)], [_run("g", 1)]) == {"k": StopReason.MERGED}


def test_what_acts_goes_before_what_waits_for_a_word() -> None:
    waiting = _run("g", 1, state=EnrolmentState.BACKLOG)
    assert _ends([_run("k", 2)], [waiting]) == {"g": StopReason.MERGED}


def test_other_sequences_and_shadows_stand_beside_each_other() -> None:
    assert _ends([_run("k", 1)], [_run("g", 2, definition="pb/other")]) == {}
    assert _ends([_run("k", 1, mode=Mode.SHADOW)], [_run("g", 2)]) == {}


def test_three_of_one_kind_leave_one() -> None:
    found = _ends([_run("k", 2)], [_run("g", 1), _run("h", 3)])
    assert found == {"k": StopReason.MERGED, "h": StopReason.MERGED}


def test_what_the_survivor_does_not_stand_for_ends_as_if_it_had_left() -> None:
    there = _run("g", 1, anchor_stage="st-elsewhere")
    assert _ends([], [there]) == {"g": StopReason.STAGE_LEFT}
    won = {"stage_kind": StageKind.WON, "stage_id": "st-won"}
    assert _ends([], [_run("g", 1)], **won) == {"g": StopReason.CLOSED_WON}


def test_what_has_ended_already_is_left_alone() -> None:
    over = _run("g", 1, state=EnrolmentState.ENDED)
    assert _ends([_run("k", 2)], [over]) == {}
