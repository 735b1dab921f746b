"""Speed to lead: how the first touch of a follow-up stood to the time that a playbook promised."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from app.model.time import DAY, HOUR, MINUTE
from app.model.vocabulary import DUTY_STEPS, Outcome, TouchState
from app.store.measured.ground import Facts, Span
from app.store.measured.steps import DONE, cohort
from app.store.tables import touches

_t = touches.c

PROMISES = (
    ("1min", MINUTE), ("5min", 5 * MINUTE), ("15min", 15 * MINUTE), ("1h", HOUR), ("4h", 4 * HOUR),
    ("1d", DAY),
)  # fmt: skip
"""Classes of promises and up to how long after its cause each is (ms). A first touch that is owed
later than a day after is no matter of speed."""

_NATIVE = (Outcome.RUNNING.value, Outcome.FINISHED.value, Outcome.UNENROLLED.value)
"""What the CRM's own sequence sends leaves at the instant of the enrolment."""


def _first(span: Span, late: ColumnElement[int]) -> Facts:
    """The first touch of each live follow-up that began in the span, promised within a day, and has
    fallen due; none of those whose reason was gone before. value: `late`, never below 0.

    Late is against the due time that was written: a promise of five minutes that falls into the
    night is one for the first minutes of the rep's morning.
    """
    c = cohort(span)
    promise = _t.owed_at - c.c.counted_from
    place = func.row_number().over(
        partition_by=_t.enrolment_id, order_by=(_t.owed_at, _t.planned_at, _t.id)
    )
    ahead = and_(
        _t.outcome.is_(None),
        _t.state.in_(
            (TouchState.PLANNED.value, TouchState.WAITING.value, TouchState.CLAIMED.value,
             TouchState.SENDING.value, TouchState.FAILED.value, TouchState.UNKNOWN.value)
        ),
    )  # fmt: skip
    counts = or_(
        ahead, _t.outcome.in_((*DONE, Outcome.OPEN.value, Outcome.DELETED.value))
    )
    value = case((late > 0, late), (late <= 0, 0))
    first = (
        select(
            _t.subject_id, func.coalesce(_t.owner_id, c.c.owner_id).label("owner_id"),
            case(*((promise <= most, name) for name, most in PROMISES)).label("promise"),
            and_(counts, _t.due_at <= span.now).label("counts"), value.label("value"),
            place.label("place"),
        )
        .join(c, c.c.id == _t.enrolment_id)
        .where(_t.step.not_in(DUTY_STEPS), promise <= DAY)
        .subquery("first")
    )  # fmt: skip
    return select(
        first.c.subject_id, first.c.owner_id, first.c.promise, first.c.value
    ).where(first.c.place == 1, first.c.counts)


def stood(span: Span) -> Facts:
    """value: by how much its task came to stand in the CRM after it was due, in ms; none: never."""
    return _first(span, _t.performed_at - _t.due_at)


def kept(span: Span) -> Facts:
    """value: by how much it was done after it was due, in ms; none: not done yet, or deleted."""
    done = case(
        (_t.outcome == Outcome.COMPLETED.value, _t.outcome_at),
        (_t.outcome.in_(_NATIVE), _t.performed_at),
    )
    return _first(span, done - _t.due_at)
