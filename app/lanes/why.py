"""Why a rule did or did not act on a record: how it stands, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.decisions.explain import text
from app.decisions.standing import checks
from app.lanes.context import Lanes
from app.lanes.snapshot import Snapshot
from app.model.time import Business
from app.store import ledger, mirror

TYPES = ("deal", "contact", "lead")


def why(
    lanes: Lanes, installation_id: int, type: str, crm_id: str, rule: str | None, now: Business
) -> dict[str, Any] | None:
    """The record with, for each rule in force (or the one named), every check as it stands at `now`
    on what is known of the record, and what was decided by then, the latest first. None: unknown.
    """
    tenant = lanes.tenant(installation_id)
    with lanes.store.read() as conn:
        row = mirror.by_crm_id(conn, tenant.id, type, [crm_id]).get(crm_id)
        if row is None:
            return None
        context = Snapshot(tenant, conn, [row["id"]], now).context(row["id"], now)
        wanted = [active for active in tenant.rules if rule in (None, active.rule.key)]
        said = {active.rule.key: ledger.why(conn, row["id"], active.rule.key) for active in wanted}
    stage = tenant.stages.get(row["stage_id"])
    owner = tenant.calendars.people.get(row["owner_id"] or "")
    return {
        "type": type,
        "id": crm_id,
        "name": row["name"],
        "stage": stage.label if stage else None,
        "owner": owner.name if owner else None,
        "at": now,
        "zone": tenant.zone,
        "rules": [
            {
                "rule": active.rule.key,
                "title": active.rule.title,
                "mode": active.mode.value,
                "checks": [asdict(one) for one in checks(active, context, now, tenant.zone)],
                "decisions": [
                    _decision(entry, tenant.zone)
                    for entry in reversed(said[active.rule.key])
                    if entry.first_at <= now
                ],
            }
            for active in wanted
        ],
    }


def _decision(entry: ledger.Entry, zone: str) -> Mapping[str, Any]:
    return {
        "first_at": entry.first_at,
        "last_at": entry.last_at,
        "count": entry.count,
        "verdict": entry.verdict,
        "code": entry.code,
        "text": text(entry.code, entry.values, zone),
        "values": dict(entry.values),
    }
