"""What all facts stand on, how they are counted, and which records are behind a count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
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
    literal,
    or_,
    select,
)

from app.model.time import DAY
from app.model.vocabulary import CLOSED_KINDS, StageKind
from app.store import sets
from app.store.reading import rows
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


def counted(
    conn: Connection, facts: Facts, dims: Sequence[str], sums: Sequence[str]
) -> list[dict[str, Any]]:
    """For each owner and dimensions: `n` facts, and the sum of each of `sums`."""
    found = facts.subquery("facts")
    keys = [found.c.owner_id, *(found.c[name] for name in dims)]
    query = select(
        *keys,
        func.count().label("n"),
        *(func.coalesce(func.sum(found.c[name]), 0).label(name) for name in sums),
    ).group_by(*keys)
    return rows(conn, query)


def valued(conn: Connection, facts: Facts, dims: Sequence[str]) -> list[dict[str, Any]]:
    """For each owner and dimensions: `n` facts, and the `values` of those that have one, sorted."""
    found = facts.subquery("facts")
    query = select(found.c.owner_id, *(found.c[name] for name in dims), found.c.value)
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for *key, value in conn.execute(query):
        groups[tuple(key)].append(value)
    return [
        {
            **dict(zip(("owner_id", *dims), key, strict=True)),
            "n": len(values),
            "values": sorted(value for value in values if value is not None),
        }
        for key, values in groups.items()
    ]


def behind(
    conn: Connection,
    facts: Facts,
    where: Mapping[str, Any],
    owners: Collection[str] | None,
    limit: int,
    skip: int,
) -> list[dict[str, Any]]:
    """The records behind a count, those with the largest value first; without values, by name.

    where: dimension → value; owners None: everybody's, nobody's included.
    """
    found = facts.subquery("facts")
    chosen = [_is(found.c[name], value) for name, value in where.items()]
    if owners is not None:
        chosen.append(sets.among(conn, found.c.owner_id, sorted(owners)))
    valued_ones = "value" in found.c
    facts_of = (
        select(
            found.c.subject_id, func.count().label("facts"),
            (func.max(found.c.value) if valued_ones else literal(0)).label("value"),
            func.max(found.c.owner_id).label("owner_id"),
        )
        .where(*chosen)
        .group_by(found.c.subject_id)
    )  # fmt: skip
    if valued_ones:  # then the rest of a record is read of those alone that are shown
        order = func.coalesce(func.max(found.c.value), 0).desc()
        facts_of = facts_of.order_by(order, found.c.subject_id).limit(limit).offset(skip)
    first = facts_of.subquery("first")
    query = (
        select(
            _s.type, _s.crm_id, _s.name, stages.c.label.label("stage"), first.c.owner_id,
            first.c.facts, first.c.value, _s.amount, _s.currency, _s.last_activity_at,
        )
        .join(subjects, _s.id == first.c.subject_id)
        .outerjoin(stages, IN_STAGE)
    )  # fmt: skip
    if valued_ones:
        query = query.order_by(func.coalesce(first.c.value, 0).desc(), first.c.subject_id)
    else:
        query = query.order_by(_s.name, _s.id).limit(limit).offset(skip)
    return rows(conn, query)


def _is(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    if isinstance(value, list | tuple):
        return or_(*(_is(column, one) for one in value))
    return column.is_(None) if value is None else column == value
