"""What came of it: replies, meetings, completed tasks; each counted once, by its cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from app.model.playbook import When
from app.model.vocabulary import ENGAGEMENT, PICKED_UP, SignalKind
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import outcomes

ANSWERS = (
    SignalKind.REPLIED.value, SignalKind.MEETING_BOOKED.value, SignalKind.FORM_SUBMITTED.value,
    PICKED_UP,
)  # fmt: skip
SEEN = (SignalKind.OPENED.value, SignalKind.CLICKED.value)
"""Kinds of outcomes by which a person's best time is told: answers, and mail that was looked at."""


def add(conn: Connection, installation_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """Record outcomes; (subject, kind, cause) that exist are ignored. Returns how many are new.

    rows: subject_id, kind, cause, occurred_at; optional touch_id, contact_id, data (a mapping).
    """
    full = [
        {
            "installation_id": installation_id,
            "subject_id": row["subject_id"],
            "kind": row["kind"],
            "cause": row["cause"],
            "occurred_at": row["occurred_at"],
            "touch_id": row.get("touch_id"),
            "contact_id": row.get("contact_id"),
            "data": sets.dumps(row.get("data") or {}),
        }
        for row in rows
    ]
    return sets.insert_ignore(conn, outcomes, full, order=("subject_id", "kind", "cause"))


_ENGAGED = Fixed(
    select(outcomes.c.subject_id, outcomes.c.occurred_at, outcomes.c.contact_id).where(
        outcomes.c.installation_id == arg("inst"),
        among(outcomes.c.subject_id, "ids"),
        outcomes.c.occurred_at > arg("since"),
        outcomes.c.kind.in_(sorted(kind.value for kind in ENGAGEMENT)),
    )
)


def engaged(
    conn: Connection, inst: int, subject_ids: Sequence[int], since: int
) -> dict[int, list[tuple[int, str | None]]]:
    """subject id → when the prospect did something after `since`, and which of its people."""
    found: dict[int, list[tuple[int, str | None]]] = {}
    for subject, at, contact in _ENGAGED.rows(
        conn, inst=inst, ids=list(subject_ids), since=since
    ):
        found.setdefault(subject, []).append((at, contact))
    return found


_DEEDS = Fixed(
    select(outcomes.c.contact_id, outcomes.c.kind, outcomes.c.occurred_at)
    .distinct()
    .where(
        outcomes.c.installation_id == arg("inst"),
        among(outcomes.c.subject_id, "ids"),
        outcomes.c.kind.in_((*ANSWERS, *SEEN)),
        outcomes.c.occurred_at > arg("since"),
        outcomes.c.contact_id.is_not(None),
    )
)


def deeds(
    conn: Connection, inst: int, subject_ids: Sequence[int], since: int
) -> dict[str, list[tuple[int, bool]]]:
    """contact id → (when they did something after `since`, whether it was an answer). What counts
    on several of their records counts once."""
    found: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for contact, kind, at in _DEEDS.rows(conn, inst=inst, ids=list(subject_ids), since=since):
        found[contact].append((at, kind in ANSWERS))
    return found


def of_subjects(conn: Connection, inst: int, subject_ids: Sequence[int]) -> list[RowMapping]:
    """Outcomes of some subjects, oldest first; `data` is JSON."""
    query = (
        select(outcomes)
        .where(
            outcomes.c.installation_id == inst,
            sets.among(conn, outcomes.c.subject_id, subject_ids),
        )
        .order_by(outcomes.c.occurred_at, outcomes.c.id)
    )
    return list(conn.execute(query).mappings())


def mail_seen(
    conn: Connection, inst: int, subject_ids: Sequence[int], whens: Iterable[When], now: int
) -> dict[tuple[int, SignalKind], set[int]]:
    """(subject, kind) → when it was seen, as far back as rules that count look; mostly none do."""
    found: dict[tuple[int, SignalKind], set[int]] = defaultdict(set)
    spans = {
        when.kind.value: when.span.approximate_ms()
        for when in whens
        if when.span is not None and when.kind in (SignalKind.OPENED, SignalKind.CLICKED)
    }
    if not spans:
        return found
    query = select(outcomes.c.subject_id, outcomes.c.kind, outcomes.c.occurred_at).where(
        outcomes.c.installation_id == inst,
        sets.among(conn, outcomes.c.subject_id, subject_ids),
        outcomes.c.kind.in_(sorted(spans)),
        outcomes.c.occurred_at > now - max(spans.values()),
    )
    for subject, kind, at in conn.execute(query):
        found[subject, SignalKind(kind)].add(at)
    return found


def counts(conn: Connection, installation_id: int) -> dict[str, int]:
    """kind → how often."""
    query = (
        select(outcomes.c.kind, func.count().label("times"))
        .where(outcomes.c.installation_id == installation_id)
        .group_by(outcomes.c.kind)
    )
    return {row.kind: row.times for row in conn.execute(query)}
