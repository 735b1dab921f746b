"""The time between the steps of a sequence that has a pace.

What is written is taken so many times, by the first condition that is met when the next touch is
looked at: again with every signal about the record, and when the touch would be written. So a step
never comes by what the record was like weeks ago.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.decisions.codes import Code
from app.decisions.conditions import compile_condition, values_read
from app.decisions.passing import Passed, Reached, Waits, as_of
from app.decisions.timing import owed_at, shift, write_at
from app.model.flow import DONE, Beat
from app.model.pace import Pace
from app.model.records import SubjectView
from app.model.time import MINUTE, Business, Delay, Unit


def decide_beat(node: Beat, at: Reached, since: Business, last: Delay | None) -> Passed | Waits:
    """Whether the step's turn has come. since: from when the time counts; last: the delay of the
    step that it counts from, None where it counts from the entry or from a completion."""
    subject = as_of(at.subject, at.enrolment.contact)
    times, read = chosen(node.paces, subject, at.now, at.calendar.zone)
    gap = apart(node.at, last)
    owed = owed_at(since, stretched(gap, times), at.calendar)
    due = shift(owed, at.calendar) if node.is_touch else owed
    values = {"gap": str(gap), "times": f"{times:g}", "read": read, "due_at": due}
    written = write_at(due, node.lead, at.calendar) if node.is_touch else owed
    if written <= at.now:
        return Passed(DONE, owed, Code.PACED, values)
    return Waits(written, values)


def chosen(
    paces: Sequence[Pace], subject: SubjectView, now: Business, zone: str
) -> tuple[float, dict[str, Any]]:
    """How many times what is written, and what that rests on; once where no condition is met."""
    read: dict[str, Any] = {}
    for pace in paces:
        values = values_read(pace.condition, subject, (), zone)
        if compile_condition(pace.condition)(subject, now, zone):
            return pace.times, values
        read |= values
    return 1.0, read


def apart(at: Delay, last: Delay | None) -> Delay:
    """How far two delays from the same instant lie apart; elapsed time where their units differ."""
    if last is None or not last.amount:
        return at
    if last.unit is at.unit:
        return Delay(max(at.amount - last.amount, 0), at.unit)
    minutes = (at.approximate_ms() - last.approximate_ms()) // MINUTE
    return Delay(max(minutes, 0), Unit.MIN)


def stretched(gap: Delay, times: float) -> Delay:
    """So many times the gap: whole days where it is in days, at least one, so that the hour of the
    day stays; else minutes."""
    if times == 1 or not gap.amount:
        return gap
    if gap.unit in (Unit.D, Unit.WD):
        return Delay(max(int(gap.amount * times + 0.5), 1), gap.unit)
    return Delay(int(gap.approximate_ms() * times + 0.5) // MINUTE, Unit.MIN)
