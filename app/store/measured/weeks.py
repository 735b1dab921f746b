"""The last seven days beside the seven before: what was done, and what was heard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, select, union_all

from app.model.vocabulary import Outcome, SignalKind, StageKind
from app.store.measured.ground import Facts, Span, deals, owner_of_touch
from app.store.measured.speed import WEEK
from app.store.measured.steps import cohort
from app.store.tables import outcomes, subjects, touches

_t, _o, _s = touches.c, outcomes.c, subjects.c

_HEARD = (
    SignalKind.REPLIED, SignalKind.MEETING_BOOKED, SignalKind.MEETING_HELD, SignalKind.OPTED_OUT,
)  # fmt: skip


def weeks(span: Span) -> Facts:
    """What happened by week (0: the last seven days, 1: those before): `what` is `begun`,
    `completed`, `deleted`, `replied`, `meeting_booked`, `meeting_held`, `opted_out`, `won`, `lost`.
    """
    d = deals(span.inst)
    c = cohort(replace(span, since=span.now - 2 * WEEK + 1))
    begun = select(
        c.c.subject_id, c.c.owner_id, literal("begun").label("what"), _week(span, c.c.started_at)
    )
    done = select(
        _t.subject_id, owner_of_touch().label("owner_id"),
        _t.outcome.label("what"), _week(span, _t.outcome_at),
    ).where(
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
