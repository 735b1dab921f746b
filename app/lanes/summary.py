"""Our properties on deals and contacts: next and last touch, sequence, momentum.

Dates rather than ages, written only when they changed and at most once a minute for one subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.lanes.context import Lanes, Tenant
from app.lanes.trouble import note_error
from app.model.time import HOUR, MINUTE
from app.store import summaries
from app.store.sets import chunks, dumps, loads
from connectors.contract import CrmError, Forbidden, Update

BATCH = 300

REFUSED_MS = HOUR
"""A scope that was taken back is not granted again within a minute, and every refused call counts
against the app with the vendor."""

_CALL = 100
"""Records of one call; calls are in flight together."""

Row = Mapping[Any, Any]


def drain_summaries(lanes: Lanes, tenant: Tenant) -> bool:
    """Write one batch of summaries that are due. True if there was one."""
    if tenant.stopped or tenant.status != "active":
        return False
    now = lanes.now()
    with lanes.store.read() as conn:
        rows = summaries.dirty(conn, tenant.id, now, BATCH)
        # Who leaves takes along what they wrote.
        told = [] if tenant.leaving else [row["id"] for row in rows]
        facts = summaries.facts(conn, told) if told else {}
    if not rows:
        return False
    changed: dict[str, list[tuple[Row, dict[str, Any]]]] = {"deal": []}
    same: list[int] = []
    for row in rows:
        before = loads(row["summary"] or "{}")
        fields = _fields(row, before, facts.get(row["id"], {}))
        if row["type"] != "deal" or row["deleted"] or fields == before:
            same.append(row["id"])
        else:
            changed["deal"].append((row, fields))
    try:
        for type, found in changed.items():
            if found:
                _write(lanes, tenant, type, found)
    except CrmError as error:
        note_error(lanes, tenant, error, 0)
        with lanes.store.write() as conn:
            again = now + (REFUSED_MS if isinstance(error, Forbidden) else MINUTE)
            summaries.put_off(conn, [row["id"] for row in rows], again)
        return True
    with lanes.store.write() as conn:
        summaries.summarised(conn, dict.fromkeys(same), now)
        summaries.summarised(conn, {r["id"]: dumps(f) for r, f in changed["deal"]}, now)
    return True


def _write(
    lanes: Lanes, tenant: Tenant, type: str, found: list[tuple[Row, dict[str, Any]]]
) -> None:
    updates = [Update(row["crm_id"], fields) for row, fields in found]
    connector = lanes.connector_for(tenant.id)
    jobs = [
        lanes.pool.submit(connector.update, "deal" if type == "deal" else "contact", part)
        for part in chunks(updates, _CALL)
    ]
    for job in jobs:
        job.result()


def _fields(row: Row, before: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What our properties should say. Momentum is left alone until we have written it once."""
    return {
        "next_touch_at": facts.get("next_at"),
        "last_touch_at": facts.get("last_at"),
        "sequence": facts.get("sequence"),
        **({"momentum": row["momentum"]} if row["momentum"] or "momentum" in before else {}),
    }
