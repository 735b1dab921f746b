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
    assert measure("won", [(Share(*treated), Share(*held_out))]).verdict is verdict


def test_how_many_more_is_told_for_each_arm() -> None:
    # 0.6 against 0.5 takes 388 in each arm; see the test of `needed`.
    assert measure("won", [(Share(60, 100), Share(20, 40))]).more == (288, 348)
    assert measure("won", [(Share(60, 100), Share(60, 100))]).more is None, "equal: no number does"
    assert measure("won", [(Share(10, 10), Share(0, 10))]).more == (20, 20), "30 at least"
    assert measure("won", [(Share(56, 70), Share(48, 80))]).more is None, "it is shown"


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


def in_strata(name: str, arms: tuple[tuple[int, int], tuple[int, int]]) -> list[Course]:
    """Courses of one stratum: (hits, n) of the treated and of the held out."""
    old = NOW - WINDOW_MS
    return [
        Course(held, old, replied=old + 1 if number < hits else None, stratum=name)
        for held, (hits, n) in enumerate(arms)
        for number in range(n)
    ]  # type: ignore[arg-type]


def test_like_is_compared_with_like() -> None:
    """Small deals answer often, and happened to be held out less: the shares of all say that
    following up helps, but within small and large deals it does nothing."""
    small, large = ((54, 60), (18, 20)), ((4, 40), (12, 120))
    found = compare([*in_strata("small", small), *in_strata("large", large)], NOW)
    replied = found.measures[0]
    assert (replied.treated, replied.held_out) == (Share(58, 100), Share(30, 140))
    assert measure("replied", [(Share(58, 100), Share(30, 140))]).verdict is Verdict.BETTER
    assert replied.apart is not None
    assert replied.apart[0] == pytest.approx(0)
    assert replied.verdict is Verdict.TOO_FEW
    assert replied.compared == (100, 140)


def test_a_stratum_of_one_arm_is_compared_with_nothing() -> None:
    found = compare([*in_strata("a", ((28, 28), (0, 28))), *in_strata("b", ((9, 9), (0, 0)))], NOW)
    replied = found.measures[0]
    assert replied.treated == Share(37, 37)
    assert replied.compared == (28, 28)
    assert replied.verdict is Verdict.TOO_FEW, "thirty of each are needed that have their like"
