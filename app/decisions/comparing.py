"""A running enrolment beside another version of its steps: what each of them comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.dates import FIELD
from app.decisions.flow import touches_reached
from app.decisions.placing import PREVIOUS, plan
from app.decisions.redating import is_open, latest_of
from app.decisions.sequences import progress
from app.decisions.timing import shift
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    Action,
    Decision,
    EndEnrolment,
    EnrolmentView,
    Explanation,
    LeaveOut,
    MoveTouches,
    PlannedTouch,
    PlanTouches,
    WithdrawTouches,
)
from app.model.ids import touch_id
from app.model.migration import StepChange, StepFate, Target
from app.model.playbook import Step
from app.model.records import SubjectView
from app.model.time import Business, Delay
from app.model.vocabulary import DUTY_STEPS, NewSteps, Outcome, TouchState

Row = Mapping[str, Any]

_OURS = frozenset({Code.STEP_REMOVED, Code.STEP_LEFT_OUT})
"""Reasons of touches that a move ended, and another may bring back."""


def in_crm(row: Row) -> bool:
    """Whether the touch's task stands there, open."""
    return row["state"] == TouchState.PERFORMED.value and row["outcome"] == Outcome.OPEN.value


def _by_us(row: Row) -> bool:
    """Whether an earlier move ended the touch, so that the step may be planned once more."""
    if row.get("wish") == "resolve":
        return row.get("wish_why") in _OURS
    if row["outcome"] == Outcome.RESOLVED.value:
        return row["outcome_why"] in _OURS
    return row["state"] == TouchState.DROPPED.value and row["reason"] in _OURS


def _times(step: Step) -> tuple[Delay | None, str, Delay | None]:
    """What a step's instants are made of."""
    return step.at, step.anchor, step.lead


class Comparison:
    """An enrolment that runs beside the version that it is to go by."""

    def __init__(
        self,
        enrolment: EnrolmentView,
        target: Target,
        new_steps: NewSteps,
        subject: SubjectView,
        calendar: WorkCalendar,
        now: Business,
    ) -> None:
        self._enrolment, self._target = enrolment, target
        self._subject, self._calendar, self._now = subject, calendar, now
        self._was = {step.id: step for step in enrolment.steps}
        self._rows = latest_of(enrolment.touches)
        self._kept = {
            key: row for key, row in self._rows.items() if key in self._was or not _by_us(row)
        }
        self._since = enrolment.counts_from or enrolment.anchor_at
        # What lies behind a control step, or on a way not taken, is not placed by the move: that is
        # the affair of the way, which goes on from where it stands.
        self._steps = touches_reached(
            replace(enrolment, sequence=target.sequence, steps=target.steps)
        )
        own = {touch.step.id: touch.owed_at for touch in self._plan(self._steps)}
        self._past = {step.id for step in self._steps if self._is_past(step, own)}
        self._added = [step for step in self._steps if self._is_new(step)]
        self._left_out = [step for step in self._added if not self._wanted(step, new_steps)]

    def _plan(self, steps: Sequence[Step]) -> tuple[PlannedTouch, ...]:
        one = self._enrolment
        return plan(
            self._since, steps, self._calendar, self._now, one.id,
            at_once=one.sequence is None, fields=self._subject.fields,
        )  # fmt: skip

    def _is_new(self, step: Step) -> bool:
        """Neither planned nor awaited so far: the version so far lacks it, or lost it."""
        return step.id not in self._kept and step.id not in self._was

    def _is_past(self, step: Step, own: Mapping[str, Business]) -> bool:
        """Whether its time has come and gone; of a step that waits for the one before, whether a
        later one has been planned already."""
        steps = self._target.steps
        if step.anchor != PREVIOUS or step is steps[0]:
            return own.get(step.id, self._now) < self._now
        return any(one.id in self._kept for one in steps[steps.index(step) + 1 :])

    def _wanted(self, step: Step, choice: NewSteps) -> bool:
        if choice in (NewSteps.NONE, NewSteps.ALL):
            return choice is NewSteps.ALL
        return (step.id in self._past) is (choice is NewSteps.PAST)

    # --- what is done ------------------------------------------------------------------------

    def actions(self) -> tuple[list[Action], tuple[Explanation, ...]]:
        """Actions in the order in which they are stored, and what they bring about is explained."""
        one = self._enrolment
        made: list[Action] = []
        removed = self._removed()
        if removed:
            ids = tuple(row["id"] for row in removed)
            made.append(WithdrawTouches(one.id, one.subject, ids, Code.STEP_REMOVED, self._now))
        if self._left_out:
            over = tuple(self._over(step) for step in self._left_out)
            made.append(LeaveOut(one.id, one.subject, over, Code.STEP_LEFT_OUT, self._now))
        placed = {touch.step.id: touch for touch in self._plan(self._to_place())}
        moved = [self._moved(placed[key]) for key in placed if key in self._kept]
        if moved:
            made.append(MoveTouches(one.id, one.subject, tuple(moved)))
        new = [self._numbered(touch) for key, touch in placed.items() if key not in self._kept]
        if new:
            made.append(PlanTouches(one.id, one.subject, tuple(new)))
        after = self._follow(new, removed)
        return [*made, *after.actions], after.explanations

    def _removed(self) -> list[Row]:
        there = {step.id for step in self._target.steps}
        return [
            row
            for key, row in self._kept.items()
            if key not in there and key not in DUTY_STEPS and is_open(row)
        ]

    def _over(self, step: Step) -> PlannedTouch:
        now = self._now
        return self._numbered(PlannedTouch("", step, 0, now, now, now))

    def _to_place(self) -> list[Step]:
        """New steps that it gets, and open ones whose time has changed. One that waits for the step
        before is placed when that is over, and one that was placed so stays where it is."""
        first = self._target.steps[0]
        steps: list[Step] = []
        for step in self._steps:
            if step.anchor == PREVIOUS and step is not first:
                continue
            row = self._kept.get(step.id)
            if row is None:
                wanted = step not in self._left_out
                unplaced = step.id in self._was and not step.anchor.startswith(FIELD)
                if wanted and (step in self._added or unplaced):
                    steps.append(step)
            elif is_open(row) and self._changed(step):
                steps.append(step)
        return steps

    def _changed(self, step: Step) -> bool:
        was = self._was.get(step.id)
        return was is not None and _times(was) != _times(step)

    def _moved(self, touch: PlannedTouch) -> PlannedTouch:
        row = self._kept[touch.step.id]
        return replace(touch, id=row["id"], occurrence=row["occurrence"])

    def _numbered(self, touch: PlannedTouch) -> PlannedTouch:
        """Under the occurrence after those that there were."""
        row = self._rows.get(touch.step.id)
        number = 0 if row is None else row["occurrence"] + 1
        key = touch_id(self._enrolment.id, touch.step.id, number)
        return replace(touch, id=key, occurrence=number)

    def _follow(self, new: Sequence[PlannedTouch], removed: Sequence[Row]) -> Decision:
        """What waited for a step that is out of the way now; the end, where nothing is left."""
        over = {step.id for step in self._left_out}
        planned = {*self._kept, *over, *(touch.step.id for touch in new)}
        gone = {key for key in self._rows if key not in self._kept}
        after = replace(
            self._enrolment,
            sequence=self._target.sequence,
            steps=self._target.steps,
            planned=frozenset(planned),
            finished=frozenset((self._enrolment.finished - gone) | over),
        )
        if not (new or removed or over or self._differs(after)):
            return Decision()
        made = progress(after, self._subject, self._calendar, self._now)
        awaits_date = any(s.anchor.startswith(FIELD) and s.id not in planned for s in after.steps)
        if awaits_date and any(isinstance(one, EndEnrolment) for one in made.actions):
            return Decision()
        actions = tuple(
            PlanTouches(one.enrolment, one.subject, tuple(map(self._numbered, one.touches)))
            if isinstance(one, PlanTouches)
            else one
            for one in made.actions
        )
        return replace(made, actions=actions)

    def _differs(self, after: EnrolmentView) -> bool:
        was = self._enrolment
        if after.steps != was.steps or after.sequence is None or was.sequence is None:
            return after.steps != was.steps
        return after.sequence.flow != was.sequence.flow

    # --- what is told ------------------------------------------------------------------------

    def changes(self, actions: Sequence[Action]) -> tuple[StepChange, ...]:
        """Each step's fate: those of the version in their order, then those that it lost."""
        moved: dict[str, PlannedTouch] = {}
        added: dict[str, PlannedTouch] = {}
        for action in actions:
            if isinstance(action, MoveTouches):
                moved.update((touch.step.id, touch) for touch in action.touches)
            elif isinstance(action, PlanTouches):
                added.update((touch.step.id, touch) for touch in action.touches)
        told = [self._change(step, moved.get(step.id), added.get(step.id))
                for step in self._target.steps]  # fmt: skip
        for row in self._removed():
            fate = StepFate.LEFT if row.get("edited") else StepFate.REMOVED
            told.append(StepChange(row["step"], fate, row.get("due_at"), in_crm=in_crm(row)))
        return tuple(told)

    def _change(
        self, step: Step, moved: PlannedTouch | None, added: PlannedTouch | None
    ) -> StepChange:
        row = self._kept.get(step.id)
        if step in self._left_out:
            return StepChange(step.id, StepFate.LEFT_OUT)
        if added is not None:
            return StepChange(step.id, StepFate.ADDED, None, added.due_at, self._late(added))
        if row is None:
            return StepChange(step.id, StepFate.WAITS)
        was, there = row.get("due_at"), in_crm(row)
        if not is_open(row):
            return StepChange(step.id, StepFate.DONE, was)
        if moved is None or moved.due_at == was:
            return StepChange(step.id, StepFate.STAYS, was, was, in_crm=there)
        if row.get("edited"):
            return StepChange(step.id, StepFate.LEFT, was, was, in_crm=there)
        return StepChange(
            step.id, StepFate.MOVES, was, moved.due_at, self._late(moved), in_crm=there
        )

    def _late(self, touch: PlannedTouch) -> bool:
        return touch.due_at != shift(touch.owed_at, self._calendar)
