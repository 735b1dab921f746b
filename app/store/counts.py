"""What caps and daily budgets count: touches of a person by day, tasks falling due for a rep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from app.model.vocabulary import Outcome, TouchState
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import contact_activity, touches

_t, _a = touches.c, contact_activity.c


def count_contact(conn: Connection, inst: int, rows: Sequence[tuple[str, str, int]]) -> None:
    """Add (contact id, ISO day, touches) to the daily counts that caps read."""
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for contact, day, number in rows:
        totals[contact, day] += number
    sets.upsert(
        conn,
        contact_activity,
        [
            {"installation_id": inst, "contact_id": who, "day": day, "touches": more}
            for (who, day), more in totals.items()
        ],
        ("installation_id", "contact_id", "day"),
        (),
        ("touches",),
    )


_COUNTS = Fixed(
    select(_a.contact_id, _a.day, _a.touches).where(
        _a.installation_id == arg("inst"), among(_a.contact_id, "ids"), _a.day > arg("since")
    )
)


def contact_counts(
    conn: Connection, inst: int, contact_ids: Iterable[str], week: str, month: str
) -> dict[str, tuple[int, int]]:
    """contact id → touches on days later than `week`, and later than `month` (ISO dates)."""
    found: dict[str, tuple[int, int]] = {}
    for contact, day, number in _COUNTS.rows(conn, inst=inst, ids=list(contact_ids), since=month):
        in_week, in_month = found.get(contact, (0, 0))
        found[contact] = (in_week + (number if day > week else 0), in_month + number)
    return found


_DUE = Fixed(
    select(_t.owner_id, _t.due_at).where(
        _t.installation_id == arg("inst"),
        _t.owner_id.is_not(None),
        _t.due_at >= arg("start"),
        _t.due_at < arg("end"),
        _t.state == TouchState.PERFORMED.value,
        _t.outcome.in_((Outcome.OPEN.value, Outcome.COMPLETED.value)),
    )
)


def due_between(conn: Connection, inst: int, start: int, end: int) -> list[tuple[str, int]]:
    """(owner id, due time) of tasks of ours falling due within a span, for daily budgets."""
    return [(owner, due) for owner, due in _DUE.rows(conn, inst=inst, start=start, end=end)]
