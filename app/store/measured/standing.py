"""How open records stand right now: silent, without an owner, without a next step, overdue."""

from __future__ import annotations

from sqlalchemy import and_, exists, func, literal, or_, select, union_all

from app.model.time import DAY
from app.model.vocabulary import OPEN_TOUCHES, Outcome, TouchState
from app.store.conditions import IS_PLANNED, among_open
from app.store.measured.ground import Facts, Span, deals, flag, inquiries, is_open
from app.store.tables import people, subjects, touches

_t = touches.c

_AHEAD = or_(
    _t.outcome.in_((Outcome.OPEN.value, Outcome.RUNNING.value)),
    and_(
        _t.outcome.is_(None),
        _t.state.in_((*(state.value for state in OPEN_TOUCHES), TouchState.SENDING.value)),
    ),
)
"""A touch that still lies before somebody."""


def silent(span: Span, days: int) -> Facts:
    """Open deals by stage; hit: nothing has happened for so many days, as rules see it, to whom a
    form and whatever else the CRM stamps as a contact counts too. value: since when, in ms."""
    d = deals(span.inst)
    since = span.now - d.c.last_at
    return select(
        d.c.id.label("subject_id"), d.c.owner_id, d.c.stage_id,
        flag(since >= days * DAY).label("hit"), since.label("value"),
    ).where(is_open(d))  # fmt: skip


def unowned(span: Span) -> Facts:
    """Open deals and inquiries; hit: nobody owns it, or somebody who is no longer active."""
    d = deals(span.inst)
    found = union_all(
        select(d.c.id, d.c.owner_id, literal("deal").label("what")).where(is_open(d)),
        inquiries(span.inst)
        .with_only_columns(subjects.c.id, subjects.c.owner_id, literal("inquiry").label("what")),
    ).subquery("records")
    gone = exists().where(
        people.c.installation_id == span.inst,
        people.c.owner_id == found.c.owner_id,
        people.c.active.is_(False),
    )
    return select(
        found.c.id.label("subject_id"), found.c.owner_id, found.c.what,
        flag(or_(found.c.owner_id.is_(None), gone)).label("hit"),
    )  # fmt: skip


def covered(span: Span) -> Facts:
    """Open deals by stage; hit: something lies ahead, ours or in the CRM."""
    d = deals(span.inst)
    ahead = exists().where(_t.subject_id == d.c.id, _AHEAD)
    hit = or_(
        func.coalesce(d.c.next_meeting_at, 0) > span.now,
        func.coalesce(d.c.next_activity_at, 0) > span.now,
        ahead,
    )
    return select(
        d.c.id.label("subject_id"), d.c.owner_id, d.c.stage_id, flag(hit).label("hit")
    ).where(is_open(d))


def overdue(span: Span) -> Facts:
    """Open tasks of ours; hit: its rep's due day is over. value: since it fell due, in ms."""
    # An open task loses its instant once its owner was told that it is overdue.
    late = or_(_t.overdue_at.is_(None), _t.overdue_at <= span.now)
    return among_open(
        select(
            _t.subject_id, _t.owner_id, flag(_t.due_at <= span.now).label("due"),
            flag(late).label("hit"), (span.now - _t.due_at).label("value"),
        ).where(_t.installation_id == span.inst)
    )  # fmt: skip


def load(span: Span) -> Facts:
    """Tasks before each rep: `what` is open, or coming in the next seven days."""
    mine = subjects.c
    owner = func.coalesce(_t.assignee, _t.owner_id, mine.owner_id)
    coming = and_(
        IS_PLANNED,
        _t.write_at < span.now + 8 * DAY,
        _t.due_at < span.now + 7 * DAY,
    )
    here = among_open(
        select(_t.subject_id, owner.label("owner_id"), literal("open").label("what"))
        .join(subjects, mine.id == _t.subject_id)
        .where(_t.installation_id == span.inst)
    )
    soon = select(
        _t.subject_id, owner.label("owner_id"), literal("coming").label("what")
    ).join(subjects, mine.id == _t.subject_id).where(_t.installation_id == span.inst, coming)
    both = union_all(here, soon).subquery("load")
    return select(both.c.subject_id, both.c.owner_id, both.c.what)
