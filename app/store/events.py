"""Events that customers' tools posted: kept once each, with what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from app.model.posted import Posted
from app.model.time import Business, Wall
from app.store import cursors, sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import contacts, enrolments, event_names, events, inbox, outcomes

NEW, PLACED, REFUSED = "new", "placed", "refused"
STRUCK = "person_erased"
"""Why an event is refused of which nothing may be kept but its id."""

HINT = "event"
"""Kind and type of the inbox's rows that stand for such an event; the id is the sender's."""

TELLS = "quotes:tell"
"""Cursor: names of the events of which quotes of the CRM tell, where the account lets us read them.
"""

_e = events.c
_KNOWN = Fixed(
    select(_e.event_id).where(_e.installation_id == arg("inst"), among(_e.event_id, "ids"))
)
_BY_ID = Fixed(
    select(events).where(_e.installation_id == arg("inst"), among(_e.event_id, "ids"))
)


def add(
    conn: Connection, inst: int, posted: Sequence[Posted], now: Business, wall: Wall
) -> set[str]:
    """Store events that did not come before, each with its place in the inbox; their ids."""
    once = {one.id: one for one in posted}
    before = {row[0] for row in _KNOWN.rows(conn, inst=inst, ids=list(once))}
    fresh = [one for id, one in once.items() if id not in before]
    sets.insert_ignore(
        conn, events, [_row(inst, one, now) for one in fresh], order=("event_id",)
    )
    sets.insert_ignore(
        conn, inbox, [_hint(inst, one.id, one.at, wall) for one in fresh], order=("dedupe",)
    )
    count(conn, inst, [(one.name, one.at) for one in fresh])
    return {one.id for one in fresh}


def count(conn: Connection, inst: int, came: Sequence[tuple[str, int]]) -> None:
    """Note that events came, each with its name and when that was."""
    last = dict(sorted(came, key=lambda one: one[1]))
    counted = Counter(name for name, _ in came)
    sets.upsert(
        conn,
        event_names,
        [
            {"installation_id": inst, "name": name, "count": counted[name], "last_at": last[name]}
            for name in sorted(counted)
        ],
        ("installation_id", "name"),
        ("last_at",),
        ("count",),
    )


def _row(inst: int, one: Posted, now: Business) -> dict[str, Any]:
    return {
        "installation_id": inst,
        "event_id": one.id,
        "name": one.name,
        "at": one.at,
        "person_id": one.person_id,
        "person_email": one.person_email,
        "company_id": one.company_id,
        "deal_id": one.deal_id,
        "data": sets.dumps(one.data),
        "state": NEW,
        "received_at": now,
    }


def _hint(inst: int, id: str, at: int, wall: Wall) -> dict[str, Any]:
    return {
        "installation_id": inst,
        "kind": HINT,
        "object_type": HINT,
        "object_id": id,
        "occurred_at": at,
        "received_wall": wall,
        "retry_wall": wall,
        "dedupe": f"{HINT}:{id}",
    }


def new(conn: Connection, inst: int, ids: Collection[str]) -> list[dict[str, Any]]:
    """Those of these events that nobody has worked off yet, as they happened."""
    rows = _BY_ID.dicts(conn, inst=inst, ids=list(ids))
    return sorted((r for r in rows if r["state"] == NEW), key=lambda r: (r["at"], r["id"]))


def by_email(conn: Connection, inst: int, emails: Collection[str]) -> dict[str, list[str]]:
    """Address, in small letters → CRM ids of the live contacts that have it in the mirror."""
    found: dict[str, list[str]] = {}
    rows = _BY_EMAIL.rows(conn, inst=inst, emails=list(emails))
    # Put in order here: for its sake SQLite would read all of an account's contacts.
    for email, id in sorted(rows, key=lambda row: row[1]):
        found.setdefault(email.lower(), []).append(id)
    return found


_BY_EMAIL = Fixed(
    select(contacts.c.email, contacts.c.crm_id)
    .where(
        contacts.c.installation_id == arg("inst"),
        among(contacts.c.email, "emails"),
        contacts.c.deleted.is_(False),
    )
)


def settle(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """What became of events: rows of id, state, contact_id, reason. Of one that is refused
    everything stays, so that it can be placed once its person is in the CRM."""
    sets.update_many(conn, events, "id", rows)
    if any(row["reason"] == STRUCK for row in rows):
        conn.execute(
            update(events)
            .where(_e.reason == STRUCK, _e.id.in_([row["id"] for row in rows]))
            .values(person_id=None, person_email=None, data="{}")
        )


def names(conn: Connection, inst: int) -> dict[str, dict[str, int]]:
    """Name → how often it came, and when last."""
    query = select(event_names).where(event_names.c.installation_id == inst)
    return {
        row["name"]: {"count": row["count"], "last_at": row["last_at"]}
        for row in conn.execute(query).mappings()
    }


def arrived(conn: Connection, inst: int) -> set[str]:
    """Names of the events that ever came, and of those that the CRM itself tells of."""
    return {*names(conn, inst), *(cursors.get(conn, inst, TELLS) or "").split()}


def refused(conn: Connection, inst: int, limit: int = 100) -> list[dict[str, Any]]:
    """Events that belong to nobody, the latest first."""
    query = (
        select(
            _e.event_id, _e.name, _e.at, _e.person_id, _e.person_email, _e.company_id,
            _e.deal_id, _e.reason, _e.received_at,
        )
        .where(_e.installation_id == inst, _e.state == REFUSED)
        .order_by(_e.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [dict(row) for row in conn.execute(query).mappings()]


def again(conn: Connection, inst: int, ids: Collection[str] | None, wall: Wall) -> int:
    """Let refused events be placed anew: these, or all. How many."""
    query = select(_e.event_id, _e.at).where(_e.installation_id == inst, _e.state == REFUSED)
    if ids is not None:
        query = query.where(_e.event_id.in_(list(ids)))
    found = [tuple(row) for row in conn.execute(query)]
    chosen = [id for id, _ in found]
    conn.execute(
        update(events)
        .where(_e.installation_id == inst, sets.among(conn, _e.event_id, chosen))
        .values(state=NEW, reason=None)
    )
    sets.insert_ignore(conn, inbox, [_hint(inst, id, at, wall) for id, at in found])
    return len(found)


def drop(conn: Connection, inst: int, id: str) -> bool:
    """Forget a refused event. Its id stays, so that a repetition is not taken for a new one."""
    query = (
        update(events)
        .where(_e.installation_id == inst, _e.event_id == id, _e.state == REFUSED)
        .values(state=PLACED, reason="dropped", person_id=None, person_email=None, data="{}")
    )
    return conn.execute(query).rowcount == 1


def expire(conn: Connection, inst: int, before: Business) -> int:
    """Forget events received before an instant, and what they were noted as, where nothing that
    runs hangs on it. How many events."""
    done = conn.execute(
        delete(events).where(_e.installation_id == inst, _e.received_at < before)
    ).rowcount
    o = outcomes.c
    conn.execute(
        delete(outcomes).where(
            o.installation_id == inst,
            o.kind == HINT,
            o.occurred_at < before,
            ~select(enrolments.c.id)
            .where(
                enrolments.c.subject_id == o.subject_id,
                enrolments.c.anchor == o.cause,
                enrolments.c.state != "ended",
            )
            .exists(),
        )
    )
    return done


def forget(
    conn: Connection, inst: int, ids: Collection[str], emails: Iterable[str]
) -> None:
    """A person is erased: events about them go whole, refused ones included."""
    written = {email for email in emails if email}
    written |= {email.lower() for email in written}
    conn.execute(
        delete(events).where(
            _e.installation_id == inst,
            or_(
                _e.contact_id.in_(list(ids)),
                _e.person_id.in_(list(ids)),
                _e.person_email.in_(sorted(written)),
            ),
        )
    )


_WINDOW = Fixed(
    select(
        outcomes.c.subject_id, outcomes.c.kind, outcomes.c.cause, outcomes.c.occurred_at,
        outcomes.c.contact_id, outcomes.c.data,
    )
    .where(
        outcomes.c.installation_id == arg("inst"),
        among(outcomes.c.subject_id, "ids"),
        among(outcomes.c.kind, "kinds"),
        or_(outcomes.c.occurred_at >= arg("since"), among(outcomes.c.cause, "causes")),
    )
    .order_by(outcomes.c.occurred_at, outcomes.c.id)
)  # fmt: skip


def happened(
    conn: Connection,
    inst: int,
    subjects: Collection[int],
    kinds: Collection[str],
    since: int,
    causes: Collection[str] = (),
) -> list[dict[str, Any]]:
    """What happened with these subjects since an instant, and whatever these causes name."""
    return _WINDOW.dicts(
        conn, inst=inst, ids=list(subjects), kinds=list(kinds), since=since, causes=list(causes)
    )


def count_refused(conn: Connection, inst: int) -> int:
    """How many events belong to nobody."""
    query = select(func.count()).where(_e.installation_id == inst, _e.state == REFUSED)
    return conn.execute(query).scalar_one()


def unite(conn: Connection, inst: int, kept: str, gone: str) -> None:
    """Two contacts are one: what was about either is about the one that stays."""
    for column in (_e.contact_id, _e.person_id):
        conn.execute(
            update(events)
            .where(and_(_e.installation_id == inst, column == gone))
            .values({column.name: kept})
        )
