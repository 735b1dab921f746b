"""What made the touch owed is still so: the stage, and the rule's condition."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.conditions import compile_condition, values_read
from app.decisions.guard.ruling import drop
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.vocabulary import StopReason

_CHECK = "still_true"


def check(facts: GuardFacts) -> Ruling | None:
    """Judged at the unshifted instant: a deal that had left the stage when the step fell due owes
    nothing, even if it is back there by the time that working hours begin. The condition is asked
    as of now, dates that come nearer or pass included."""
    touch, subject = facts.touch, facts.subject
    leaves = touch.sequence is None or StopReason.STAGE_LEFT in touch.sequence.exits
    if touch.anchor_stage is not None and leaves:
        entered = subject.stage_entered_at
        again = entered is not None and touch.owed_at < entered <= facts.now
        if subject.stage_id != touch.anchor_stage or again:
            return drop(
                _CHECK, StopReason.STAGE_LEFT.value, stage=subject.stage_id, entered_at=entered
            )
    condition = touch.rule.rule.condition if touch.rule else None
    if condition is None:
        return None
    roles = facts.settings.contact_roles
    zone = facts.calendar.zone
    if compile_condition(condition, roles)(subject, facts.now, zone):
        return None
    read = values_read(condition, subject, roles, zone)
    return drop(_CHECK, Code.CONDITION_FALSE, read=read)
