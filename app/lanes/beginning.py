"""Beginning what waited for a person's word, or ending it unbegun: for many at once.

Whoever says the word, and for what, is `app.lanes.waiting` and `app.lanes.proposals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.decisions.backlog import accept, enter, release
from app.decisions.beside import give_way
from app.decisions.codes import Deed
from app.decisions.context import Cause
from app.decisions.still_owed import UNDECIDED, reason_gone
from app.lanes.activation import ledger_line
from app.lanes.asking import decide_contacts
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import EndEnrolment, EnrolmentView, Explanation, StartEnrolment
from app.model.playbook import ActiveRule
from app.model.time import Business
from app.model.vocabulary import EnrolmentState, Mode, StopReason
from app.store import moving, running

Row = Mapping[Any, Any]

_BEGIN = {
    Deed.RELEASED: release,
    Deed.PLACE_FREE: release,
    Deed.APPROVED: accept,
    Deed.ACCEPTED: accept,
}
"""Delays of a released backlog count from now; of what was owed in its own time, from its cause."""


_BY_MANY = frozenset({Deed.RELEASED, Deed.APPROVED})
"""Words that let many begin: where places are limited, they join the queue for one."""

_WAITING = frozenset(state.value for state in UNDECIDED)


@dataclass(slots=True)
class Begun:
    """Enrolment ids. gone: those whose reason is gone, with (code, values) of why."""

    started: list[str] = field(default_factory=list[str])
    gone: dict[str, tuple[str, Mapping[str, Any]]] = field(
        default_factory=dict[str, tuple[str, Mapping[str, Any]]]
    )


def begin(
    lanes: Lanes,
    tenant: Tenant,
    rows: Sequence[Row],
    deed: str,
    cause: Callable[[Connection], None],
    *,
    who: str = "",
    most: int | None = None,
) -> Begun:
    """Make waiting enrolments active, with the touches that they had not; `most` of them.

    What is not owed any more ends instead, with its reason, and counts for nothing. What an admin
    lets go of a rule in manual mode becomes a proposal: a rep still decides. cause: stores why, in
    the same transaction: apart, a crash between the two would give out a second share on one day,
    or leave what was approved waiting for ever.
    """
    now = lanes.now()
    with lanes.store.read() as conn:
        found = running.by_id(conn, [row["id"] for row in rows])
        snapshot = Snapshot(tenant, conn, {row["subject_id"] for row in found.values()}, now)
    writes, done = Writes(), Begun()
    moves: dict[tuple[str, EnrolmentState], list[str]] = {}
    for given in rows:
        row = found[given["id"]]
        if row["state"] != given["state"]:
            continue  # somebody else said the word meanwhile, or a signal ended it
        view, active = snapshot.enrolment(row), tenant.rule(row["rule"])
        gone = reason_gone(active, view, snapshot.context(row["subject_id"], now), now)
        if gone is not None or active is None:
            done.gone[row["id"]] = gone or (StopReason.RULE_OFF.value, {})
            _let_go(writes, row, done.gone[row["id"]], now)
            continue
        if most is not None and len(done.started) >= most:
            break
        if tenant.limits_places and deed in _BY_MANY and not row["is_firing"]:
            moves.setdefault((row["state"], EnrolmentState.QUEUED), []).append(row["id"])
            done.started.append(row["id"])
            continue
        proposes = active.mode is Mode.MANUAL and deed != Deed.ACCEPTED
        if not proposes:
            _start(tenant, snapshot, view, row, active, deed, writes, now, who)
        to = EnrolmentState.PROPOSED if proposes else EnrolmentState.ACTIVE
        moves.setdefault((row["state"], to), []).append(row["id"])
        done.started.append(row["id"])
    decide_contacts(tenant, snapshot, writes, now)
    with lanes.store.write() as conn:
        cause(conn)
        for (was, to), ids in moves.items():
            # What acts is live from here on, whatever mode proposed it: figures and limits count
            # it as such.
            mode = Mode.LIVE.value if to is EnrolmentState.ACTIVE else None
            running.set_state(conn, ids, EnrolmentState(was), to, mode)
        if deed == Deed.RELEASED:
            moving.count_from(conn, dict.fromkeys(done.started, now))
        store_decisions(conn, tenant, writes, (), now)
    return done


def _start(
    tenant: Tenant,
    snapshot: Snapshot,
    view: EnrolmentView,
    row: Row,
    active: ActiveRule,
    deed: str,
    writes: Writes,
    now: Business,
    who: str,
) -> None:
    subject = snapshot.subject(row["subject_id"])
    calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
    begun = _BEGIN[deed](_as_decided(view, row, active), now, calendar, subject.fields)
    if view.sequence is not None:
        cause = Cause(view.anchor, view.anchor_at)
        room = give_way(view.sequence, active, cause, snapshot.context(view.subject, now), now)
        writes.take(tenant, room, snapshot, now)
        snapshot.follow(room)
    snapshot.activate(view.id)
    writes.add_touches(tenant, begun, now)
    counts_from = now if deed == Deed.RELEASED else begun.anchor_at
    way = enter(begun, subject, counts_from, calendar, now)
    writes.take(tenant, way, snapshot, now)
    snapshot.follow(way)
    line = ledger_line(begun, deed, "fired", now, {"who": who} if who else {})
    writes.explanations.append(line)


def _as_decided(view: EnrolmentView, row: Row, active: ActiveRule) -> StartEnrolment:
    return StartEnrolment(
        id=view.id,
        subject=view.subject,
        rule=active,
        definition=view.definition,
        sequence=view.sequence,
        steps=view.steps,
        anchor=view.anchor,
        anchor_at=view.anchor_at,
        started_at=view.started_at,
        contact=view.contact,
        choice=row["choice"],
        state=view.state,
        mode=Mode.LIVE,
        touches=(),
        anchor_stage=view.anchor_stage,
    )


def _let_go(writes: Writes, row: Row, gone: tuple[str, Mapping[str, Any]], now: Business) -> None:
    subject = row["subject_id"]
    writes.ends.append(EndEnrolment(row["id"], subject, StopReason.NOT_OWED, now))
    scope = f"rule:{row['rule']}"
    writes.explanations.append(
        Explanation(subject, scope, "not_fired", gone[0], now, values=dict(gone[1]))
    )


def end_unbegun(
    conn: Connection,
    tenant: Tenant,
    rows: Iterable[Row],
    reason: StopReason,
    now: Business,
    who: str,
) -> None:
    """End what waited, by a person's word; the ledger says whose."""
    writes = Writes()
    for row in rows:
        writes.ends.append(EndEnrolment(row["id"], row["subject_id"], reason, now))
        writes.explanations.append(
            Explanation(
                row["subject_id"], f"rule:{row['rule']}", "not_fired", reason.value, now,
                values={"who": who},
            )
        )  # fmt: skip
    store_decisions(conn, tenant, writes, (), now)


def drop_unowed(
    tenant: Tenant, snapshot: Snapshot, subject_ids: Iterable[int], writes: Writes, now: Business
) -> None:
    """End, of these subjects, whatever waits and is not owed any more."""
    for subject in subject_ids:
        waiting = [row for row in snapshot.running.get(subject, ()) if row["state"] in _WAITING]
        if not waiting:
            continue
        context = snapshot.context(subject, now)
        for row in waiting:
            gone = reason_gone(tenant.rule(row["rule"]), snapshot.enrolment(row), context, now)
            if gone is not None:
                _let_go(writes, row, gone, now)
