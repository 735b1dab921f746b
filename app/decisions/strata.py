"""Strata of a holdout: records that are compared with each other only with their like.

A stratum is known when a rule first decides on a record and is kept with that decision: what the
record becomes afterwards may be due to the follow-up itself.
"""

from __future__ import annotations

from math import floor, log10

from app.model.records import SubjectView


def stratum_of(subject: SubjectView, team: str | None) -> str:
    """Type and pipeline, class of the amount, team of the owner."""
    kind, pipeline = subject.type.value, subject.pipeline or ""
    return "|".join((kind, pipeline, size_of(subject.amount), team or ""))


def size_of(amount: float | None) -> str:
    """The decade in which an amount in company currency lies, `3` for 1,000 to 9,999; `0` for what
    is less than ten, empty for what nobody knows. Ten times the amount is a sale of another kind,
    whatever the currency."""
    if amount is None:
        return ""
    return str(floor(log10(amount))) if amount >= 1 else "0"
