"""What moves or ends a running enrolment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.decisions.codes import Code
from app.decisions.dates import FIELD
from app.decisions.ending import follow
from app.decisions.event_counting import COUNTED, names_it
from app.decisions.exits import stop_reason
from app.decisions.flow import has_flow, noticed
from app.decisions.placing import PREVIOUS, plan
from app.decisions.redating import redate
from app.decisions.walking import walk
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    Action,
    Decision,
    EndEnrolment,
    EnrolmentView,
    PlannedTouch,
    PlanTouches,
)
from app.model.flow import Passage
from app.model.playbook import Step, When
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, SignalKind, StopReason

_STEP_OVER = frozenset(
    {SignalKind.TASK_COMPLETED, SignalKind.TASK_DELETED, SignalKind.SEQUENCE_ENDED}
)


def advance(
    enrolment: EnrolmentView,
    event: Signal,
    subject: SubjectView,
    calendar: WorkCalendar,
    now: Business,
) -> Decision:
    """What a signal does to a running enrolment: goal first, then exits, then the next step.

    subject: as re-read, after the signal. A completed or deleted task is named by
    `event.data["enrolment"]` and `event.data["step"]`; the view may or may not count it as
    finished already. The signal that started the enrolment never ends it.
    """
    if enrolment.state is EnrolmentState.ENDED or event.cause == enrolment.anchor:
        return Decision()
    if reaches_goal(enrolment, event):
        return _end(enrolment, StopReason.GOAL, event, calendar, now, goal=True)
    reason = stop_reason(enrolment, event, subject)
    if reason is not None:
        return _end(enrolment, reason, event, calendar, now)
    over = event.data.get("step") if event.data.get("enrolment") == enrolment.id else None
    seen = noticed(enrolment, event, subject)
    if event.kind in _STEP_OVER and over is not None:
        return progress(
            enrolment, subject, calendar, now, done=str(over), done_at=event.at, seen=seen
        )
    moved = Decision()
    if event.kind is SignalKind.FIELD_CHANGED:
        moved = redate(enrolment, event, subject, calendar, now)
    if seen is None or any(isinstance(one, EndEnrolment) for one in moved.actions):
        return moved
    placed = {
        touch.step.id
        for one in moved.actions
        if isinstance(one, PlanTouches)
        for touch in one.touches
    }
    enrolment = replace(enrolment, planned=enrolment.planned | placed)
    return _joined(moved, progress(enrolment, subject, calendar, now, seen=seen))


def _joined(*made: Decision) -> Decision:
    return Decision(
        tuple(action for one in made for action in one.actions),
        tuple(line for one in made for line in one.explanations),
    )


def reaches_goal(enrolment: EnrolmentView, event: Signal) -> bool:
    """Whether the signal is the sequence's goal.

    A CRM reports a won deal as a stage entry and as a closing, in either order; a goal that names
    the stage is met by both, else the closing would end it as lost effort when it comes first.
    """
    goal = enrolment.sequence.goal if enrolment.sequence else None
    if goal is None or event.at < enrolment.anchor_at:
        return False
    return _names(goal, event)


def _names(when: When, event: Signal) -> bool:
    if when.replies:
        said = event.kind is SignalKind.REPLY_CLASSIFIED
        return said and event.data.get("class") in when.replies
    if when.kind in COUNTED:
        return names_it(when, event)
    same = event.kind is when.kind or (
        when.kind is SignalKind.STAGE_ENTERED
        and event.kind is SignalKind.CLOSED
        and bool(when.stages)
    )
    return same and (not when.stages or event.stage in when.stages)


def progress(
    enrolment: EnrolmentView,
    subject: SubjectView,
    calendar: WorkCalendar,
    now: Business,
    *,
    done: str | None = None,
    done_at: Business | None = None,
    seen: Mapping[str, Passage] | None = None,
) -> Decision:
    """Plan what waited for a step that is over, or finish the enrolment when nothing is left.

    Called for a completed or deleted task, and for a touch that the guard dropped (then `done` is
    its step and `done_at` the instant of dropping). A deleted or dropped step counts as over: the
    next one follows, because a rep who deletes one task has not asked for silence. For a sequence
    with control steps also called when one may have something to decide.
    """
    if enrolment.state is not EnrolmentState.ACTIVE:
        return Decision()
    finished = enrolment.finished | {done} if done else enrolment.finished
    at = done_at or enrolment.last_done_at or now
    if has_flow(enrolment):
        return _go_on(enrolment, subject, calendar, now, finished, done_at, seen)
    touches: list[PlannedTouch] = []
    waiting = False
    for index, step in enumerate(enrolment.steps):
        if step.id in finished:
            continue
        if step.id in enrolment.planned:
            waiting = True
        elif step.anchor == PREVIOUS:
            waiting = True
            if index and _over(enrolment.steps[index - 1], finished, enrolment.planned):
                touches.extend(_next(enrolment.id, step, at, calendar, now))
    if touches:
        steps = [touch.step.id for touch in touches]
        why = enrolment.told("planned", Code.STEP_PLANNED, now, {"steps": steps})
        return Decision((PlanTouches(enrolment.id, enrolment.subject, tuple(touches)),), (why,))
    return Decision() if waiting else finish(enrolment, enrolment.steps, at, calendar, now)


def _go_on(
    enrolment: EnrolmentView,
    subject: SubjectView,
    calendar: WorkCalendar,
    now: Business,
    finished: frozenset[str],
    done_at: Business | None,
    seen: Mapping[str, Passage] | None,
) -> Decision:
    if enrolment.mode is Mode.SHADOW:
        return Decision()
    way = walk(
        enrolment, subject, calendar, now, finished=finished, done_at=done_at, seen=seen
    )
    made = way.decision(enrolment, now)
    if not way.finished:
        return made
    at = done_at or enrolment.last_done_at or now
    return _joined(made, finish(enrolment, way.steps, at, calendar, now))


def _over(step: Step, finished: frozenset[str], planned: frozenset[str]) -> bool:
    """A step on an unknown date was never placed and holds nobody up."""
    return step.id in finished or (step.anchor.startswith(FIELD) and step.id not in planned)


def _next(
    enrolment: str, step: Step, done_at: Business, calendar: WorkCalendar, now: Business
) -> tuple[PlannedTouch, ...]:
    """The step alone is first in its list, so it counts from when the one before it was done."""
    return plan(done_at, (step,), calendar, now, enrolment)


def finish(
    enrolment: EnrolmentView,
    steps: Sequence[Step],
    at: Business,
    calendar: WorkCalendar,
    now: Business,
) -> Decision:
    """The end of an enrolment of which nothing is left. steps: those on the way that was taken."""
    on_way = replace(enrolment, steps=tuple(steps))
    after, again_at, lines = follow(on_way, StopReason.FINISHED, at, calendar, now)
    end = EndEnrolment(
        enrolment.id, enrolment.subject, StopReason.FINISHED, now, recycle_at=again_at
    )
    values = {"steps": len(steps), "recycle_at": again_at}
    why = enrolment.told("ended", StopReason.FINISHED.value, now, values)
    return Decision((end, *after), (why, *lines))


def became_deal(enrolment: EnrolmentView, deal: int, now: Business) -> Decision:
    """What happens to a contact's or lead's enrolment when it becomes a deal.

    A sequence that says `on_deal: move` goes on about the deal under its old id; the caller moves
    it. Everything else ends: the deal's own rules take over.
    """
    if enrolment.sequence is not None and enrolment.sequence.on_deal == "move":
        why = enrolment.told("moved", Code.MOVES_TO_DEAL, now, {"deal": deal})
        return Decision((), (why,))
    end = EndEnrolment(enrolment.id, enrolment.subject, StopReason.BECAME_DEAL, now)
    why = enrolment.told("ended", StopReason.BECAME_DEAL.value, now, {"deal": deal})
    return Decision((end,), (why,))


def _end(
    enrolment: EnrolmentView,
    reason: StopReason,
    event: Signal,
    calendar: WorkCalendar,
    now: Business,
    goal: bool = False,
) -> Decision:
    after, again_at, lines = follow(enrolment, reason, event.at, calendar, now)
    end: Action = EndEnrolment(enrolment.id, enrolment.subject, reason, now, goal, again_at)
    values = {"cause": event.cause, "signal": event.kind.value, "signal_at": event.at}
    if event.kind is SignalKind.COLLEAGUE:
        values |= {key: event.data[key] for key in ("said", "record")}
    why = enrolment.told("ended", reason.value, now, values)
    return Decision((end, *after), (why, *lines))
