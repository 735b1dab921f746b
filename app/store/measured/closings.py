"""Deals that closed, what is open beside them, and what had gone before the lost ones."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select

from app.model.activities import INBOUND, WORDS
from app.model.time import DAY
from app.model.vocabulary import Mode, StageKind, TouchState
from app.store.measured.ground import Facts, Span, deals, flag, is_open
from app.store.measured.speed import contacts_before
from app.store.tables import activities, enrolments, stage_entries, touches

STALLED_DAYS = 14
"""So long without anything before its end, and a deal ended by silence rather than by a decision.
"""


def closed(span: Span) -> Facts:
    """Deals won and lost in the span, by pipeline; hit: won.

    followed: a task of ours was written for it before. value: from creation to the end, in ms.
    contacts: how often a rep turned to it. amount: of those won; unknown: won without one.
    """
    d = deals(span.inst)
    won = d.c.kind == StageKind.WON.value
    ours = exists().where(
        touches.c.subject_id == d.c.id,
        touches.c.state == TouchState.PERFORMED.value,
        touches.c.performed_at < d.c.entered_at,
        enrolments.c.id == touches.c.enrolment_id,
        enrolments.c.mode == Mode.LIVE.value,
    )
    return select(
        d.c.id.label("subject_id"), d.c.owner_id, d.c.pipeline_id, flag(won).label("hit"),
        flag(ours).label("followed"), (d.c.entered_at - d.c.created_at).label("value"),
        contacts_before(d.c.id, d.c.created_at, d.c.entered_at).label("contacts"),
        case((won, func.coalesce(d.c.amount, 0.0)), else_=0.0).label("amount"),
        flag(and_(won, d.c.amount.is_(None))).label("unknown"),
    ).where(
        d.c.kind.in_((StageKind.WON.value, StageKind.LOST.value)),
        d.c.entered_at >= span.since,
        d.c.entered_at <= span.now,
    )  # fmt: skip


def cycles(span: Span) -> Facts:
    """Deals won in the span, by pipeline; value: days and all from creation to winning, in ms."""
    found = closed(span).subquery()
    return select(
        found.c.subject_id, found.c.owner_id, found.c.pipeline_id, found.c.value
    ).where(found.c.hit == 1)


def touches_to_close(span: Span) -> Facts:
    """Deals won in the span; value: how often a rep had turned to them."""
    found = closed(span).subquery()
    return select(
        found.c.subject_id, found.c.owner_id, found.c.contacts.label("value")
    ).where(found.c.hit == 1)


def by_contacts(span: Span) -> Facts:
    """Deals closed in the span; hit: won. few: 0 contacts, 1 (one or two), 3 (three or four),
    5 (five and more)."""
    found = closed(span).subquery()
    few = case(
        (found.c.contacts == 0, 0), (found.c.contacts < 3, 1), (found.c.contacts < 5, 3), else_=5
    )
    return select(
        found.c.subject_id, found.c.owner_id, few.label("few"), found.c.hit, found.c.value
    )


def pipeline(span: Span) -> Facts:
    """Deals that are open now, by pipeline, with their amounts."""
    d = deals(span.inst)
    return select(
        d.c.id.label("subject_id"), d.c.owner_id, d.c.pipeline_id,
        func.coalesce(d.c.amount, 0.0).label("amount"),
        flag(d.c.amount.is_(None)).label("unknown"),
    ).where(is_open(d))  # fmt: skip


def momentum_lost(span: Span) -> Facts:
    """Deals lost in the span, and open ones silent for so long now, by the stage they were in.

    how: `never` (no rep ever turned to it), `ours` (the prospect had the last word), `theirs` (the
    rep had). ended: `lost`, `silent`. hit: it was lost by timing: nothing happened in its last
    two weeks. value: from the last that happened to the end, or now, in ms.
    """
    d = deals(span.inst)
    lost = d.c.kind == StageKind.LOST.value
    end = case((lost, d.c.entered_at), else_=literal(span.now))
    last_at = func.coalesce(_last(d.c.id, end, activities.c.at), d.c.created_at)
    last_kind = _last(d.c.id, end, activities.c.kind, activities.c.kind.in_(WORDS))
    entry = stage_entries.alias()
    before = (
        select(entry.c.stage_id)
        .where(entry.c.subject_id == d.c.id, entry.c.entered_at < d.c.entered_at)
        .order_by(entry.c.entered_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = (
        select(
            d.c.id.label("subject_id"), d.c.owner_id,
            case((lost, before), else_=d.c.stage_id).label("stage_id"),
            case((lost, "lost"), else_="silent").label("ended"),
            case(
                (last_kind.is_(None), "never"), (last_kind.in_(INBOUND), "ours"), else_="theirs"
            ).label("how"),
            (end - last_at).label("value"),
        )
        .where(
            or_(
                and_(lost, d.c.entered_at >= span.since, d.c.entered_at <= span.now),
                and_(is_open(d), span.now - d.c.last_at >= STALLED_DAYS * DAY),
            )
        )
        .subquery("lost")
    )  # fmt: skip
    return select(found, flag(found.c.value >= STALLED_DAYS * DAY).label("hit"))


def _last(
    subject: ColumnElement[Any], end: ColumnElement[Any], what: ColumnElement[Any],
    *more: ColumnElement[bool],
) -> ColumnElement[Any]:  # fmt: skip
    return (
        select(what)
        .where(activities.c.subject_id == subject, activities.c.at <= end, *more)
        .order_by(activities.c.at.desc())
        .limit(1)
        .scalar_subquery()
    )
