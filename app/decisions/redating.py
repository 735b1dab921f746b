"""A date moved: the steps that count from it move with it, and go when it is emptied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.dates import ANCHOR, FIELD, moved_by
from app.decisions.flow import touches_reached
from app.decisions.placing import plan
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    Action,
    Decision,
    EndEnrolment,
    EnrolmentView,
    MoveTouches,
    PlannedTouch,
    PlanTouches,
    WithdrawTouches,
)
from app.model.ids import touch_id
from app.model.playbook import Step
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import (
    OPEN_TOUCHES,
    EnrolmentState,
    Mode,
    Outcome,
    StopReason,
    TouchState,
)

_OPEN = frozenset(state.value for state in OPEN_TOUCHES)
_GONE = StopReason.DATE_GONE.value

Row = Mapping[str, Any]


def redate(
    enrolment: EnrolmentView,
    event: Signal,
    subject: SubjectView,
    calendar: WorkCalendar,
    now: Business,
) -> Decision:
    """What a changed field does to a running enrolment; nothing where no step counts from it.

    What the date itself began ends when it is emptied, or has moved so far that it would not have
    begun yet: then it begins anew, whole, when the new date comes near.
    """
    field, to = str(event.data.get("field")), event.data.get("to")
    values = {"field": field, "date": to, "cause": event.cause}
    if enrolment.anchor.startswith(f"{ANCHOR}{field}:"):
        begins = moved_by(enrolment.anchor_at, event.data.get("from"), to, calendar)
        if to is None or (begins is not None and begins > now):
            reason = StopReason.DATE_GONE if to is None else StopReason.DATE_MOVED
            end = EndEnrolment(enrolment.id, enrolment.subject, reason, now)
            return Decision((end,), (enrolment.told("ended", reason.value, now, values),))
    steps = [step for step in touches_reached(enrolment) if step.anchor == FIELD + field]
    performs = enrolment.state is EnrolmentState.ACTIVE and enrolment.mode is not Mode.SHADOW
    if not steps or not performs:
        return Decision()
    latest = latest_of(enrolment.touches)
    if to is None:
        return _withdraw(enrolment, steps, latest, values, now)
    placed = plan(
        enrolment.anchor_at, steps, calendar, now, enrolment.id,
        at_once=enrolment.sequence is None, fields=subject.fields,
    )  # fmt: skip
    return _place(enrolment, placed, latest, values, now)


def latest_of(touches: Sequence[Row]) -> dict[str, Row]:
    """step id → its latest touch."""
    found: dict[str, Row] = {}
    for row in sorted(touches, key=lambda row: row["occurrence"]):
        found[row["step"]] = row
    return found


def is_open(row: Row) -> bool:
    """Whether a touch is still to come, or stands as an open task."""
    done = row["state"] == TouchState.PERFORMED.value
    return row["outcome"] == Outcome.OPEN.value if done else row["state"] in _OPEN


def _withdraw(
    enrolment: EnrolmentView,
    steps: Sequence[Step],
    latest: Mapping[str, Row],
    values: Mapping[str, Any],
    now: Business,
) -> Decision:
    rows = [latest[step.id] for step in steps if step.id in latest]
    rows = [row for row in rows if is_open(row)]
    if not rows:
        return Decision()
    action = WithdrawTouches(
        enrolment.id, enrolment.subject, tuple(row["id"] for row in rows), _GONE, now
    )
    told = {**values, "steps": [row["step"] for row in rows]}
    line = enrolment.told("withdrawn", Code.STEP_WITHDRAWN, now, told)
    return Decision((action,), (line,))


def _place(
    enrolment: EnrolmentView,
    placed: Sequence[PlannedTouch],
    latest: Mapping[str, Row],
    values: Mapping[str, Any],
    now: Business,
) -> Decision:
    moved: list[PlannedTouch] = []
    new: list[PlannedTouch] = []
    for touch in placed:
        row = latest.get(touch.step.id)
        if row is None:
            new.append(touch)
        elif is_open(row):
            moved.append(replace(touch, id=row["id"], occurrence=row["occurrence"]))
        elif _GONE in (row["reason"], row["outcome_why"]):
            number = row["occurrence"] + 1
            key = touch_id(enrolment.id, touch.step.id, number)
            new.append(replace(touch, id=key, occurrence=number))
    actions: list[Action] = []
    if moved:
        actions.append(MoveTouches(enrolment.id, enrolment.subject, tuple(moved)))
    if new:
        actions.append(PlanTouches(enrolment.id, enrolment.subject, tuple(new)))
    if not actions:
        return Decision()
    told = {**values, "steps": [touch.step.id for touch in (*moved, *new)]}
    line = enrolment.told("planned", Code.STEP_MOVED, now, told)
    return Decision(tuple(actions), (line,))
