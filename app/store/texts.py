"""Verdicts on mails and calls that were drawn by chance; the texts themselves are never stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select

from app.store import cursors, sets
from app.store.tables import activities, judged_texts

_DRAWN = "texts"
"""Cursor: JSON of the last draw: seed, at (business), of (kind → how many it was drawn from), whole
(whether the CRM shows a mail to its end), lacks (what cannot be read, in a sentence)."""

_a = activities.c


def drawn(conn: Connection, inst: int) -> dict[str, Any] | None:
    """The last draw; None before the first."""
    found = cursors.get(conn, inst, _DRAWN)
    return sets.loads(found) if found else None


def sent(
    conn: Connection, inst: int, kind: str, since: int, until: int
) -> Iterator[tuple[str, int]]:
    """(cause, at) of all activities of a kind in that time, each once however many records it
    stands on."""
    query = _sent(inst, kind, since, until).execution_options(yield_per=2_000)
    for row in conn.execute(query):
        yield row.cause, row.at


def number_sent(conn: Connection, inst: int, kind: str, since: int, until: int) -> int:
    """How many they are."""
    found = _sent(inst, kind, since, until).subquery()
    return conn.execute(select(func.count()).select_from(found)).scalar_one()


def _sent(inst: int, kind: str, since: int, until: int) -> Select[*tuple[Any, ...]]:
    return (
        select(_a.cause, _a.at)
        .where(_a.installation_id == inst, _a.kind == kind, _a.at >= since, _a.at <= until)
        .distinct()
    )


def keep(
    conn: Connection, inst: int, draw: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Keep a draw and its verdicts (cause, kind, at, state, flaws) in the place of the last."""
    conn.execute(delete(judged_texts).where(judged_texts.c.installation_id == inst))
    if rows:
        conn.execute(insert(judged_texts), [{"installation_id": inst, **row} for row in rows])
    cursors.put(conn, inst, _DRAWN, sets.dumps(draw))
