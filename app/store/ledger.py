"""The ledger: every decision with its reasons, the negative ones too.

A positive decision appends a row. A negative one that repeats the last word on its (subject, scope)
only counts up that row: silence checks say "not yet" thousands of times, and the first and the last
time are all that anybody asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
)

from app.model.decisions import Explanation
from app.model.time import Business
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import enrolments, ledger, subjects, touches

# One seek per key in ix_ledger_subject; a GROUP BY would read the subjects' whole past.
_LATEST = {
    "sqlite": """
SELECT id, subject_id, scope, verdict, code, count, first_at, last_at FROM ledger
WHERE positive = false AND id IN (
  SELECT (SELECT max(l.id) FROM ledger l WHERE l.subject_id = k.subject_id AND l.scope = k.scope)
  FROM (SELECT json_extract(value, '$.subject_id') AS subject_id,
               json_extract(value, '$.scope') AS scope FROM json_each(:keys)) k)
""",
    "postgresql": """
SELECT l.id, l.subject_id, l.scope, l.verdict, l.code, l.count, l.first_at, l.last_at
FROM json_to_recordset(%(keys)s::json) AS k(subject_id bigint, scope varchar)
CROSS JOIN LATERAL (SELECT * FROM ledger WHERE ledger.subject_id = k.subject_id
                    AND ledger.scope = k.scope ORDER BY ledger.id DESC LIMIT 1) l
WHERE NOT l.positive
""",
}

_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger. count: how often the same verdict came from first_at to last_at."""

    id: int
    subject: int
    scope: str
    verdict: str
    code: str
    values: Mapping[str, Any]
    first_at: Business
    last_at: Business
    count: int
    positive: bool


def write(conn: Connection, installation_id: int, explanations: Sequence[Explanation]) -> None:
    """Record explanations in their order."""
    latest = _latest(conn, {(e.subject, e.scope) for e in explanations if not e.positive})
    appended: list[dict[str, Any]] = []
    repeated: dict[int, dict[str, Any]] = {}
    for said in explanations:
        key = (said.subject, said.scope)
        row = latest.get(key)
        if row is not None and not said.positive and _same(row, said):
            row["count"] += 1
            row["first_at"] = min(row["first_at"], said.at)
            row["last_at"] = max(row["last_at"], said.at)
            row["data"] = sets.dumps(said.values)
            if "id" in row:
                repeated[row["id"]] = row
            continue
        row = _row(installation_id, said)
        appended.append(row)
        if said.positive:
            latest.pop(key, None)
        else:
            latest[key] = row
    columns = ("id", "count", "first_at", "last_at", "data")
    changes = [{name: row[name] for name in columns} for row in repeated.values()]
    sets.update_many(conn, ledger, "id", changes)
    sets.insert(conn, ledger, appended)


def _same(row: Mapping[str, Any], said: Explanation) -> bool:
    return row["verdict"] == said.verdict and row["code"] == said.code


def _row(installation_id: int, said: Explanation) -> dict[str, Any]:
    return {
        "installation_id": installation_id,
        "subject_id": said.subject,
        "scope": said.scope,
        "verdict": said.verdict,
        "code": said.code,
        "data": sets.dumps(said.values),
        "first_at": said.at,
        "last_at": said.at,
        "count": 1,
        "positive": said.positive,
    }


def _latest(conn: Connection, keys: set[_Key]) -> dict[_Key, dict[str, Any]]:
    """The last row of each key, where that one is negative."""
    if not keys:
        return {}
    document = sets.dumps([{"subject_id": subject, "scope": scope} for subject, scope in keys])
    rows = conn.exec_driver_sql(_LATEST[conn.dialect.name], {"keys": document}).mappings()
    return {(row["subject_id"], row["scope"]): dict(row) for row in rows}


def read(conn: Connection, subject_id: int, scope: str | None = None) -> list[Entry]:
    """What was decided on a subject, oldest first; with `scope` only what concerns it."""
    query = select(ledger).where(ledger.c.subject_id == subject_id)
    if scope is not None:
        query = query.where(ledger.c.scope == scope)
    return _entries(conn, query)


def why(conn: Connection, subject_id: int, rule: str) -> list[Entry]:
    """All that was decided on a subject by one rule: itself, its enrolments and their touches.

    rule: its key, `playbook/rule`.
    """
    mine = (enrolments.c.subject_id == subject_id) & (enrolments.c.rule == rule)
    of_touches = select("touch:" + touches.c.id).where(
        touches.c.enrolment_id.in_(select(enrolments.c.id).where(mine))
    )
    of_enrolments = select("enrolment:" + enrolments.c.id).where(mine)
    return _entries(
        conn,
        select(ledger).where(
            ledger.c.subject_id == subject_id,
            or_(
                ledger.c.scope == f"rule:{rule}",
                ledger.c.scope.in_(of_enrolments),
                ledger.c.scope.in_(of_touches),
            ),
        ),
    )


def _entries(conn: Connection, query: Select[Any]) -> list[Entry]:
    return [
        Entry(
            id=row["id"],
            subject=row["subject_id"],
            scope=row["scope"],
            verdict=row["verdict"],
            code=row["code"],
            values=sets.loads(row["data"]),
            first_at=row["first_at"],
            last_at=row["last_at"],
            count=row["count"],
            positive=row["positive"],
        )
        for row in conn.execute(query.order_by(ledger.c.id)).mappings()
    ]


_OLD = Fixed(
    select(ledger.c.id)
    .where(ledger.c.installation_id == arg("inst"), ledger.c.last_at < arg("before"))
    .limit(arg("most"))
)
_FORGET = Fixed(delete(ledger).where(among(ledger.c.id, "ids")))


def older_than(conn: Connection, installation_id: int, before: Business, most: int) -> list[int]:
    """Ids of up to so many rows last said before an instant. No index serves this: look for them
    while others may write."""
    return [row[0] for row in _OLD.rows(conn, inst=installation_id, before=before, most=most)]


def forget(conn: Connection, ids: Sequence[int]) -> int:
    """Delete these rows; how many there were."""
    return _FORGET.run(conn, ids=ids) if ids else 0


LOOKED_AT = 200_000
"""Lines of the ledger, the latest of all installations, among which a rule's are looked for: there
is no index by rule, as it would be written with every decision and read a few times a day."""


def of_rule(
    conn: Connection,
    installation_id: int,
    rule: str,
    owners: Collection[str] | None,
    *,
    code: str = "",
    before: int | None = None,
    limit: int = 100,
) -> list[RowMapping]:
    """A rule's own decisions on any record, the latest first, each with the record's type, crm_id
    and name. owners: of whose records; None: of all. code: only with this reason."""
    query = (
        select(ledger, subjects.c.type, subjects.c.crm_id, subjects.c.name)
        .join(subjects, subjects.c.id == ledger.c.subject_id)
        .where(_of_rule(installation_id, rule), subjects.c.deleted.is_(False))
    )
    if owners is not None:
        query = query.where(sets.among(conn, subjects.c.owner_id, sorted(owners)))
    if code:
        query = query.where(ledger.c.code == code)
    if before is not None:
        query = query.where(ledger.c.id < before)
    return list(conn.execute(query.order_by(ledger.c.id.desc()).limit(limit)).mappings())


def reasons(conn: Connection, installation_id: int, rule: str) -> dict[str, int]:
    """Code → records on which it was a rule's word at some time, the most frequent first."""
    number = func.count(ledger.c.subject_id.distinct())
    query = (
        select(ledger.c.code, number)
        .where(_of_rule(installation_id, rule))
        .group_by(ledger.c.code)
        .order_by(number.desc(), ledger.c.code)
    )
    return {str(row[0]): int(row[1]) for row in conn.execute(query)}


def _of_rule(installation_id: int, rule: str) -> ColumnElement[bool]:
    newest = select(func.coalesce(func.max(ledger.c.id), 0)).scalar_subquery()
    return and_(
        ledger.c.installation_id == installation_id,
        ledger.c.scope == f"rule:{rule}",
        ledger.c.id > newest - LOOKED_AT,
    )
