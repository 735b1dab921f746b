"""What was counted for a page of figures, and what people call the things that were counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.feedback.proportions import Share

Row = dict[str, Any]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class StageName:
    """place: its order among all stages."""

    label: str
    kind: str
    place: int


@dataclass(frozen=True, slots=True)
class StepName:
    """A step as its playbook has it. channel: task type, or `native`. place: its order."""

    title: str
    template: str
    channel: str
    place: int


@dataclass(frozen=True, slots=True)
class TermName:
    """What a stage of a kind owes, in words."""

    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An edit that somebody made because a figure asked for it, as it was saved.

    found: what had been seen, in words; key, playbook: which edit; measure and of: the figure by
    which it is judged (`answered` or `deleted` of a definition, `silence` of a stage); before: that
    figure of the whole account then. at: business time, ms; version_id: the version it made.
    """

    found: str
    key: str
    playbook: str
    measure: str
    of: str
    before: Share
    at: int
    who: str
    version_id: int


@dataclass(frozen=True, slots=True)
class RecordName:
    """A record: what it is called, and where its page in the CRM is; empty: not known."""

    type: str
    crm_id: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample of texts. seed: what it was drawn by. at: when. of: kind → how many there were.
    whole: whether mails can be read to their end. lacks: what cannot be read, in sentences."""

    seed: str
    at: int
    of: Mapping[str, int]
    whole: bool = True
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What people call owners, teams, stages and steps. steps: by (version, definition, step).

    silence_rules: kind of stage → a live rule that acts on silence there. taken: edits that were
    made from advice, the latest first. records: by their number here. drawn: None before the first
    sample of texts."""

    people: Mapping[str, str] = field(default_factory=dict[str, str])
    teams: Mapping[str, str] = field(default_factory=dict[str, str])
    stages: Mapping[str, StageName] = field(default_factory=dict[str, StageName])
    pipelines: Mapping[str, str] = field(default_factory=dict[str, str])
    sequences: Mapping[str, str] = field(default_factory=dict[str, str])
    steps: Mapping[tuple[int, str, str], StepName] = field(
        default_factory=dict[tuple[int, str, str], StepName]
    )
    terms: Sequence[TermName] = ()
    silence_rules: Mapping[str, str] = field(default_factory=dict[str, str])
    taken: Sequence[Taken] = ()
    currency: str = ""
    zone: str = "UTC"
    cost: float | None = None
    records: Mapping[int, RecordName] = field(default_factory=dict[int, RecordName])
    drawn: Drawn | None = None

    def person(self, owner: str | None) -> str:
        return "nobody" if owner is None else self.people.get(owner) or owner

    def stage(self, stage: str | None) -> str:
        found = self.stages.get(stage or "")
        return found.label if found else "no stage"


@dataclass(frozen=True, slots=True)
class Counted:
    """The facts of a page as one viewer may see them: source → rows, each with its `owner_id`.

    days: how far back; at: the instant up to which. everybody: what nobody owns is among them.
    """

    rows: Mapping[str, Sequence[Row]]
    names: Names
    days: int
    at: int
    everybody: bool = True

    def of(self, source: str, **where: Any) -> list[Row]:
        """The rows of a source whose dimensions are as said."""
        found = self.rows.get(source, ())
        return [row for row in found if all(row[name] == value for name, value in where.items())]


def by(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    """Rows in groups, in the order in which the keys come."""
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def total(rows: Iterable[Row], name: str = "n") -> Any:
    """The sum of a count or amount."""
    return sum(row[name] for row in rows)


def share(rows: Sequence[Row], hits: str = "hit") -> Share:
    """How many of the facts are hits."""
    return Share(int(total(rows, hits)), int(total(rows)))


def values(rows: Iterable[Row]) -> list[Any]:
    """All values of some rows."""
    return [value for row in rows for value in row["values"]]
