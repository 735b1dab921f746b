"""A backtest's input and what it finds: the past of records, and what would have been owed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.model.calendar import WorkCalendar
from app.model.guard import GuardSettings
from app.model.playbook import ActiveRule
from app.model.record import record
from app.model.records import PersonDeed, PersonView, SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import Channel, TaskType


@record
class PersonPast:
    """What is known of one person, oldest first. touches: (when, what) reps and other tools did
    that a cap counts, without what carried out a task of ours. deeds: what they did themselves."""

    touches: Sequence[tuple[Business, TaskType]] = ()
    deeds: Sequence[PersonDeed] = ()


@record
class History:
    """One subject and what is known to have happened to it.

    subject: as it stands now. Stage, activity, replies and meetings are taken from `facts` as the
    replay reaches them; owner, amount, people, consent and mapped fields have no history and count
    as they are now. facts: signals about it in the order of time, from its beginning on. people:
    contact id → their own past, on whatever record it was.
    """

    subject: SubjectView
    facts: Sequence[Signal]
    people: Mapping[str, PersonPast] = field(default_factory=dict[str, PersonPast])


@dataclass(frozen=True, slots=True)
class Terms:
    """Whose past it is, and by which rules and limits it is judged.

    rules: as if live from `since` on. calendar: (owner id, instant) → working time, as in live
    work. until: the last instant that is known of; what falls due later lies ahead.
    """

    installation_key: str
    rules: Sequence[ActiveRule]
    since: Business
    until: Business
    calendar: Callable[[str | None, Business], WorkCalendar]
    guard: GuardSettings
    zone: str
    people: Mapping[str, PersonView] = field(default_factory=dict[str, PersonView])
    followed: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    default_owner: str | None = None
    engagement_days: frozenset[int] = frozenset()


class Fate(StrEnum):
    """What would have become of one step of a follow-up that a rule began."""

    AHEAD = "ahead"  # falls due after the end of what is known
    OWED = "owed"  # it was there when it fell due
    STOPPED = "stopped"  # its reason was gone before it fell due


@dataclass(slots=True, eq=False)
class Owed:
    """One step of one follow-up of one record.

    owed_at: the unshifted instant. due_at: after working hours, caps and budgets. written_at: when
    it would have been created, None if never. reason: why it was stopped. put_off: codes of the
    limits that moved it, each once.
    """

    id: str
    enrolment: str
    subject: int
    crm_id: str
    rule: str
    definition: str
    step: str
    channel: Channel
    owner_id: str | None
    contact: str | None
    owed_at: Business
    due_at: Business
    write_at: Business
    planned_at: Business
    written_at: Business | None = None
    fate: Fate = Fate.AHEAD
    reason: str = ""
    put_off: tuple[str, ...] = ()


@dataclass(slots=True)
class Replayed:
    """What a replay found. Counters are by rule key.

    fired: how often the rule acted. over_limit: beginnings that would have waited for an approval,
    whose steps are not followed further. told: notices. records: how many were looked at.
    """

    records: int = 0
    owed: list[Owed] = field(default_factory=list[Owed])
    fired: dict[str, int] = field(default_factory=dict[str, int])
    over_limit: dict[str, int] = field(default_factory=dict[str, int])
    told: dict[str, int] = field(default_factory=dict[str, int])
