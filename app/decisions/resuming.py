"""Going on after a pause: the steps that waited come one by one, as far apart as before."""

from __future__ import annotations

from collections.abc import Sequence

from app.decisions.dates import FIELD
from app.decisions.timing import shift, write_at
from app.model.calendar import WorkCalendar
from app.model.decisions import PlannedTouch
from app.model.time import Business


def resumed(
    left: Sequence[PlannedTouch], calendar: WorkCalendar, now: Business
) -> tuple[PlannedTouch, ...]:
    """All steps of an enrolment that are not done, moved by as much as the first of them is late.

    The time of the pause does not count, so nobody finds three steps on one morning. A step that
    counts from a date of the record keeps its date.
    """
    counted = [touch for touch in left if not touch.step.anchor.startswith(FIELD)]
    first = min((touch.due_at for touch in counted), default=now)
    late = max(0, now - first)
    return tuple(_moved(t, late, calendar) if t in counted else t for t in left)


def _moved(touch: PlannedTouch, late: int, calendar: WorkCalendar) -> PlannedTouch:
    owed, due = Business(touch.owed_at + late), shift(Business(touch.due_at + late), calendar)
    written = write_at(due, touch.step.lead, calendar)
    return PlannedTouch(touch.id, touch.step, touch.occurrence, owed, due, written)
