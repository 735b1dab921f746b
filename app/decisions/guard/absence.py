"""The rep is away: what is urgent goes to whoever stands in, the rest waits for their return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.decisions.assigning import away_until
from app.decisions.codes import Code
from app.decisions.guard.quiet_hours import place, place_of
from app.decisions.guard.ruling import URGENT, defer, move
from app.decisions.timing import shift
from app.model.calendar import WorkCalendar
from app.model.decisions import Ruling, Verdict
from app.model.guard import GuardFacts
from app.model.records import BY_ACCOUNT, BY_REP, PersonView
from app.model.time import Business

_CHECK = "absence"


def check(facts: GuardFacts) -> Ruling | None:
    """Urgent is a step of high priority: it goes to the first of those who may stand in who is
    there when it falls due. Where none is, it waits for the first of all who is back, and is
    flagged. An archived owner's work goes on at once: `to` None then asks for the
    installation's default owner."""
    owner = facts.owner
    if owner is not None and not owner.active:
        return Ruling(Verdict.HAND_TO, _CHECK, Code.OWNER_ARCHIVED, to=_there(facts)[0])
    back = _back(facts)
    if back is None:
        return None
    urgent = facts.touch.step.priority is URGENT
    to, away = _there(facts) if urgent else (None, [])
    if to is not None and owner is not None:
        values = {"back_at": back, "whose": owner.owner_id, **({"away": away} if away else {})}
        return Ruling(Verdict.HAND_TO, _CHECK, Code.COVERED, to=to, values=values)
    if not urgent:
        return move(facts, _CHECK, Code.ABSENT, place(back, facts), back_at=back)
    soonest = min((one for one in map(_returns(facts), facts.stand_ins) if one), default=back)
    if soonest < back:
        values = {"back_at": back, "next_at": soonest}
        return defer(_CHECK, Code.NOBODY_COVERS, soonest, **values)
    due = place(back, facts)
    return move(facts, _CHECK, Code.NOBODY_COVERS, due, back_at=back, next_at=due)


def _returns(facts: GuardFacts) -> Callable[[PersonView], Business | None]:
    """When somebody who is away at the due time is back; None for those who will not be."""
    at = max(facts.touch.due_at, facts.now)
    return lambda person: away_until(person, at) if person.active else None


def _there(facts: GuardFacts) -> tuple[str | None, list[str]]:
    """Who stands in, None for nobody, and the names of those passed over as they are away too."""
    at = max(facts.touch.due_at, facts.now)
    away: list[str] = []
    for person in facts.stand_ins:
        if not person.active:
            continue
        if away_until(person, at) is None:
            return person.owner_id, away
        away.append(person.name or person.owner_id)
    return None, away


def handed_over(
    facts: GuardFacts, ruling: Ruling, person: PersonView | None, calendar: WorkCalendar
) -> tuple[GuardFacts, Ruling]:
    """Facts and HAND_TO as the stand-in's: who was away works at other hours than whoever does it,
    so the due time is placed anew. What the CRM sends by itself keeps its instant.

    person, calendar: the stand-in's, `ruling.to`. A prospect whose zone nobody knows is taken to
    live in that of the rep who is away, but nobody works at night for a guess: where the hours of
    both never meet, the stand-in's zone is as good a one.
    """
    guessed = place_of(facts).by in (BY_REP, BY_ACCOUNT)
    facts = replace(facts, owner=person, calendar=calendar)
    touch = facts.touch
    due = ruling.values.get("due_at", touch.due_at)
    if touch.step.native is not None or (touch.step.late.action == "now" and due <= facts.now):
        return facts, ruling
    placed = place(due, facts)
    if guessed and shift(placed, calendar) != placed:
        facts = replace(facts, zone=calendar.zone)
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
