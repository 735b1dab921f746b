"""Steps in time: when each is owed, due and written, without regard to what happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.decisions.dates import step_anchor
from app.decisions.timing import (
    is_late,
    is_too_late,
    next_working_day,
    owed_at,
    shift,
    write_at,
)
from app.model.calendar import WorkCalendar
from app.model.decisions import PlannedTouch
from app.model.ids import touch_id
from app.model.playbook import Step
from app.model.time import Business

PREVIOUS = "previous_done"
"""Anchor of a step that counts from the end of the one before."""

_NO_FIELDS: Mapping[str, Any] = {}


def plan(
    anchor: Business,
    steps: Sequence[Step],
    calendar: WorkCalendar,
    now: Business,
    enrolment: str,
    *,
    at_once: bool = False,
    fields: Mapping[str, Any] = _NO_FIELDS,
) -> tuple[PlannedTouch, ...]:
    """The touches that can be placed when an enrolment starts.

    anchor: what `entry` delays count from. fields: the subject's, for steps on a date property; a
    step whose date is unknown is not placed. A step on `previous_done` waits, except as the first.
    at_once: every task is written now with its future due time (a rule's `create_tasks`) instead
    of its lead before it.

    Due times depend on `now` only for steps that are late already: the first of them moves to the
    next working time and each after it to a later working day, so that a restart, an import or a
    release of backlog makes no burst. One that is later than its policy allows keeps its day: the
    guard drops it by that, which leaves its trace in the ledger.
    """
    found = [
        (step, _anchor_of(step, index, anchor, fields, calendar))
        for index, step in enumerate(steps)
    ]
    known = [(step, counts_from) for step, counts_from in found if counts_from is not None]
    return place(known, calendar, now, enrolment, written_from=anchor if at_once else None)


def place(
    steps: Iterable[tuple[Step, Business]],
    calendar: WorkCalendar,
    now: Business,
    enrolment: str,
    *,
    written_from: Business | None = None,
) -> tuple[PlannedTouch, ...]:
    """Touches of steps, each with the instant that its delay counts from; see `plan`.

    written_from: all are written from then on, instead of each its lead before its due time.
    """
    touches: list[PlannedTouch] = []
    floor: Business | None = None
    for step, counts_from in steps:
        owed = owed_at(counts_from, step.at, calendar)
        if step.note:  # nobody has to be at work for it
            touches.append(PlannedTouch(touch_id(enrolment, step.id), step, 0, owed, owed, owed))
            continue
        due = shift(owed, calendar)
        if step.late.action == "now" and is_late(due, calendar, now):
            due = now
        elif is_too_late(due, step.late, calendar, now):
            pass
        elif (floor is not None and due < floor) or is_late(due, calendar, now):
            due = shift(max(now, floor or now), calendar)
            floor = next_working_day(due, calendar)
        if written_from is None:
            written = write_at(due, step.lead, calendar)
        else:
            written = min(written_from, due)
        touches.append(PlannedTouch(touch_id(enrolment, step.id), step, 0, owed, due, written))
    return tuple(touches)


def _anchor_of(
    step: Step, index: int, anchor: Business, fields: Mapping[str, Any], calendar: WorkCalendar
) -> Business | None:
    if step.anchor == "entry":
        return anchor
    if step.anchor == PREVIOUS:
        return anchor if index == 0 else None
    return step_anchor(step.anchor, fields, calendar.zone)
