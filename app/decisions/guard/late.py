"""The late policy of a step that could not be done on its day."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import drop, move
from app.decisions.timing import is_late, is_too_late, shift
from app.model.decisions import Ruling
from app.model.guard import GuardFacts

_CHECK = "late"


def check(facts: GuardFacts) -> Ruling | None:
    """`shift` moves it to the next working time, `now` to this instant; `skip` drops it once it is
    later than its `older_than` (at once where none is given), and shifts it until then."""
    touch, now = facts.touch, facts.now
    if not is_late(touch.due_at, facts.calendar, now):
        return None
    policy = touch.step.late
    if is_too_late(touch.due_at, policy, facts.calendar, now):
        return drop(_CHECK, Code.TOO_LATE, was_due_at=touch.due_at)
    due = now if policy.action == "now" else shift(now, facts.calendar)
    return move(facts, _CHECK, Code.LATE, due, was_due_at=touch.due_at)
