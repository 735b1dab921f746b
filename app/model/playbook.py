"""A playbook as the program uses it: validated, frozen, free of YAML.

`app.playbooks` reads files into these records and writes them to the store as JSON; `app.decisions`
works on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.model.condition import AllOf as AllOf
from app.model.condition import AnyOf as AnyOf
from app.model.condition import Compare as Compare
from app.model.condition import Condition as Condition
from app.model.condition import NotOf as NotOf
from app.model.condition import Op as Op
from app.model.ending import ALWAYS, OWNER, Assign, End, Return
from app.model.native import NativeSequence
from app.model.pace import Pace
from app.model.texts import Need as Need
from app.model.texts import Template as Template
from app.model.time import Delay
from app.model.vocabulary import (
    EXITS,
    Again,
    Channel,
    Mode,
    Priority,
    ReplyClass,
    SignalKind,
    StageKind,
    StopReason,
    TaskType,
)

if TYPE_CHECKING:
    from app.model.flow import Node

Arm = tuple[str, str]
"""A control step's id and one of its ways on."""


@dataclass(frozen=True, slots=True)
class When:
    """The signal that a rule waits for.

    stages: kinds that a `stage_entered` must name; empty means any.
    subject_types: types that a `subject_created` must name; empty means any.
    after: the N of what has lasted so long (`no_activity_for: 14d`); how long after a date,
    negative for before it.
    sequences: ids of those whose end a `recycled` must go back to; empty means any.
    field: that of a `field_changed` or a `date`.
    momentum: the one that a `stalled` subject is of. by_prospect: what a rep does keeps it from
    nothing. enters: the one that the signal brings about;
    whoever is of it already does not come into it again.
    unless, unless_events: absence part: the rule acts only if none of these signals and events
    came within `within`.
    replies: classes that a `replied` may have; empty means any.
    events: names of the events that count; for a surge also kinds of signals, such as `replied`.
    count, persons: so many of them, with so many people, within `span`.
    near, near_within: a date of the record that has to lie ahead, no further than that.
    """

    kind: SignalKind
    stages: frozenset[StageKind] = frozenset()
    subject_types: frozenset[str] = frozenset()
    after: Delay | None = None
    unless: frozenset[SignalKind] = frozenset()
    within: Delay | None = None
    field: str | None = None
    sequences: frozenset[str] = frozenset()
    replies: frozenset[ReplyClass] = frozenset()
    events: frozenset[str] = frozenset()
    count: int = 1
    persons: int = 1
    span: Delay | None = None
    momentum: str | None = None
    enters: str | None = None
    near: str | None = None
    near_within: Delay | None = None
    unless_events: frozenset[str] = frozenset()
    by_prospect: bool = False


@dataclass(frozen=True, slots=True)
class LatePolicy:
    """What to do with a step that could not be done when it was due.

    `shift`: do it when possible; `skip`: drop it once later than `older_than`; `now`: at once.
    """

    action: Literal["shift", "skip", "now"] = "shift"
    older_than: Delay | None = None


INSTEAD = "instead-of-sequence"
"""Id of the built-in template of a native step that names none: what a rep does in its place."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sequence, or one task of `create_tasks`.

    id: stable within its sequence or rule. at: delay from the anchor, None for at once; negative
    where it is so long before a date.
    anchor: `entry` (the stage entry where the rule's signal is one, else the enrolment),
    `previous_done`, or `field:<name>` for a date property.
    lead: how long before its due time the task is written; None is the start of that working day.
    subject: the task's title, unique among all presets' steps.
    native: the touch is an enrolment into the CRM's own sequence; `task`, `subject` and `template`
    then say what a rep is given where that cannot be.
    note: the touch is a note on the record, nobody's work: it has no due time, only an instant.
    under: the arms by which the step is reached; see `app.model.flow`.
    steady: the sequence's pace leaves its delay as it is.
    hands_over: before the note is written the record is given to whom `assign` names.
    thread: the mail answers the one that the sequence wrote before it.
    """

    id: str
    at: Delay | None
    task: TaskType
    subject: str
    template: str
    priority: Priority = Priority.MEDIUM
    anchor: str = "entry"
    lead: Delay | None = None
    window: str | None = None
    late: LatePolicy = LatePolicy()
    recycle: Delay | None = None
    native: NativeSequence | None = None
    assign: Assign = OWNER
    note: bool = False
    under: tuple[Arm, ...] = ()
    steady: bool = False
    hands_over: bool = False
    thread: bool = False

    @property
    def channel(self) -> Channel:
        if self.note:
            return Channel.NOTE
        return Channel.TASK if self.native is None else Channel.NATIVE


@dataclass(frozen=True, slots=True)
class CreateTasks:
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Enrol:
    sequence: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the subject's enrolments of these sequences; empty means all."""

    sequences: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell `owner`, `manager` or `admin`; never a touch."""

    who: Literal["owner", "manager", "admin"]
    template: str


@dataclass(frozen=True, slots=True)
class SetField:
    """Write one of our own properties on the subject (`followthrough_momentum`).

    returns: for `recycle`, after how long it comes back by itself.
    """

    field: str
    value: str
    returns: Delay | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the subject's enrolments for a while."""

    reason: str
    duration: Delay


@dataclass(frozen=True, slots=True)
class Reassign:
    """Give the subject's open, untouched tasks to another: `manager`, `default` or an owner id."""

    to: str


RuleAction = CreateTasks | Enrol | Stop | Notify | SetField | Hold | Reassign


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule acts; empty sets mean everywhere that is followed."""

    pipelines: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    reps: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """signal + conditions → actions. `limit`: firings within an hour before approval is asked.

    urgent: its tasks wait neither for another open task nor for room in the rep's day, and for so
    long the subject's other follow-ups are held; None: the rule is not urgent.
    """

    id: str
    playbook: str
    when: When
    then: tuple[RuleAction, ...]
    condition: Condition | None = None
    again: Again = Again.STAGE_ENTRY
    settle: Delay | None = None  # None: the installation's setting
    limit: int | None = None
    scope: Scope = Scope()
    title: str = ""
    urgent: Delay | None = None

    @property
    def key(self) -> str:
        """`playbook/rule`, unique in an installation."""
        return f"{self.playbook}/{self.id}"

    @property
    def tasks(self) -> tuple[Step, ...]:
        """The steps of all its `create_tasks`: one firing, because one id names it."""
        found = [action.steps for action in self.then if isinstance(action, CreateTasks)]
        return found[0] if len(found) == 1 else tuple(step for steps in found for step in steps)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps in time towards a goal, with exits that are on unless the file turns one off.

    steps: its touches. flow: where control steps stand among them, all steps in order; else empty.
    ends: what comes after an end, by its reason. again: when it may begin anew.
    priority: among sequences that have one, of a subject's only the highest acts at a time; what
    this one does to lower ones that run says `lower`. max_active: how many may run at a time.
    pace: what stretches its delays, the first that is met. role: it is for the person who has this
    role on the record, and for nobody else; empty: for whom the installation chooses.
    """

    id: str
    playbook: str
    steps: tuple[Step, ...]
    goal: When | None = None
    exits: frozenset[StopReason] = frozenset(EXITS)
    on_deal: Literal["move", "end"] = "end"
    exclusive: bool = False
    title: str = ""
    ends: tuple[tuple[StopReason, End], ...] = ()
    again: Return = ALWAYS
    priority: int | None = None
    lower: Literal["pause", "end"] = "pause"
    max_active: int | None = None
    flow: tuple[Node, ...] = ()
    pace: tuple[Pace, ...] = ()
    role: str = ""

    @property
    def key(self) -> str:
        return f"{self.playbook}/{self.id}"

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All steps in the order of the file, control steps included."""
        return self.flow or self.steps


@dataclass(frozen=True, slots=True)
class Playbook:
    id: str
    title: str
    rules: tuple[Rule, ...]
    sequences: Mapping[str, Sequence]
    templates: Mapping[str, Template]
    description: str = ""
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule of a version that is in force, with what activation decided.

    version: id of the playbook version. activated_at: signals older than this are backlog.
    paused_at: since when an admin has it wait. queues: what it would begin then becomes backlog.
    """

    rule: Rule
    playbook: Playbook
    version: int
    mode: Mode
    activated_at: int
    settle_ms: int
    sequences: Mapping[str, Sequence] = field(default_factory=dict[str, Sequence])
    paused_at: int | None = None
    queues: bool = False
