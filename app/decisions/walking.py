"""The way of an enrolment through a sequence with control steps.

The way is walked anew from its beginning whenever something may move it: what was passed before is
remembered as passages, so walking twice decides nothing twice. Control steps are gates: nothing
behind one is planned before it was passed, and nothing on an arm that was not taken ever is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.decisions.codes import Code
from app.decisions.dates import FIELD, step_anchor
from app.decisions.flow import is_passed, kind_of, name_of, taken, timer_of
from app.decisions.pace import decide_beat
from app.decisions.passing import Passed, Reached, Waits, decide_control
from app.decisions.placing import PREVIOUS, place
from app.decisions.recycling import MOMENTUM
from app.decisions.timing import owed_at
from app.model.calendar import WorkCalendar
from app.model.decisions import (
    Action,
    ArmTimer,
    Decision,
    DisarmTimer,
    EnrolmentView,
    Explanation,
    NotePassages,
    PlannedTouch,
    PlanTouches,
    SetProperty,
)
from app.model.flow import BEAT, Beat, Control, Node, Passage, SetMomentum
from app.model.playbook import Step
from app.model.records import SubjectView
from app.model.time import DAY, Business, Delay


@dataclass(slots=True)
class Way:
    """How far an enrolment comes now. finished: the way is at its end and nothing is open."""

    touches: tuple[PlannedTouch, ...] = ()
    passages: dict[str, Passage] = field(default_factory=dict[str, Passage])
    actions: list[Action] = field(default_factory=list[Action])
    lines: list[Explanation] = field(default_factory=list[Explanation])
    steps: list[Step] = field(default_factory=list[Step])
    finished: bool = False

    def decision(self, enrolment: EnrolmentView, now: Business) -> Decision:
        """The way as what is to be done about a running enrolment."""
        actions, lines = list(self.actions), list(self.lines)
        key, subject = enrolment.id, enrolment.subject
        if self.passages:
            actions.insert(0, NotePassages(key, subject, tuple(self.passages.values())))
        if self.touches:
            actions.append(PlanTouches(key, subject, self.touches))
            values = {"steps": [touch.step.id for touch in self.touches]}
            lines.append(enrolment.told("planned", Code.STEP_REACHED, now, values))
        return Decision(tuple(actions), tuple(lines))


def walk(
    enrolment: EnrolmentView,
    subject: SubjectView,
    calendar: WorkCalendar,
    now: Business,
    *,
    finished: frozenset[str] | None = None,
    done_at: Business | None = None,
    seen: Mapping[str, Passage] | None = None,
) -> Way:
    """Walk as far as it goes. finished: step ids whose touch is over, if the view lags behind;
    done_at: when the last of them was. seen: what is known more of control steps by now."""
    finished = finished or enrolment.finished
    return _Walk(enrolment, subject, calendar, now, finished, done_at, seen or {}).walk()


def clock_of(enrolment: EnrolmentView, now: Business) -> Business:
    """What the time is for control steps: it stands still while the rule is paused."""
    held = enrolment.held_since
    return now if held is None else min(now, held)


class _Walk:
    def __init__(
        self,
        enrolment: EnrolmentView,
        subject: SubjectView,
        calendar: WorkCalendar,
        now: Business,
        finished: frozenset[str],
        done_at: Business | None,
        seen: Mapping[str, Passage],
    ) -> None:
        self._enrolment, self._subject = enrolment, subject
        self._calendar, self._now = calendar, now
        self._clock = clock_of(enrolment, now)
        self._finished = finished
        self._last_done = done_at or enrolment.last_done_at or now
        self._passages = {**enrolment.passages, **seen}
        self._entry_at = enrolment.counts_from or enrolment.anchor_at
        self._ready: list[tuple[Step, Business]] = []
        self._beat: tuple[Business, Delay | None] = (self._entry_at, None)
        self._beats: dict[str, Business] = {}
        self._way = Way()

    def walk(self) -> Way:
        way, open_touch, ended = self._way, False, True
        over: Business | None = self._entry_at
        for node in self._nodes():
            if not taken(node, self._passages):
                continue
            if isinstance(node, Step):
                way.steps.append(node)
                over, is_open = self._touch(node, over)
                open_touch = open_touch or is_open
            elif isinstance(node, Beat):
                if not self._pace(node, over):
                    ended = False
                    break
            else:
                over = self._control(node, over)
                if over is None:
                    ended = False
                    break
        way.touches = place(self._ready, self._calendar, self._now, self._enrolment.id)
        way.passages = {
            key: passage
            for key, passage in self._passages.items()
            if passage != self._enrolment.passages.get(key, Passage(key))
        }
        way.finished = ended and not open_touch
        return way

    def _nodes(self) -> Iterable[Node]:
        sequence = self._enrolment.sequence
        return sequence.nodes if sequence is not None else self._enrolment.steps

    def _touch(self, step: Step, over: Business | None) -> tuple[Business | None, bool]:
        """When it was over (None: not yet), and whether it holds the end of the sequence up."""
        if step.id in self._finished:
            return self._over_at(step), False
        if step.id in self._enrolment.planned:
            return None, True
        if step.id in self._beats:
            self._ready.append((replace(step, at=None), self._beats[step.id]))
            return None, True
        at = self._counts_from(step, over)
        if at is not None:
            self._ready.append((step, at))
            return None, True
        if step.anchor.startswith(FIELD):
            return over, False  # its date is unknown: it holds nobody up
        return None, True

    def _over_at(self, step: Step) -> Business:
        times = [
            row["outcome_at"]
            for row in self._enrolment.touches
            if row["step"] == step.id and row["outcome_at"] is not None
        ]
        return max(times, default=self._last_done)

    def _counts_from(self, node: Node, over: Business | None) -> Business | None:
        if node.anchor == PREVIOUS:
            return over
        if node.anchor == "entry":
            return self._entry_at
        return step_anchor(node.anchor, self._subject.fields, self._calendar.zone)

    def _control(self, node: Control, over: Business | None) -> Business | None:
        """When it was passed; None where the way ends here for now."""
        known = self._passages.get(node.id, Passage(node.id))
        if known.passed_at is not None:
            return known.passed_at
        at_last = self._beats.get(node.id)
        counts_from = at_last or self._counts_from(node, over)
        if counts_from is None:
            counts_from = over  # a date that nobody filled in: its turn is when it is reached
        if counts_from is None:
            return None
        begins = owed_at(counts_from, None if at_last else node.at, self._calendar)
        begins = max(begins, known.from_at or begins)
        known = replace(known, kind=kind_of(node))
        waits = known.begun_at is not None  # then it was put off, and goes on listening
        if begins > self._clock and not waits:
            self._wait(node, replace(known, until_at=begins), Code.STEP_LATER, {"until": begins})
            return None
        at = Reached(
            self._enrolment, self._subject, self._calendar, self._clock, begins,
            over if over is not None else begins, self._entry_at, self._finished,
            self._passages,
        )  # fmt: skip
        made = decide_control(node, at)
        if isinstance(made, Waits):
            known = replace(known, begun_at=begins, until_at=made.until)
            self._wait(node, known, Code.STEP_WAITS, made.values)
            return None
        self._pass(node, known, begins, made)
        return made.at

    def _pace(self, node: Beat, over: Business | None) -> bool:
        """Whether the step behind it has had its turn, or comes now."""
        known = self._passages.get(node.id, Passage(node.id))
        had = is_passed(self._passages.get(node.step))
        if had or node.step in self._finished or node.step in self._enrolment.planned:
            if known.passed_at is not None and node.anchor == BEAT:
                self._beat = (known.passed_at, node.at)
            return True
        since, last = self._beat if node.anchor == BEAT else (over, None)
        if since is None:
            return False
        since = max(since, known.from_at or since)
        if known.passed_at is None:
            known = replace(known, kind=kind_of(node))
            at = Reached(
                self._enrolment, self._subject, self._calendar, self._clock, since, since,
                self._entry_at, self._finished, self._passages,
            )  # fmt: skip
            made = decide_beat(node, at, since, last)
            if isinstance(made, Waits):
                known = replace(known, begun_at=since, until_at=made.until)
                self._wait(node, known, Code.PACED, made.values)
                return False
            self._pass(node, known, since, made)
        at_last = self._passages[node.id].passed_at
        assert at_last is not None
        self._beats[node.step] = at_last
        if node.anchor == BEAT:
            self._beat = (at_last, node.at)
        return True

    def _wait(
        self, node: Control, passage: Passage, code: str, values: Mapping[str, Any]
    ) -> None:
        assert passage.until_at is not None
        one = self._enrolment
        if passage != one.passages.get(node.id):
            told = {"step": name_of(node), **values}
            self._way.lines.append(one.told("waiting", code, self._now, told, positive=False))
        self._passages[node.id] = passage
        look_at = passage.until_at
        if one.held_since is not None and look_at <= self._now:
            look_at = Business(self._now + DAY)  # its time stands still until the rule goes on
        timer = ArmTimer(one.subject, timer_of(one.id), look_at, {"enrolment": one.id})
        self._way.actions.append(timer)

    def _pass(self, node: Control, known: Passage, begins: Business, made: Passed) -> None:
        one = self._enrolment
        stood = one.passages.get(node.id)
        if stood is not None and stood.until_at is not None:
            self._way.actions.append(DisarmTimer(one.subject, timer_of(one.id)))
        self._passages[node.id] = replace(
            known, begun_at=begins, until_at=None, passed_at=made.at, arm=made.arm
        )
        if isinstance(node, SetMomentum):
            self._way.actions.append(
                SetProperty(one.subject, MOMENTUM, node.value.value)
            )
        told = {"step": name_of(node), "arm": made.arm, "skipped": self._skipped(node)}
        told |= made.values
        self._way.lines.append(one.told("passed", made.code, self._now, told))

    def _skipped(self, node: Control) -> list[str]:
        """The steps of the arms that were not taken: they are never planned."""
        arm = self._passages[node.id].arm
        return [
            other.id
            for other in self._nodes()
            if any(control == node.id and way != arm for control, way in other.under)
        ]
