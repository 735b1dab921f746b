"""Versions, limits, describe, and one record a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.salesforce import (
    cadences,
    changes,
    collections,
    composite,
    identity,
    oauth,
    query,
)
from sandbox.salesforce.call import OLDEST, Answer, Call, route
from sandbox.salesforce.describe import described, summary
from sandbox.salesforce.errors import ApiError, RowError, refuse
from sandbox.salesforce.ids import NoId
from sandbox.salesforce.model import Row, SObject
from sandbox.salesforce.reading import ambiguous, by_external_id, seen, told, wanted
from sandbox.salesforce.writing import (
    Write,
    locked,
    object_of,
    plan_create,
    plan_delete,
    plan_update,
)

ENDPOINTS = (cadences, changes, collections, composite, identity, oauth, query)
"""Modules whose import registers routes; those of this one are registered as it is read."""

_SEASONS = ("Spring", "Summer", "Winter")


@route("GET", "/services/data", public=True)
def versions(call: Call) -> Answer:
    """Every version that is served."""
    told: list[dict[str, str]] = []
    for number in range(OLDEST, call.hub.settings.salesforce_newest_version + 1):
        season = number % 3
        label = f"{_SEASONS[season]} '{number // 3 + 4 + (season == 2)}"
        version = f"{number}.0"
        told.append({"label": label, "url": f"/services/data/v{version}", "version": version})
    return 200, told


@route("GET", "~")
def resources(call: Call) -> Answer:
    """What a version has."""
    base = f"/services/data/{call.version}"
    names = ("sobjects", "query", "queryAll", "limits", "composite", "actions")
    return 200, {name: f"{base}/{name}" for name in names}


@route("GET", "~/limits")
def limits(call: Call) -> Answer:
    """How much of the org's limits is left."""
    most, used = call.hub.limits.most(call.account), call.hub.limits.used(call.account)
    return 200, {
        "DailyApiRequests": {"Max": most, "Remaining": max(0, most - used)},
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        "DailyDeliveredPlatformEvents": {"Max": 25_000, "Remaining": 25_000},
        "DataStorageMB": {"Max": 10_240, "Remaining": 10_000},
        "SingleEmail": {"Max": 5_000, "Remaining": 5_000},
    }


@route("GET", "~/sobjects")
def global_describe(call: Call) -> Answer:
    """Every object that the user sees."""
    return 200, {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [summary(one, call.version) for one in call.org.objects.values()],
    }


@route("GET", "~/sobjects/{name}/describe")
def describe(call: Call, name: str) -> Answer:
    """An object and its fields."""
    return 200, described(call.org, seen(call, name), call.version)


@route("GET", "~/ui-api/object-info/{name}/picklist-values/{record_type}/{field}")
def picklist(call: Call, name: str, record_type: str, field: str) -> Answer:
    """What a picklist offers to records of one record type."""
    sobject = seen(call, name)
    found = sobject.fields.get(field)
    if found is None or found.type != "picklist":
        raise refuse("sf_read_field", f"No such picklist '{field}' on entity '{name}'")
    return 200, query.picklist_values(call.org, sobject, found, record_type)


# --- one record ----------------------------------------------------------------------------------


@route("GET", "~/sobjects/{name}/{record_id}")
def read(call: Call, name: str, record_id: str) -> Answer:
    """A record by its id."""
    sobject = seen(call, name)
    fields = wanted(sobject, call.arg("fields"))
    with call.hub.world.lock:
        try:
            row = call.org.find(sobject.name, record_id)
        except NoId:
            row = None
        if row is None:
            raise refuse("sf_record", "The requested resource does not exist")
        return 200, told(call, sobject, row, fields)


@route("POST", "~/sobjects/{name}")
def create(call: Call, name: str) -> Answer:
    """A new record."""
    values = call.object()
    with call.hub.world.lock:
        return 201, _done(call, name, lambda one: plan_create(call, one, values))


def _done(call: Call, name: str, plan: Any) -> dict[str, Any]:
    """Carries out one write; a refusal is that of the whole call."""
    seen(call, name)
    try:
        sobject = object_of(call, name)
        write: Write = plan(sobject)
        locked(call, sobject, "sf_lock")
    except RowError as error:
        whole = error.whole()
        if error.row == "sf_lock":
            whole = ApiError(call.hub.settings.salesforce_lock_status, whole.body, rows=whole.rows)
        raise whole from None
    return {"id": write.do(), "success": True, "errors": []}


@route("PATCH", "~/sobjects/{name}/{record_id}")
def change(call: Call, name: str, record_id: str) -> Answer:
    """Changes a record."""
    values = call.object()
    with call.hub.world.lock:
        _done(call, name, lambda one: plan_update(call, one, record_id, values))
    return 204, None


@route("DELETE", "~/sobjects/{name}/{record_id}")
def delete(call: Call, name: str, record_id: str) -> Answer:
    """Moves a record to the recycle bin."""
    with call.hub.world.lock:
        _done(call, name, lambda one: plan_delete(call, one, record_id))
    return 204, None


# --- by an External ID ---------------------------------------------------------------------------


@route("GET", "~/sobjects/{name}/{field}/{value}")
def read_by(call: Call, name: str, field: str, value: str) -> Answer:
    """A record by an External ID."""
    sobject = seen(call, name)
    fields = wanted(sobject, call.arg("fields"))
    with call.hub.world.lock:
        rows = by_external_id(call, sobject, field, value)
        if not rows:
            raise refuse("sf_record", "The requested resource does not exist")
        if len(rows) > 1:
            raise ambiguous(call, rows)
        return 200, told(call, sobject, rows[0], fields)


@route("PATCH", "~/sobjects/{name}/{field}/{value}")
def upsert(call: Call, name: str, field: str, value: str) -> Answer:
    """Changes the record that has a value in an External ID, or makes one that has it."""
    values = call.object()
    with call.hub.world.lock:
        sobject = seen(call, name)
        rows = by_external_id(call, sobject, field, value)
        if len(rows) > 1:
            raise ambiguous(call, rows)
        if any(key.lower() == field.lower() for key in values):
            raise refuse("sf_upsert_value", f"The {field} field should not be specified in the "
                         "sobject data.")  # fmt: skip
        done = _done(call, name, lambda one: plan_upsert(call, one, field, value, values, rows))
        return (200 if rows else 201), done | {"created": not rows}


def plan_upsert(
    call: Call,
    sobject: SObject,
    field: str,
    value: str,
    values: Mapping[str, Any],
    rows: list[Row],
) -> Write:
    """The change of the one row that was found, or the creation of it."""
    if rows:
        record_id = sobject.fields["Id"].read(call.org, rows[0])
        return plan_update(call, sobject, record_id, values)
    return plan_create(call, sobject, {**values, field: value})
