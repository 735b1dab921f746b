"""What became of follow-ups of ours, step by step, of those that began in the span."""

from __future__ import annotations

from sqlalchemy import CTE, ColumnElement, and_, case, exists, func, or_, select

from app.model.activities import REPLY
from app.model.time import DAY, HOUR
from app.model.vocabulary import (
    ANSWER,
    DUTY_STEPS,
    QUESTION,
    EnrolmentState,
    Mode,
    Outcome,
    ReplyClass,
    SignalKind,
    StopReason,
    TouchState,
)
from app.store.measured.ground import IN_STAGE, Facts, Span, flag
from app.store.tables import activities, enrolments, outcomes, stages, subjects, touches

_e, _t, _s, _o = enrolments.c, touches.c, subjects.c, outcomes.c

CREDIT_DAYS = 14
"""A reply counts for the last touch before it, if that is no longer ago."""

NEVER_BEGAN = (
    StopReason.SHADOW_OVER, StopReason.NOT_NEEDED, StopReason.NOT_OWED, StopReason.DECLINED,
    StopReason.DISCARDED, StopReason.RESTARTED, StopReason.MERGED,
)  # fmt: skip

BUILT_IN = (QUESTION, ANSWER)
"""Questions to a rep and duties after a reply are no follow-ups of a prospect."""

DONE = (
    Outcome.COMPLETED.value, Outcome.RUNNING.value, Outcome.FINISHED.value,
    Outcome.UNENROLLED.value,
)  # fmt: skip

_FATES = (
    ("done", _t.outcome.in_((*DONE, Outcome.WRITTEN.value))),
    ("open", _t.outcome == Outcome.OPEN.value),
    ("deleted", _t.outcome == Outcome.DELETED.value),
    ("ahead", and_(_t.outcome.is_(None), _t.state.in_(
        (TouchState.PLANNED.value, TouchState.WAITING.value, TouchState.CLAIMED.value,
         TouchState.SENDING.value)
    ))),
    ("failed", _t.state.in_((TouchState.FAILED.value, TouchState.UNKNOWN.value))),
)  # fmt: skip
"""What became of a step; all else is `moot`: its reason was gone before it was done."""

_fate = case(*((when, name) for name, when in _FATES), else_="moot")


def cohort(span: Span) -> CTE:
    """Live follow-ups that began in the span, whichever way they ended since."""
    return (
        select(
            _e.id, _e.subject_id, _s.owner_id, _e.definition, _e.version_id, _e.started_at,
            _e.ended_at, _e.end_reason, _s.machine_reply_at,
            func.coalesce(_e.counts_from, _e.anchor_at).label("counted_from"),
        )
        .join(subjects, _s.id == _e.subject_id)
        .where(
            _e.installation_id == span.inst,
            _e.mode == Mode.LIVE.value,
            _e.state.in_((EnrolmentState.ACTIVE.value, EnrolmentState.ENDED.value)),
            _e.definition.not_in(BUILT_IN),
            # What only tells somebody follows up nobody.
            or_(_e.is_firing.is_(False), exists().where(_t.enrolment_id == _e.id)),
            _e.started_at >= span.since,
            _e.started_at <= span.now,
            or_(_e.end_reason.is_(None), _e.end_reason.not_in([*map(str, NEVER_BEGAN)])),
        )
        .cte()
    )  # fmt: skip


def enrolled(span: Span) -> Facts:
    """Follow-ups by definition and by how they ended: `running` where they have not.

    opened: whether mail was opened while it ran. positive, booked: whether a reply was said to be
    positive, a meeting booked, while it ran or within `CREDIT_DAYS` of its end.
    """
    c = cohort(span)
    return select(
        c.c.subject_id, c.c.owner_id, c.c.definition,
        func.coalesce(c.c.end_reason, "running").label("ended"),
        _had(c, span, _o.kind == SignalKind.OPENED.value).label("opened"),
        _had(
            c, span,
            and_(_o.kind == SignalKind.REPLY_CLASSIFIED.value,
                 _o.data.like(f'%"class":"{ReplyClass.POSITIVE.value}"%')),
            CREDIT_DAYS * DAY,
        ).label("positive"),
        _had(
            c, span, _o.kind == SignalKind.MEETING_BOOKED.value, CREDIT_DAYS * DAY
        ).label("booked"),
    )  # fmt: skip


def _had(
    c: CTE, span: Span, what: ColumnElement[bool], longer: int = 0
) -> ColumnElement[int]:
    return flag(
        exists().where(
            _o.installation_id == span.inst,
            _o.subject_id == c.c.subject_id,
            _o.occurred_at >= c.c.started_at,
            _o.occurred_at <= func.coalesce(c.c.ended_at, span.now) + longer,
            what,
        )
    )


def steps(span: Span) -> Facts:
    """Touches of those follow-ups by definition, step and what became of them."""
    c = cohort(span)
    return (
        select(
            _t.subject_id, func.coalesce(_t.owner_id, c.c.owner_id).label("owner_id"),
            c.c.definition, c.c.version_id, _t.step, _fate.label("fate"),
        )
        .join(c, c.c.id == _t.enrolment_id)
        .where(_t.step.not_in(DUTY_STEPS))
    )  # fmt: skip


def answered(span: Span) -> Facts:
    """Touches carried out whose time for an answer is over; hit: the prospect replied.

    number: which touch of its follow-up it was. A touch's time ends with the next one, or after
    `CREDIT_DAYS`; before that it counts in nothing. hour: of its doing, in hours since 1970 (UTC).
    """
    c = cohort(span)
    at = case((_t.outcome == Outcome.COMPLETED.value, _t.outcome_at), else_=_t.performed_at)
    own = _t.enrolment_id
    done = (
        select(
            _t.subject_id, func.coalesce(_t.owner_id, c.c.owner_id).label("owner_id"),
            c.c.definition, c.c.version_id, c.c.machine_reply_at, _t.step, at.label("at"),
            func.row_number().over(partition_by=own, order_by=(at, _t.id)).label("number"),
            func.lead(at).over(partition_by=own, order_by=(at, _t.id)).label("next_at"),
        )
        .join(c, c.c.id == _t.enrolment_id)
        .where(_t.outcome.in_(DONE), _t.step.not_in(DUTY_STEPS))
        .subquery("done")
    )  # fmt: skip
    most = done.c.at + CREDIT_DAYS * DAY
    until = case(
        (and_(done.c.next_at.is_not(None), done.c.next_at < most), done.c.next_at), else_=most
    )
    replied = exists().where(
        activities.c.subject_id == done.c.subject_id,
        activities.c.kind == REPLY,
        activities.c.at > done.c.at,
        activities.c.at <= until,
        activities.c.at != func.coalesce(done.c.machine_reply_at, 0),
    )
    return select(
        done.c.subject_id, done.c.owner_id, done.c.definition, done.c.version_id, done.c.step,
        done.c.number, (done.c.at // HOUR).label("hour"), flag(replied).label("hit"),
    ).where(until <= span.now)  # fmt: skip


def worth(span: Span) -> Facts:
    """Deals that those follow-ups were about, once each for a definition: `ended` is their kind of
    stage, `open`, `won` or `lost`. amount: in the company's currency; null is unknown."""
    c = cohort(span)
    kind = case((stages.c.kind.in_(("won", "lost")), stages.c.kind), else_="open")
    return (
        select(
            c.c.subject_id, c.c.owner_id, c.c.definition, kind.label("ended"),
            _s.amount.label("amount"), flag(_s.amount.is_(None)).label("unknown"),
        )
        .join(subjects, _s.id == c.c.subject_id)
        .join(stages, IN_STAGE)
        .where(_s.deleted.is_(False))
        .distinct()
    )  # fmt: skip
