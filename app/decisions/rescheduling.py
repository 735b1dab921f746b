"""One running follow-up is put off, moved, or goes on elsewhere, because a person says so.

What is over stays over, and a task that a rep edited stays where the rep put it. The new times are
wishes like the old ones: the guard still judges each step when it is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.dates import FIELD
from app.decisions.flow import touches_reached
from app.decisions.redating import is_open, latest_of
from app.decisions.sequences import progress
from app.decisions.timing import owed_at, shift, write_at
from app.decisions.waits import put_off_wait, resume_wait, waits_in, waits_until
from app.decisions.zones import local_day
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    Action,
    CountFrom,
    Decision,
    EnrolmentView,
    Explanation,
    LeaveOut,
    MoveTouches,
    PlannedTouch,
    PlanTouches,
    WithdrawTouches,
)
from app.model.ids import touch_id
from app.model.playbook import Step
from app.model.records import SubjectView
from app.model.rescheduling import By, Change, JumpTo, PauseUntil, Skip, To
from app.model.time import Business, Delay, Unit
from app.model.vocabulary import DUTY_STEPS, EnrolmentState, Mode

Row = Mapping[str, Any]


class RescheduleError(ValueError):
    """It cannot be done; the message names the field and says what can."""


def reschedule(
    enrolment: EnrolmentView,
    change: Change,
    subject: SubjectView,
    calendar: WorkCalendar,
    now: Business,
    who: str,
) -> Decision:
    """The actions that carry out a person's word on one follow-up's times, with the ledger's line.

    Raises RescheduleError where the follow-up does not run, or the word does not fit it.
    """
    if enrolment.state is not EnrolmentState.ACTIVE or enrolment.mode is Mode.SHADOW:
        raise RescheduleError("enrolment: it does not run, so there is nothing to move")
    asked = _Asked(enrolment, calendar, now, who)
    match change:
        case By(delay):
            return asked.moved_by(delay)
        case To(at):
            return asked.moved_to(at)
        case PauseUntil(until):
            return asked.paused(until)
        case Skip(step):
            return asked.without(step, subject)
        case JumpTo(step):
            return asked.jumped(step)


def resume(
    enrolment: EnrolmentView, since: Business, calendar: WorkCalendar, now: Business, who: str
) -> Decision:
    """The time since `since`, in which the follow-up's rule was paused, does not count.

    What was due before stays due then: its late policy applies. What was planned during the pause
    moves by what it has waited.
    """
    if enrolment.state is not EnrolmentState.ACTIVE or enrolment.mode is Mode.SHADOW:
        return Decision()
    return _Asked(enrolment, calendar, now, who).resumed(since)


class _Asked:
    """A follow-up, and the steps of it that are still to come, in the order in which they fall due.
    """

    def __init__(
        self, enrolment: EnrolmentView, calendar: WorkCalendar, now: Business, who: str
    ) -> None:
        self._one, self._calendar, self._now, self._who = enrolment, calendar, now, who
        self._steps = {step.id: step for step in touches_reached(enrolment)}
        self._rows = latest_of(enrolment.touches)
        open_ = [
            row
            for key, row in self._rows.items()
            if key in self._steps and key not in DUTY_STEPS and is_open(row)
            and not row["edited"] and row["wish"] != "resolve"
        ]  # fmt: skip
        self._open = sorted(open_, key=lambda row: (row["due_at"], row["step"]))

    # --- all of it ---------------------------------------------------------------------------

    def moved_by(self, delay: Delay) -> Decision:
        if delay.amount < 1:
            raise RescheduleError(f"by: {delay} is no time; write one such as 3d")
        waits = put_off_wait(self._one, delay, self._calendar)
        moved = self._later(self._all(waits), delay)
        return self._move(moved, Code.RESCHEDULED, delay, waits=waits)

    def moved_to(self, at: Business) -> Decision:
        if at < self._now:
            raise RescheduleError("to: it lies in the past; give a time to come")
        rows, stood = self._open, waits_until(self._one)
        if not rows and stood is not None:
            if at < stood:
                raise RescheduleError(
                    "to: it waits, and a wait can be put off, not cut short; give a later time"
                )
            delay = self._days(stood, at)
            waits = put_off_wait(self._one, delay, self._calendar, at)
            return self._move([], Code.RESCHEDULED, delay, waits=waits)
        rows = self._all()
        delay = self._days(rows[0]["due_at"], at)
        first, *later = self._later(rows, delay)
        waits = put_off_wait(self._one, delay, self._calendar) if delay.amount > 0 else ()
        moved = [self._at(rows[0], first, at), *later]
        return self._move(moved, Code.RESCHEDULED, delay, waits=waits)

    def paused(self, until: Business) -> Decision:
        if until <= self._now:
            raise RescheduleError("pause_until: it lies in the past; give a time to come")
        delay = self._days(self._now, until)
        waits = put_off_wait(self._one, delay, self._calendar, until)
        rows = self._all(waits)
        moved = [
            touch if touch.due_at >= until else self._at(row, touch, until)
            for row, touch in zip(rows, self._later(rows, delay), strict=True)
        ]
        return self._move(moved, Code.PUT_OFF_UNTIL, delay, {"until": until}, waits)

    def resumed(self, since: Business) -> Decision:
        moved: list[PlannedTouch] = []
        for row in self._open:
            delay = self._days(max(since, row["planned_at"]), self._now)
            if row["due_at"] >= since and delay.amount:
                moved += self._later([row], delay)
        whole = self._days(max(since, self._one.started_at), self._now)
        waits = resume_wait(self._one, since, self._calendar, self._now)
        if not moved and not waits:
            return Decision()
        return self._move(moved, Code.RULE_RESUMED, whole, waits=waits)

    def _all(self, waits: Sequence[Action] = ()) -> Sequence[Row]:
        if not self._open and not waits:
            if waits_until(self._one) is not None:
                raise RescheduleError(
                    "enrolment: it waits for a date of the record, so change that in the CRM"
                )
            raise RescheduleError(
                "enrolment: no step of it is planned, open or waiting for its time; steps that "
                "wait for the one before follow when that is done, and a task that a rep edited "
                "stays theirs"
            )
        return self._open

    def _days(self, since: int, until: int) -> Delay:
        zone = self._calendar.zone
        return Delay(local_day(Business(until), zone) - local_day(Business(since), zone), Unit.D)

    def _later(self, rows: Sequence[Row], delay: Delay) -> list[PlannedTouch]:
        """The touches after a delay, counted from their unshifted instant where only working hours
        have moved them. Of a step that counts from a date of the record, what it is owed by stays,
        or the guard would take the date for moved."""
        calendar, found = self._calendar, list[PlannedTouch]()
        for row in rows:
            step = self._steps[row["step"]]
            plain = shift(row["owed_at"], calendar) == row["due_at"]
            counted = row["owed_at"] if plain else row["due_at"]
            due = shift(owed_at(counted, delay, calendar), calendar)
            dated = step.anchor.startswith(FIELD)
            owed = row["owed_at"] if dated else owed_at(row["owed_at"], delay, calendar)
            found.append(self._touch(row, step, owed, due))
        return found

    def _at(self, row: Row, touch: PlannedTouch, at: Business) -> PlannedTouch:
        return self._touch(row, touch.step, touch.owed_at, shift(at, self._calendar))

    def _touch(self, row: Row, step: Step, owed: Business, due: Business) -> PlannedTouch:
        written = write_at(due, step.lead, self._calendar)
        return PlannedTouch(row["id"], step, row["occurrence"], owed, due, written)

    def _move(
        self,
        moved: Sequence[PlannedTouch],
        code: str,
        delay: Delay,
        more: Mapping[str, Any] | None = None,
        waits: Sequence[Action] = (),
    ) -> Decision:
        one = self._one
        since = owed_at(one.counts_from or one.anchor_at, delay, self._calendar)
        actions = (
            *((MoveTouches(one.id, one.subject, tuple(moved)),) if moved else ()),
            CountFrom(one.id, one.subject, since),
            *waits,
        )
        due = {touch.step.id: touch.due_at for touch in moved} | waits_in(waits)
        line = self._line(code, {"steps": list(due), "due": due, **(more or {})})
        return Decision(actions, (line,))

    # --- single steps ------------------------------------------------------------------------

    def without(self, step: str, subject: SubjectView) -> Decision:
        self._ahead(step)
        actions = self._left_out([self._steps[step]])
        after = progress(self._after([step]), subject, self._calendar, self._now)
        line = self._line(Code.SKIPPED, {"steps": [step]})
        return Decision((*actions, *after.actions), (line, *after.explanations))

    def jumped(self, step: str) -> Decision:
        self._ahead(step)
        order = list(self._steps)
        before = [
            self._steps[key] for key in order[: order.index(step)] if self._is_ahead(key)
        ]
        due = shift(self._now, self._calendar)
        row = self._rows.get(step)
        actions = self._left_out(before)
        one, at_once = self._one, self._steps[step]
        if row is None:
            number = PlannedTouch(touch_id(one.id, step), at_once, 0, self._now, due, self._now)
            actions.append(PlanTouches(one.id, one.subject, (number,)))
        else:
            delay = self._days(row["due_at"], due)
            later = [r for r in self._open if r["due_at"] > row["due_at"]
                     and r["step"] not in {s.id for s in before}]  # fmt: skip
            moved = [replace(self._touch(row, at_once, self._now, due), write_at=self._now)]
            moved += self._later(later, delay)
            actions.append(MoveTouches(one.id, one.subject, tuple(moved)))
            since = owed_at(one.counts_from or one.anchor_at, delay, self._calendar)
            actions.append(CountFrom(one.id, one.subject, since))
        values = {"step": step, "steps": [s.id for s in before], "due": {step: due}}
        return Decision(tuple(actions), (self._line(Code.JUMPED, values),))

    def _is_ahead(self, step: str) -> bool:
        row = self._rows.get(step)
        return row is None or row in self._open

    def _ahead(self, step: str) -> None:
        """Raises RescheduleError for a step that is not there, or not to come any more."""
        if step not in self._steps:
            known = ", ".join(self._steps)
            raise RescheduleError(f"step: there is no {step!r}; there are {known}")
        if not self._is_ahead(step):
            raise RescheduleError(
                f"step: {step!r} is over, under way, or a task that a rep made theirs"
            )

    def _left_out(self, steps: Sequence[Step]) -> list[Action]:
        one, now, made = self._one, self._now, list[Action]()
        planned = tuple(self._rows[s.id]["id"] for s in steps if s.id in self._rows)
        if planned:
            made.append(WithdrawTouches(one.id, one.subject, planned, Code.SKIPPED, now))
        never = tuple(
            PlannedTouch(touch_id(one.id, step.id), step, 0, now, now, now)
            for step in steps
            if step.id not in self._rows
        )
        if never:
            made.append(LeaveOut(one.id, one.subject, never, Code.SKIPPED, now))
        return made

    def _after(self, skipped: Sequence[str]) -> EnrolmentView:
        over = frozenset(skipped)
        return replace(
            self._one, planned=self._one.planned | over, finished=self._one.finished | over
        )

    def _line(self, code: str, values: Mapping[str, Any]) -> Explanation:
        told = {"who": self._who, **values}
        return self._one.told("rescheduled", code, self._now, told)
