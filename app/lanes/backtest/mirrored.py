"""The past of an installation's records, out of the mirror: stages whole, activity as far as known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.lanes.backtest.report import BacktestError, Ground, Span, report
from app.lanes.context import Lanes, Tenant
from app.lanes.snapshot import Snapshot
from app.model.backtest import History
from app.model.playbook import Playbook
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind
from app.playbooks.presets import preset, preset_ids
from app.signals.deals import stage_signals
from app.store import mirror, outcomes, playbooks
from app.store.sets import loads
from connectors.contract import Version

PAGE = 500

_MEASURED = frozenset(
    {
        SignalKind.REPLIED,
        SignalKind.MEETING_BOOKED,
        SignalKind.MEETING_HELD,
        SignalKind.MEETING_MISSED,
        SignalKind.OPTED_OUT,
        SignalKind.BOUNCED,
    }
)
TOLD = _MEASURED | {
    SignalKind.SUBJECT_CREATED,
    SignalKind.STAGE_ENTERED,
    SignalKind.CLOSED,
    SignalKind.REP_ACTIVITY,
    SignalKind.NO_ACTIVITY,
    SignalKind.STALLED,
    SignalKind.DATE,
    SignalKind.TASK_COMPLETED,
    SignalKind.RECYCLED,
}
"""What the mirror has dates for."""

KNOWN = (
    "Stage histories are whole. Of replies and meetings those since the account was connected are "
    "known, and of calls and mails, as of everything before, the latest alone."
)


def ground_of(
    tenant: Tenant, told: frozenset[SignalKind], known: tuple[str, ...] = ()
) -> Ground:
    """An installation's own ground, for what the source tells of."""
    return Ground(
        key=tenant.key,
        zone=tenant.zone,
        settings=tenant.settings,
        calendars=tenant.calendars,
        followed=tenant.stages.followed,
        told=told,
        known=known,
    )


def backtest_mirror(
    lanes: Lanes, installation_id: int, playbook: str | Playbook, days: int,
    most: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The figures over the last `days`, on every record of the installation.

    playbook: itself, saved or not; or its id: a saved one's newest version, else a preset. most:
    look at so many records only, the answer's `whole` says whether that left any out. Raises
    BacktestError for an unknown playbook.
    """
    tenant, now = lanes.tenant(installation_id), lanes.now()
    told = playbook
    if isinstance(told, str):
        told = named_playbook(lanes, installation_id, told)
    histories, whole = _histories(lanes, tenant, now, most)
    ground = ground_of(tenant, TOLD, (KNOWN,))
    found = report(told, histories, ground, Span(now, days))
    return {"source": f"account {tenant.key.partition(':')[2]}", "whole": whole, **found}


def named_playbook(
    lanes: Lanes, inst: int, name: str, version: int | None = None
) -> Playbook:
    """A saved playbook by its id, the newest version unless one is named; else a preset. Raises
    BacktestError."""
    with lanes.store.read() as conn:
        saved = playbooks.versions(conn, inst, name)
    if version is not None:
        numbers = {row["version"]: row["id"] for row in saved}
        if version not in numbers:
            known = ", ".join(map(str, numbers)) or "none"
            raise BacktestError(f"version: there is no version {version}; there are {known}")
        return lanes.playbook(numbers[version])
    if saved:
        return lanes.playbook(saved[0]["id"])
    if name in preset_ids():
        return preset(name)
    raise BacktestError(
        f"playbook: there is neither a saved playbook nor a preset {name!r}; presets are "
        f"{', '.join(preset_ids())}"
    )


def _histories(
    lanes: Lanes, tenant: Tenant, now: Business, most: int | None
) -> tuple[list[History], bool]:
    found: list[History] = []
    after = 0
    while most is None or len(found) < most:
        with lanes.store.read() as conn:
            ids = mirror.ids_after(conn, tenant.id, after, PAGE)
            if not ids:
                return found, True
            found.extend(_page(conn, tenant, ids, now))
        after = ids[-1]
    with lanes.store.read() as conn:
        return found, not mirror.ids_after(conn, tenant.id, after, 1)


def _page(
    conn: Connection, tenant: Tenant, ids: Sequence[int], now: Business
) -> Iterable[History]:
    snapshot = Snapshot(tenant, conn, ids, now, with_running=False)
    entries = mirror.entries_of(conn, ids)
    measured: dict[int, list[Mapping[str, Any]]] = {}
    for row in outcomes.of_subjects(conn, tenant.id, ids):
        measured.setdefault(row["subject_id"], []).append(dict(row))
    for id in ids:
        subject = snapshot.subject(id)
        if not subject.deleted:
            yield history_of(tenant, subject, entries.get(id, ()), measured.get(id, ()))


def history_of(
    tenant: Tenant,
    subject: SubjectView,
    entries: Sequence[tuple[str, int]],
    measured: Iterable[Mapping[str, Any]],
) -> History:
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
    facts += [_outcome(row) for row in measured if row["kind"] in _MEASURED]
    facts += _latest(subject, {(fact.kind, fact.at) for fact in facts})
    facts.sort(key=lambda fact: fact.at)
    return History(subject, facts)


def _outcome(row: Mapping[str, Any]) -> Signal:
    return Signal(
        SignalKind(row["kind"]),
        row["subject_id"],
        Business(row["occurred_at"]),
        row["cause"],
        contact=row["contact_id"],
        data=loads(row["data"]),
    )


def _latest(subject: SubjectView, known: set[tuple[SignalKind, Business]]) -> list[Signal]:
    """What the record's own stamps tell beyond that."""
    stamps = {
        SignalKind.REPLIED: subject.last_reply_at,
        SignalKind.MEETING_HELD: subject.last_meeting_at,
        SignalKind.REP_ACTIVITY: subject.last_activity_at,
    }
    return [
        Signal(kind, subject.id, at, f"latest:{kind.value}:{at}")
        for kind, at in stamps.items()
        if at is not None and (kind, at) not in known
    ]
