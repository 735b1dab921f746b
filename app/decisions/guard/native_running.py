"""A step waits while a sequence of the CRM, started by a step before it, still runs."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import defer
from app.model.decisions import Ruling
from app.model.guard import GuardFacts


def check(facts: GuardFacts) -> Ruling | None:
    """Until it is over, and then its own late policy applies: a rep who calls between two mails of
    the CRM's sequence knows nothing of the second."""
    running = facts.running_native
    if running is None or running == facts.touch.id:
        return None
    return defer("native_running", Code.SEQUENCE_RUNNING, open_task=running)
