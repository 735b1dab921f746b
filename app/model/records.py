"""What is known of the CRM's records: snapshots that decisions read, never live objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.model.record import record
from app.model.time import Business
from app.model.vocabulary import CLOSED_KINDS, Momentum, StageKind, SubjectType

BY_CONTACT, BY_PHONE = "contact", "phone"
BY_COMPANY = ("company_zone", "company_country", "company_phone")
BY_REP, BY_ACCOUNT = "rep", "account"
"""What says where a person is, the surest word first; of the company its zone, then its country,
then its telephone."""


@record
class Place:
    """Where a person may be. by: what says so. zones: of the tz database; several: any of them."""

    by: str
    zones: tuple[str, ...]


@record
class PersonDeed:
    """Something that a person did. answer: they wrote, spoke, booked or asked; else they opened a
    mail or clicked in one."""

    at: Business
    answer: bool


@record
class ContactView:
    """A person who may be touched. Unreadable consent is None and counts as no.

    zone: the CRM's own word on it. nearby: what else says where they are, the surest first.
    deeds: what they did lately, where the account asks for their best time.
    """

    crm_id: str
    name: str = ""
    email: str = ""
    zone: str | None = None
    opted_out: bool | None = False
    bounced: bool = False
    control: str = "run"  # run, pause, stop: the rep's property on the contact
    primary: bool = False
    labels: tuple[str, ...] = ()
    last_two_way_at: Business | None = None
    suppressed: str | None = None  # why our own suppression list has them
    in_sequence: str | None = None  # id of the CRM's own sequence that runs for them
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    nearby: tuple[Place, ...] = ()
    deeds: tuple[PersonDeed, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Where they may be, the surest word first; none where nothing is known."""
        return (Place(BY_CONTACT, (self.zone,)), *self.nearby) if self.zone else self.nearby


@dataclass(frozen=True, slots=True)
class PersonView:
    """A CRM user. hours: weekday 0-6 → ((start minute, end minute), …) in `zone`; None: default.

    absences: [(start, end)] instants, from the CRM's out-of-office and our own calendar.
    """

    owner_id: str
    name: str = ""
    email: str = ""
    zone: str | None = None
    hours: Mapping[int, tuple[tuple[int, int], ...]] | None = None
    absences: tuple[tuple[int, int], ...] = ()
    manager_id: str | None = None
    cover_id: str | None = None
    team: str | None = None
    country: str | None = None
    active: bool = True
    role: str = "rep"  # rep, manager, admin


@record
class SubjectView:
    """A deal, lead or contact as last read. Amount is in company currency; None is unknown.

    momentum: warm unless something made it another; momentum_at: since when, None if always.
    owner_at: since when the owner is who it is, None where that was never seen to change.
    engagement: days → how often the prospect did something within so many, where anyone asks.
    engaged_by: (contact, days) → how often this one person did.
    event: what the event says on which something about it is decided; None: no event is.
    """

    id: int
    type: SubjectType
    crm_id: str
    first_seen: tuple[str, str]
    name: str = ""
    pipeline: str | None = None
    stage_id: str | None = None
    stage_kind: StageKind = StageKind.IGNORED
    stage_entered_at: Business | None = None
    owner_id: str | None = None
    amount: float | None = None
    currency: str | None = None
    created_at: Business | None = None
    control: str = "run"
    pause_until: Business | None = None
    last_activity_at: Business | None = None
    last_reply_at: Business | None = None
    last_meeting_at: Business | None = None
    next_meeting_at: Business | None = None
    deleted: bool = False
    contacts: tuple[ContactView, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    next_activity_at: Business | None = None
    momentum: str = Momentum.WARM.value
    momentum_at: Business | None = None
    owner_at: Business | None = None
    engagement: Mapping[int, int] = field(default_factory=dict[int, int])
    engaged_by: Mapping[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    event: Mapping[str, Any] | None = None

    @property
    def closed(self) -> bool:
        return self.stage_kind in CLOSED_KINDS


@record
class Happened:
    """Something that happened with a subject, to be counted. name: an event's, or the signal's
    kind. data: what the event says."""

    name: str
    at: Business
    cause: str
    contact: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Choice:
    """Which contact a touch is for, and why; `contact` None asks a person to choose."""

    contact: ContactView | None
    reason: str
    candidates: tuple[str, ...] = ()
