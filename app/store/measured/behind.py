"""The records behind a count: found among the facts, or in the list that was kept with the count.

Of a large account the facts themselves are kept with their figure, so that a list holds what its
figure counted, and comes at once. They are kept column by column, packed: a fact takes a few bytes.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, cast

import orjson
from sqlalchemy import ColumnElement, Connection, func, literal, or_, select

from app.store import sets
from app.store.measured.ground import IN_STAGE, Facts
from app.store.reading import rows
from app.store.tables import stages, subjects

Where: TypeAlias = Mapping[str, Any]
"""Dimension, sum, `value` or `owner_id` → the value that is asked for, or several."""

_s = subjects.c


def behind(
    conn: Connection, facts: Facts, where: Where, owners: Collection[str] | None, limit: int,
    skip: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """The records behind a count, those with the largest value first; without values, by name.
    owners None: everybody's, nobody's included."""
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
        select(*_SHOWN, first.c.owner_id, first.c.facts, first.c.value)
        .join(subjects, _s.id == first.c.subject_id)
        .outerjoin(stages, IN_STAGE)
    )
    if valued_ones:
        query = query.order_by(func.coalesce(first.c.value, 0).desc(), first.c.subject_id)
    else:
        query = query.order_by(_s.name, _s.id).limit(limit).offset(skip)
    return rows(conn, query)


_SHOWN = (
    _s.type, _s.crm_id, _s.name, stages.c.label.label("stage"), _s.amount, _s.currency,
    _s.last_activity_at,
)  # fmt: skip


def _is(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    if isinstance(value, list | tuple):
        return or_(*(_is(column, one) for one in cast(Sequence[Any], value)))
    return column.is_(None) if value is None else column == value


# --- kept ----------------------------------------------------------------------------------------


def by_name(conn: Connection, inst: int) -> dict[int, int]:
    """Record → its place among all of an installation's by their names."""
    query = select(_s.id).where(_s.installation_id == inst).order_by(_s.name, _s.id)
    return {id: place for place, id in enumerate(conn.execute(query).scalars())}


def packed(
    facts: Sequence[Sequence[Any]], names: Sequence[str], by: Sequence[str],
    places: Mapping[int, int],
) -> bytes:  # fmt: skip
    """Facts to keep, those that differ in nothing that they can be chosen by as one.

    names: of what each is told with, `subject_id` among them. by: those of them that it can be
    chosen by. places: see `by_name`.
    """
    subject = names.index("subject_id")
    value = names.index("value") if "value" in names else None
    chosen = [names.index(name) for name in by]
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for fact in facts:
        worth = None if value is None else fact[value]
        key = (fact[subject], worth is None, *(fact[place] for place in chosen))
        group = groups.setdefault(key, [0, None])
        group[0] += 1
        if worth is not None and (group[1] is None or worth > group[1]):
            group[1] = worth
    keys = sorted(groups, key=lambda key: places.get(key[0], 0))
    columns: dict[str, list[Any]] = {
        name: [key[number + 2] for key in keys] for number, name in enumerate(by)
    }
    columns["subject_id"] = [key[0] for key in keys]
    columns["facts"] = [groups[key][0] for key in keys]
    if value is not None:
        columns["value"] = [groups[key][1] for key in keys]
    return zlib.compress(orjson.dumps(columns))


def listed(
    conn: Connection, kept: bytes, where: Where, owners: Collection[str] | None, limit: int,
    skip: int,
) -> tuple[list[dict[str, Any]], bool] | None:  # fmt: skip
    """What `behind` answers, out of what `packed` kept: the count's records, as they stand now, and
    whether more follow them; those that were merged into others since are left out of their page.
    None where it was kept by a version of ours that did not know what is asked for, or one value
    is, of which the largest alone are kept."""
    columns: dict[str, list[Any]] = orjson.loads(zlib.decompress(kept))
    if not where.keys() <= columns.keys() or _several(where.get("value")) != {None}:
        return None
    those: Iterable[int] = range(len(columns["subject_id"]))
    asked = {name: _several(value) for name, value in where.items()}
    if owners is not None:
        those = [one for one in those if columns["owner_id"][one] in owners]
    for name, values in asked.items():
        column = columns[name]
        those = [one for one in those if column[one] in values]
    first = _first(columns, those, skip, limit + 1)
    more = len(first) > limit
    first = first[:limit]
    found = _told(columns, those, first)
    query = (
        select(_s.id, *_SHOWN)
        .select_from(subjects)
        .outerjoin(stages, IN_STAGE)
        .where(sets.among(conn, _s.id, first))
    )
    records = {row.pop("id"): row for row in rows(conn, query)}
    told = [
        {**records[one], "owner_id": found[one][2], "facts": found[one][0], "value": found[one][1]}
        for one in first if one in records
    ]  # fmt: skip
    return told, more


def _several(value: Any) -> Collection[Any]:
    return set(cast(Sequence[Any], value)) if isinstance(value, list | tuple) else {value}


def _first(
    columns: Mapping[str, Sequence[Any]], those: Iterable[int], skip: int, limit: int
) -> list[int]:
    """The subjects of one page, in their order."""
    subject = columns["subject_id"]
    if "value" not in columns:
        ordered = dict.fromkeys(subject[one] for one in those)
        return list(islice(ordered, skip, skip + limit))
    value, best = columns["value"], dict[int, Any]()
    for one in those:
        id = subject[one]
        best[id] = _larger(best[id], value[one]) if id in best else value[one]
    ranked = ((-(worth or 0), id) for id, worth in best.items())
    return [id for _, id in heapq.nsmallest(skip + limit, ranked)[skip:]]


def _told(
    columns: Mapping[str, Sequence[Any]], those: Iterable[int], subjects: Sequence[int]
) -> dict[int, tuple[int, Any, str | None]]:
    """Subject → how many facts, the largest of their values, whose it is."""
    subject, owner, facts = columns["subject_id"], columns["owner_id"], columns["facts"]
    value, wanted = columns.get("value"), set(subjects)
    found: dict[int, tuple[int, Any, str | None]] = {}
    for one in those:
        id = subject[one]
        if id not in wanted:
            continue
        now = (facts[one], value[one] if value else 0, owner[one])
        if id in found:
            many, worth, whose = found[id]
            now = (many + now[0], _larger(worth, now[1]), _larger(whose, now[2]))
        found[id] = now
    return found


def _larger(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
