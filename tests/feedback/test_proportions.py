"""Intervals and sample sizes against published values and values worked out by hand."""

from __future__ import annotations

from math import sqrt

import pytest

from app.feedback.proportions import Share, difference, needed, wilson


def test_wilson_is_what_newcombe_prints_for_81_of_263() -> None:
    assert wilson(Share(81, 263)) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0.0, 0.2775), (10, 0.7225, 1.0)])
def test_wilson_at_the_ends_stays_between_0_and_1(hits: int, low: float, high: float) -> None:
    # By hand for none of 10: u = z^2 / (n + z^2) = 3.8415 / 13.8415.
    assert wilson(Share(hits, 10)) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(Share(0, 0)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "apart", "lower", "upper"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), 0.2, 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.6, 0.1705, 0.8090),
        ((5, 56), (0, 29), 5 / 56, -0.0381, 0.1926),
        ((10, 10), (0, 10), 1.0, 0.6075, 1.0),
    ],
)
def test_the_difference_is_newcombes(
    one: tuple[int, int], other: tuple[int, int], apart: float, lower: float, upper: float
) -> None:
    found = difference(Share(*one), Share(*other))
    assert found == pytest.approx((apart, lower, upper), abs=5e-5)
    turned = difference(Share(*other), Share(*one))
    assert turned == pytest.approx((-apart, -upper, -lower), abs=5e-5)


def test_nothing_counted_has_no_difference() -> None:
    assert difference(Share(0, 0), Share(1, 2)) is None
    assert difference(Share(1, 2), Share(0, 0)) is None


def test_how_many_it_takes() -> None:
    # By hand: m = 0.55; (1.95996 * sqrt(0.495) + 0.84162 * sqrt(0.49))^2 / 0.01 = 387.3.
    by_hand = (1.95996 * sqrt(0.495) + 0.84162 * sqrt(0.49)) ** 2 / 0.01
    assert 387 < by_hand < 388
    assert needed(0.6, 0.5) == needed(0.5, 0.6) == 388
    assert needed(0.3, 0.3) is None


def test_more_than_all_is_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        Share(3, 2)
