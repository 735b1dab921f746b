"""The CRM as facts: deals and leads with what happened to them, people, tasks of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from demo.calendars import Calendar
from demo.steps import Step

Raw = Mapping[str, Any]
Key = tuple[str, str]
"""A subject: ("deals" or "contacts", record id)."""

FOREVER = 1 << 60


def versions(record: Raw, name: str) -> list[tuple[int, str, str]]:
    """(at, value, kind of source) of a property's history, oldest first."""
    return [(at, value, source) for at, value, source, _ in record["history"].get(name, ())]


def at(rows: list[tuple[int, str]], instant: int, default: str = "") -> str:
    """The value that stood at an instant."""
    found = default
    for since, value in rows:
        if since > instant:
            break
        found = value
    return found


@dataclass
class Entry:
    """A stage entry. order: the stage's place; forward: further than the deal had ever been."""

    at: int
    stage: str
    kind: str
    forward: bool
    left_at: int = FOREVER


class Activity(NamedTuple):
    """Something that a person did. known: when the CRM knew of it. own: it stands on the subject
    itself, and not only on a contact of it."""

    at: int
    known: int
    own: bool = True


@dataclass
class Meeting:
    """A meeting. said: (at, outcome) for each outcome that was recorded."""

    id: str
    booked_at: int
    start: int
    end: int
    said: list[tuple[int, str]]

    def outcome_at(self, instant: int) -> str:
        return at(self.said, instant)


@dataclass
class Subject:
    """A deal, or a contact that had no deal. Instants in ms; gone: when it was deleted.

    contacts: ids, the only one first.
    """

    key: Key
    name: str
    created_at: int
    gone: int
    entries: list[Entry] = field(default_factory=list)
    owners: list[tuple[int, str]] = field(default_factory=list)
    controls: list[tuple[int, str]] = field(default_factory=list)
    pauses: list[tuple[int, str]] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    replies: list[int] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    activity: list[Activity] = field(default_factory=list)
    forms: list[int] = field(default_factory=list)
    deal_at: int = FOREVER

    def kind_at(self, instant: int) -> str:
        return at([(entry.at, entry.kind) for entry in self.entries], instant)


@dataclass
class Contact:
    """What of a contact bears on consent; `FOREVER` for what never happened."""

    id: str
    zone: str
    opted_out_at: int
    bounced_at: int
    controls: list[tuple[int, str]]


@dataclass
class Task:
    """A task that carries our touch id. due: as written; closed: completed, archived, or never."""

    id: str
    text: str
    step: Step | None
    subject: Key | None
    contacts: list[str]
    created_at: int
    due: int
    owner: str
    type: str
    completed_at: int
    archived_at: int
    owners: list[tuple[int, str]]
    dues: list[tuple[int, str]]
    edited: bool
    resolved: bool
    raw: Raw

    @property
    def closed(self) -> int:
        return min(self.completed_at, self.archived_at)


@dataclass
class Crm:
    """The account as exported at `now`. tasks: of steps; digests: of managers.

    by_the_day: of what was before an app came, the CRM tells on a deal no more than the day of its
    last activity.
    """

    now: int
    zone: str
    subjects: dict[Key, Subject]
    contacts: dict[str, Contact]
    tasks: list[Task]
    digests: list[Task]
    calendars: dict[str, Calendar]
    engagements: int
    by_the_day: bool = False

    def calendar(self, owner: str) -> Calendar:
        found = self.calendars.get(owner)
        return found if found is not None else self.calendars[""]
