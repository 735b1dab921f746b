"""What is known of records and of their people at each instant of the past: what was taken in as it
happened, and what the CRM had logged before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from app.decisions.counting import others
from app.decisions.guard.best_time import LOOK_BACK_MS
from app.lanes.context import Tenant
from app.lanes.counting import carried_out
from app.lanes.recalling import deeds_of
from app.lanes.snapshot import Snapshot
from app.model.activities import (
    BOOKED,
    CALL,
    CALLED,
    EMAIL,
    MEETING,
    MISSED,
    REPLY,
    TASK,
    TOUCHING,
    Activity,
    PersonAct,
)
from app.model.backtest import History, PersonPast
from app.model.records import PersonDeed, SubjectView
from app.model.signals import Signal
from app.model.time import DAY, Business
from app.model.touches import Logged
from app.model.vocabulary import ACTIVITY, SignalKind, TaskType
from app.signals.deals import stage_signals
from app.store import activities, mirror, outcomes
from app.store.sets import loads
from connectors.contract import Version

BEFORE_MS = 120 * DAY
"""So much longer ago than the span is looked: for how a record stood then."""

MEASURED = frozenset(
    {
        SignalKind.REPLIED,
        SignalKind.MEETING_BOOKED,
        SignalKind.MEETING_HELD,
        SignalKind.MEETING_MISSED,
        SignalKind.OPTED_OUT,
        SignalKind.BOUNCED,
    }
)
"""Signals that were kept as they came."""

_MEANS = {
    REPLY: SignalKind.REPLIED,
    BOOKED: SignalKind.MEETING_BOOKED,
    MEETING: SignalKind.MEETING_HELD,
    MISSED: SignalKind.MEETING_MISSED,
    **dict.fromkeys((EMAIL, CALL, CALLED, TASK), SignalKind.REP_ACTIVITY),
}
_OUTCOMES = {MEETING: "held", MISSED: "no_show"}
"""By what a meeting's outcome is known where it was taken in as it happened."""

_TASKS = {EMAIL: TaskType.EMAIL, CALL: TaskType.CALL}

Row = Mapping[str, Any]


def histories_of(
    conn: Connection, tenant: Tenant, snapshot: Snapshot, ids: Sequence[int], since: Business
) -> Iterator[History]:
    """The pasts of these subjects, for judging from `since` on; a deleted one has none."""
    views = [view for view in map(snapshot.subject, ids) if not view.deleted]
    entries = mirror.entries_of(conn, ids)
    measured: dict[int, list[Row]] = {}
    for row in outcomes.of_subjects(conn, tenant.id, ids):
        if row["kind"] in MEASURED:
            measured.setdefault(row["subject_id"], []).append(dict(row))
    people = {contact.crm_id for view in views for contact in view.contacts}
    begin = Business(max(0, since - BEFORE_MS))
    done = activities.of_subjects(conn, ids, begin)
    acts = activities.with_people(conn, tenant.id, people, begin)
    pasts = _pasts(conn, tenant, people, acts, begin)
    for view in views:
        theirs = [one for contact in view.contacts for one in acts.get(contact.crm_id, ())]
        machine = snapshot.rows[view.id]["machine_reply_at"]
        known = measured.get(view.id, ())
        facts = _facts(tenant, view, entries.get(view.id, ()), known)
        logged = _logged(view.id, done.get(view.id, ()), theirs, known)
        facts += [one for one in logged if one.kind is not SignalKind.REPLIED or one.at != machine]
        facts += _latest(view, facts)
        facts.sort(key=lambda fact: fact.at)
        own = {c.crm_id: pasts[c.crm_id] for c in view.contacts if c.crm_id in pasts}
        yield History(view, facts, own)


def known_at(history: History, now: Business) -> History:
    """What of it was known at an instant."""
    people = {
        who: PersonPast(
            [one for one in past.touches if one[0] <= now],
            [one for one in past.deeds if one.at <= now],
        )
        for who, past in history.people.items()
    }
    return replace(history, facts=[one for one in history.facts if one.at <= now], people=people)


def _facts(
    tenant: Tenant, subject: SubjectView, entries: Sequence[tuple[str, int]], known: Iterable[Row]
) -> list[Signal]:
    facts: list[Signal] = []
    if subject.created_at is not None:
        data = {"type": subject.type.value}
        facts.append(
            Signal(
                SignalKind.SUBJECT_CREATED, subject.id, subject.created_at, "created", data=data
            )
        )
    versions = [Version(stage, Business(at)) for stage, at in entries]
    facts += stage_signals(subject.id, versions, tenant.stages)
    return facts + [
        Signal(
            SignalKind(row["kind"]), subject.id, Business(row["occurred_at"]), row["cause"],
            contact=row["contact_id"], data=loads(row["data"]),
        )
        for row in known
    ]  # fmt: skip


def _logged(
    subject: int, done: Iterable[Activity], acts: Sequence[PersonAct], known: Iterable[Row]
) -> Iterator[Signal]:
    """What the CRM logged and no signal was kept of."""
    rows = list(known)
    causes = {row["cause"] for row in rows}
    replied = {row["occurred_at"] for row in rows if row["kind"] == SignalKind.REPLIED.value}
    whose = {one.cause: one.contact for one in reversed(acts)}
    missed = {one.cause: Activity(*one[1:5]) for one in acts if one.kind == MISSED}
    found = [*done, *missed.values()]
    starts = {_id(one): one.at for one in found if one.kind in _OUTCOMES}
    for one in found:
        kind, data = _MEANS[one.kind], dict[str, Any]()
        if one.kind in _OUTCOMES and f"{_OUTCOMES[one.kind]}:{_id(one)}" in causes:
            continue
        if one.cause in causes or (one.kind == REPLY and one.at in replied):
            continue
        if one.kind == BOOKED:
            start = starts.get(_id(one))
            if start is not None and start <= one.at:
                continue  # logged once it was over
            data = {"start_at": start}
        if kind is SignalKind.REP_ACTIVITY:
            data = {"what": one.kind}
        yield Signal(
            kind, subject, Business(one.at), one.cause, contact=whose.get(one.cause), data=data
        )


def _id(one: Activity) -> str:
    """Of the record by which it is known."""
    return one.cause.partition(":")[2]


def _latest(subject: SubjectView, facts: Iterable[Signal]) -> list[Signal]:
    """What the record's own stamps tell beyond that: something later than all that is known."""
    known: dict[SignalKind, int] = {}
    for fact in facts:
        known[fact.kind] = max(known.get(fact.kind, 0), fact.at)
    acted = max((at for kind, at in known.items() if kind in ACTIVITY), default=0)
    stamps = (
        (SignalKind.REPLIED, subject.last_reply_at, known.get(SignalKind.REPLIED, 0)),
        (SignalKind.MEETING_HELD, subject.last_meeting_at, known.get(SignalKind.MEETING_HELD, 0)),
        (SignalKind.REP_ACTIVITY, subject.last_activity_at, acted),
    )
    return [
        Signal(kind, subject.id, at, f"latest:{kind.value}:{at}")
        for kind, at, before in stamps
        if at is not None and at > before
    ]


def _pasts(
    conn: Connection,
    tenant: Tenant,
    people: Collection[str],
    acts: Mapping[str, Sequence[PersonAct]],
    since: Business,
) -> dict[str, PersonPast]:
    """contact id → what they bore from others, and, where an account asks for best times, when they
    did something."""
    deeds: Mapping[str, Sequence[PersonDeed]] = {}
    if tenant.guard.best_time_days is not None:
        deeds = deeds_of(conn, tenant.id, people, Business(since - LOOK_BACK_MS))
    ours = carried_out(conn, tenant, acts, since)
    touches: dict[str, list[tuple[Business, TaskType]]] = {}
    for contact, found in acts.items():
        logged = [
            Logged(_TASKS[one.kind], one.owner, Business(one.at))
            for one in found
            if one.kind in TOUCHING
        ]
        counted = others(logged, ours.get(contact, ()))
        touches[contact] = [(one.at, one.kind) for one in counted if one.kind is not None]
    return {
        who: PersonPast(touches.get(who, ()), deeds.get(who, ())) for who in {*touches, *deeds}
    }
