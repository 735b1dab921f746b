"""A rule above its limit waits for an admin."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.ruling import defer
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.vocabulary import EnrolmentState


def check(facts: GuardFacts) -> Ruling | None:
    """Last, so that an admin is asked only about what would otherwise be done.

    Only what lies above the limit waits: what the rule began before is owed all the same.
    """
    waits = facts.touch.enrolment_state is EnrolmentState.APPROVAL
    return defer("approval", Code.APPROVAL) if waits else None
