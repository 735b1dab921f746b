"""The rep is away: what is urgent goes to cover, the rest waits for their return."""

from __future__ import annotations

from dataclasses import replace

from app.decisions.codes import Code
from app.decisions.guard.quiet_hours import place
from app.decisions.guard.ruling import URGENT, move
from app.model.calendar import WorkCalendar
from app.model.decisions import Ruling, Verdict
from app.model.guard import GuardFacts
from app.model.records import PersonView
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


def handed_over(
    facts: GuardFacts, ruling: Ruling, person: PersonView | None, calendar: WorkCalendar
) -> tuple[GuardFacts, Ruling]:
    """Facts and HAND_TO as the stand-in's: who was away works at other hours than whoever does it,
    so the due time is placed anew. What the CRM sends by itself keeps its instant.

    person, calendar: the stand-in's, `ruling.to`.
    """
    facts = replace(facts, owner=person, calendar=calendar)
    touch = facts.touch
    due = ruling.values.get("due_at", touch.due_at)
    if touch.step.native is not None or (touch.step.late.action == "now" and due <= facts.now):
        return facts, ruling
    placed = place(due, facts)
    if placed != due:
        ruling = replace(ruling, values={**ruling.values, "due_at": placed})
    return facts, ruling


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
