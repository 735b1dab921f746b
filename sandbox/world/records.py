"""The records of the outside world: what a CRM account holds, whatever vendor's HTTP shows it.

Values are strings, as CRMs keep them; instants are milliseconds since the epoch, UTC, written as
decimal strings inside ``fields``. Field names are HubSpot's, the first vendor served; the folders
of other vendors translate. Nothing here checks a value against a schema: a vendor's HTTP refuses
what that vendor refuses, the people of the world act through the same calls as its user interface.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

CRM_KINDS = ("deals", "contacts", "companies", "leads")
ACTIVITY_KINDS = ("tasks", "calls", "emails", "meetings", "notes", "communications")
KINDS = (*CRM_KINDS, *ACTIVITY_KINDS, "quotes", "users")

VENDORS = ("hubspot", "salesforce", "pipedrive")
"""Whose account it may be."""

TIERS = ("free", "starter", "professional_no_seat", "professional", "enterprise")
"""What an account may have bought. ``professional_no_seat``: an account of the professional tier in
which nobody holds a seat of the sales or service tools."""

TIERS_OF = {
    "hubspot": TIERS,
    "salesforce": ("developer", "professional", "enterprise", "unlimited"),
    "pipedrive": ("lite", "growth", "premium", "ultimate"),
}
"""What each vendor sells, the smallest first."""
USUAL_TIER = {"hubspot": "professional", "salesforce": "enterprise", "pipedrive": "premium"}

STAGE_FIELDS = {"deals": ("pipeline", "dealstage"), "leads": ("hs_pipeline", "hs_pipeline_stage")}
"""kind → the fields that hold a record's pipeline and stage."""

PAID_TIERS = TIERS[2:]
"""Tiers whose deals carry the calculated stage properties, and that can grant paid scopes."""

SEATED_TIERS = TIERS[3:]
"""Tiers in which users hold seats."""


class Clock(Protocol):
    """Whoever owns business time."""

    def now(self) -> int:
        """The present business instant, ms since the epoch."""
        ...


class Actor(NamedTuple):
    """Who made a change, in the words of a property's history.

    ``source_type`` is the vendor's word (``CRM_UI``, ``INTEGRATION``, ``IMPORT``, …), ``source_id``
    its detail (``userId:17``, an app's id), ``user_id`` the person where there is one.
    """

    source_type: str
    source_id: str = ""
    user_id: int | None = None

    @classmethod
    def user(cls, user_id: int | str) -> Actor:
        """A person at the CRM's own screens."""
        return cls("CRM_UI", f"userId:{user_id}", int(user_id))

    @classmethod
    def app(cls, app_id: int | str) -> Actor:
        """An installed app, by its id."""
        return cls("INTEGRATION", str(app_id))

    @classmethod
    def file_import(cls, name: str = "import") -> Actor:
        """A file import."""
        return cls("IMPORT", name)


CALCULATED = Actor("CALCULATED", "")
"""The CRM itself, filling in a property that it computes."""


class Version(NamedTuple):
    """One value that a field had from ``at`` (business ms) on."""

    value: str
    at: int
    source_type: str
    source_id: str
    user_id: int | None = None


Labels = tuple[str, ...]
"""Labels of an association; ``""`` is the unlabelled one, ``"primary"`` the CRM's own primary."""


class Link(NamedTuple):
    """An association to be made: the other record, and its labels."""

    kind: str
    id: str
    labels: Labels = ("",)


@dataclass(slots=True, eq=False)
class Record:
    """One record. ``history`` runs oldest first and ends with the value in ``fields``.

    ``links`` maps kind → id → labels, kept on both ends. ``shadow`` is the state before the last
    change with the wall second of that change, kept only while a read lag is asked for.
    """

    kind: str
    id: str
    fields: dict[str, str]
    history: dict[str, list[Version]]
    created_at: int
    updated_at: int
    created_by: Actor
    archived: bool = False
    archived_at: int | None = None
    links: dict[str, dict[str, Labels]] = field(default_factory=dict)
    shadow: tuple[float, Record | None] | None = None

    def get(self, name: str, default: str = "") -> str:
        """A field's value, ``default`` when it has none."""
        return self.fields.get(name, default)

    def instant(self, name: str) -> int | None:
        """A datetime field as business ms, None when empty."""
        value = self.fields.get(name)
        return int(value) if value else None

    def linked(self, kind: str) -> list[str]:
        """Ids of the live records of one kind associated with this one."""
        return list(self.links.get(kind, ()))


def lagging(record: Record, seconds: float) -> Record | None:
    """The record as a reader sees it who is ``seconds`` (wall) behind; None: not there yet.

    A record that was archived since is still there for that reader.
    """
    if not seconds or record.shadow is None or time.monotonic() - record.shadow[0] >= seconds:
        return record
    return record.shadow[1]


@dataclass(slots=True)
class Stage:
    """One stage of a pipeline. ``probability`` 1.0 with ``closed`` is won, 0.0 lost."""

    id: str
    label: str
    order: int
    probability: float
    closed: bool = False
    archived: bool = False


@dataclass(slots=True)
class Pipeline:
    """A pipeline of one kind of record with its stages in their order."""

    id: str
    label: str
    stages: list[Stage]
    order: int = 0
    archived: bool = False
    created_at: int = 0
    updated_at: int = 0

    def stage(self, stage_id: str) -> Stage | None:
        """The stage with this id, None when the pipeline has none such."""
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def first(self) -> Stage:
        """The stage that a record starts in."""
        return next(stage for stage in self.stages if not stage.archived)


@dataclass(slots=True)
class Team:
    """A team of users."""

    id: str
    name: str


@dataclass(slots=True)
class Owner:
    """A user as an owner of records. ``id`` is what records carry, ``user_id`` the login."""

    id: str
    user_id: int
    email: str
    first_name: str
    last_name: str
    teams: list[tuple[str, bool]] = field(default_factory=list)
    """(team id, whether it is the main team)."""
    archived: bool = False
    created_at: int = 0
    updated_at: int = 0
    user_record_id: str | None = None
    """Id of the ``users`` record with zone and working hours."""


@dataclass(slots=True)
class Option:
    """One choice of an enumeration."""

    value: str
    label: str
    order: int = 0
    hidden: bool = False


@dataclass(slots=True)
class Property:
    """A field's definition. ``type`` is string, number, date, datetime, enumeration or bool."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = "information"
    description: str = ""
    options: list[Option] = field(default_factory=list)
    unique: bool = False
    read_only: bool = False
    calculated: bool = False
    built_in: bool = True
    hidden: bool = False
    archived: bool = False
    created_at: int = 0
    updated_at: int = 0


class Required(NamedTuple):
    """What an admin has made required: always, or once ``when`` has one of ``values``."""

    property: str
    when: str = ""
    values: tuple[str, ...] = ()


@dataclass(slots=True)
class App:
    """An app as registered with the vendor: what it may ask for and where its events go.

    ``subscriptions``: mappings with ``subscriptionType`` and, where they apply, ``objectType`` and
    ``propertyName``, as the vendor's registration file spells them. ``crm``: the vendor.
    ``package``: what an admin installs with the app, where the vendor has it so.
    """

    app_id: int
    client_id: str
    client_secret: str
    redirect_uris: list[str]
    required_scopes: list[str]
    optional_scopes: list[str] = field(default_factory=list)
    webhook_url: str = ""
    subscriptions: list[Mapping[str, Any]] = field(default_factory=list)
    max_concurrent: int = 10
    name: str = "App"
    crm: str = "hubspot"
    package: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """Something that happened to a record, told to listeners in the order it happened.

    ``action``: created, updated, deleted, restored, forgotten, merged, associated, dissociated.
    ``fields`` are the values written by the actor, ``derived`` those the CRM computed from them.
    For associations ``other_kind``, ``other_id`` and ``labels`` name the far end; each association
    is told twice, once from each end, with ``new_record`` when one of them is just being created.
    For a merge ``record`` is the one that is left, ``primary_id`` and ``other_id`` the two that
    went into it, ``moved`` how many properties the second one gave.
    """

    portal_id: int
    kind: str
    record: Record
    action: str
    at: int
    actor: Actor
    fields: Mapping[str, str] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    other_kind: str = ""
    other_id: str = ""
    labels: Labels = ()
    primary_id: str = ""
    moved: int = 0
    new_record: bool = False


class WorldError(Exception):
    """A mutation that the world refuses."""


class NotFound(WorldError):
    """No live record of that kind and id in this account."""

    def __init__(self, kind: str, ids: Iterable[str]) -> None:
        self.kind = kind
        self.ids = list(ids)
        super().__init__(f"no live {kind} with id {', '.join(self.ids)} in this account")


class UniqueConflict(WorldError):
    """A unique field's value belongs to another record."""

    def __init__(self, kind: str, name: str, value: str, existing_id: str) -> None:
        self.kind = kind
        self.name = name
        self.value = value
        self.existing_id = existing_id
        super().__init__(f"{kind} {existing_id} already has {name}={value!r}")
