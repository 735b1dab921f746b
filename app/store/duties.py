"""Tasks that ask a person about a sequence of the CRM's own, and go once that is cleared up."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from app.model.vocabulary import Outcome, TouchState
from app.store.fixed import Fixed, among, arg
from app.store.tables import native_enrolments, touches

_n, _t = native_enrolments.c, touches.c

_OVER = Fixed(
    select(_n.person_touch).where(among(_n.person_touch, "ids"), _n.state == "ended")
)


def cleared(conn: Connection, touch_ids: Iterable[str]) -> set[str]:
    """Those tasks for a person whose sequence is over meanwhile."""
    return {id for (id,) in _OVER.rows(conn, ids=list(touch_ids))}


_DROP_DUTY = Fixed(
    update(touches)
    .where(
        among(_t.id, "ids"),
        _t.attempts == 0,
        _t.state.in_((TouchState.PLANNED.value, TouchState.WAITING.value)),
    )
    .values(state=TouchState.DROPPED.value, reason=arg("why"), outcome_at=arg("now"))
)
_RESOLVE_DUTY = Fixed(
    update(touches)
    .where(
        among(_t.id, "ids"),
        _t.state == TouchState.PERFORMED.value,
        _t.outcome == Outcome.OPEN.value,
    )
    .values(wish="resolve", wish_why=arg("why"), wish_wall=0, overdue_at=None)
)


def clear(conn: Connection, touch_ids: Iterable[str], why: str, now: int) -> None:
    """What a person was asked to do is done: the task goes, or is not written any more. One whose
    creation is unanswered is found again, and goes then (`cleared`)."""
    ids = list(touch_ids)
    _DROP_DUTY.run(conn, ids=ids, why=why, now=now)
    _RESOLVE_DUTY.run(conn, ids=ids, why=why)
