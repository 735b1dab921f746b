"""What stands in a CRM account by our hand, to take it along; and what we keep, to erase it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, tuple_, update

from app.model.vocabulary import DUTY_STEPS, EnrolmentState, Mode, Outcome
from app.store import sets
from app.store.conditions import among_open, among_running
from app.store.reading import rows as read_rows
from app.store.tables import (
    contacts,
    enrolments,
    ledger,
    metadata,
    rule_states,
    subjects,
    touches,
)

_e, _t, _s, _c, _l = enrolments.c, touches.c, subjects.c, contacts.c, ledger.c

_OPEN = _t.outcome == Outcome.OPEN.value
_WRITTEN = and_(_s.summary != "", _s.deleted.is_(False))
_CONTROLLED = and_(
    _s.type == "deal",
    _s.deleted.is_(False),
    or_(_s.control != "run", _s.pause_until_at.is_not(None)),
)
_CONTROLLED_PEOPLE = and_(_c.control != "run", _c.deleted.is_(False))


def counts(conn: Connection, inst: int) -> dict[str, int]:
    """What leaving would end: follow-ups that run, tasks to archive, tasks that stay."""
    running = among_running(select(func.count()).where(_e.installation_id == inst))
    tasks = among_open(
        select(
            func.count().filter(_t.edited.is_(False)).label("archived"),
            func.count().filter(_t.edited.is_(True)).label("edited"),
        ).where(_t.installation_id == inst)
    )
    return {"running": conn.execute(running).scalar_one(), **read_rows(conn, tasks)[0]}


def sizes(conn: Connection, inst: int) -> dict[str, int]:
    """Deals and contacts with values of ours to clear, and decisions on record: all of each are
    looked at."""

    def those(column: Any, *where: Any) -> int:
        query = select(func.count()).where(column == inst, *where)
        return conn.execute(query).scalar_one()

    return {
        "deals": those(_s.installation_id, or_(_WRITTEN, _CONTROLLED)),
        "contacts": those(_c.installation_id, _CONTROLLED_PEOPLE),
        "decisions": those(_l.installation_id),
    }


def alive(conn: Connection, inst: int, after: str, limit: int) -> list[dict[str, Any]]:
    """Enrolments that have not ended, in the order of their ids."""
    query = (
        select(enrolments)
        .where(_e.installation_id == inst, _e.state != EnrolmentState.ENDED.value, _e.id > after)
        .order_by(_e.id)
        .limit(limit)
    )
    return read_rows(conn, query)


def rules_to_shadow(conn: Connection, inst: int, now: int) -> None:
    """Rules that act only watch from now on; those that are off stay off."""
    r = rule_states.c
    conn.execute(
        update(rule_states)
        .where(r.installation_id == inst, r.mode.in_((Mode.LIVE.value, Mode.MANUAL.value)))
        .values(mode=Mode.SHADOW.value, activated_at=now, release_per_day=0)
    )


def take_along(conn: Connection, inst: int, why: str, now: int) -> None:
    """Wish all open tasks resolved and all properties of ours written anew."""
    conn.execute(
        update(touches)
        .where(_t.installation_id == inst, _OPEN, _t.step.not_in(DUTY_STEPS))
        .values(wish="resolve", wish_why=why, wish_wall=0, overdue_at=None)
    )
    conn.execute(
        update(subjects)
        .where(_s.installation_id == inst, or_(_WRITTEN, _s.momentum.is_not(None)))
        .values(momentum=None, summary_due_at=now)
    )


def controlled(conn: Connection, inst: int, type: str, limit: int) -> list[str]:
    """CRM ids of deals or contacts with a value in a control property of ours."""
    query = (
        select(_s.crm_id).where(_s.installation_id == inst, _CONTROLLED)
        if type == "deal"
        else select(_c.crm_id).where(_c.installation_id == inst, _CONTROLLED_PEOPLE)
    )
    return list(conn.execute(query.limit(limit)).scalars())


def uncontrolled(conn: Connection, inst: int, type: str, ids: list[str]) -> None:
    """These have no such value any more."""
    if type == "deal":
        query = update(subjects).where(
            _s.installation_id == inst, _s.type == "deal", sets.among(conn, _s.crm_id, ids)
        )
        conn.execute(query.values(control="run", pause_until_at=None))
    else:
        query = update(contacts).where(
            _c.installation_id == inst, sets.among(conn, _c.crm_id, ids)
        )
        conn.execute(query.values(control="run"))


def decisions_after(conn: Connection, inst: int, after: int, limit: int) -> list[dict[str, Any]]:
    """The ledger with the record that each line is about, in the order of its ids."""
    query = (
        select(
            _l.id, _s.type.label("subject_type"), _s.crm_id.label("subject_id"),
            _s.name.label("subject"), _l.scope, _l.verdict, _l.code, _l.data, _l.first_at,
            _l.last_at, _l.count,
        )
        .outerjoin(subjects, _s.id == _l.subject_id)
        .where(_l.installation_id == inst, _l.id > after)
        .order_by(_l.id)
        .limit(limit)
    )  # fmt: skip
    return [{**row, "data": sets.loads(row["data"])} for row in read_rows(conn, query)]


def erase(conn: Connection, inst: int, limit: int) -> Mapping[str, int]:
    """Delete up to `limit` rows of one table of an installation; table → rows. Empty: all is gone,
    the installation's own row with it."""
    for table in reversed(metadata.sorted_tables):
        if "installation_id" not in table.c:
            continue
        keys = list(table.primary_key.columns)
        some = select(*keys).where(table.c.installation_id == inst).limit(limit)
        key = tuple_(*keys) if len(keys) > 1 else keys[0]
        gone = conn.execute(delete(table).where(key.in_(some))).rowcount
        if gone:
            return {table.name: gone}
    own = metadata.tables["installations"]
    conn.execute(delete(own).where(own.c.id == inst))
    return {}
