"""What to read again for a batch of events, the reading itself, and which events it settles.

An event is a hint. The echo of what we wrote ourselves is told by its values, never by who the
event says wrote them: it names nothing but what we know already, so there is nothing to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.lanes.context import Lanes, Tenant
from app.model.time import SECOND
from app.signals.tasks import WATCHED
from app.store import mirror
from app.store.sets import loads
from connectors.contract import SEVERAL, Connector, CrmRecord, ObjectType

_GIVE_UP = 8
"""Readings of a record that is never there, or never reaches its event, before it is let go."""

_LAG_MS = 2 * SECOND
"""How far a history entry's timestamp may lie before its event's and still be the same change."""

_LINKED: Mapping[str, tuple[ObjectType, ...]] = {
    "deal": ("contact",),
    "contact": ("deal",),
    "email": ("contact", "deal"),
    "call": ("contact", "deal"),
    "meeting": ("contact", "deal"),
}


@dataclass(slots=True)
class Readings:
    """Records by type as just read, and what was said to be gone."""

    records: dict[str, list[CrmRecord]] = field(default_factory=dict[str, list[CrmRecord]])
    gone: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])

    def of(self, type: str) -> list[CrmRecord]:
        return self.records.get(type, [])


@dataclass(slots=True)
class Plan:
    """What to read: (type, with associations) → ids."""

    reads: dict[tuple[str, bool], set[str]] = field(
        default_factory=dict[tuple[str, bool], set[str]]
    )
    gone: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])

    @property
    def is_empty(self) -> bool:
        return not self.reads and not self.gone

    def read(self, type: str, id: str, linked: bool) -> None:
        self.reads.setdefault((type, linked), set()).add(id)


def plan_reads(conn: Connection, tenant: Tenant, rows: Sequence[Mapping[Any, Any]]) -> Plan:
    """What a batch of the inbox asks to be read, and what it says is gone."""
    plan = Plan()
    contacts = {row["object_id"] for row in rows if row["object_type"] == "contact"}
    known = mirror.contact_rows(conn, tenant.id, contacts) if contacts else {}
    tasks = {row["object_id"] for row in rows if row["object_type"] == "task"}
    ours = mirror.objects(conn, tenant.id, "task", tasks) if tasks else {}
    for row in rows:
        type, id, kind = row["object_type"], row["object_id"], row["kind"]
        if kind in ("deleted", "erased"):
            plan.gone.append((type, id, row["occurred_at"]))
        elif kind == "merged":
            plan.read(type, id, linked=type in _LINKED)
            if row["other_id"]:
                plan.gone.append((type, row["other_id"], row["occurred_at"]))
        elif type == "task":
            task = ours.get(id)
            if task is None or _tells_more(row, task):
                plan.read(type, id, linked=task is None)
        elif type == "contact":
            # A form makes a lead of a contact that an import left alone, so its deals matter.
            asked = kind == "associated" or row["field"] == "form_submitted_at"
            plan.read(type, id, linked=id not in known or asked)
        elif type == "deal":
            plan.read(type, id, linked=kind in ("created", "associated", "restored"))
        elif type in _LINKED:
            plan.read(type, id, linked=True)
    return plan


def _tells_more(row: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Whether an event about a task of ours names anything but what we last knew of it.

    A value that changed since has an event of its own.
    """
    if row["kind"] == "created":
        return False
    if row["kind"] != "changed" or row["field"] != SEVERAL:
        return True
    known = loads(task["known"])
    values: dict[str, Any] = loads(row["value"])
    return any(name in WATCHED and known.get(name) != value for name, value in values.items())


def fetch(
    lanes: Lanes, tenant: Tenant, reads: Mapping[tuple[str, bool], Iterable[str]]
) -> Readings:
    """Read records by id, types in parallel. Raises what the connector raises."""
    if not reads:
        return Readings()
    connector = lanes.connector_for(tenant.id)
    jobs: list[tuple[str, Future[list[CrmRecord]]]] = []
    for (type, linked), ids in reads.items():
        wanted = sorted(ids)
        other = reads.get((type, not linked))
        if other and not linked:
            wanted = [id for id in wanted if id not in other]
        if wanted:
            jobs.append((type, lanes.pool.submit(_reader(connector, type, wanted, linked))))
    readings = Readings()
    for type, job in jobs:
        records = job.result()
        readings.records.setdefault(type, []).extend(records)
        tenant.fresh.note(type, [record.id for record in records])
    return readings


def fetch_strangers(lanes: Lanes, tenant: Tenant, readings: Readings) -> None:
    """Read the people of e-mails and meetings who stand on no subject yet: an import makes no
    subjects of contacts without deals, but once something happens with one it is a lead."""
    people = {
        contact
        for type in ("email", "meeting")
        for record in readings.of(type)
        for contact in (record.associations or {}).get("contact", ())
    }
    people -= {record.id for record in readings.of("contact") if record.associations is not None}
    if not people:
        return
    with lanes.store.read() as conn:
        people -= mirror.subjects_of_contacts(conn, tenant.id, people).keys()
    if people:
        found = fetch(lanes, tenant, {("contact", True): people})
        kept = [record for record in readings.of("contact") if record.id not in people]
        readings.records["contact"] = [*kept, *found.of("contact")]


def _reader(
    connector: Connector, type: Any, ids: Sequence[str], linked: bool
) -> Callable[[], list[CrmRecord]]:
    associations = _LINKED.get(type, ("contact", "deal")) if linked else ()

    def read() -> list[CrmRecord]:
        return connector.read(
            type, ids, history=type in ("deal", "task"), associations=associations
        )

    return read


def finished(
    events: Sequence[Mapping[Any, Any]], readings: Readings, unadopted: set[str]
) -> tuple[list[int], list[int]]:
    """Which events are over, and which need another reading because the record lags behind."""
    if not events:
        return [], []
    read = {(type, r.id): r for type, found in readings.records.items() for r in found}
    done: list[int] = []
    behind: list[int] = []
    for row in events:
        record = read.get((row["object_type"], row["object_id"]))
        late = _lags(row, record) or row["object_id"] in unadopted
        again = late and row["attempts"] < _GIVE_UP
        (behind if again else done).append(row["id"])
    return done, behind


def _lags(row: Mapping[str, Any], record: CrmRecord | None) -> bool:
    if row["kind"] in ("deleted", "erased", "associated"):
        return False
    if record is None:
        return row["kind"] == "created"
    if row["field"] != "stage" or row["value"] == record.fields.get("stage"):
        return False
    seen_from = row["occurred_at"] - _LAG_MS
    return not any(
        version.value == row["value"] and version.at >= seen_from
        for version in record.history.get("stage", ())
    )
