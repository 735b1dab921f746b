"""A running enrolment goes by another version of its playbook: what stays, moves, comes and goes.

Steps are known by their ids. What is over stays over, whatever the version says of it: the ids of
touches come of enrolment, step and occurrence, so nothing can be done twice. A step that a former
move took out, or left out, may come back with a later one, under its next occurrence.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.decisions.codes import Code
from app.decisions.comparing import Comparison, in_crm
from app.decisions.redating import is_open, latest_of
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    ChangeVersion,
    Decision,
    EndEnrolment,
    EnrolmentView,
    Explanation,
)
from app.model.migration import Migration, StepChange, StepFate, Target
from app.model.records import SubjectView
from app.model.time import Business
from app.model.vocabulary import DUTY_STEPS, EnrolmentState, Mode, NewSteps, StopReason


def migrate(
    enrolment: EnrolmentView,
    target: Target,
    new_steps: NewSteps,
    subject: SubjectView,
    calendar: WorkCalendar,
    now: Business,
    who: str,
) -> Migration:
    """What the move does to the enrolment: for the preview and for the deed alike.

    new_steps: whether it gets the steps that its own version does not have.
    """
    if not target.steps:
        return _gone(enrolment, target, now, who)
    change = ChangeVersion(enrolment.id, enrolment.subject, target.version)
    begun = enrolment.state is EnrolmentState.ACTIVE and enrolment.mode is not Mode.SHADOW
    if not begun:
        # It has no touches: those of the new version are planned when it begins.
        changes = tuple(StepChange(step.id, StepFate.WAITS) for step in target.steps)
        line = _explain(enrolment, target, changes, now, who)
        return Migration(enrolment.id, changes, Decision((change,), (line,)))
    found = Comparison(enrolment, target, new_steps, subject, calendar, now)
    actions, after = found.actions()
    changes = found.changes(actions)
    line = _explain(enrolment, target, changes, now, who)
    ends = next((a.reason for a in actions if isinstance(a, EndEnrolment)), None)
    decision = Decision((change, *actions), (line, *after))
    return Migration(enrolment.id, changes, decision, ends)


def _gone(enrolment: EnrolmentView, target: Target, now: Business, who: str) -> Migration:
    reason = StopReason.SEQUENCE_GONE
    end = EndEnrolment(enrolment.id, enrolment.subject, reason, now)
    values = {"version": target.number, "definition": enrolment.definition, "who": who}
    line = enrolment.told("ended", reason.value, now, values)
    changes = tuple(
        StepChange(
            row["step"],
            StepFate.LEFT if row.get("edited") else StepFate.REMOVED,
            row.get("due_at"),
            in_crm=in_crm(row),
        )
        for row in latest_of(enrolment.touches).values()
        if is_open(row) and row["step"] not in DUTY_STEPS
    )
    return Migration(enrolment.id, changes, Decision((end,), (line,)), reason)


def _explain(
    enrolment: EnrolmentView,
    target: Target,
    changes: Sequence[StepChange],
    now: Business,
    who: str,
) -> Explanation:
    values = {
        "who": who,
        "was": target.was,
        "version": target.number,
        "steps": {one.step: one.fate.value for one in changes},
        "due": {one.step: one.due_at for one in changes if one.due_at is not None},
    }
    return enrolment.told("migrated", Code.MIGRATED, now, values)
