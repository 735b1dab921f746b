"""The last seven days beside the seven before: what was done, and what was heard."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, union_all

from app.model.vocabulary import EnrolmentState, Mode, Outcome, SignalKind, StageKind
from app.store.measured.ground import Facts, Span, deals
from app.store.measured.speed import WEEK
from app.store.measured.steps import NEVER_BEGAN
from app.store.tables import enrolments, outcomes, subjects, touches

_t, _e, _o, _s = touches.c, enrolments.c, outcomes.c, subjects.c

_HEARD = (
    SignalKind.REPLIED, SignalKind.MEETING_BOOKED, SignalKind.MEETING_HELD, SignalKind.OPTED_OUT,
)  # fmt: skip


def weeks(span: Span) -> Facts:
    """What happened by week (0: the last seven days, 1: those before): `what` is `begun`,
    `completed`, `deleted`, `replied`, `meeting_booked`, `meeting_held`, `opted_out`, `won`, `lost`.
    """
    d = deals(span.inst)
    begun = select(
        _e.subject_id, _s.owner_id, literal("begun").label("what"), _week(span, _e.started_at)
    ).join(subjects, _s.id == _e.subject_id).where(
        _e.installation_id == span.inst,
        _e.mode == Mode.LIVE.value,
        _e.state.in_((EnrolmentState.ACTIVE.value, EnrolmentState.ENDED.value)),
        or_(_e.end_reason.is_(None), _e.end_reason.not_in([*map(str, NEVER_BEGAN)])),
        _lately(span, _e.started_at),
    )
    done = select(
        _t.subject_id, func.coalesce(_t.owner_id, _s.owner_id).label("owner_id"),
        _t.outcome.label("what"), _week(span, _t.outcome_at),
    ).join(subjects, _s.id == _t.subject_id).where(
        _t.installation_id == span.inst,
        _t.outcome.in_((Outcome.COMPLETED.value, Outcome.DELETED.value)),
        # A task is written before it is completed, so its due time bounds what is looked through.
        _t.due_at > span.now - 26 * WEEK,
        _lately(span, _t.outcome_at),
    )  # fmt: skip
    heard = select(
        _o.subject_id, _s.owner_id, _o.kind.label("what"), _week(span, _o.occurred_at)
    ).join(subjects, _s.id == _o.subject_id).where(
        _o.installation_id == span.inst,
        _o.kind.in_([kind.value for kind in _HEARD]),
        _lately(span, _o.occurred_at),
    )
    closed = select(
        d.c.id.label("subject_id"), d.c.owner_id, d.c.kind.label("what"),
        _week(span, d.c.entered_at),
    ).where(
        d.c.kind.in_((StageKind.WON.value, StageKind.LOST.value)), _lately(span, d.c.entered_at)
    )  # fmt: skip
    found = union_all(begun, done, heard, closed).subquery("weeks")
    return select(found.c.subject_id, found.c.owner_id, found.c.what, found.c.week)


def _week(span: Span, at: ColumnElement[Any]) -> ColumnElement[Any]:
    return ((span.now - at) // WEEK).label("week")


def _lately(span: Span, at: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(at > span.now - 2 * WEEK, at <= span.now)
