"""The stop switch, the rule's mode, and whether the enrolment still runs."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import defer, drop
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.vocabulary import EnrolmentState, Mode

_CHECK = "mode_and_stop"
_UNRELEASED = (EnrolmentState.PROPOSED, EnrolmentState.BACKLOG, EnrolmentState.QUEUED)


def check(facts: GuardFacts) -> Ruling | None:
    """Stopped or paused: wait, nothing is lost. Switched off, shadow or ended: over."""
    touch = facts.touch
    if facts.settings.stopped:
        return defer(_CHECK, Code.STOPPED)
    if touch.enrolment_state is EnrolmentState.ENDED:
        return drop(_CHECK, Code.ENROLMENT_ENDED)
    if touch.rule is None or touch.rule.mode is Mode.OFF or touch.mode is Mode.OFF:
        return drop(_CHECK, Code.RULE_OFF)
    if touch.step_gone:
        return drop(_CHECK, Code.STEP_REMOVED)
    if touch.rule.paused_at is not None:
        return defer(_CHECK, Code.RULE_PAUSED, since_at=touch.rule.paused_at)
    if Mode.SHADOW in (touch.mode, touch.rule.mode):
        return drop(_CHECK, Code.SHADOW)
    if touch.enrolment_state in _UNRELEASED:
        return defer(_CHECK, Code.NOT_RELEASED, state=touch.enrolment_state.value)
    return None
