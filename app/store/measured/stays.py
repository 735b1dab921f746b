"""Stays in stages: where deals go silent, and whether each stage gets its contact in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, and_, case, exists, func, literal, or_, select, true, union_all

from app.model.activities import OUTBOUND
from app.model.time import DAY
from app.model.vocabulary import SignalKind
from app.store.measured.ground import OVER, Facts, Span, deals, entered, flag
from app.store.tables import activities, outcomes, stage_entries, stages

BUCKETS = (1, 3, 7, 14, 30)
"""Days after a stage entry at which the columns of the silence map end; the last one is open."""


@dataclass(frozen=True, slots=True)
class Term:
    """What a stage of a kind owes: a contact, or a meeting booked, from `after` to `by` ms after
    its entry."""

    kind: str
    by: int
    after: int = 0
    meeting: bool = False


def entries(span: Span, *, lately: bool = False) -> CTE:
    """Stage entries of deals in their order, each with when it was left; null: never.

    lately: of those deals alone that entered some stage in the span.
    """
    entry, some = stage_entries.c, stage_entries.alias()
    d = deals(span.inst)
    moved = select(some.c.subject_id).where(
        some.c.installation_id == span.inst, some.c.entered_at >= span.since
    )
    return (
        select(
            entry.subject_id, d.c.owner_id, entry.stage_id, stages.c.kind, entry.entered_at,
            func.lead(entry.entered_at)
            .over(
                partition_by=entry.subject_id, order_by=(entry.entered_at, stages.c.position)
            )
            .label("left_at"),
        )
        .join(d, d.c.id == entry.subject_id)
        .join(stages, entered(span.inst, d))
        .where(
            entry.installation_id == span.inst,
            entry.subject_id.in_(moved) if lately else true(),
        )
        .cte()
    )  # fmt: skip


def silences(span: Span, days: int) -> Facts:
    """Stays in open stages that reach into the span; hit: the deal went silent for so long.

    bucket: which of `BUCKETS` after the entry its first silence began in; null: none. value: how
    long after, in ms. week: of its entry, in weeks since 1970; that of the span's beginning for
    older ones.
    """
    entry = entries(span)
    stay = (
        select(entry)
        .where(
            entry.c.kind.not_in(OVER),
            or_(entry.c.left_at.is_(None), entry.c.left_at > span.since),
            entry.c.entered_at <= span.now,
        )
        .cte()
    )
    until = func.coalesce(stay.c.left_at, span.now)
    own = (
        stay.c.subject_id, stay.c.owner_id, stay.c.stage_id, stay.c.entered_at,
        until.label("until"),
    )  # fmt: skip
    points = union_all(
        select(*own, stay.c.entered_at.label("at")),
        select(*own, activities.c.at).join(
            activities,
            and_(
                activities.c.subject_id == stay.c.subject_id,
                activities.c.at > stay.c.entered_at,
                activities.c.at < until,
            ),
        ),
    ).subquery("points")
    following = func.lead(points.c.at).over(
        partition_by=(points.c.subject_id, points.c.entered_at), order_by=points.c.at
    )
    p = select(points, following.label("next_at")).subquery("p")
    gap = func.coalesce(p.c.next_at, p.c.until) - p.c.at
    after = func.min(case((gap >= days * DAY, p.c.at - p.c.entered_at)))
    found = (
        select(
            p.c.subject_id, p.c.owner_id, p.c.stage_id, p.c.entered_at, after.label("after")
        )
        .group_by(p.c.subject_id, p.c.owner_id, p.c.stage_id, p.c.entered_at)
        .subquery("silences")
    )
    bucket = case(
        (found.c.after.is_(None), None),
        *((found.c.after < end * DAY, number) for number, end in enumerate(BUCKETS)),
        else_=len(BUCKETS),
    )
    return select(
        found.c.subject_id, found.c.owner_id, found.c.stage_id, bucket.label("bucket"),
        flag(found.c.after.is_not(None)).label("hit"), found.c.after.label("value"),
        (case((found.c.entered_at < span.since, span.since), else_=found.c.entered_at)
         // (7 * DAY)).label("week"),
    )  # fmt: skip


def kept_terms(span: Span, terms: Sequence[Term]) -> Facts | None:
    """Stage entries of the span, for each term whose time is over while the deal stood there.

    hit: the term was kept. term: its place in `terms`. None where there are no terms.
    """
    if not terms:
        return None
    stay = entries(span, lately=True)
    parts = [_kept(stay, span, number, term) for number, term in enumerate(terms)]
    found = union_all(*parts).subquery("terms")
    return select(
        found.c.subject_id, found.c.owner_id, found.c.stage_id, found.c.term, found.c.hit
    )


def _kept(stay: CTE, span: Span, number: int, term: Term) -> Any:
    over = stay.c.entered_at + term.by
    if term.meeting:
        o = outcomes.c
        hit = exists().where(
            o.installation_id == span.inst,
            o.subject_id == stay.c.subject_id,
            o.kind == SignalKind.MEETING_BOOKED.value,
            o.occurred_at >= stay.c.entered_at,
            o.occurred_at <= over,
        )
    else:
        a = activities.alias()
        hit = exists().where(
            a.c.subject_id == stay.c.subject_id,
            a.c.kind.in_(OUTBOUND),
            a.c.at >= stay.c.entered_at + term.after,
            a.c.at <= over,
        )
    return select(
        stay.c.subject_id, stay.c.owner_id, stay.c.stage_id, literal(number).label("term"),
        flag(hit).label("hit"),
    ).where(
        stay.c.kind == term.kind,
        stay.c.entered_at >= span.since,
        over <= span.now,
        or_(stay.c.left_at.is_(None), stay.c.left_at >= over),
    )  # fmt: skip
