"""What one batch of readings means, collected before one transaction stores it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from app.decisions.timing import local_date
from app.lanes.snapshot import Link, Snapshot
from app.model.activities import Activity, PersonAct
from app.model.signals import Signal
from app.model.time import Business
from connectors.contract import Event


@dataclass(slots=True)
class Findings:
    """What one batch of readings means; `app.lanes.commit` stores it.

    unadopted: tasks that carry our touch id while their creation is still unanswered.
    barred: contacts whom a privacy deletion keeps out.
    became: contacts that were subjects of their own → the deal that they stand on now.
    said: contact → what was said of their latest reply. heard: events about replies that a reading
    brought to light, to be worked off like those that were sent.
    posted: what became of events that customers' tools told of. told: (name, when) of events of
    which the CRM's own records tell.
    left_sequence: contacts that no longer are in a sequence of the CRM's own.
    contacted: (contact, day, how often reps and other tools touched them since the last reading).
    activities: (subject, what a rep or the prospect did), whether or not it is news; with_people:
    the same with each person.
    """

    values: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    entries: list[tuple[int, str, int]] = field(default_factory=list[tuple[int, str, int]])
    links: dict[int, list[Link]] = field(default_factory=dict[int, list[Link]])
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    two_way: dict[str, int] = field(default_factory=dict[str, int])
    objects: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict[str, list[dict[str, Any]]](list)
    )
    closes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    edits: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    signals: list[Signal] = field(default_factory=list[Signal])
    outcomes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    arm: list[tuple[int, str, int, dict[str, Any]]] = field(
        default_factory=list[tuple[int, str, int, dict[str, Any]]]
    )
    disarm: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    unadopted: set[str] = field(default_factory=set[str])
    barred: list[str] = field(default_factory=list[str])
    became: dict[int, int] = field(default_factory=dict[int, int])
    left_sequence: set[str] = field(default_factory=set[str])
    said: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    heard: list[Event] = field(default_factory=list[Event])
    contacted: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])

    def touched_by_others(self, contact: str, times: int, at: Business, zone: str) -> None:
        """They count on the day of the latest of them; an earlier one would be forgotten too soon.
        """
        if times:
            self.contacted.append((contact, local_date(at, zone), times))
    posted: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    told: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    activities: list[tuple[int, Activity]] = field(default_factory=list[tuple[int, Activity]])
    with_people: list[PersonAct] = field(default_factory=list[PersonAct])

    def did(self, done: Iterable[Activity], subjects: Iterable[int]) -> None:
        """Note what somebody did, on every subject that it is about."""
        self.activities.extend(product(subjects, done))

    def change(self, subject_id: int, snapshot: Snapshot, values: dict[str, Any]) -> None:
        if values:
            self.values.setdefault(subject_id, {}).update(values)
            snapshot.lay_over_subject(subject_id, values)
