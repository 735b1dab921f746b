"""Verdicts on single steps: which hardly ever get an answer, and how sure that is."""

from __future__ import annotations

from enum import StrEnum

from app.feedback.proportions import Share, wilson

LEAST_WORTH = 0.02
"""A touch that fewer than 2 % of the prospects answer is to be dropped or rewritten."""

LEAST = 30
"""Touches below which nothing is said of one."""


class Worth(StrEnum):
    """What is to be thought of a touch."""

    DROP = "under 2 %"
    MAYBE = "looks under 2 %, not sure yet"
    KEEP = "worth it"
    TOO_FEW = "not enough data yet"


def worth(replied: Share) -> Worth:
    """A step's verdict: `under 2 %` only where the whole 95 % interval is."""
    if replied.rate is None or replied.n < LEAST:
        return Worth.TOO_FEW
    if replied.rate >= LEAST_WORTH:
        return Worth.KEEP
    return Worth.DROP if wilson(replied)[1] < LEAST_WORTH else Worth.MAYBE
