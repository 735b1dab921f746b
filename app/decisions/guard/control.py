"""The rep's control property, on the subject and on the contact: run, pause, stop."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import defer, drop
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.vocabulary import StopReason

_CHECK = "control"


def check(facts: GuardFacts) -> Ruling | None:
    """Stop drops, pause waits until its date, or until the rep sets `run`."""
    subject, contact = facts.subject, facts.contact
    ours = contact.control if contact is not None else "run"
    if subject.control == "stop":
        return drop(_CHECK, StopReason.CONTROL.value, on="subject")
    if ours == "stop":
        return drop(_CHECK, StopReason.CONTROL.value, on="contact")
    if subject.control == "pause":
        until = subject.pause_until
        if until is None or until > facts.now:
            return defer(_CHECK, Code.PAUSED, until, on="subject")
    if ours == "pause":
        return defer(_CHECK, Code.PAUSED, on="contact")
    return None
