"""How fast and how often reps turn to their prospects, by what the CRM logged."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    cast,
    exists,
    func,
    literal,
    select,
    union_all,
)

from app.model.activities import EMAIL, INBOUND, MEETING, OUTBOUND, TASK, WORDS
from app.model.time import DAY, HOUR
from app.model.vocabulary import Outcome, StageKind
from app.store.activities import CONNECTED
from app.store.measured.ground import (
    Facts,
    Span,
    deals,
    entered,
    flag,
    inquiries,
    is_open,
    owner_of_touch,
)
from app.store.tables import activities, cursors, stage_entries, stages, subjects, touches

_t, _s = touches.c, subjects.c

SAME_MS = 4 * HOUR
"""A task completed so close to a logged call, mail or meeting is the same deed."""

WEEK = 7 * DAY
HANDOVER_DAYS = 3


def first_out(
    subject: ColumnElement[Any], after: ColumnElement[Any], *kinds: str, at_once: bool = False
) -> ColumnElement[Any]:
    """When a rep first did something for a subject after an instant (at_once: or at it)."""
    a = activities.alias()
    later = a.c.at >= after if at_once else a.c.at > after
    return (
        select(func.min(a.c.at))
        .where(a.c.subject_id == subject, a.c.kind.in_(kinds or OUTBOUND), later)
        .scalar_subquery()
    )


def contacts_before(subject: ColumnElement[Any], since: Any, until: Any) -> ColumnElement[Any]:
    """How often a rep turned to a subject in between; a task done with a call counts once."""
    a, b = activities.alias(), activities.alias()
    same = exists().where(
        b.c.subject_id == a.c.subject_id,
        b.c.kind.in_([kind for kind in OUTBOUND if kind != TASK]),
        b.c.at >= a.c.at - SAME_MS,
        b.c.at <= a.c.at + SAME_MS,
    )
    return (
        select(func.count())
        .select_from(a)
        .where(
            a.c.subject_id == subject, a.c.kind.in_(OUTBOUND), a.c.at >= since, a.c.at <= until,
            ~and_(a.c.kind == TASK, same),
        )
        .scalar_subquery()
    )  # fmt: skip


def _came_in(span: Span) -> Any:
    """Deals that were created in the span, and inquiries that were since the connection."""
    d = deals(span.inst)
    connected = (
        select(cast(cursors.c.value, BigInteger))
        .where(cursors.c.installation_id == span.inst, cursors.c.name == CONNECTED)
        .scalar_subquery()
    )
    some = inquiries(span.inst).with_only_columns(
        _s.id, _s.owner_id, _s.created_at, literal("inquiry").label("what")
    )
    return union_all(
        select(d.c.id, d.c.owner_id, d.c.created_at, literal("deal").label("what")).where(
            d.c.created_at >= span.since, d.c.created_at <= span.now
        ),
        some.where(
            _s.created_at >= span.since, _s.created_at <= span.now,
            _s.created_at >= func.coalesce(connected, 0),
        ),
    ).subquery("came")


def first_contact(span: Span) -> Facts:
    """What came in; value: until a rep first turned to it, in ms; none: nobody has yet."""
    new = _came_in(span)
    took = first_out(new.c.id, new.c.created_at, at_once=True) - new.c.created_at
    return select(
        new.c.id.label("subject_id"), new.c.owner_id, new.c.what, took.label("value")
    )


def contacts_made(span: Span) -> Facts:
    """What came in; value: how often a rep turned to it up to now."""
    new = _came_in(span)
    number = contacts_before(new.c.id, new.c.created_at, span.now)
    return select(
        new.c.id.label("subject_id"), new.c.owner_id, new.c.what, number.label("value")
    )


def responses(span: Span) -> Facts:
    """Answers of prospects that nobody had reacted to before; by the stage the deal stood in.

    value: until a rep reacted, in ms; none: nobody has yet.
    """
    d = deals(span.inst)
    r, before = activities.alias("r"), activities.alias("before")
    former = (
        select(before.c.kind)
        .where(
            before.c.subject_id == r.c.subject_id,
            before.c.at < r.c.at,
            before.c.kind.in_(WORDS),
        )
        .order_by(before.c.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            r.c.subject_id, d.c.owner_id, stage_at(r.c.subject_id, r.c.at).label("stage_id"),
            r.c.at, (first_out(r.c.subject_id, r.c.at) - r.c.at).label("value"),
        )
        .join(d, d.c.id == r.c.subject_id)
        .where(
            r.c.installation_id == span.inst,
            r.c.kind.in_(INBOUND),
            r.c.at >= span.since,
            r.c.at <= span.now,
            func.coalesce(former, EMAIL).not_in(INBOUND),
            r.c.at != func.coalesce(d.c.machine_reply_at, 0),
        )
    )  # fmt: skip


LATEST = 20
"""Deals of each rep by which the spread of response times is told."""


def latest_responses(span: Span) -> Facts:
    """The same of the twenty deals of each rep that answered last."""
    r = responses(span).subquery("r")
    last = select(
        r, func.max(r.c.at).over(partition_by=r.c.subject_id).label("last_at")
    ).subquery("last")
    place = func.dense_rank().over(
        partition_by=last.c.owner_id, order_by=(last.c.last_at.desc(), last.c.subject_id)
    )
    ranked = select(last, place.label("place")).subquery("ranked")
    return select(
        ranked.c.subject_id, ranked.c.owner_id, ranked.c.stage_id, ranked.c.value
    ).where(ranked.c.place <= LATEST)


def stage_at(subject: ColumnElement[Any], at: ColumnElement[Any]) -> ColumnElement[Any]:
    """The stage that a subject stood in at an instant."""
    entry = stage_entries.alias()
    return (
        select(entry.c.stage_id)
        .where(entry.c.subject_id == subject, entry.c.entered_at <= at)
        .order_by(entry.c.entered_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def after_meeting(span: Span) -> Facts:
    """Meetings held; value: until the rep wrote, called or did a task after it, in ms."""
    d = deals(span.inst)
    m = activities.alias("m")
    took = first_out(m.c.subject_id, m.c.at, *(k for k in OUTBOUND if k != MEETING)) - m.c.at
    return (
        select(m.c.subject_id, d.c.owner_id, took.label("value"))
        .join(d, d.c.id == m.c.subject_id)
        .where(
            m.c.installation_id == span.inst,
            m.c.kind == MEETING,
            m.c.at >= span.since,
            m.c.at <= span.now,
        )
    )


def after_proposal(span: Span) -> Facts:
    """Entries into a proposal stage; value: until a rep turned to it after that, in ms."""
    entry, d = stage_entries.c, deals(span.inst)
    took = first_out(entry.subject_id, entry.entered_at) - entry.entered_at
    return (
        select(entry.subject_id, d.c.owner_id, took.label("value"))
        .join(d, d.c.id == entry.subject_id)
        .join(stages, entered(span.inst, d))
        .where(
            entry.installation_id == span.inst,
            entry.entered_at >= span.since,
            entry.entered_at <= span.now,
            stages.c.kind == StageKind.PROPOSAL.value,
        )
    )


def completion(span: Span) -> Facts:
    """Tasks of ours that fell due in the span and still had their reason, by week: 0 is the last.

    hit: completed. on_time: no later than a day after it fell due. value: how late, in ms.
    """
    done = _t.outcome == Outcome.COMPLETED.value
    late = _t.outcome_at - _t.due_at
    return (
        select(
            _t.subject_id, owner_of_touch().label("owner_id"),
            ((span.now - _t.due_at) // WEEK).label("week"), flag(done).label("hit"),
            flag(and_(done, late <= DAY)).label("on_time"), late.label("value"),
        )
        .where(
            _t.installation_id == span.inst,
            _t.task_id.is_not(None),
            _t.due_at > span.since,
            _t.due_at <= span.now,
            _t.outcome.is_not(None),
            _t.outcome.in_(
                (Outcome.COMPLETED.value, Outcome.OPEN.value, Outcome.DELETED.value)
            ),
        )
    )  # fmt: skip


def handovers(span: Span) -> Facts:
    """Open deals whose owner changed in the span; hit: the new one turned to it within three days.

    value: how long that took, in ms. One whose three days are not over counts once they are.
    """
    d = deals(span.inst)
    took = first_out(d.c.id, d.c.owner_at) - d.c.owner_at
    return select(
        d.c.id.label("subject_id"), d.c.owner_id,
        flag(func.coalesce(took, HANDOVER_DAYS * DAY + 1) <= HANDOVER_DAYS * DAY).label("hit"),
        took.label("value"),
    ).where(
        is_open(d),
        d.c.owner_at >= span.since,
        d.c.owner_at + HANDOVER_DAYS * DAY <= span.now,
        d.c.owner_id.is_not(None),
    )  # fmt: skip
