"""What became of records that a reading by id did not find: deleted, or merged into another.

A merged record's old id answers with the survivor, which a batch does not tell from the others of
the batch. So ids that are missing are read once more by themselves: a set that nothing answers for
is gone, one that something answers for is halved. Without merges that is one call for a hundred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.lanes.context import Lanes, Tenant
from app.store import aliases, mirror
from connectors.contract import Connector, ObjectType


def missing(
    lanes: Lanes, tenant: Tenant, type: ObjectType, ids: Sequence[str]
) -> Mapping[str, str | None]:
    """id → the id of the record that it was merged into, None where there is no record any more.

    Ids that we never mirrored are left out: what is read too soon after its creation is not gone.
    Merges that are known already are left out too.
    """
    with lanes.store.read() as conn:
        merged = aliases.of(conn, tenant.id, type, ids)
        wanted = [id for id in ids if id not in merged]
        known = set(mirror.by_crm_id(conn, tenant.id, type, wanted))
        if type == "contact":
            known |= mirror.contact_rows(conn, tenant.id, wanted).keys()
    suspects = [id for id in wanted if id in known]
    if not suspects:
        return {}
    found = _redirects(lanes.connector_for(tenant.id), type, suspects)
    return {id: found.get(id) for id in suspects if found.get(id) != id}


def _redirects(connector: Connector, type: ObjectType, ids: Sequence[str]) -> dict[str, str]:
    """id → the id of the record that answers for it."""
    records = connector.read(type, ids)
    if not records:
        return {}
    if len(ids) == 1:
        return {ids[0]: records[0].id}
    middle = len(ids) // 2
    halves = (ids[:middle], ids[middle:])
    return {id: to for half in halves for id, to in _redirects(connector, type, half).items()}
