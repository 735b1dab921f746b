"""What replies rest on and what they change: sequences that one ended, and when steps are owed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from app.model.vocabulary import EnrolmentState, StopReason, TouchState
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import contacts, enrolments, touches

Row = Mapping[str, Any]

_e, _t = enrolments.c, touches.c


def note(conn: Connection, inst: int, said: Mapping[str, Mapping[str, Any]]) -> None:
    """contact id → what was said of their latest reply."""
    sets.update_many(
        conn,
        contacts,
        ("installation_id", "crm_id"),
        [
            {"installation_id": inst, "crm_id": key, "reply_said": sets.dumps(value)}
            for key, value in said.items()
        ],
    )


_ENDED_BY = Fixed(
    select(enrolments)
    .where(
        among(_e.subject_id, "ids"),
        _e.state == EnrolmentState.ENDED.value,
        _e.end_reason == arg("why"),
        _e.ended_at >= arg("since"),
        _e.mode != "shadow",
        _e.is_firing.is_(False),
    )
    .order_by(_e.ended_at, _e.id)
)
_RESUME = Fixed(
    update(enrolments)
    .where(
        _e.id == arg("key"),
        _e.state == EnrolmentState.ENDED.value,
        _e.end_reason == StopReason.REPLIED.value,
    )
    .values(
        state=EnrolmentState.ACTIVE.value, ended_at=None, end_reason=None,
        revision=_e.revision + 1,
    )
)  # fmt: skip


def ended_by(
    conn: Connection, subject_ids: Iterable[int], why: StopReason, since: int
) -> dict[int, list[Row]]:
    """subject id → its sequences that ended for a reason since an instant, the earlier first."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in _ENDED_BY.dicts(conn, ids=list(subject_ids), why=why.value, since=since):
        found[row["subject_id"]].append(row)
    return found


def resume(conn: Connection, ids: Iterable[str]) -> None:
    """Sequences that a reply had ended are active again; one that has ended otherwise stays so."""
    _RESUME.run_many(conn, [{"key": key} for key in ids])


_REPLAN = Fixed(
    update(touches)
    .where(
        _t.id == arg("key"),
        _t.state.in_((TouchState.PLANNED.value, TouchState.WAITING.value)),
    )
    .values(planned_at=arg("now"))
)


def replan(conn: Connection, ids: Iterable[str], now: int) -> None:
    """Touches that are decided anew now: what was answered before does not speak against them."""
    _REPLAN.run_many(conn, [{"key": key, "now": now} for key in ids])


_PLACED = Fixed(
    select(_t.id, _t.owed_at, _t.due_at, _t.edited).where(among(_t.enrolment_id, "ids"))
)


def placed(conn: Connection, enrolment_ids: Iterable[str]) -> dict[str, tuple[int, int, bool]]:
    """touch id → (owed_at, due_at, edited) of all touches of some enrolments."""
    rows = _PLACED.rows(conn, ids=list(enrolment_ids))
    return {key: (owed, due, bool(edited)) for key, owed, due, edited in rows}


_PERFORMED_SINCE = Fixed(
    select(
        _t.subject_id, _t.contact_id, _t.step, enrolments.c.definition, enrolments.c.version_id
    )
    .join(enrolments, enrolments.c.id == _t.enrolment_id)
    .where(
        among(_t.subject_id, "ids"),
        _t.state == TouchState.PERFORMED.value,
        _t.performed_at >= arg("since"),
        enrolments.c.is_firing.is_(False),
    )
    .order_by(_t.performed_at, _t.id)
)


def performed_since(
    conn: Connection, subject_ids: Iterable[int], since: int
) -> list[dict[str, Any]]:
    """Steps of sequences written for some subjects since an instant, the earlier first."""
    return _PERFORMED_SINCE.dicts(conn, ids=list(subject_ids), since=since)
