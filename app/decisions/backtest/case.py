"""One record during a replay: how it stood at an instant, and what runs for it then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.decisions.beside import outranks
from app.decisions.context import RuleContext
from app.decisions.ending import ANCHOR
from app.decisions.flow import has_flow
from app.decisions.guard.rep_budget_and_merge import same_words
from app.decisions.sequences import progress
from app.model.backtest import History, Owed, Terms
from app.model.calendar import WorkCalendar
from app.model.decisions import Decision, EnrolmentView, PlannedTouch, StartEnrolment
from app.model.engagement import by_person, counted
from app.model.flow import Passage
from app.model.playbook import ActiveRule, Step
from app.model.record import changer
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import HOUR, Business
from app.model.vocabulary import (
    ACTIVITY,
    ENGAGEMENT,
    Channel,
    Momentum,
    Outcome,
    SignalKind,
    StageKind,
    TouchState,
)

_staged = changer(SubjectView, "stage_id", "stage_kind", "stage_entered_at")
_active = changer(SubjectView, "last_activity_at")
_replied = changer(SubjectView, "last_reply_at")
_met = changer(SubjectView, "last_meeting_at")
_tempered = changer(SubjectView, "momentum", "momentum_at")
_booked = changer(SubjectView, "next_meeting_at")
_progressed = changer(EnrolmentView, "planned", "finished", "last_done_at")
_way = changer(EnrolmentView, "touches", "passages")


def unlived(subject: SubjectView) -> SubjectView:
    """The record before anything happened to it: what has a history is empty, the rest stands."""
    return replace(
        subject,
        stage_id=None,
        stage_kind=StageKind.IGNORED,
        stage_entered_at=None,
        last_activity_at=None,
        last_reply_at=None,
        last_meeting_at=None,
        next_meeting_at=None,
        control="run",
        pause_until=None,
        momentum=Momentum.WARM.value,
        momentum_at=None,
    )


def tempered(view: SubjectView, momentum: str, now: Business) -> SubjectView:
    """The record with another momentum from now on."""
    return _tempered(view, momentum, now)


def lived(view: SubjectView, signal: Signal) -> SubjectView:
    """The record after a fact about it, as reading it again would show."""
    kind, at = signal.kind, signal.at
    if kind is SignalKind.STAGE_ENTERED:
        return _staged(view, signal.data["stage_id"], signal.stage or StageKind.IGNORED, at)
    if kind is SignalKind.REPLIED:
        view = _replied(view, at)
    elif kind is SignalKind.MEETING_HELD:
        view = _met(view, at)
    elif kind is SignalKind.MEETING_BOOKED:
        view = _booked(view, signal.data.get("start_at"))
    return _active(view, at) if kind in ACTIVITY else view


def happenings(histories: Sequence[History], terms: Terms) -> Sequence[tuple[int, int, int]]:
    """(instant, record, place among its facts) of all that happened in the span, in order."""
    return sorted(
        (signal.at, index, place)
        for index, history in enumerate(histories)
        for place, signal in enumerate(history.facts)
        if terms.since <= signal.at <= terms.until
    )


@dataclass(slots=True)
class Run:
    """An enrolment, or the firing of a rule's own tasks, while it goes on."""

    begun: StartEnrolment
    view: EnrolmentView
    owed: list[Owed] = field(default_factory=list[Owed])
    steps: dict[str, Step] = field(default_factory=dict[str, Step])

    @property
    def rule(self) -> ActiveRule:
        return self.begun.rule

    @property
    def is_firing(self) -> bool:
        return self.begun.sequence is None

    def add(self, touches: Iterable[PlannedTouch], crm_id: str, now: Business) -> list[Owed]:
        """Steps that are planned now."""
        made = [self._owed(touch, crm_id, now) for touch in touches]
        self.owed.extend(made)
        self.steps.update((touch.step.id, touch.step) for touch in touches)
        self._note(planned=self.view.planned | {one.step for one in made})
        return made

    def over(self, step: str, now: Business, *, dropped: bool = False) -> None:
        """A step was done, or dropped."""
        self._note(finished=self.view.finished | {step}, last_done_at=now)
        if has_flow(self.view):
            state = TouchState.DROPPED if dropped else TouchState.PERFORMED
            row = {
                "step": step, "occurrence": 0, "state": state.value,
                "outcome": None if dropped else Outcome.COMPLETED.value, "outcome_at": now,
            }  # fmt: skip
            self.view = _way(self.view, (*self.view.touches, row), self.view.passages)

    def note(self, noted: Iterable[Passage]) -> None:
        """What is known of control steps from now on."""
        known = {**self.view.passages, **{passage.step: passage for passage in noted}}
        self.view = _way(self.view, self.view.touches, known)

    def _note(self, **changed: Any) -> None:
        view = self.view
        self.view = _progressed(
            view,
            changed.get("planned", view.planned),
            changed.get("finished", view.finished),
            changed.get("last_done_at", view.last_done_at),
        )

    def _owed(self, touch: PlannedTouch, crm_id: str, now: Business) -> Owed:
        begun = self.begun
        return Owed(
            id=touch.id,
            enrolment=begun.id,
            subject=begun.subject,
            crm_id=crm_id,
            rule=begun.rule.rule.key,
            definition=begun.definition,
            step=touch.step.id,
            channel=touch.step.channel,
            owner_id=None,
            contact=begun.contact,
            owed_at=touch.owed_at,
            due_at=touch.due_at,
            write_at=touch.write_at,
            planned_at=now,
        )


@dataclass(slots=True)
class Case:
    """One record. armed: rule key → (due, data), its one timer. waiting: steps behind an open task.

    open: tasks that stand and are not done. fired: (rule, anchor) it was acted on.
    """

    view: SubjectView
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    past: dict[str, frozenset[str]] = field(default_factory=dict[str, "frozenset[str]"])
    firings: dict[str, int] = field(default_factory=dict[str, int])
    last_fired: dict[str, Business] = field(default_factory=dict[str, Business])
    armed: dict[str, tuple[Business, dict[str, Any]]] = field(
        default_factory=dict[str, "tuple[Business, dict[str, Any]]"]
    )
    recent: list[tuple[str, Business]] = field(default_factory=list[tuple[str, Business]])
    holds: dict[str, Business | None] = field(default_factory=dict[str, "Business | None"])
    waiting: list[Owed] = field(default_factory=list[Owed])
    open: list[Owed] = field(default_factory=list[Owed])
    fired: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    completed_at: Business | None = None
    last_ended: dict[str, Business] = field(default_factory=dict[str, Business])
    engaged: list[tuple[int, str | None]] = field(
        default_factory=list[tuple[int, "str | None"]]
    )

    def live(self, signal: Signal) -> None:
        """A fact about it has come."""
        self.view = lived(self.view, signal)
        if signal.kind in ENGAGEMENT:
            self.engaged.append((signal.at, signal.contact))

    def remember(self, definition: str, rule: str, anchor: str, now: Business) -> None:
        """A firing, as `RuleContext` shows the past."""
        self.past[definition] = self.past.get(definition, frozenset()) | {anchor}
        if not anchor.startswith(ANCHOR):
            self.firings[rule] = self.firings.get(rule, 0) + 1
            self.last_fired[rule] = now
        self.recent.append((rule, now))

    def runs_firing(self, task: Owed) -> bool:
        """Whether a task is one of a rule's own, which counts from its due time only."""
        run = self.runs.get(task.enrolment)
        return run is not None and run.is_firing

    def twin(self, run: Run, one: Owed) -> str | None:
        """The open task by which a rule asked the same before."""
        if not run.is_firing:
            return None
        step = run.steps[one.step]
        for task in self.open:
            if task.enrolment == one.enrolment or not self.runs_firing(task):
                continue
            theirs = self.runs[task.enrolment].steps[task.step]
            if same_words(one.definition, step, task.definition, theirs):
                return task.id
        return None

    def seen(self) -> dict[SignalKind, Business]:
        """When something last came whose absence a rule may wait for."""
        known = {
            SignalKind.REP_ACTIVITY: self.view.last_activity_at,
            SignalKind.STAGE_ENTERED: self.view.stage_entered_at,
            SignalKind.TASK_COMPLETED: self.completed_at,
        }
        return {kind: at for kind, at in known.items() if at is not None}


def outranked(case: Case, run: Run) -> tuple[str, int] | None:
    """The highest sequence that runs for the record and goes before this one."""
    own = run.begun.sequence
    found = [
        (sequence.priority or 0, other.begun.definition)
        for other in case.runs.values()
        if (sequence := other.begun.sequence) is not None
        and own is not None
        and outranks(sequence, own)
    ]
    if not found:
        return None
    priority, definition = max(found)
    return definition, priority


def done_signal(case: Case, one: Owed, now: Business) -> Signal:
    """A step that counts as done, by a rep or by the CRM."""
    native = one.channel is Channel.NATIVE
    return Signal(
        SignalKind.SEQUENCE_ENDED if native else SignalKind.TASK_COMPLETED,
        case.view.id,
        now,
        f"task:{one.id}",
        contact=one.contact,
        data={"enrolment": one.enrolment, "step": one.step},
    )


def progressed(case: Case, run: Run, step: str, terms: Terms, now: Business) -> Decision:
    """What follows a step that is over without anybody having done it."""
    calendar, view = ground(case, terms, now)
    return progress(run.view, view, calendar, now, done=step, done_at=now)


def calendar_of(case: Case, terms: Terms, now: Business) -> WorkCalendar:
    """The working time of whoever does the record's work."""
    return terms.calendar(case.view.owner_id or terms.default_owner, now)


def view_at(case: Case, terms: Terms, now: Business) -> SubjectView:
    """The record with how often its people did something lately, where anything asks."""
    days = terms.engagement_days
    if not days:
        return case.view
    often = counted((at for at, _ in case.engaged), days, now)
    return replace(case.view, engagement=often, engaged_by=by_person(case.engaged, days, now))


def ground(case: Case, terms: Terms, now: Business) -> tuple[WorkCalendar, SubjectView]:
    """What a running enrolment is decided on beside itself."""
    return calendar_of(case, terms, now), view_at(case, terms, now)


def context_of(
    case: Case, terms: Terms, recent_firings: Mapping[str, int], now: Business
) -> RuleContext:
    """What the rules may read about the record at this instant."""
    view = view_at(case, terms, now)
    owner = terms.people.get(view.owner_id or "")
    recent: dict[str, int] = {}
    if case.recent:
        case.recent = [one for one in case.recent if one[1] > now - HOUR]
        for rule, _ in case.recent:
            recent[rule] = recent.get(rule, 0) + 1
    return RuleContext(
        installation_key=terms.installation_key,
        subject=view,
        rules=terms.rules,
        calendar=calendar_of(case, terms, now),
        running=[run.view for run in case.runs.values()],
        past=case.past,
        firings=case.firings,
        last_fired=case.last_fired,
        last_ended=case.last_ended,
        armed=frozenset(case.armed),
        roles=terms.roles,
        owner_team=owner.team if owner else None,
        followed=terms.followed,
        seen=case.seen(),
        recent_firings=recent_firings,
        recent_for_subject=recent,
    )


def add(counts: dict[str, int], key: str) -> None:
    """One more of it."""
    counts[key] = counts.get(key, 0) + 1
