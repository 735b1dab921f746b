"""What an admin of the CRM changed of the account itself: people, pipelines, stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class StageChange:
    """A stage that came, went or was renamed. kind: what it means here. was: its name before."""

    pipeline: str
    id: str
    label: str
    kind: str
    confirmed: bool
    was: str = ""


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """Differences between two looks at an account; true where there is any at all.

    left, back: owner ids of people who turned inactive, or active again.
    """

    any: bool
    left: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    gone: tuple[StageChange, ...] = ()
    new: tuple[StageChange, ...] = ()
    renamed: tuple[StageChange, ...] = ()

    def __bool__(self) -> bool:
        return self.any


def compare(before: Sequence[Iterable[Row]], after: Sequence[Iterable[Row]]) -> AccountChanges:
    """before, after: (rows of `people`, of `pipelines`, of `stages`)."""
    people = [{row["owner_id"]: bool(row["active"]) for row in rows[0]} for rows in (before, after)]
    stages = [
        {(row["pipeline_id"], row["id"]): row for row in rows[2] if not row["archived"]}
        for rows in (before, after)
    ]
    was, now = stages
    changed = [list(map(dict, rows)) for rows in before] != [list(map(dict, r)) for r in after]
    return AccountChanges(
        changed,
        left=tuple(o for o, active in people[0].items() if active and not people[1].get(o)),
        back=tuple(o for o, active in people[1].items() if active and people[0].get(o) is False),
        gone=tuple(_stage(row) for key, row in was.items() if key not in now),
        # The first look at an account finds everything new; nothing of that is news.
        new=tuple(_stage(row) for key, row in now.items() if was and key not in was),
        renamed=tuple(
            _stage(row, was[key]["label"])
            for key, row in now.items()
            if key in was and was[key]["label"] != row["label"]
        ),
    )


def _stage(row: Row, was: str = "") -> StageChange:
    return StageChange(
        row["pipeline_id"], row["id"], row["label"], row["kind"], bool(row["confirmed"]), was
    )
