"""Merges: two records that the CRM made one become one here too, with one history.

Each merge is a transaction of its own, before anything is compared: whoever decides after it finds
one subject. Uniting twice changes nothing, so an event may come again, or late, or never: a merge
that is only seen by reading (the old id answers with another record) takes the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.decisions.codes import Deed
from app.decisions.merging import merged
from app.decisions.sequences import became_deal
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.reading import Merge, Readings
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import Explanation
from app.model.time import Business
from app.model.vocabulary import StopReason
from app.store import aliases, inbox, merging, mirror
from app.store.sets import loads
from connectors.contract import Event

Row = Mapping[str, Any]


def unite(lanes: Lanes, tenant: Tenant, readings: Readings) -> dict[str, str]:
    """Carry out merges that are not known yet, in the order in which they were told. Answers person
    that is left → cause, for those to whom the no of another has come."""
    now, barred = lanes.now(), dict[str, str]()
    for merge in dict.fromkeys(readings.merged):
        with lanes.store.write() as conn:
            known = aliases.of(conn, tenant.id, merge.type, [merge.gone])
            if known.get(merge.gone) == merge.kept:
                continue
            if _said_no(conn, tenant, merge, readings):
                mirror.suppress(conn, tenant.id, merge.kept, StopReason.OPTED_OUT.value, now)
                barred[merge.kept] = f"opt_out:{merge.gone}"
            if _unite(conn, tenant, merge, now):
                # Who stands on the survivor now is read anew: a merge unites associations too.
                inbox.insert_events(conn, tenant.id, [_hint(merge, now)], lanes.wall())
        tenant.fresh.forget(merge.type, [merge.kept, merge.gone])
    return barred


def _said_no(conn: Connection, tenant: Tenant, merge: Merge, readings: Readings) -> bool:
    """Whether the person who is gone must not be contacted, by what we knew or just read, and the
    CRM does not say so of the one who is left."""
    if merge.type != "contact":
        return False
    rows = mirror.contact_rows(conn, tenant.id, [merge.gone, merge.kept])
    known = merge.gone in rows and bool(rows[merge.gone]["opted_out"])
    read = [record.fields for record in readings.of("contact") if record.id == merge.kept]
    said = [fields.get("opted_out") for fields in read] or [
        rows[merge.kept]["opted_out"] if merge.kept in rows else None
    ]
    return (known or merge.gone in readings.noes) and not said[-1]


def _hint(merge: Merge, now: Business) -> Event:
    return Event(
        kind="associated",
        object_type=merge.type,
        object_id=merge.kept,
        at=now,
        dedupe=f"united:{merge.type}:{merge.gone}",
    )


def _unite(conn: Connection, tenant: Tenant, merge: Merge, now: Business) -> bool:
    """False where we had nothing of the record that is gone: it was merged before our time."""
    aliases.add(conn, tenant.id, merge.type, merge.gone, merge.kept)
    had = False
    if merge.type == "contact":
        had = bool(mirror.contact_rows(conn, tenant.id, [merge.gone]))
        if had:
            merging.unite_contacts(conn, tenant.id, merge.kept, merge.gone)
    rows = mirror.by_crm_id(conn, tenant.id, merge.type, [merge.kept, merge.gone])
    gone, kept = rows.get(merge.gone), rows.get(merge.kept)
    if gone is None:
        return had
    if kept is None:
        # The CRM made a new record of the two: the first to be told goes on as that.
        merging.rename_subject(conn, gone["id"], merge.kept)
        return True
    writes = Writes()
    _decide(conn, tenant, kept, gone, writes, now)
    merging.unite_subjects(conn, tenant.id, kept, gone)
    line = {"type": merge.type, "other": merge.gone}
    writes.explanations.append(
        Explanation(kept["id"], "record", "merged", Deed.MERGED, now, True, line)
    )
    writes.dirty.add(kept["id"])
    store_decisions(conn, tenant, writes, (), now)
    return True


def _decide(
    conn: Connection, tenant: Tenant, kept: Row, gone: Row, writes: Writes, now: Business
) -> None:
    snapshot = Snapshot(tenant, conn, [kept["id"], gone["id"]], now)
    theirs = snapshot.enrolments(gone["id"])
    deal = loads(kept["fields"]).get("became_deal")
    if deal is not None:
        # The surviving inquiry has its deal already: what ran for the other goes the same way.
        for enrolment in theirs:
            decision = became_deal(enrolment, deal, now)
            writes.take(tenant, decision, snapshot, now)
            if not decision.actions:
                writes.moved[enrolment.id] = deal
        return
    subject = snapshot.subject(kept["id"])
    decision = merged(snapshot.enrolments(kept["id"]), theirs, subject, now)
    writes.take(tenant, decision, snapshot, now)
