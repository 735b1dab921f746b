"""The rep is away: what is urgent goes to cover, the rest waits for their return."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.guard.quiet_hours import place
from app.decisions.guard.ruling import URGENT, move
from app.model.decisions import Ruling, Verdict
from app.model.guard import GuardFacts
from app.model.time import Business

_CHECK = "absence"


def check(facts: GuardFacts) -> Ruling | None:
    """Urgent is a step of high priority. Cover is the rep's cover, else the manager; without
    either, urgent work waits too. An archived owner's work goes on at once: `to` None then asks
    for the installation's default owner."""
    owner = facts.owner
    if owner is not None and not owner.active:
        cover = owner.cover_id or owner.manager_id
        return Ruling(Verdict.HAND_TO, _CHECK, Code.OWNER_ARCHIVED, to=cover)
    back = _back(facts)
    if back is None:
        return None
    cover = (owner.cover_id or owner.manager_id) if owner is not None else None
    if cover is not None and facts.touch.step.priority is URGENT:
        return Ruling(Verdict.HAND_TO, _CHECK, Code.COVERED, to=cover, values={"back_at": back})
    return move(facts, _CHECK, Code.ABSENT, place(back, facts), back_at=back)


def _back(facts: GuardFacts) -> Business | None:
    """End of the absences, one after another, in which the work would fall; None if in none."""
    absences = facts.calendar.absences
    if facts.owner is not None:
        absences = (*absences, *facts.owner.absences)
    if not absences:
        return None
    at = begun = max(facts.touch.due_at, facts.now)
    for start, end in sorted(absences):
        if start <= at < end:
            at = place(Business(end), facts)
    return at if at != begun else None
