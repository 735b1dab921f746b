"""Passages: what enrolments passed, and wait for, on their way through control steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.model.decisions import NotePassages
from app.model.flow import Passage
from app.store import sets
from app.store.fixed import Fixed, among
from app.store.tables import enrolments, passages

_p, _e = passages.c, enrolments.c

_NAMES = ("step", "kind", "begun_at", "until_at", "seen_at", "passed_at", "arm", "from_at")
_CHANGES = ("kind", "begun_at", "until_at", "seen_at", "passed_at", "arm", "from_at")
_OF = Fixed(
    select(_p.enrolment_id, *(_p[name] for name in _NAMES)).where(among(_p.enrolment_id, "ids"))
)


def of(conn: Connection, ids: Iterable[str]) -> dict[str, dict[str, Passage]]:
    """enrolment id → step id → what is known of that control step."""
    found: dict[str, dict[str, Passage]] = defaultdict(dict)
    for row in _OF.dicts(conn, ids=list(ids)):
        found[row["enrolment_id"]][row["step"]] = Passage(**{name: row[name] for name in _NAMES})
    return found


def put(conn: Connection, inst: int, noted: Sequence[NotePassages]) -> set[str]:
    """Store what is known; answers the enrolments of which another has decided otherwise meanwhile.

    A step that was passed stays as it was passed: two lanes may decide about one enrolment at the
    same time, each on what it knew, and only the first may have its way.
    """
    rows = {
        (one.enrolment, passage.step): {
            "enrolment_id": one.enrolment,
            "installation_id": inst,
            **{name: getattr(passage, name) for name in _NAMES},
        }
        for one in noted
        for passage in one.passages
    }
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    for chunk in sets.chunks([rows[key] for key in sorted(rows)]):
        query = insert(passages).values(list(chunk))
        change = {name: query.excluded[name] for name in _CHANGES}
        conn.execute(
            query.on_conflict_do_update(
                index_elements=["enrolment_id", "step"], set_=change, where=_p.passed_at.is_(None)
            )
        )
    stands = of(conn, {enrolment for enrolment, _ in rows})
    return {
        enrolment
        for (enrolment, step), row in rows.items()
        if row["passed_at"] is not None and stands[enrolment][step].arm != row["arm"]
    }


_WAITS = Fixed(
    select(_e.subject_id, func.min(_p.until_at))
    .join(passages, _p.enrolment_id == _e.id)
    .where(
        among(_e.subject_id, "ids"),
        _e.state == "active",
        _e.mode == "live",
        _p.until_at.is_not(None),
    )
    .group_by(_e.subject_id)
)


def looked_at(conn: Connection, subjects: Sequence[int]) -> dict[int, int]:
    """subject id → when the first step that one of its follow-ups waits at is looked at again."""
    return dict(_WAITS.rows(conn, ids=subjects))  # type: ignore[arg-type]


def cohorts(conn: Connection, inst: int) -> list[Mapping[str, Any]]:
    """How many enrolments fell into each cohort of each split, and how many of them ended by which
    reason: of, step, cohort, enrolments, ended (reason → number)."""
    query = (
        select(
            _e.definition, _p.step, _p.arm.label("cohort"), _e.end_reason,
            func.count().label("count"),
        )
        .join(enrolments, _e.id == _p.enrolment_id)
        .where(_p.installation_id == inst, _p.kind == "split", _p.passed_at.is_not(None))
        .group_by(_e.definition, _p.step, _p.arm, _e.end_reason)
    )  # fmt: skip
    rows = conn.execute(query).mappings()
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["definition"], row["step"], row["cohort"])
        one = found.setdefault(
            key,
            {"of": key[0], "step": key[1], "cohort": key[2], "enrolments": 0, "ended": {}},
        )
        one["enrolments"] += row["count"]
        if row["end_reason"] is not None:
            one["ended"][row["end_reason"]] = row["count"]
    return [found[key] for key in sorted(found)]
