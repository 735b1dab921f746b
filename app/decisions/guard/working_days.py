"""Due times in working time, by the calendar as it is now."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.quiet_hours import acts_at, place
from app.decisions.guard.ruling import move
from app.model.decisions import Ruling
from app.model.guard import GuardFacts


def check(facts: GuardFacts) -> Ruling | None:
    """Planning has shifted the due time already; this catches hours and holidays changed since,
    and a new owner. A call keeps to the person's hours, even where they lie outside the rep's. A
    step whose late policy is `now` and whose time has come waits for nobody's working day."""
    due = facts.touch.due_at
    if facts.touch.step.late.action == "now" and due <= facts.now:
        return None
    at = acts_at(facts)
    placed = place(at, facts)
    if placed == at:
        return None
    return move(facts, "working_days", Code.NOT_WORKING, placed)
