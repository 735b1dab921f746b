"""The prospect answered, or was met, after the touch was planned."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import drop
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.vocabulary import StopReason

_CHECK = "answered_since"


def check(facts: GuardFacts) -> Ruling | None:
    """Holds where the sequence lets an answer end it; a rule's own tasks stand in spite of one."""
    touch, subject = facts.touch, facts.subject
    if touch.sequence is None:
        return None
    replied, met = subject.last_reply_at, subject.last_meeting_at
    if touch.sequence.role and facts.contact is not None:
        replied, met = facts.contact.last_two_way_at, None  # what others did answers nothing
    exits = touch.sequence.exits
    if replied is not None and replied > touch.planned_at and StopReason.REPLIED in exits:
        return drop(_CHECK, StopReason.REPLIED.value, at=replied)
    if met is None or StopReason.MEETING_BOOKED not in exits:
        return None
    if touch.planned_at < met <= facts.now:
        return drop(_CHECK, Code.MEETING_HELD, at=met)
    return None
