"""The rows of whatever a reading may concern: made where there are none yet, and loaded by sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.lanes.colleagues import MATES
from app.lanes.context import Lanes, Tenant
from app.lanes.heard import load_ground
from app.lanes.inquiries import inquirers
from app.lanes.quotes import begun
from app.lanes.reading import Readings
from app.lanes.snapshot import Snapshot
from app.model.time import Business
from app.store import aliases, mirror
from app.store.sets import dumps, loads


def place(lanes: Lanes, tenant: Tenant, readings: Readings) -> None:
    """Give records not seen before a row, so that everything after can name them by row id."""
    wanted = [("deal", record.id) for record in readings.of("deal")]
    for record in readings.of("contact"):
        if record.associations is not None and not record.associations.get("deal"):
            wanted.append(("contact", record.id))
    if not wanted:
        return
    with lanes.store.read() as conn:
        missing: list[dict[str, Any]] = []
        for type in ("deal", "contact"):
            ids = [id for kind, id in wanted if kind == type]
            known = mirror.by_crm_id(conn, tenant.id, type, ids) if ids else {}
            missing.extend(mirror.blank(tenant.id, type, id) for id in ids if id not in known)
    if missing:
        with lanes.store.write() as conn:
            mirror.add_subjects(conn, missing)


def _quotes(conn: Connection, inst: int, readings: Readings) -> dict[str, Any]:
    """What is known of the quotes that were read, or that are gone; a deal that was merged since
    goes by the id that it has now."""
    ids = {record.id for record in readings.of("quote")}
    ids.update(id for type, id, _ in readings.gone if type == "quote")
    rows = mirror.objects(conn, inst, "quote", ids) if ids else {}
    known: dict[str, dict[str, Any]] = {id: loads(row["known"]) for id, row in rows.items()}
    deals: set[str] = {deal for one in known.values() for deal in one["deals"]}
    merged = aliases.of(conn, inst, "deal", deals) if deals else {}
    if not merged:
        return rows
    for one in known.values():
        named: list[str] = one["deals"]
        one["deals"] = sorted({merged.get(deal, deal) for deal in named})
    return {id: {**row, "known": dumps(known[id])} for id, row in rows.items()}


def load_snapshot(
    conn: Connection,
    tenant: Tenant,
    readings: Readings,
    due: Sequence[Mapping[Any, Any]],
    now: Business,
) -> tuple[Snapshot, dict[int, frozenset[tuple[str, int]]]]:
    """The snapshot of every subject that these readings may concern."""
    inst = tenant.id
    deals = {record.id for record in readings.of("deal")}
    contacts = {record.id for record in readings.of("contact")}
    contacts.update(heard.id for heard in readings.said if heard.type == "contact")
    leads = {record.id for record in readings.of("lead")}
    leads.update(id for type, id, _ in readings.gone if type == "lead")
    contacts.update(inquirers(conn, inst, leads).values())
    quotes = _quotes(conn, inst, readings)
    deals.update(deal for row in quotes.values() for deal in loads(row["known"])["deals"])
    for type in ("email", "call", "meeting", "task", "lead", "quote"):
        for record in readings.of(type):
            linked = record.associations or {}
            deals.update(linked.get("deal", ()))
            contacts.update(linked.get("contact", ()))
    deals.update(id for type, id, _ in readings.gone if type == "deal")
    contacts.update(id for type, id, _ in readings.gone if type == "contact")
    contacts.update(one.contact for one in readings.posted if one.contact)
    deals.update(deal for one in readings.posted for deal in one.deals)
    for record in readings.of("deal"):
        contacts.update((record.associations or {}).get("contact", ()))
    tasks = {record.id for record in readings.of("task")}
    tasks.update(id for type, id, _ in readings.gone if type == "task")
    ids = {timer["subject_id"] for timer in due} | {timer["about"] for timer in due}
    ids.update(mate for timer in due for mate in timer.get(MATES) or ())
    if deals:
        ids.update(row["id"] for row in mirror.by_crm_id(conn, inst, "deal", deals).values())
    if contacts:
        found = mirror.by_crm_id(conn, inst, "contact", contacts)
        ids.update(row["id"] for row in found.values())
        for subjects in mirror.subjects_of_contacts(conn, inst, contacts).values():
            ids.update(subjects)
    if tasks:
        ids.update(mirror.subjects_of_tasks(conn, inst, tasks))
    snapshot = Snapshot(
        tenant, conn, ids, now,
        contacts=contacts,
        tasks=tasks,
        meetings=[record.id for record in readings.of("meeting")],
        leads=leads,
        quotes=quotes,
        touches=[r.fields["touch_id"] for r in readings.of("task") if r.fields.get("touch_id")],
        compared=bool(readings.of("contact")),
    )  # fmt: skip
    if readings.said:
        snapshot.replies = load_ground(conn, tenant, snapshot, now)
    if readings.of("quote"):
        snapshot.quotes_begun = begun(conn, inst)
    known = mirror.last_entries(conn, ids) if readings.of("deal") else {}
    return snapshot, known
