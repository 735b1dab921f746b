"""A step that counts from a date of the record: the date as it is now."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.dates import FIELD, step_anchor
from app.decisions.guard.ruling import drop, move
from app.decisions.timing import owed_at, shift
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.vocabulary import StopReason

_CHECK = "date_moved"


def check(facts: GuardFacts) -> Ruling | None:
    """Touches move when their date does; this is for one that was being carried out just then, and
    for a change that nobody told us of before the record was read again."""
    step = facts.touch.step
    if not step.anchor.startswith(FIELD):
        return None
    field = step.anchor.removeprefix(FIELD)
    date = step_anchor(step.anchor, facts.subject.fields, facts.calendar.zone)
    if date is None:
        return drop(_CHECK, StopReason.DATE_GONE.value, field=field)
    owed = owed_at(date, step.at, facts.calendar)
    if owed == facts.touch.owed_at:
        return None
    due = shift(owed, facts.calendar)
    value = facts.subject.fields.get(field)
    return move(
        facts, _CHECK, Code.STEP_MOVED, due, owed_at=owed, field=field, date=value, steps=[step.id]
    )
