"""sObject Collections: up to 200 records in one call, each with a result of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.call import Answer, Call, route
from sandbox.salesforce.errors import RowError, failed, refuse
from sandbox.salesforce.model import SObject
from sandbox.salesforce.reading import by_external_id, seen, told, wanted
from sandbox.salesforce.writing import (
    Taken,
    Write,
    locked,
    object_of,
    plan_create,
    plan_delete,
    plan_update,
)

MOST, MOST_CHUNKS = 200, 10
Result = dict[str, Any]


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    """The records of a body, and whether all or none of them are to be written."""
    body = call.object()
    found = body.get("records")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise refuse("sf_json", "records must be a list of objects")
    _size(found)
    for record in found:
        attributes = record.get("attributes")
        if not isinstance(attributes, dict) or not attributes.get("type"):
            raise refuse(
                "sf_record_type_missing", "The record couldn't be processed: attributes.type is "
                "missing",
            )  # fmt: skip
    names = [record["attributes"]["type"] for record in found]
    chunks = sum(1 for before, name in zip([None, *names], names, strict=False) if before != name)
    if chunks > MOST_CHUNKS:
        raise refuse(
            "sf_chunks",
            "Cannot have more than 10 chunks in a single operation. Please rearrange the data to "
            "reduce chunking.",
        )
    return found, body.get("allOrNone") is True


def _size(given: Sequence[Any]) -> None:
    if len(given) > MOST:
        raise refuse(
            "sf_too_many",
            f"record limit reached. cannot submit more than {MOST} records into this call",
        )


def carried_out(
    call: Call,
    plans: Sequence[tuple[str, Callable[[SObject], Write]]],
    *,
    all_or_none: bool,
    tell: Callable[[Write, str], Result] | None = None,
) -> list[Result]:
    """Checks every write, then does those that fit; none where one fails and all must fit."""
    checked: list[Write | RowError] = []
    for name, plan in plans:
        try:
            sobject = object_of(call, name)
            write = plan(sobject)
            locked(call, sobject, "sf_lock_row")
            checked.append(write)
        except RowError as error:
            call.hub.refused((error.row,))
            checked.append(error)
    undone = all_or_none and any(isinstance(one, RowError) for one in checked)
    results: list[Result] = []
    for one in checked:
        if isinstance(one, RowError):
            results.append(failed([one]))
        elif undone:
            error = RowError(
                "sf_rolled_back",
                "Record rolled back because not all records were valid and the request was using "
                "AllOrNone header",
            )
            call.hub.refused((error.row,))
            results.append(failed([error]))
        else:
            done = one.do()
            more = tell(one, done) if tell is not None else {}
            results.append({"id": done, "success": True, "errors": []} | more)
    return results


@route("POST", "~/composite/sobjects")
def create(call: Call) -> Answer:
    """Makes records; results in the order of the records."""
    records, all_or_none = _records(call)
    taken: Taken = {}
    with call.hub.world.lock:
        plans = [
            (
                record["attributes"]["type"],
                lambda one, record=record: plan_create(call, one, record, taken),
            )
            for record in records
        ]
        return 200, carried_out(call, plans, all_or_none=all_or_none)


@route("PATCH", "~/composite/sobjects")
def change(call: Call) -> Answer:
    """Changes records by their ids."""
    records, all_or_none = _records(call)
    taken: Taken = {}

    def plan(sobject: SObject, record: dict[str, Any]) -> Write:
        values = {name: value for name, value in record.items() if name.lower() != "id"}
        record_id = next((record[name] for name in record if name.lower() == "id"), None)
        if not isinstance(record_id, str):
            raise RowError("sf_row_id", "Id not specified in an update call")
        return plan_update(call, sobject, record_id, values, taken, among=True)

    with call.hub.world.lock:
        plans = [
            (record["attributes"]["type"], lambda one, record=record: plan(one, record))
            for record in records
        ]
        return 200, carried_out(call, plans, all_or_none=all_or_none)


@route("DELETE", "~/composite/sobjects")
def delete(call: Call) -> Answer:
    """Deletes records by their ids."""
    given = [one for one in call.arg("ids").split(",") if one]
    _size(given)
    all_or_none = call.arg("allOrNone").lower() == "true"

    def name_of(record_id: str) -> str:
        try:
            return ids.OBJECT_OF.get(ids.read(record_id)[0], "Opportunity")
        except ids.NoId:
            return "Opportunity"

    with call.hub.world.lock:
        plans = [
            (name_of(one), lambda found, one=one: plan_delete(call, found, one, among=True))
            for one in given
        ]
        return 200, carried_out(call, plans, all_or_none=all_or_none)


@route("PATCH", "~/composite/sobjects/{name}/{field}")
def upsert(call: Call, name: str, field: str) -> Answer:
    """Changes or makes records by an External ID."""
    records, all_or_none = _records(call)
    sobject = seen(call, name)
    by_external_id(call, sobject, field, "")  # refuses a field that is none
    taken: Taken = {}

    def plan(found: SObject, record: dict[str, Any]) -> Write:
        value = record.get(field)
        if not isinstance(value, str) or not value:
            raise RowError("sf_required", f"{field} not specified", [field])
        rows = by_external_id(call, found, field, value)
        if len(rows) > 1:
            raise RowError("sf_duplicate", f"{field}: more than one record found for {value}")
        if rows:
            rest = {key: one for key, one in record.items() if key != field}
            return plan_update(call, found, found.fields["Id"].read(call.org, rows[0]), rest, taken)
        return plan_create(call, found, record, taken)

    with call.hub.world.lock:
        plans = [
            (record["attributes"]["type"], lambda one, record=record: plan(one, record))
            for record in records
        ]
        results = carried_out(
            call, plans, all_or_none=all_or_none, tell=lambda write, _: {"created": write.created}
        )
        return 200, results


@route("POST", "~/composite/sobjects/{name}")
def retrieve(call: Call, name: str) -> Answer:
    """Records by their ids, null for each that is not there."""
    sobject, body = seen(call, name), call.object()
    given, names = body.get("ids"), body.get("fields")
    if not isinstance(given, list) or not isinstance(names, list) or not names:
        raise refuse("sf_json", "ids and fields must be lists")
    _size(given)
    fields = wanted(sobject, ",".join(map(str, names)))
    results: list[Result | None] = []
    with call.hub.world.lock:
        for one in given:
            try:
                row = call.org.find(sobject.name, str(one))
            except ids.NoId:
                row = None
            results.append(None if row is None else told(call, sobject, row, fields))
    return 200, results
