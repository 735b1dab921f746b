"""Reasons to wait: out of office, promised answer, a rule's hold. All must clear."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import defer
from app.model.decisions import Ruling
from app.model.guard import GuardFacts


def check(facts: GuardFacts) -> Ruling | None:
    """Deferred to the last hold's end; without an end, until a person lifts it."""
    if not facts.holds:
        return None
    standing = {
        reason: until
        for reason, until in facts.holds.items()
        if until is None or until > facts.now
    }
    if not standing:
        return None
    ends = [until for until in standing.values() if until is not None]
    last = max(ends) if len(ends) == len(standing) else None
    return defer("holds", Code.HELD, last, reasons=sorted(standing))
