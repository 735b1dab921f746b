"""What an installation has to do, now and next: one statement looks at every kind of work.

A lane that asks for itself costs a transaction to learn that it has nothing to do, and there are
as many lanes as kinds of work.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, cast, func, select

from app.model.vocabulary import TouchState
from app.store.activities import HISTORY
from app.store.fixed import Fixed, arg
from app.store.measured.kept import WANTED
from app.store.tables import (
    cursors,
    inbox,
    installations,
    native_enrolments,
    subjects,
    timers,
    touches,
)

_i, _t, _w, _s, _n = inbox.c, timers.c, touches.c, subjects.c, native_enrolments.c
_inst, _wall, _now = arg("inst"), arg("wall"), arg("now")


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to do at one instant, by lane; and how the installation stands.

    day: the latest day begun, as the cursor of daily work has it.
    """

    status: str
    stopped: bool
    revision: int
    inbox: bool
    timers: bool
    touches: bool
    wishes: bool
    summaries: bool
    overdue: bool
    natives: bool
    history: bool
    figures: bool
    day: int

    @property
    def anything(self) -> bool:
        """Whether anything is due, daily work aside."""
        heard = (self.inbox, self.timers, self.overdue, self.natives)
        if any((*heard, self.history, self.figures)):
            return True
        return not self.stopped and (self.touches or self.wishes or self.summaries)


def _any(query: Select[int]) -> ColumnElement[int]:
    return func.coalesce(query.limit(1).scalar_subquery(), 0)


_one = select(cast(1, Integer))


def _noted(cursor: str) -> ColumnElement[int]:
    """Whether there is a cursor of this name."""
    return _any(_one.where(cursors.c.installation_id == _inst, cursors.c.name == cursor))


_LOOK = Fixed(
    select(
        installations.c.status,
        installations.c.stopped,
        installations.c.revision,
        _any(_one.where(_i.installation_id == _inst, _i.retry_wall <= _wall)).label("inbox"),
        _any(_one.where(_t.installation_id == _inst, _t.due_at <= _now)).label("timers"),
        _any(
            _one.where(
                _w.installation_id == _inst,
                _w.state == TouchState.PLANNED.value,
                _w.write_at <= _now,
                _w.retry_wall <= _wall,
            )
        ).label("touches"),
        _any(
            _one.where(
                _w.installation_id == _inst,
                _w.state == TouchState.CLAIMED.value,
                _w.lease_wall <= _wall,
            )
        ).label("abandoned"),
        _any(
            _one.where(_w.installation_id == _inst, _w.wish.is_not(None), _w.wish_wall <= _wall)
        ).label("wishes"),
        _any(
            _one.where(
                _s.installation_id == _inst,
                _s.summary_due_at.is_not(None),
                _s.summary_due_at <= _now,
            )
        ).label("summaries"),
        _any(
            _one.where(
                _w.installation_id == _inst, _w.overdue_at.is_not(None), _w.overdue_at <= _now
            )
        ).label("overdue"),
        _any(
            _one.where(
                _n.installation_id == _inst,
                _n.look_at.is_not(None),
                _n.look_at <= _now,
                _n.retry_wall <= _wall,
            )
        ).label("natives"),
        _noted(HISTORY).label("history"),
        _noted(WANTED).label("figures"),
        select(cursors.c.value)
        .where(cursors.c.installation_id == _inst, cursors.c.name == arg("daily"))
        .scalar_subquery()
        .label("day"),
    ).where(installations.c.id == _inst)
)


def look(conn: Connection, inst: int, now: int, wall: int, daily: str) -> Look | None:
    """What is due; None where there is no such installation. daily: the cursor of daily work."""
    rows = _LOOK.rows(conn, inst=inst, now=now, wall=wall, daily=daily)
    if not rows:
        return None
    status, stopped, revision, *found = rows[0]
    events, timed, due, lapsed, wishes, dirty, overdue, native, past, old, day = found
    return Look(
        status, bool(stopped), revision, bool(events), bool(timed), bool(due or lapsed),
        bool(wishes), bool(dirty), bool(overdue), bool(native), bool(past), bool(old),
        int(day or 0),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Horizon:
    """The next business instants of each kind of work, and what is outstanding whenever it is due.

    waiting: events stored; claimed: touches under way; wishes: tasks to be resolved or moved;
    history: what was done before the connection, still to be read.
    """

    waiting: bool
    claimed: bool
    wishes: bool
    history: bool
    timers: int | None
    touches: int | None
    overdue: int | None
    summaries: int | None
    natives: int | None

    def outstanding(self, now: int, stopped: bool) -> bool:
        """Whether anything is due, claimed or waiting for a retry at `now`."""
        heard = (self.timers, self.natives)
        if self.waiting or self.history or any(at is not None and at <= now for at in heard):
            return True
        if stopped:
            return False
        due = (self.touches, self.summaries)
        return self.claimed or self.wishes or any(at is not None and at <= now for at in due)

    def next(self, stopped: bool) -> int | None:
        """The next instant at which anything is due."""
        found = [self.timers, self.overdue, self.natives]
        if not stopped:
            found += [self.touches, self.summaries]
        return min((at for at in found if at is not None), default=None)


_HORIZON = Fixed(
    select(
        _any(_one.where(_i.installation_id == _inst)).label("waiting"),
        _any(
            _one.where(_w.installation_id == _inst, _w.state == TouchState.CLAIMED.value)
        ).label("claimed"),
        _any(_one.where(_w.installation_id == _inst, _w.wish.is_not(None))).label("wishes"),
        _noted(HISTORY).label("history"),
        select(func.min(_t.due_at))
        .where(_t.installation_id == _inst)
        .scalar_subquery()
        .label("timers"),
        select(func.min(_w.write_at))
        .where(and_(_w.installation_id == _inst, _w.state == TouchState.PLANNED.value))
        .scalar_subquery()
        .label("touches"),
        select(func.min(_w.overdue_at))
        .where(_w.installation_id == _inst, _w.overdue_at.is_not(None))
        .scalar_subquery()
        .label("overdue"),
        select(func.min(_s.summary_due_at))
        .where(_s.installation_id == _inst, _s.summary_due_at.is_not(None))
        .scalar_subquery()
        .label("summaries"),
        select(func.min(_n.look_at))
        .where(_n.installation_id == _inst, _n.look_at.is_not(None))
        .scalar_subquery()
        .label("natives"),
    )
)


def horizon(conn: Connection, inst: int) -> Horizon:
    """When an installation has something to do next."""
    waiting, claimed, wishes, past, *instants = _HORIZON.rows(conn, inst=inst)[0]
    return Horizon(bool(waiting), bool(claimed), bool(wishes), bool(past), *instants)
