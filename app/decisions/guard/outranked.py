"""A sequence waits while one of a higher priority runs for the same record."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import defer
from app.model.decisions import Ruling
from app.model.guard import GuardFacts


def check(facts: GuardFacts) -> Ruling | None:
    """Until that one is over, whatever ends it; the steps then keep their distance, see
    `app.decisions.resuming`."""
    if facts.outranked is None or facts.touch.sequence is None:
        return None
    other, priority = facts.outranked
    return defer(
        "outranked",
        Code.OUTRANKED_BY,
        other=other,
        other_priority=priority,
        priority=facts.touch.sequence.priority,
    )
