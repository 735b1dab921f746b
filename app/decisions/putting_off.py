"""Follow-ups that wait for a person: their steps move by the time that they are held, so that it
counts neither as delay nor as lateness; and one that a reply had ended goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.decisions.codes import Code
from app.decisions.dates import FIELD
from app.decisions.exits import addresses
from app.decisions.timing import owed_at, shift, write_at
from app.decisions.waits import put_off_wait, waits_in
from app.decisions.zones import local_day
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    Action,
    Decision,
    EnrolmentView,
    Explanation,
    MoveTouches,
    PlannedTouch,
    ResumeEnrolment,
)
from app.model.ids import touch_id
from app.model.playbook import Step
from app.model.replies import Placed
from app.model.time import Business, Delay, Unit
from app.model.vocabulary import (
    OPEN_TOUCHES,
    EnrolmentState,
    Mode,
    Outcome,
    StopReason,
)

_AHEAD = frozenset(state.value for state in OPEN_TOUCHES)
_REPLIED = StopReason.REPLIED.value


def goes_on(one: EnrolmentView) -> bool:
    """Whether this is a sequence that acts: what only waits for a word, or only watches, has no
    steps to move."""
    return (
        one.sequence is not None
        and one.state is EnrolmentState.ACTIVE
        and one.mode is not Mode.SHADOW
    )


def put_off(
    one: EnrolmentView,
    placed: Mapping[str, Placed],
    days: int,
    floor: Business,
    calendar: WorkCalendar,
    now: Business,
) -> Decision:
    """Move what is ahead of a running sequence by so many local days, none before `floor`; the
    step at which it waits too.

    A step on a date of the record keeps it. A task that stands in the CRM moves with the rest if it
    addresses the person and nobody has touched it; the CRM's own sequences cannot be moved.
    """
    steps = {step.id: step for step in one.steps}
    touches: list[PlannedTouch] = []
    for row in one.touches:
        step, stands = steps.get(row["step"]), placed.get(row["id"])
        if step is None or stands is None or step.anchor.startswith(FIELD):
            continue
        open_task = row["outcome"] == Outcome.OPEN.value and addresses(step)
        if open_task or row["state"] in _AHEAD:
            touches.append(
                _moved(row["id"], step, row["occurrence"], stands, days, floor, calendar)
            )
    waits = put_off_wait(one, Delay(days, Unit.D), calendar, floor)
    if not touches and not waits:
        return Decision()
    moved = (MoveTouches(one.id, one.subject, tuple(touches), anew=True),) if touches else ()
    return Decision((*moved, *waits), (_line(one, Code.PUT_OFF, touches, now, waits),))


def bring_forward(
    one: EnrolmentView,
    placed: Mapping[str, Placed],
    held: Business,
    calendar: WorkCalendar,
    now: Business,
) -> Decision:
    """The hold that ended at `held` is lifted before that: what had moved with it comes back."""
    if not goes_on(one) or held <= now:
        return Decision()
    return put_off(one, placed, days_apart(held, now, calendar), now, calendar, now)


def resume(
    one: EnrolmentView,
    placed: Mapping[str, Placed],
    days: int,
    floor: Business,
    calendar: WorkCalendar,
    now: Business,
) -> Decision:
    """Take up again what a reply had ended: the steps that the end took away are planned anew, as
    further occurrences, so far behind `floor` as they were behind each other."""
    steps = {step.id: step for step in one.steps}
    touches: list[PlannedTouch] = []
    for row in _latest(one).values():
        step, stands = steps.get(row["step"]), placed.get(row["id"])
        if step is None or stands is None or not _taken(row) or stands.edited:
            continue
        number = row["occurrence"] + 1
        key = touch_id(one.id, step.id, number)
        touches.append(_moved(key, step, number, stands, days, floor, calendar))
    if not touches:
        return Decision()
    action: Action = ResumeEnrolment(one.id, one.subject, tuple(touches))
    return Decision((action,), (_line(one, Code.RESUMED, touches, now),))


def _taken(row: Mapping[str, Any]) -> bool:
    """Whether the reply took this touch away: it was dropped, its task was archived or soon will
    be. What a rep had made theirs was left to them."""
    why = _REPLIED in (row["reason"], row["outcome_why"])
    return row["outcome"] == Outcome.OPEN.value or (why and row["outcome"] != Outcome.LEFT.value)


def first_ahead(one: EnrolmentView, placed: Mapping[str, Placed]) -> Business | None:
    """When the step that runs now is owed: the earliest of what is open, ahead or taken away."""
    found = [
        placed[row["id"]].owed_at
        for row in _latest(one).values()
        if row["id"] in placed
        and (
            row["outcome"] == Outcome.OPEN.value
            or row["state"] in _AHEAD
            or _REPLIED in (row["reason"], row["outcome_why"])
        )
    ]
    return min(found, default=None)


def days_apart(start: Business, end: Business, calendar: WorkCalendar) -> int:
    """Local days from one instant to another; negative if that is earlier."""
    return local_day(end, calendar.zone) - local_day(start, calendar.zone)


def _latest(one: EnrolmentView) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for row in sorted(one.touches, key=lambda row: row["occurrence"]):
        found[row["step"]] = row
    return found


def _moved(
    key: str,
    step: Step,
    occurrence: int,
    stands: Placed,
    days: int,
    floor: Business,
    calendar: WorkCalendar,
) -> PlannedTouch:
    owed = Business(max(owed_at(stands.owed_at, Delay(days, Unit.D), calendar), floor))
    due = shift(owed, calendar)
    written = Business(max(write_at(due, step.lead, calendar), floor))
    return PlannedTouch(key, step, occurrence, owed, due, written)


def _line(
    one: EnrolmentView,
    code: str,
    touches: Sequence[PlannedTouch],
    now: Business,
    waits: Sequence[Action] = (),
) -> Explanation:
    due = {touch.step.id: touch.due_at for touch in touches} | waits_in(waits)
    return one.told("planned", code, now, {"due": due})
