"""Intervals and sample sizes against published values and values worked out by hand."""

from __future__ import annotations

from math import sqrt
from random import Random

import pytest

from app.feedback.proportions import Share, adjusted, difference, needed, wilson


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


def test_one_stratum_is_the_plain_difference() -> None:
    one, other = Share(56, 70), Share(48, 80)
    found = adjusted([(one, other)])
    assert found is not None
    assert found.apart == pytest.approx(difference(one, other))
    assert adjusted([(one, Share(0, 0))]) is None
    assert adjusted([]) is None


def test_strata_have_the_weights_of_mantel_and_haenszel() -> None:
    found = adjusted([(Share(10, 20), Share(5, 20)), (Share(30, 60), Share(9, 30))])
    assert found is not None
    # By hand: w = 10 and 20; p = 0.5, q = (10 * 0.25 + 20 * 0.3) / 30, the difference 0.216667.
    assert (found.p, found.q) == pytest.approx((0.5, 8.5 / 30))
    assert found.apart[0] == pytest.approx(0.2166667)
    assert (found.n, found.m) == (80, 50)


def test_strata_make_surer_what_differs_between_them() -> None:
    """Hardly any of the one answer, nearly all of the other: what of either lies in the arms is
    known, so it adds nothing to the doubt."""
    rows = [(Share(4, 50), Share(1, 50)), (Share(48, 50), Share(43, 50))]
    plain = difference(Share(52, 100), Share(44, 100))
    found = adjusted(rows)
    assert found is not None
    assert plain is not None
    assert found.apart[0] == pytest.approx(plain[0])
    assert found.apart[2] - found.apart[1] < 0.8 * (plain[2] - plain[1])


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of strata of unlike size and share; the draw of each experiment comes of its number."""
    random, misses, runs = Random(7), 0, 400
    truth = ((0.1, 40, 25), (0.5, 20, 30), (0.8, 15, 12))
    for _ in range(runs):
        strata = [
            (
                Share(sum(random.random() < q + 0.1 for _ in range(n)), n),
                Share(sum(random.random() < q for _ in range(m)), m),
            )
            for q, n, m in truth
        ]
        found = adjusted(strata)
        assert found is not None
        misses += not found.apart[1] <= 0.1 <= found.apart[2]
    assert 0.02 <= misses / runs <= 0.08
