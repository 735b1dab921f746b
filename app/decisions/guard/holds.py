"""Reasons to wait: out of office, promised answer, a rule's hold. All must clear."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.effects import URGENT_HOLD
from app.decisions.guard.ruling import defer, is_urgent
from app.decisions.timing import shift, write_at
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.time import Business
from app.model.vocabulary import ANSWER


def check(facts: GuardFacts) -> Ruling | None:
    """Deferred to the last hold's end; without an end, until a person lifts it.

    Held time is no lateness: the due time moves to the hold's end with it. What a reply gives a
    person to do is what they hold it for.
    """
    if not facts.holds or facts.touch.definition == ANSWER:
        return None
    standing = {
        reason: until
        for reason, until in facts.holds.items()
        if (until is None or until > facts.now)
        and not (reason == URGENT_HOLD and is_urgent(facts.touch))
    }
    if not standing:
        return None
    ends = [until for until in standing.values() if until is not None]
    last = max(ends) if len(ends) == len(standing) else None
    reasons = sorted(standing)
    if last is None:
        return defer("holds", Code.HELD, reasons=reasons)
    touch, until = facts.touch, last
    due = shift(Business(max(touch.due_at, last)), facts.calendar)
    if not touch.is_firing:
        until = Business(max(last, write_at(due, touch.step.lead, facts.calendar)))
    return defer("holds", Code.HELD, until, reasons=reasons, due_at=due)
