"""What to read again for a batch of events, and the reading itself.

An event is a hint. The echo of what we wrote ourselves is told by its values, never by who the
event says wrote them: it names nothing but what we know already, so there is nothing to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection

from app.lanes.context import Lanes, Tenant
from app.lanes.heard import SAID, Heard
from app.signals.tasks import WATCHED
from app.store import aliases, mirror
from app.store.sets import chunks, loads
from connectors.contract import SEVERAL, Connector, CrmRecord, Forbidden, ObjectType

MIRRORED: tuple[ObjectType, ...] = ("deal", "contact")
"""Types of which we keep a mirror; what became of one that a reading does not find matters."""

_HISTORY = frozenset({"deal", "quote", "task"})
_PART = 50
"""Records of one job: a slow CRM is asked for the next part at once. Twice without history."""

_LINKED: Mapping[str, tuple[ObjectType, ...]] = {
    "deal": ("contact",),
    "contact": ("deal",),
    "email": ("contact", "deal"),
    "call": ("contact", "deal"),
    "meeting": ("contact", "deal"),
    "lead": ("contact",),
    "quote": ("deal", "contact"),
}


class Merge(NamedTuple):
    """Two records that are one: `gone` goes on as `kept`."""

    type: ObjectType
    kept: str
    gone: str


@dataclass(slots=True)
class Readings:
    """Records by type as just read, what is gone (type, id, at), and what was merged.

    erased: contacts, gone too, of whom nothing may be kept. noes: people who were merged into
    others and whose own record says that they must not be contacted. barred: person that is left →
    cause, where such a no has come to them. refused: (type, id) → why the account does not let us
    read it; nothing is known of it then, least of all that it is gone. said:
    what events say of replies. posted:
    events of customers' tools (`app.lanes.events.Posting`), with whose they are.
    """

    records: dict[str, list[CrmRecord]] = field(default_factory=dict[str, list[CrmRecord]])
    gone: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    merged: list[Merge] = field(default_factory=list[Merge])
    erased: set[str] = field(default_factory=set[str])
    noes: set[str] = field(default_factory=set[str])
    barred: dict[str, str] = field(default_factory=dict[str, str])
    refused: dict[tuple[str, str], Forbidden] = field(
        default_factory=dict[tuple[str, str], Forbidden]
    )
    said: list[Heard] = field(default_factory=list[Heard])
    posted: list[Any] = field(default_factory=list[Any])

    def of(self, type: str) -> list[CrmRecord]:
        return self.records.get(type, [])

    @property
    def anything(self) -> bool:
        return bool(self.records or self.gone or self.merged)


@dataclass(slots=True)
class Plan:
    """What to read: (type, with associations) → ids.

    gone: what is no more without looking. told: (type, id) → when an event says that it was
    deleted, which a reading has to bear out: a merge deletes too, and a restore may be later.
    said: (type, id) of whose reply something is said. later: events for another turn, since one
    word about a person is acted on before the next is heard.
    """

    reads: dict[tuple[str, bool], set[str]] = field(
        default_factory=dict[tuple[str, bool], set[str]]
    )
    gone: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    told: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    merged: list[Merge] = field(default_factory=list[Merge])
    erased: set[str] = field(default_factory=set[str])
    said: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    later: set[int] = field(default_factory=set[int])

    @property
    def is_empty(self) -> bool:
        return not self.reads and not self.gone

    def read(self, type: str, id: str, linked: bool) -> None:
        self.reads.setdefault((type, linked), set()).add(id)


_NOTHING_TOLD: Mapping[tuple[str, str], int] = {}


def plan_reads(conn: Connection, tenant: Tenant, rows: Sequence[Mapping[Any, Any]]) -> Plan:
    """What a batch of the inbox asks to be read, and what it says is gone."""
    plan = Plan()
    contacts = {row["object_id"] for row in rows if row["object_type"] == "contact"}
    known = mirror.contact_rows(conn, tenant.id, contacts) if contacts else {}
    tasks = {row["object_id"] for row in rows if row["object_type"] == "task"}
    ours = mirror.objects(conn, tenant.id, "task", tasks) if tasks else {}
    deals = {row["object_id"] for row in rows if row["object_type"] == "deal"}
    mirrored = mirror.by_crm_id(conn, tenant.id, "deal", deals) if deals else {}
    for row in rows:
        type, id, kind = row["object_type"], row["object_id"], row["kind"]
        if kind == "deleted" and type in MIRRORED:
            plan.read(type, id, linked=False)
            plan.told[type, id] = row["occurred_at"]
        elif kind == SAID:
            _said(plan, row, known, mirrored)
        elif kind in ("deleted", "erased"):
            plan.gone.append((type, id, row["occurred_at"]))
            if kind == "erased" and type == "contact":
                plan.erased.add(id)
        elif kind == "merged":
            plan.read(type, id, linked=type in _LINKED)
            if row["other_id"] and type in MIRRORED:
                plan.merged.append(Merge(type, id, row["other_id"]))
        elif type == "task":
            task = ours.get(id)
            if task is None or _tells_more(row, task):
                plan.read(type, id, linked=task is None)
        elif type == "contact":
            # A form makes a lead of a contact that an import left alone, so its deals matter.
            asked = kind == "associated" or row["field"] == "form_submitted_at"
            plan.read(type, id, linked=id not in known or asked)
        elif type == "deal":
            # A change may be all that is ever heard of a deal whose creation event was lost.
            asked = kind in ("created", "associated", "restored")
            plan.read(type, id, linked=asked or id not in mirrored)
        elif type in _LINKED:
            plan.read(type, id, linked=True)
    return plan


def _said(
    plan: Plan, row: Mapping[Any, Any], known: Mapping[str, Any], mirrored: Mapping[str, Any]
) -> None:
    key = (row["object_type"], row["object_id"])
    if key in plan.said:
        plan.later.add(row["id"])
        return
    plan.said.add(key)
    type, id = key
    plan.read(type, id, linked=id not in (known if type == "contact" else mirrored))


def _tells_more(row: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Whether an event about a task of ours names anything but what we last knew of it.

    A value that changed since has an event of its own.
    """
    if row["field"] != SEVERAL:
        return row["kind"] != "created"
    known = loads(task["known"])
    values: dict[str, Any] = loads(row["value"])
    return any(known.get(name) != values[name] for name in WATCHED if name in values)


def fetch(
    lanes: Lanes,
    tenant: Tenant,
    reads: Mapping[tuple[str, bool], Iterable[str]],
    told: Mapping[tuple[str, str], int] = _NOTHING_TOLD,
    *,
    partly: bool = False,
) -> Readings:
    """Read records by id, calls in parallel. Raises what the connector raises.

    Mirrored records that are not there come as gone, or as merged. told: when events say that they
    were deleted; the present instant for the rest. partly: what a withdrawn scope keeps from being
    read is said in `refused` and holds up nothing else, so that an opt-out is heard where deals are
    hidden. Contacts hidden altogether are raised even so: nobody may be contacted unread.
    """
    if not reads:
        return Readings()
    connector = lanes.connector_for(tenant.id)
    jobs: list[tuple[str, bool, Sequence[str], Future[list[CrmRecord]]]] = []
    for (type, linked), ids in reads.items():
        wanted = sorted(ids)
        other = reads.get((type, not linked))
        if other and not linked:
            wanted = [id for id in wanted if id not in other]
        is_dated, kind = type in _HISTORY, cast(ObjectType, type)
        near = _LINKED.get(type, ("contact", "deal")) if linked else ()
        ours = type == "task" and not linked  # what stands on them is known
        read = partial(connector.read, kind, history=is_dated, associations=near, ours=ours)
        # Associations are read for a whole list in one call, so such a list stays together.
        size = len(wanted) or 1 if linked else _PART if is_dated else _PART * 2
        jobs.extend(
            (type, linked, part, lanes.pool.submit(read, part)) for part in chunks(wanted, size)
        )
    readings = Readings()
    for type, linked, part, job in jobs:
        try:
            records = job.result()
        except Forbidden as error:
            if not partly or (type == "contact" and not linked):
                raise
            readings.refused.update(((type, id), error) for id in part)
            continue
        readings.records.setdefault(type, []).extend(records)
        tenant.fresh.note(type, [record.id for record in records])
    for type in MIRRORED:
        asked = {
            id
            for linked in (True, False)
            for id in reads.get((type, linked), ())
            if (type, id) not in readings.refused
        }
        _note_lives(lanes, tenant, type, asked, readings, told)
    readings.noes = fetch_noes(lanes, tenant, readings.merged)
    return readings


def fetch_noes(lanes: Lanes, tenant: Tenant, merged: Iterable[Merge]) -> set[str]:
    """People who were merged into others and whose record, in the CRM's recycle bin, says no to
    being contacted: what wins in the record that is left is for whoever merges them to say, and
    consent that was taken back is not given again by that."""
    gone = {merge.gone for merge in merged if merge.type == "contact"}
    if gone:
        with lanes.store.read() as conn:
            gone -= aliases.of(conn, tenant.id, "contact", gone).keys()
    if not gone:
        return set()
    connector = lanes.connector_for(tenant.id)
    records = connector.read("contact", sorted(gone), archived=True)
    return {record.id for record in records if record.fields.get("opted_out")}


def _note_lives(
    lanes: Lanes,
    tenant: Tenant,
    type: ObjectType,
    asked: set[str],
    readings: Readings,
    told: Mapping[tuple[str, str], int],
) -> None:
    """Which records turn out to be merged, and which are gone.

    A record says which ids lead to it since a merge; an id of ours that is neither there nor among
    those is gone. One that we never mirrored is not: it may be read too soon after its creation.
    """
    there: set[str] = set()
    merged: dict[str, str] = {}
    for record in readings.of(type):
        there.add(record.id)
        for id in record.fields.get("merged_ids") or ():
            merged[id] = record.id
    absent = asked - there - merged.keys()
    if not merged and not absent:
        return
    with lanes.store.read() as conn:
        if merged:
            known = aliases.of(conn, tenant.id, type, merged)
            readings.merged.extend(
                Merge(type, to, id) for id, to in merged.items() if known.get(id) != to
            )
        if absent:
            ours = set(mirror.by_crm_id(conn, tenant.id, type, absent))
            if type == "contact":
                ours |= mirror.contact_rows(conn, tenant.id, absent).keys()
            now = lanes.now()
            readings.gone.extend(
                (type, id, told.get((type, id), now)) for id in sorted(absent & ours)
            )


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


def not_shown_yet(
    connector: Connector, tenant: Tenant, type: ObjectType, absent: Iterable[str]
) -> set[str]:
    """Of records that a reading did not have: those that we created so lately that it may lag.

    One that somebody deleted meanwhile is among the archived ones.
    """
    young = [id for id in absent if tenant.fresh.may_lag(type, id)]
    if not young:
        return set()
    gone = connector.read(type, young, archived=True, ours=type == "task")
    return set(young) - {record.id for record in gone}
