"""Which other records a company has here: asked of the CRM when somebody there answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.decisions import colleagues
from app.lanes.context import Lanes, Tenant
from app.lanes.observe import Observer
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind
from app.store import mirror
from app.store.sets import loads
from connectors.contract import Connector, Forbidden

MATES = "mates"
"""Key of a timer: row ids of the company's other records; None where they may not be read."""

Row = Mapping[str, Any]
Of = dict[str, list[str]]


def ask_companies(lanes: Lanes, tenant: Tenant, due: Sequence[Row]) -> list[Row]:
    """The timers, those about a company with its other records. Raises what the connector raises,
    but for a grant that shows no companies."""
    asking = [timer for timer in due if timer["rule"].startswith(colleagues.TIMER)]
    if not asking or tenant.settings.company() is None:
        return [*due]
    with lanes.store.read() as conn:
        rows = mirror.by_id(conn, {timer["subject_id"] for timer in asking})
    try:
        mates = _mates(lanes, tenant, asking, rows)
    except Forbidden:
        mates = {(timer["subject_id"], timer["rule"]): None for timer in asking}
    told: list[Row] = []
    for timer in due:
        key = (timer["subject_id"], timer["rule"])
        told.append({**timer, MATES: mates[key]} if key in mates else timer)
    return told


def _mates(
    lanes: Lanes, tenant: Tenant, asking: Sequence[Row], rows: Mapping[int, Row]
) -> dict[tuple[int, str], list[int] | None]:
    """Of the record itself where it belongs to a company, else of the person who acted."""
    connector = lanes.connector_for(tenant.id)
    about = {key: (row["type"], row["crm_id"]) for key, row in rows.items()}
    deals = {crm_id for type, crm_id in about.values() if type == "deal"}
    companies = {"deal": _of(connector, "deal", deals)}
    people = {crm_id for type, crm_id in about.values() if type == "contact"}
    people |= {
        loads(timer["data"])["contact"]
        for timer in asking
        if not companies["deal"].get(about.get(timer["subject_id"], ("", ""))[1])
    } - {None}
    companies["contact"] = _of(connector, "contact", people)
    wanted = sorted({one for of in companies.values() for ids in of.values() for one in ids})
    theirs: dict[str, list[int]] = defaultdict(list)
    for type, of in (
        ("deal", connector.deals_of_companies), ("contact", connector.contacts_of_companies)
    ):  # fmt: skip
        linked = of(wanted) if wanted else {}
        ids = {id for found in linked.values() for id in found}
        with lanes.store.read() as conn:
            known = mirror.by_crm_id(conn, tenant.id, type, ids) if ids else {}
        for company, records in linked.items():
            theirs[company].extend(known[id]["id"] for id in records if id in known)
    found: dict[tuple[int, str], list[int] | None] = {}
    for timer in asking:
        subject, contact = timer["subject_id"], loads(timer["data"])["contact"]
        type, crm_id = about.get(subject, ("deal", ""))
        own = companies[type].get(crm_id) or companies["contact"].get(contact, [])
        mates = {mate for company in own for mate in theirs[company]}
        found[subject, timer["rule"]] = sorted(mates - {subject})
    return found


def _of(connector: Connector, type: Literal["deal", "contact"], ids: set[str]) -> Of:
    return connector.companies_of(type, sorted(ids)) if ids else {}


def tell_mates(
    tenant: Tenant, snapshot: Snapshot, observer: Observer, timer: Row, writes: Writes,
    now: Business,
) -> None:  # fmt: skip
    """Let the others hear of it, as the settings now say."""
    stop, data = tenant.settings.company(), loads(timer["data"])
    mates = timer.get(MATES)
    if stop is None or data["did"] not in stop.on:
        return
    if mates is None:
        writes.explanations.append(colleagues.unreadable(timer["subject_id"], data, now))
        return
    there = [snapshot.subject(mate) for mate in mates if mate in snapshot.rows]
    alive = [one for one in there if not one.deleted]
    for signal in colleagues.heard_by(alive, data, stop):
        observer.signal(signal)


def heed(
    tenant: Tenant, snapshot: Snapshot, signal: Signal, writes: Writes, now: Business
) -> None:
    """What a signal is to the company's other records, and what theirs is to this one."""
    stop = tenant.settings.company()
    if stop is None:
        return
    subject = snapshot.subject(signal.subject)
    question = colleagues.spread(signal, subject, stop, now)
    if question is not None:
        writes.arm.append(question)
    if signal.kind is not SignalKind.COLLEAGUE or stop.what != "hold":
        return
    calendar = tenant.calendar(tenant.owner_or_default(subject.owner_id), now)
    running = snapshot.enrolments(signal.subject)
    decision = colleagues.hold(signal, running, stop, calendar, now)
    writes.take(tenant, decision, snapshot, now)
