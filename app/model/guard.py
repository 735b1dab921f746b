"""What the guard may look at: one frozen value, so that live work and dry run read the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.model.calendar import WorkCalendar
from app.model.decisions import DueTouch
from app.model.record import record
from app.model.records import ContactView, PersonView, SubjectView
from app.model.time import Business


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The installation's limits. Zero or None turns a limit off.

    caps: (touches in rolling 7 days, touches in rolling 30 days) per person, all channels.
    rep_daily_tasks: tasks of ours falling due for one rep on one local day.
    merge: at most one due open task of ours per subject and rep.
    """

    stopped: bool = False
    cap_7_days: int | None = None
    cap_30_days: int | None = None
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
    contact_roles: tuple[str, ...] = ()  # in the order in which a person is chosen


@record
class GuardFacts:
    """Everything one touch is judged on, read after the claim.

    holds: reason → until (None: until a person lifts it). contact_touches: local-day counts as
    (touches in the last 7 days, in the last 30). open_task: id of a due open task of ours for the
    same subject and rep. zone: the person's, by the chain contact → rep → installation.
    running_native: id of the touch whose sequence in the CRM runs for the same enrolment.
    outranked: (definition, priority) of a sequence that runs for the subject and goes before.
    """

    touch: DueTouch
    subject: SubjectView
    contact: ContactView | None
    owner: PersonView | None
    calendar: WorkCalendar
    settings: GuardSettings
    now: Business
    holds: Mapping[str, Business | None] = field(default_factory=dict[str, "Business | None"])
    contact_touches: tuple[int, int] = (0, 0)
    rep_tasks_today: int = 0
    open_task: str | None = None
    zone: str = "UTC"
    running_native: str | None = None
    outranked: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """Running counts that one admission of a batch reads and returns.

    rep_day: (owner id, local ISO date of the due time) → tasks of ours.
    person: contact CRM id → (touches in 7 days, in 30 days).
    open_tasks: (subject, owner id) → touch id of the due open task.
    """

    rep_day: Mapping[tuple[str, str], int]
    person: Mapping[str, tuple[int, int]]
    open_tasks: Mapping[tuple[int, str], str]
