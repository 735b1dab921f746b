"""Enrolments in the CRM's own sequences: from the instant before they are sent until they are over.

A row stands from the commit that precedes the call. So whatever becomes of the process, what may
have been sent is known, and is looked at until it is settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from app.model.decisions import EndEnrolment
from app.model.vocabulary import StopReason, TouchState
from app.store import sets
from app.store.fixed import Fixed, among, arg
from app.store.tables import enrolments, native_enrolments, touches

Row = Mapping[str, Any]

_n, _t = native_enrolments.c, touches.c

_SENDING = Fixed(
    update(touches)
    .where(
        _t.id == arg("key"),
        _t.fence == arg("held"),
        _t.state == TouchState.CLAIMED.value,
    )
    .values(state=TouchState.SENDING.value, lease_wall=0, error=None)
)


def begin(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Mark touches as being sent; only what is marked may be sent, and once.

    rows: columns of `native_enrolments`, with `held`, the fence of the claim. Answers the touches
    that were still ours to send.
    """
    ours = {
        row["touch_id"]
        for row in rows
        if _SENDING.run(conn, key=row["touch_id"], held=row["held"])
    }
    sets.upsert(
        conn,
        native_enrolments,
        [
            {name: value for name, value in row.items() if name != "held"}
            for row in rows
            if row["touch_id"] in ours
        ],
        ("touch_id",),
    )
    return ours


def forget(conn: Connection, touch_ids: Iterable[str]) -> None:
    """Nothing was sent for these after all."""
    conn.execute(delete(native_enrolments).where(_n.touch_id.in_(list(touch_ids))))


_UNSENT = Fixed(
    update(touches)
    .where(
        _t.id == arg("key"),
        _t.fence == arg("held"),
        _t.state.in_((TouchState.CLAIMED.value, TouchState.SENDING.value)),
    )
    .values(
        {
            name: arg(name)
            for name in (
                "state", "reason", "instead", "due_at", "write_at", "retry_wall", "error",
                "outcome_at",
            )
        }
        | {"attempts": 0, "waits_for": None}
    )
)  # fmt: skip


def unsent(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Touches that the CRM certainly did nothing for: due again, as they are or as a task.

    rows: key, held, state, reason, instead, due_at, write_at, retry_wall, error, outcome_at.
    """
    _UNSENT.run_many(conn, rows)
    forget(conn, [row["key"] for row in rows])


_ASK_FROM = Fixed(
    update(native_enrolments).where(_n.touch_id == arg("key")).values(retry_wall=arg("wall"))
)


def ask_from(conn: Connection, touch_id: str, wall: int) -> None:
    """The CRM is to be asked from `wall` on what became of it."""
    _ASK_FROM.run(conn, key=touch_id, wall=wall)


_DUE = Fixed(
    select(native_enrolments, _t.subject_id, _t.step, _t.occurrence, _t.owner_id, _t.fence)
    .join(touches, _t.id == _n.touch_id)
    .where(
        _n.installation_id == arg("inst"),
        _n.look_at.is_not(None),
        _n.look_at <= arg("now"),
        _n.retry_wall <= arg("wall"),
    )
    .order_by(_n.look_at, _n.touch_id)
    .limit(arg("most"))
)


def due(conn: Connection, inst: int, now: int, wall: int, limit: int) -> list[dict[str, Any]]:
    """Enrolments to be looked at, with subject_id, step, occurrence, owner_id and fence of their
    touch."""
    return _DUE.dicts(conn, inst=inst, now=now, wall=wall, most=limit)


SAVED = (
    "state", "crm_id", "enrolled_at", "asked_at", "person_touch", "ended_at", "end_reason",
    "look_at", "retry_wall",
)  # fmt: skip
"""Columns that `save` sets. `stop_why` is not among them: somebody may have set it meanwhile."""

_SAVE = Fixed(
    update(native_enrolments)
    .where(_n.touch_id == arg("touch_id"))
    .values({name: arg(name) for name in SAVED})
)
_HURRY = Fixed(
    update(native_enrolments)
    .where(
        among(_n.touch_id, "ids"),
        _n.stop_why.is_not(None),
        _n.asked_at.is_(None),
        _n.state == "active",
        _n.look_at > arg("now"),
    )
    .values(look_at=arg("now"))
)


def save(conn: Connection, rows: Sequence[Mapping[str, Any]], now: int) -> None:
    """Store rows with touch_id and every column of `SAVED`. One that was told to stop while it was
    looked at is looked at again at once."""
    _SAVE.run_many(conn, rows)
    _HURRY.run(conn, ids=[row["touch_id"] for row in rows], now=now)


def _stopping(*where: Any) -> Fixed:
    return Fixed(
        update(native_enrolments)
        .where(*where, _n.state != "ended")
        .values(stop_why=func.coalesce(_n.stop_why, arg("why")), look_at=arg("now"), retry_wall=0)
    )


_STOP = _stopping(_n.enrolment_id == arg("key"))


def stop_with(conn: Connection, ends: Sequence[EndEnrolment]) -> None:
    """Our enrolments ended: their contacts are to leave the CRM's sequence. One that is finished
    leaves alone whatever a lost answer may have started."""
    _STOP.run_many(
        conn,
        [
            {"key": end.enrolment, "why": end.reason.value, "now": end.at}
            for end in ends
            if end.reason is not StopReason.FINISHED
        ],
    )


_STOP_TOUCHES = _stopping(among(_n.touch_id, "ids"))


def stop_touches(conn: Connection, touch_ids: Iterable[str], why: str, now: int) -> None:
    """Take the contacts of these touches out of the CRM's sequences that they started."""
    _STOP_TOUCHES.run(conn, ids=list(touch_ids), why=why, now=now)


_STOP_SUBJECTS = _stopping(
    _n.enrolment_id.in_(select(enrolments.c.id).where(among(enrolments.c.subject_id, "ids")))
)


def stop_subjects(conn: Connection, subject_ids: Iterable[int], why: str, now: int) -> None:
    """Take the contacts of these subjects out of the CRM's sequences that we put them in."""
    _STOP_SUBJECTS.run(conn, ids=list(subject_ids), why=why, now=now)


_OF_RULES = select(enrolments.c.id).where(
    enrolments.c.installation_id == arg("inst"), among(enrolments.c.rule, "rules")
)
_STOP_RULES = _stopping(_n.installation_id == arg("inst"), _n.enrolment_id.in_(_OF_RULES))


def stop_rules(conn: Connection, inst: int, rules: Iterable[str], why: str, now: int) -> None:
    """Take the contacts that these rules put in the CRM's sequences out of them."""
    _STOP_RULES.run(conn, inst=inst, rules=list(rules), why=why, now=now)


_STOP_CONTACTS = _stopping(_n.installation_id == arg("inst"), among(_n.contact_id, "ids"))


def stop_contacts(
    conn: Connection, inst: int, contact_ids: Iterable[str], why: str, now: int
) -> None:
    """Take these contacts out of the CRM's sequences that we put them in."""
    _STOP_CONTACTS.run(conn, inst=inst, ids=list(contact_ids), why=why, now=now)


def stop_all(conn: Connection, inst: int, why: str) -> int:
    """Take every contact out of the CRM's sequences that we put them in, from now on. Answers how
    many."""
    result = conn.execute(
        update(native_enrolments)
        .where(_n.installation_id == inst, _n.state != "ended")
        .values(stop_why=func.coalesce(_n.stop_why, why), look_at=0, retry_wall=0)
    )
    return result.rowcount


def held(conn: Connection, inst: int) -> bool:
    """Whether a contact is in a sequence by our hand and no person was asked to end it yet."""
    query = select(_n.touch_id).where(
        _n.installation_id == inst, _n.state != "ended", _n.person_touch.is_(None)
    )
    return conn.execute(query.limit(1)).first() is not None


def asked(conn: Connection, inst: int) -> list[str]:
    """Contacts whose property asks a workflow to end their sequence, in order."""
    query = select(_n.contact_id).where(
        _n.installation_id == inst, _n.state != "ended", _n.asked_at.is_not(None)
    )
    return sorted(set(conn.execute(query).scalars()))


_HASTEN = Fixed(
    update(native_enrolments)
    .where(
        _n.installation_id == arg("inst"),
        among(_n.contact_id, "ids"),
        _n.state.in_(("active", "unknown")),
        _n.look_at > arg("now"),
    )
    .values(look_at=arg("now"))
)


def hasten(conn: Connection, inst: int, contact_ids: Iterable[str], now: int) -> None:
    """Something happened with these contacts that may have ended their sequence."""
    _HASTEN.run(conn, inst=inst, ids=list(contact_ids), now=now)


_RUNNING = Fixed(
    select(_n.enrolment_id, _n.touch_id).where(
        among(_n.enrolment_id, "ids"), _n.state.in_(("sending", "active"))
    )
)


def running_of(conn: Connection, enrolment_ids: Iterable[str]) -> dict[str, str]:
    """Our enrolment → the touch whose sequence in the CRM still runs."""
    wanted = list(enrolment_ids)
    rows = _RUNNING.dicts(conn, ids=wanted) if wanted else ()
    return {row["enrolment_id"]: row["touch_id"] for row in rows}


_BY_ID = Fixed(
    select(native_enrolments, _t.subject_id, _t.step, _t.occurrence, _t.owner_id, _t.fence)
    .join(touches, _t.id == _n.touch_id)
    .where(among(_n.touch_id, "ids"))
    .order_by(_n.touch_id)
)


def by_id(conn: Connection, touch_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Rows as `due` gives them."""
    return _BY_ID.dicts(conn, ids=list(touch_ids))


_DOUBT = Fixed(
    update(touches)
    .where(_t.id == arg("key"), _t.state == TouchState.SENDING.value)
    .values(
        state=TouchState.UNKNOWN.value,
        reason=arg("reason"),
        error=arg("error"),
        outcome_at=arg("at"),
    )
)


def doubt(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """What was sent and cannot be told the fate of. rows: key, reason, error, at."""
    _DOUBT.run_many(conn, rows)


def of_installation(conn: Connection, inst: int) -> list[Row]:
    """All enrolments, those that are over too, the latest first."""
    query = (
        select(native_enrolments)
        .where(_n.installation_id == inst)
        .order_by(_n.sent_at.desc(), _n.touch_id)
    )
    return [dict(row) for row in conn.execute(query).mappings()]
