"""What caps and daily budgets count: touches of a person by day, tasks falling due for a rep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from app.model.touches import Borne, DayCount
from app.model.vocabulary import Outcome, TaskType, TouchState
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import contact_activity, contacts, enrolments, touches

_t, _a = touches.c, contact_activity.c


_OURS: Mapping[TaskType, str] = {
    TaskType.CALL: "calls",
    TaskType.EMAIL: "emails",
    TaskType.LINKEDIN: "linkedin",
}
_THEIRS: Mapping[TaskType, str] = {
    TaskType.CALL: "other_calls",
    TaskType.EMAIL: "other_emails",
}
COUNTED = ("touches", *_OURS.values(), "others", *_THEIRS.values())
"""Columns that add up when two days of a person become one."""

_KEY = ("installation_id", "contact_id", "day")


def count_contact(
    conn: Connection, inst: int, rows: Sequence[tuple[str, str, TaskType]]
) -> None:
    """Add touches of ours, as (contact id, ISO day, kind), to the daily counts that caps read."""
    totals: dict[tuple[str, str], dict[str, int]] = defaultdict(
        lambda: dict.fromkeys(("touches", *_OURS.values()), 0)
    )
    for contact, day, kind in rows:
        counted = totals[contact, day]
        counted["touches"] += 1
        counted[_OURS[kind]] += 1
    _add(conn, inst, totals, ("touches", *_OURS.values()))


def count_others(conn: Connection, inst: int, rows: Sequence[tuple[str, str, int]]) -> None:
    """Add what reps and other tools did, as (contact id, ISO day, how often)."""
    totals: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: {"others": 0})
    for contact, day, number in rows:
        totals[contact, day]["others"] += number
    _add(conn, inst, totals, ("others",))


def _add(
    conn: Connection,
    inst: int,
    totals: Mapping[tuple[str, str], Mapping[str, int]],
    columns: tuple[str, ...],
) -> None:
    rows = [
        {"installation_id": inst, "contact_id": who, "day": day, **counted}
        for (who, day), counted in totals.items()
    ]
    sets.upsert(conn, contact_activity, rows, _KEY, (), columns)


def put_others(
    conn: Connection,
    inst: int,
    since: str,
    found: Mapping[str, Mapping[str, DayCount]],
    counters: Mapping[str, int | None],
) -> None:
    """What others did on days later than `since`, read one by one, in the place of what was known.

    found: contact id → day → counts. counters: contact id → what the CRM's counter stood at.
    """
    nothing = {"others": 0, "whose": "{}", **dict.fromkeys(_THEIRS.values(), 0)}
    conn.execute(
        update(contact_activity)
        .where(_a.installation_id == inst, _a.day > since, _a.contact_id.in_(list(found)))
        .values(nothing)
    )
    rows = [
        {
            "installation_id": inst,
            "contact_id": who,
            "day": day,
            "others": count.others,
            "whose": sets.dumps(count.whose),
            **{column: count.kinds.get(kind, 0) for kind, column in _THEIRS.items()},
        }
        for who, days in found.items()
        for day, count in days.items()
        if day > since
    ]
    sets.upsert(conn, contact_activity, rows, _KEY, tuple(nothing))
    sets.update_many(
        conn,
        contacts,
        ("installation_id", "crm_id"),
        [
            {"installation_id": inst, "crm_id": who, "contacted_exact": number}
            for who, number in counters.items()
        ],
    )


_COUNTS = Fixed(
    select(
        _a.contact_id, _a.day, _a.touches, _a.others, _a.whose,
        *(_a[name] for name in (*_OURS.values(), *_THEIRS.values())),
    ).where(_a.installation_id == arg("inst"), among(_a.contact_id, "ids"), _a.day > arg("since"))
)  # fmt: skip


def borne(
    conn: Connection, inst: int, contact_ids: Iterable[str], week: str, month: str
) -> dict[str, Borne]:
    """contact id → touches on days later than `week`, and later than `month` (ISO dates)."""
    found: dict[str, Borne] = {}
    for row in _COUNTS.dicts(conn, inst=inst, ids=list(contact_ids), since=month):
        one = found.setdefault(row["contact_id"], Borne())
        lately = row["day"] > week
        one.all = _plus(one.all, row["touches"] + row["others"], lately)
        one.others = _plus(one.others, row["others"], lately)
        for kind, column in _OURS.items():
            number = row[column] + (row[_THEIRS[kind]] if kind in _THEIRS else 0)
            one.channels[kind] = _plus(one.channels.get(kind, (0, 0)), number, lately)
        if row["whose"] != "{}":
            for owner, number in sets.loads(row["whose"]).items():
                one.whose[owner] = one.whose.get(owner, 0) + number
    return found


def _plus(counted: tuple[int, int], number: int, lately: bool) -> tuple[int, int]:
    return counted[0] + (number if lately else 0), counted[1] + number


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


_CARRIED_OUT = (
    Outcome.COMPLETED.value, Outcome.RUNNING.value, Outcome.FINISHED.value,
    Outcome.UNENROLLED.value,
)  # fmt: skip

_DONE = Fixed(
    select(
        _t.contact_id, _t.owner_id, _t.step, _t.performed_at, _t.outcome_at,
        enrolments.c.version_id, enrolments.c.definition, enrolments.c.is_firing,
    )
    .join(enrolments, enrolments.c.id == _t.enrolment_id)
    .where(
        among(_t.subject_id, "subjects"),
        _t.contact_id.is_not(None),
        _t.performed_at >= arg("since"),
        _t.outcome.in_(_CARRIED_OUT),
    )
)  # fmt: skip


def carried_out(conn: Connection, subjects: Iterable[int], since: int) -> list[dict[str, Any]]:
    """Touches of ours on these subjects that stand in the CRM since then and were carried out, with
    the version and definition that say what kind each step is."""
    return _DONE.dicts(conn, subjects=list(subjects), since=since)
