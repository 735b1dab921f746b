"""What was changed and what was deleted within a span of time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sandbox.salesforce import ids
from sandbox.salesforce.call import Answer, Call, route
from sandbox.salesforce.errors import refuse
from sandbox.salesforce.model import SObject, instant

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000


def _span(call: Call) -> tuple[int, int]:
    """start and end, in ms to the minute, as the API takes them."""
    edges: list[int] = []
    for name in ("start", "end"):
        text = call.arg(name).replace(" ", "+")
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise ValueError(text)
        except ValueError:
            raise refuse("sf_instant", f"{name} must be an instant with its offset") from None
        edges.append(round(moment.timestamp() * 1000))
    start, end = edges
    oldest = call.org.now - call.hub.settings.salesforce_deleted_days * _DAY_MS
    if start >= end:
        raise refuse("sf_span", "start date should be before end date")
    if start < oldest - _DAY_MS:
        raise refuse("sf_span", "startDate before org replication enabled date")
    return start - start % _MINUTE_MS, min(end - end % _MINUTE_MS, call.org.now)


def _replicated(call: Call, name: str) -> SObject:
    found = call.org.by_lower.get(name.lower())
    if found is None or "SystemModstamp" not in found.fields:
        raise refuse("sf_object", "The requested resource does not exist")
    return found


@route("GET", "~/sobjects/{name}/updated")
def updated(call: Call, name: str) -> Answer:
    """Ids of the records that were made or changed."""
    sobject = _replicated(call, name)
    start, end = _span(call)
    stamp, own = sobject.fields["SystemModstamp"].read, sobject.fields["Id"].read
    with call.hub.world.lock:
        found = [
            own(call.org, row)
            for row in call.org.rows(sobject.name)
            if start <= stamp(call.org, row) < end
        ]
    return 200, {"ids": found, "latestDateCovered": instant(end)}


@route("GET", "~/sobjects/{name}/deleted")
def deleted(call: Call, name: str) -> Answer:
    """Ids of the records that were deleted, and when."""
    sobject = _replicated(call, name)
    start, end = _span(call)
    with call.hub.world.lock:
        found = [(at, one) for at, one in _gone(call, sobject) if start <= at < end]
    oldest = call.org.now - call.hub.settings.salesforce_deleted_days * _DAY_MS
    return 200, {
        "deletedRecords": [{"id": one, "deletedDate": instant(at)} for at, one in sorted(found)],
        "earliestDateAvailable": instant(oldest),
        "latestDateCovered": instant(end),
    }


def _gone(call: Call, sobject: SObject) -> Iterable[tuple[int, str]]:
    org = call.org
    if sobject.name == "OpportunityContactRole":
        for role in org.traces.roles.values():
            if role.deleted_at is not None:
                yield role.deleted_at, ids.make(sobject.name, role.id)
    for kind in sobject.kinds:
        for record in call.account.archived[kind].values():
            if record.archived_at is not None and org.shows(sobject.name, record):
                yield record.archived_at, org.record_id(sobject.name, record)
    if org.settings.salesforce_merged_in_bin:
        for record_id, (kind, at) in org.traces.lost_ids.items():
            if kind in sobject.kinds:
                yield at, ids.make(sobject.name, int(record_id))
