"""What the guard may look at: one frozen value, so that live work and dry run read the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.model.calendar import WorkCalendar
from app.model.decisions import DueTouch
from app.model.playbook import Condition
from app.model.record import record
from app.model.records import ContactView, PersonView, SubjectView
from app.model.time import Business
from app.model.vocabulary import TaskType

CHANNELS = (TaskType.CALL, TaskType.EMAIL, TaskType.LINKEDIN)
"""Kinds of touches that reach a person, and so count against what one person is asked to bear; a
meeting was agreed with them. Mail that a sequence of the CRM sends is of the kind `email`."""

Window = tuple[int, int]
"""How many in the last 7 days, and in the last 30."""


@dataclass(frozen=True, slots=True)
class Cap:
    """Most touches in rolling 7 and in rolling 30 days; None or zero is no limit."""

    week: int | None = None
    month: int | None = None

    def __bool__(self) -> bool:
        return bool(self.week or self.month)


@dataclass(frozen=True, slots=True)
class CapSegment:
    """Whose caps these are: of records that meet the condition; None: of everybody left.

    all: over every kind of touch. channels: beside that, of one kind by itself.
    """

    name: str
    condition: Condition | None
    all: Cap
    channels: Mapping[TaskType, Cap] = field(default_factory=dict[TaskType, Cap])


@record
class Others:
    """Touches of reps and other tools among those counted; whose: name → how many in 30 days, where
    they were read one by one."""

    touches: Window = (0, 0)
    whose: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The installation's limits. Zero or None turns a limit off.

    cap_7_days, cap_30_days: of a person in none of the `segments`, whose first match counts.
    rep_daily_tasks: tasks of ours falling due for one rep on one local day.
    merge: at most one due open task of ours per subject and rep.
    """

    stopped: bool = False
    cap_7_days: int | None = None
    cap_30_days: int | None = None
    segments: tuple[CapSegment, ...] = ()
    rep_daily_tasks: int | None = None
    merge: bool = True
    windows_off: bool = False
    holdout_percent: int = 0
    holdout_salt: str = ""
    installation_zone: str = "UTC"
    call_hours: tuple[int, int] = (9 * 60, 17 * 60)  # minutes of the person's local day
    mail_hours: tuple[int, int] = (8 * 60, 18 * 60)  # for mail that leaves by itself
    email_hours: tuple[int, int] = (10 * 60, 11 * 60)  # for steps that name the window
    followed_pipelines: frozenset[str] | None = None  # None: all
    best_time_days: int | None = None  # how much later a better hour may be; None: not looked for
    contact_roles: tuple[str, ...] = ()  # in the order in which a person is chosen


@record
class GuardFacts:
    """Everything one touch is judged on, read after the claim.

    holds: reason → until (None: until a person lifts it). contact_touches: local-day counts of all
    that the person bore; channel_touches: of the touch's own kind. others: what of it was not ours.
    open_task: id of a due open task of ours for the same subject and rep. twin: id of an open task
    by which a rule asked the same of the subject before. zone: the rep's, else the installation's:
    where a person is taken to be of whom nothing is known.
    stand_ins: who may take urgent work while the owner is away, in order: cover, manager, default.
    running_native: id of the touch whose sequence in the CRM runs for the same enrolment.
    outranked: (definition, priority) of a sequence that runs for the subject and goes before.
    twins: other contacts with the person's address. person: under whose id all of them are counted.
    earlier: the one of them under whom the same inquiry was followed up before.
    """

    touch: DueTouch
    subject: SubjectView
    contact: ContactView | None
    owner: PersonView | None
    calendar: WorkCalendar
    settings: GuardSettings
    now: Business
    holds: Mapping[str, Business | None] = field(default_factory=dict[str, "Business | None"])
    contact_touches: Window = (0, 0)
    channel_touches: Window = (0, 0)
    others: Others = Others()
    rep_tasks_today: int = 0
    open_task: str | None = None
    twin: str | None = None
    zone: str = "UTC"
    running_native: str | None = None
    outranked: tuple[str, int] | None = None
    stand_ins: tuple[PersonView, ...] = ()
    twins: tuple[ContactView, ...] = ()
    person: str | None = None
    earlier: str | None = None

    @property
    def counted_as(self) -> str | None:
        """The contact under whose id the person's touches are counted."""
        return self.person or self.touch.contact


@dataclass(frozen=True, slots=True)
class Counters:
    """Running counts that one admission of a batch reads and returns.

    rep_day: (owner id, local ISO date of the due time) → tasks of ours.
    person: contact CRM id → touches. channel: the same for one kind of touch.
    open_tasks: (subject, owner id) → touch id of the due open task.
    """

    rep_day: Mapping[tuple[str, str], int]
    person: Mapping[str, Window]
    open_tasks: Mapping[tuple[int, str], str]
    channel: Mapping[tuple[str, TaskType], Window] = field(
        default_factory=dict[tuple[str, TaskType], Window]
    )

    def of_kind(self, contact: str | None, kind: TaskType | None) -> Window:
        """What a person bore by one kind of touch; none where there is no person, or no kind."""
        return self.channel.get((contact, kind), (0, 0)) if contact and kind else (0, 0)
