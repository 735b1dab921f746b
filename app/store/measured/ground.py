"""What all facts stand on, and how they are counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    select,
)

from app.model.time import DAY
from app.model.vocabulary import CLOSED_KINDS, StageKind
from app.store.tables import pipelines, stage_entries, stages, subjects, touches

Facts: TypeAlias = Select[*tuple[Any, ...]]

_s = subjects.c

OVER = tuple(sorted(kind.value for kind in (*CLOSED_KINDS, StageKind.IGNORED)))
"""Kinds of stages in which nothing is open."""

IN_STAGE = and_(
    stages.c.installation_id == _s.installation_id,
    stages.c.pipeline_id == _s.pipeline_id,
    stages.c.id == _s.stage_id,
)
"""A record and the stage in which it stands."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is looked at: an installation from `since` up to `now` (business)."""

    inst: int
    since: int
    now: int

    @classmethod
    def back(cls, inst: int, now: int, days: int) -> Span:
        return cls(inst, now - days * DAY, now)


def flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """1 where it holds, else 0."""
    return case((condition, 1), else_=0)


def entered(inst: int, deal: CTE) -> ColumnElement[bool]:
    """The stage of each of a deal's entries, in the pipeline in which the deal stands."""
    return and_(
        stages.c.installation_id == inst,
        stages.c.pipeline_id == deal.c.pipeline_id,
        stages.c.id == stage_entries.c.stage_id,
    )


def owner_of_touch() -> ColumnElement[Any]:
    """Who has a touch, else its record's owner, who is looked for only then."""
    whose = select(_s.owner_id).where(_s.id == touches.c.subject_id).scalar_subquery()
    return func.coalesce(touches.c.owner_id, whose)


def deals(inst: int) -> CTE:
    """Every deal that stands in a confirmed stage of a pipeline that is followed."""
    return (
        select(
            _s.id, _s.owner_id, _s.pipeline_id, _s.stage_id, stages.c.kind, _s.amount,
            _s.created_at, func.coalesce(_s.stage_entered_at, _s.created_at).label("entered_at"),
            func.coalesce(_s.last_activity_at, _s.created_at).label("last_at"),
            _s.next_meeting_at, _s.next_activity_at, _s.owner_at, _s.machine_reply_at,
        )
        .join(stages, IN_STAGE)
        .join(
            pipelines,
            and_(
                pipelines.c.installation_id == _s.installation_id,
                pipelines.c.id == _s.pipeline_id,
            ),
        )
        .where(
            _s.installation_id == inst,
            _s.type != "contact",
            _s.deleted.is_(False),
            stages.c.confirmed.is_(True),
            pipelines.c.followed.is_(True),
            stages.c.kind != StageKind.IGNORED.value,
        )
        .cte()
    )  # fmt: skip


def is_open(deal: CTE) -> ColumnElement[bool]:
    """Whether a deal is neither won nor lost."""
    return deal.c.kind.not_in(OVER)


def inquiries(inst: int) -> Select[*tuple[Any, ...]]:
    """Contacts that are subjects of their own: no deal has come of them yet."""
    return select(_s.id, _s.owner_id, _s.created_at).where(
        _s.installation_id == inst, _s.type == "contact", _s.deleted.is_(False)
    )


# --- counting ------------------------------------------------------------------------------------


def read(conn: Connection, facts: Facts, names: Sequence[str]) -> Sequence[Sequence[Any]]:
    """Every fact, with what is named of it."""
    found = facts.subquery("facts")
    return conn.execute(select(*(found.c[name] for name in names))).all()


def counted(
    facts: Sequence[Sequence[Any]], dims: Sequence[str], sums: Sequence[str]
) -> list[dict[str, Any]]:
    """For each owner and dimensions: `n` facts, and the sum of each of `sums`. Each fact is told
    with its owner, its dimensions, its sums and whatever else follows."""
    many = 1 + len(dims)
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for fact in facts:
        group = groups.setdefault(tuple(fact[:many]), [0] * (1 + len(sums)))
        group[0] += 1
        for place in range(1, len(group)):
            group[place] += fact[many + place - 1] or 0
    names = ("owner_id", *dims, "n", *sums)
    return [dict(zip(names, (*key, *group), strict=True)) for key, group in groups.items()]


def valued(facts: Sequence[Sequence[Any]], dims: Sequence[str]) -> list[dict[str, Any]]:
    """For each owner and dimensions: `n` facts, and the `values` of those that have one, sorted.
    Each fact is told with its owner, its dimensions, its value and whatever else follows."""
    many = 1 + len(dims)
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for fact in facts:
        groups[tuple(fact[:many])].append(fact[many])
    return [
        {
            **dict(zip(("owner_id", *dims), key, strict=True)),
            "n": len(values),
            "values": sorted(value for value in values if value is not None),
        }
        for key, values in groups.items()
    ]
