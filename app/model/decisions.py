"""What decisions answer: actions to apply, verdicts on touches, and the reasons for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.model.flow import Passage
from app.model.going_on import ChangeVersion as ChangeVersion
from app.model.going_on import CountFrom as CountFrom
from app.model.going_on import NotePassages as NotePassages
from app.model.holding import HoldContact, HoldSubject, LiftHolds, SuppressContact
from app.model.playbook import ActiveRule, Sequence, Step
from app.model.record import record
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason


@record
class Explanation:
    """One line of the ledger: a verdict on (subject, rule or touch) with the values it rests on.

    code: stable word such as `enrolled`, `condition_false`, `settling`, `control_stop`; the text
    is made from it when somebody reads it. positive: an effect follows.
    """

    subject: int
    scope: str  # `rule:<key>` or `touch:<id>` or `enrolment:<id>`
    verdict: str
    code: str
    at: Business
    positive: bool = False
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


@record
class PlannedTouch:
    """A touch that is decided but not done.

    owed_at: the unshifted instant, at which the subject must still qualify.
    due_at: shifted into working hours; the task's due time. write_at: when to create the task.
    """

    id: str
    step: Step
    occurrence: int
    owed_at: Business
    due_at: Business
    write_at: Business


@record
class StartEnrolment:
    """Enrol a subject in a sequence, or record a rule's firing of `create_tasks`.

    definition: `playbook/sequence` or `playbook/rule`. anchor_at: what delays count from.
    state: active, or proposed, backlog, approval. contact None: a task asks for the choice.
    """

    id: str
    subject: int
    rule: ActiveRule
    definition: str
    sequence: Sequence | None
    steps: tuple[Step, ...]
    anchor: str
    anchor_at: Business
    started_at: Business
    contact: str | None
    choice: str
    state: EnrolmentState
    mode: Mode
    touches: tuple[PlannedTouch, ...]
    anchor_stage: str | None = None  # stage id whose leaving ends it; None: no stage does
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class EndEnrolment:
    """Stop an enrolment: open touches are dropped, untouched tasks resolved."""

    enrolment: str
    subject: int
    reason: StopReason
    at: Business
    goal: bool = False
    recycle_at: Business | None = None


@dataclass(frozen=True, slots=True)
class PlanTouches:
    """More touches of a running enrolment (a step anchored on `previous_done`)."""

    enrolment: str
    subject: int
    touches: tuple[PlannedTouch, ...]


@dataclass(frozen=True, slots=True)
class MoveTouches:
    """Touches that stand, by their ids, with other instants: their date has moved.

    A task already in the CRM gets its new due time only while nobody has touched it. anew: they are
    decided anew with that, so an answer from before does not speak against them.
    """

    enrolment: str
    subject: int
    touches: tuple[PlannedTouch, ...]
    anew: bool = False


@dataclass(frozen=True, slots=True)
class WithdrawTouches:
    """Touches, by id, whose reason is gone while their enrolment goes on."""

    enrolment: str
    subject: int
    touches: tuple[str, ...]
    reason: str
    at: Business


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Steps that are over without ever having been planned, each with the reason on its touch."""

    enrolment: str
    subject: int
    touches: tuple[PlannedTouch, ...]
    reason: str
    at: Business


@dataclass(frozen=True, slots=True)
class ArmTimer:
    """Set the one timer of (subject, rule). data travels with it, such as the settling signal."""

    subject: int
    rule: str
    due_at: Business
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DisarmTimer:
    subject: int
    rule: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell a person inside the product and in the day's digest; never a touch."""

    id: str  # derived, so that deciding twice tells once
    subject: int
    who: str  # owner, manager, admin
    rule: str
    template: str
    at: Business


@dataclass(frozen=True, slots=True)
class SetProperty:
    subject: int
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class ResumeEnrolment:
    """An enrolment that ended by a reply goes on: the reply turned out to be no end.

    touches: new touches of its steps that the end took away.
    """

    enrolment: str
    subject: int
    touches: tuple[PlannedTouch, ...]


@dataclass(frozen=True, slots=True)
class ReassignTasks:
    subject: int
    to: str


@dataclass(frozen=True, slots=True)
class ChooseContact:
    """Running enrolments that had nobody are for this contact from now on. reason: as `Choice`."""

    enrolments: tuple[str, ...]
    subject: int
    contact: str
    reason: str


Action = (
    StartEnrolment
    | EndEnrolment
    | PlanTouches
    | MoveTouches
    | WithdrawTouches
    | LeaveOut
    | ChangeVersion
    | CountFrom
    | NotePassages
    | ArmTimer
    | DisarmTimer
    | Notice
    | SetProperty
    | HoldSubject
    | HoldContact
    | LiftHolds
    | SuppressContact
    | ResumeEnrolment
    | ReassignTasks
    | ChooseContact
)


@record
class Decision:
    actions: tuple[Action, ...] = ()
    explanations: tuple[Explanation, ...] = ()


@record
class EnrolmentView:
    """A running enrolment as decisions see it.

    touches: rows of its touches, each with id, step, occurrence, state, reason, outcome and
    outcome_why; those of the store also with instants, `edited` and wishes. counts_from: from when
    delays count, if not `anchor_at`. passages: step id → what is known of that control step.
    """

    id: str
    subject: int
    definition: str
    rule: str
    sequence: Sequence | None
    steps: tuple[Step, ...]
    anchor: str
    anchor_at: Business
    anchor_stage: str | None  # stage id that `stage_left` compares with
    started_at: Business
    contact: str | None
    state: EnrolmentState
    mode: Mode
    planned: frozenset[str] = frozenset()  # step ids with a touch already
    finished: frozenset[str] = frozenset()  # step ids whose touch is over
    last_done_at: Business | None = None
    touches: tuple[Mapping[str, Any], ...] = ()
    counts_from: Business | None = None
    passages: Mapping[str, Passage] = field(default_factory=dict[str, Passage])
    held_since: Business | None = None  # its rule is paused: no time counts for control steps

    def told(
        self,
        verdict: str,
        code: str,
        at: Business,
        values: Mapping[str, Any],
        *,
        positive: bool = True,
    ) -> Explanation:
        """A line of the ledger about this enrolment."""
        return Explanation(
            self.subject, f"enrolment:{self.id}", verdict, code, at, positive, values
        )


class Verdict(StrEnum):
    """What the guard says of a due touch."""

    DO = "do"
    DEFER = "defer"  # until an instant, or until something clears
    DROP = "drop"
    HAND_TO = "hand_to"


@record
class Ruling:
    """A check's verdict on a touch. DEFER without `until` waits for what `code` names."""

    verdict: Verdict
    check: str
    code: str = ""
    until: Business | None = None
    to: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


@record
class DueTouch:
    """A claimed touch with everything the guard may look at, freshly read.

    priority: rank in admission, 0 is the most urgent (high 0, medium 1, low 2).
    """

    id: str
    enrolment: str
    definition: str
    rule: ActiveRule | None  # None: its rule is switched off or gone
    subject: int
    contact: str | None
    owner_id: str | None
    step: Step
    owed_at: Business
    due_at: Business
    planned_at: Business
    priority: int
    mode: Mode
    enrolment_state: EnrolmentState
    is_firing: bool  # of create_tasks: counts from its due time, never merges with its siblings
    anchor_stage: str | None
    sequence: Sequence | None
    step_gone: bool = False  # the version that its enrolment goes by has no such step
