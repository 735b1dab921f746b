"""What a person has borne, from whom: the records that counting passes around."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from app.model.time import Business
from app.model.vocabulary import TaskType


@dataclass(frozen=True, slots=True)
class Logged:
    """An engagement in the CRM that addressed a person. kind None: a channel of its own (SMS)."""

    kind: TaskType | None
    owner: str | None
    at: Business


@dataclass(frozen=True, slots=True)
class Done:
    """A touch of ours that somebody carried out. at: when the task was completed."""

    kind: TaskType
    owner: str | None
    at: Business


@dataclass(slots=True)
class DayCount:
    """What others did on one day: in all, by kind, and by whom (owner id, "" where none)."""

    others: int = 0
    kinds: dict[TaskType, int] = field(default_factory=lambda: defaultdict[TaskType, int](int))
    whose: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))


@dataclass(slots=True)
class Borne:
    """What one person bore in the last 7 and the last 30 days. others: of it, not ours; whose:
    owner id → how many of those in 30 days, where they were read one by one."""

    all: tuple[int, int] = (0, 0)
    channels: dict[TaskType, tuple[int, int]] = field(
        default_factory=dict[TaskType, tuple[int, int]]
    )
    others: tuple[int, int] = (0, 0)
    whose: dict[str, int] = field(default_factory=dict[str, int])
