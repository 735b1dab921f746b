"""Two shares beside each other: how far apart, how surely, and how many records that takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

Z_95 = 1.959963984540054
"""Two-sided 95 %: the standard normal's quantile at 0.975."""

Z_POWER = 0.8416212335729143
"""Power of 80 %: the standard normal's quantile at 0.8."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`. rate: None where there are none to count."""

    hits: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.n:
            raise ValueError(f"{self.hits} of {self.n} is no share")

    @property
    def rate(self) -> float | None:
        return self.hits / self.n if self.n else None


def wilson(share: Share) -> tuple[float, float]:
    """The 95 % score interval of one share; from 0 to 1 where nothing was counted.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22 (1927), 209-212.
    """
    if not share.n:
        return 0.0, 1.0
    return _score_interval(share.hits / share.n, share.n)


def _score_interval(p: float, n: float) -> tuple[float, float]:
    z2 = Z_95**2
    middle = p + z2 / (2 * n)
    half = Z_95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return max(0.0, low), min(1.0, high)


def difference(one: Share, other: Share) -> tuple[float, float, float] | None:
    """`one` minus `other` with the 95 % interval; None where either has nothing to count.

    With Wilson's intervals (l, u) of each share p:
    lower = d - sqrt((p1 - l1)^2 + (u2 - p2)^2), upper = d + sqrt((u1 - p1)^2 + (p2 - l2)^2).
    R. G. Newcombe, "Interval estimation for the difference between independent proportions:
    comparison of eleven methods", Statistics in Medicine 17 (1998), 873-890, method 10.
    """
    p, q = one.rate, other.rate
    if p is None or q is None:
        return None
    return _apart(p, one.n, q, other.n)


def _apart(p: float, n: float, q: float, m: float) -> tuple[float, float, float]:
    (low_p, high_p), (low_q, high_q) = _score_interval(p, n), _score_interval(q, m)
    apart = p - q
    lower = apart - sqrt((p - low_p) ** 2 + (high_q - q) ** 2)
    upper = apart + sqrt((high_p - p) ** 2 + (q - low_q) ** 2)
    return apart, lower, upper


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Two shares compared stratum by stratum. p, q: each weighted over the strata; apart: p minus q
    with its 95 % interval; n, m: records in strata where both have some, which alone count."""

    p: float
    q: float
    apart: tuple[float, float, float]
    n: int
    m: int


def adjusted(strata: Sequence[tuple[Share, Share]]) -> Adjusted | None:
    """Like with like: each stratum's difference with the weight w = n m / (n + m), of W in all.

    p = sum(w p_h) / W, and so q; that is the risk difference of Mantel and Haenszel (S. Greenland,
    J. M. Robins, "Estimation of a common effect parameter from sparse follow-up data", Biometrics
    41 (1985), 55-68). The interval is Newcombe's, from score intervals at each weighted share's
    effective size (E. L. Korn, B. I. Graubard, Survey Methodology 24 (1998), 193-201): how many
    records of one stratum would be as sure. Of one stratum it is `difference`. None where no
    stratum has both.
    """
    both = [(one, other) for one, other in strata if one.n and other.n]
    weights = [one.n * other.n / (one.n + other.n) for one, other in both]
    total = sum(weights)
    if not total:
        return None
    parts = [weight / total for weight in weights]
    rows = list(zip(parts, both, strict=True))
    p = sum(part * one.hits / one.n for part, (one, _) in rows)
    q = sum(part * other.hits / other.n for part, (_, other) in rows)
    size_p = _effective([(part, one) for part, (one, _) in rows])
    size_q = _effective([(part, other) for part, (_, other) in rows])
    n, m = sum(one.n for one, _ in both), sum(other.n for _, other in both)
    p, q = min(p, 1.0), min(q, 1.0)
    return Adjusted(p, q, _apart(p, size_p, q, size_q), n, m)


def _effective(parts: Sequence[tuple[float, Share]]) -> float:
    """P (1 - P) over the variance sum(w^2 p (1 - p) / n), each p moved towards a half as the score
    interval's middle is, so that a stratum in which all or none did it is not taken for certain."""
    z2 = Z_95**2
    moved = [(w, one.n, (one.hits + z2 / 2) / (one.n + z2)) for w, one in parts]
    whole = sum(w * p for w, _, p in moved)
    return whole * (1 - whole) / sum(w**2 * p * (1 - p) / n for w, n, p in moved)


def needed(p: float, q: float) -> int | None:
    """Records in each of two equal arms that show p against q with 80 % power at the 5 % level,
    two-sided; None for equal shares, which no number tells apart.

    n = (z_95 sqrt(2 m (1 - m)) + z_power sqrt(p (1 - p) + q (1 - q)))^2 / (p - q)^2, m = (p + q)/2.
    J. L. Fleiss, B. Levin, M. C. Paik, "Statistical Methods for Rates and Proportions", 3rd edition
    (2003), section 4.2, without the correction for continuity.
    """
    if p == q:
        return None
    m = (p + q) / 2
    root = Z_95 * sqrt(2 * m * (1 - m)) + Z_POWER * sqrt(p * (1 - p) + q * (1 - q))
    return ceil(root**2 / (p - q) ** 2)
