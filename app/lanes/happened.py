"""Events and other signals that rules count, out of what was noted of a set of subjects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.decisions.event_counting import lookback_ms, name_of, said
from app.lanes.context import Tenant
from app.model.playbook import When
from app.model.records import Happened, SubjectView
from app.model.signals import Signal
from app.model.time import DAY, Business
from app.model.vocabulary import SignalKind
from app.store import events
from app.store.sets import loads

Row = Mapping[Any, Any]

EVENT_ANCHORS = ("event:", "form:")
"""How the anchors of what an event began begin."""

_SIGNALS = {kind.value: kind for kind in SignalKind}


def counted_kinds(when: When) -> set[SignalKind]:
    """Kinds of outcomes that a rule counts or whose absence it waits for, by event."""
    kinds = {_SIGNALS.get(name, SignalKind.EVENT) for name in when.events}
    return kinds | ({SignalKind.EVENT} if when.unless_events else set())


def happened(row: Row) -> Happened:
    """A row of `outcomes`: of an event, or of another signal that is counted."""
    data: Mapping[str, Any] = loads(row["data"])
    is_event = row["kind"] == SignalKind.EVENT.value
    return Happened(
        str(data.get("name") or "") if is_event else row["kind"],
        row["occurred_at"],
        row["cause"],
        row["contact_id"],
        data.get("event") or {} if is_event else data,
    )


def add_happened(found: list[Happened], signal: Signal) -> None:
    """Take a signal just seen among what is counted, unless it stands there."""
    said_so = said(signal) or {}
    one = Happened(name_of(signal), signal.at, signal.cause, signal.contact, said_so)
    if all((other.cause, other.name) != (one.cause, one.name) for other in found):
        found.append(one)
        found.sort(key=lambda other: other.at)


def load_happened(
    conn: Connection,
    tenant: Tenant,
    ids: Collection[int],
    running: Mapping[int, Sequence[Row]],
    now: Business,
) -> dict[int, list[Happened]]:
    """Subject → what its rules count, and the events on which what runs for it was begun; the
    oldest first. No query where nothing here rests on events."""
    whens = [active.rule.when for active in tenant.rules]
    kinds = {kind for when in whens for kind in counted_kinds(when)}
    anchors = {
        row["anchor"]
        for rows in running.values()
        for row in rows
        if row["anchor"].startswith(EVENT_ANCHORS)
    }
    if anchors:
        kinds |= {SignalKind.EVENT, SignalKind.FORM_SUBMITTED}
    found: dict[int, list[Happened]] = defaultdict(list)
    if not kinds:
        return found
    since = now - max(map(lookback_ms, whens), default=0) - DAY
    for row in events.happened(conn, tenant.id, ids, sorted(kinds), since, anchors):
        found[row["subject_id"]].append(happened(row))
    return found


def latest(view: SubjectView, completed_at: int | None) -> dict[SignalKind, Business]:
    """When something last came whose absence a rule may wait for.

    A rep's activity is not kept apart from the prospect's: whichever it was, the matter moves.
    """
    known = {
        SignalKind.REP_ACTIVITY: view.last_activity_at,
        SignalKind.STAGE_ENTERED: view.stage_entered_at,
        SignalKind.TASK_COMPLETED: completed_at,
    }
    return {kind: Business(at) for kind, at in known.items() if at is not None}
