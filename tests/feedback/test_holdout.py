"""Both arms beside each other: who counts, and what is concluded."""

from __future__ import annotations

import pytest

from app.feedback.holdout import WINDOW_MS, Course, Pace, Verdict, compare, measure
from app.feedback.proportions import Share
from app.model.time import DAY

NOW = 100 * DAY


@pytest.mark.parametrize(
    ("treated", "held_out", "verdict"),
    [
        ((56, 70), (48, 80), Verdict.BETTER),
        ((48, 80), (56, 70), Verdict.WORSE),
        ((10, 10), (0, 10), Verdict.TOO_FEW),  # apart as far as can be, and only ten
        ((29, 29), (0, 1000), Verdict.TOO_FEW),
        ((30, 30), (0, 1000), Verdict.BETTER),
        ((20, 70), (18, 80), Verdict.TOO_FEW),
        ((1000, 5000), (1000, 5000), Verdict.NONE),
        ((100, 500), (100, 500), Verdict.NONE),  # within 5 points either way: 1.96 * 0.0253
        ((90, 450), (90, 450), Verdict.TOO_FEW),  # just not
        ((0, 0), (5, 80), Verdict.TOO_FEW),
    ],
)
def test_the_verdict(
    treated: tuple[int, int], held_out: tuple[int, int], verdict: Verdict
) -> None:
    assert measure("won", Share(*treated), Share(*held_out)).verdict is verdict


def test_how_many_more_is_told_for_each_arm() -> None:
    # 0.6 against 0.5 takes 388 in each arm; see the test of `needed`.
    assert measure("won", Share(60, 100), Share(20, 40)).more == (288, 348)
    assert measure("won", Share(60, 100), Share(60, 100)).more is None, "equal: no number does"
    assert measure("won", Share(10, 10), Share(0, 10)).more == (20, 20), "30 at least"
    assert measure("won", Share(56, 70), Share(48, 80)).more is None, "it is shown"


def test_records_count_once_their_window_is_over() -> None:
    old, young = NOW - WINDOW_MS, NOW - WINDOW_MS + 1
    found = compare(
        [
            Course(False, old, replied=old + 1),
            Course(False, old, advanced=old + 3 * DAY),
            Course(False, old, advanced=old + 6 * DAY, won=old + 6 * DAY),
            Course(True, old, staged=False, replied=old + 1),
            Course(True, old, booked=old + 1),
            Course(False, young, replied=young + 1),
            Course(True, young, won=young + 1),
            Course(True, young),
        ],
        NOW,
    )
    assert (found.treated, found.held_out, found.running) == (3, 2, (1, 2))
    assert {one.name: (one.treated, one.held_out) for one in found.measures} == {
        "replied": (Share(1, 3), Share(1, 2)),
        "meeting_booked": (Share(0, 3), Share(1, 2)),
        "stage_advanced": (Share(2, 3), Share(0, 1)),
        "won": (Share(1, 3), Share(0, 1)),
    }
    assert found.pace == (Pace(4.5, 2), Pace(None, 0))


def test_nothing_at_all_is_too_few() -> None:
    assert {one.verdict for one in compare([], NOW).measures} == {Verdict.TOO_FEW}
