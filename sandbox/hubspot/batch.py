"""Batches of records: read, create, update, upsert, archive.

A batch create or update is all or nothing, unless every input carries an ``objectWriteTraceId`` of
its own: then the good inputs are written and the answer is 207 with an error for each bad one
(error handling guide, "multi-status errors").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.call import BATCH_LIMIT, Answer, Call, route
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.objects import check_id_property, live, look_up, view_of
from sandbox.hubspot.values import iso
from sandbox.hubspot.writes import check_unique, create_one, read_properties
from sandbox.world.records import Record


def finished(
    call: Call, results: list[Any], problems: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """A batch's answer."""
    now = iso(int(time.time() * 1000))
    answer: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": now,
        "completedAt": now,
    }
    if problems:
        answer["numErrors"] = len(problems)
        answer["errors"] = problems
    return answer


def _strings(given: Any, name: str) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise errors.shape(f'"{name}" must be a list of property names')
    return given


def _trace_ids(inputs: list[dict[str, Any]]) -> bool:
    """Whether the batch asked for partial results: each input with a trace id of its own."""
    ids = [one.get("objectWriteTraceId") for one in inputs]
    return bool(ids) and None not in ids and len(set(ids)) == len(ids)


def _entry(call: Call, error: ApiError, given: Mapping[str, Any]) -> dict[str, Any]:
    """An error of a 207: the refusal's body with the input's trace id in its context."""
    entry = call.entry(error)
    context = dict(entry.get("context") or {})
    context["objectWriteTraceId"] = [str(given["objectWriteTraceId"])]
    entry["context"] = context
    return entry


def _each(
    call: Call, inputs: list[dict[str, Any]], check: Callable[[dict[str, Any]], Any]
) -> tuple[list[tuple[dict[str, Any], Any]], list[dict[str, Any]]]:
    """Checks every input before any is written; raises on the first bad one if all or nothing."""
    partial = _trace_ids(inputs)
    good: list[tuple[dict[str, Any], Any]] = []
    problems: list[dict[str, Any]] = []
    for given in inputs:
        try:
            good.append((given, check(given)))
        except ApiError as error:
            if not partial:
                raise
            problems.append(_entry(call, error, given))
    return good, problems


def _traced(shown: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if "objectWriteTraceId" in given:
        shown["objectWriteTraceId"] = str(given["objectWriteTraceId"])
    return shown


@route("POST", "/crm/objects/{v}/{object_type}/batch/read")
def batch_read(call: Call, object_type: str) -> Answer:
    """Records by id or unique property; ids that fit none make it a 207."""
    kind = call.kind(object_type, "read")
    given = call.json()
    properties = _strings(given.get("properties"), "properties")
    history = _strings(given.get("propertiesWithHistory"), "propertiesWithHistory")
    limit = call.hub.settings.history_batch_limit
    inputs = call.inputs()
    if history and len(inputs) > limit:
        raise errors.refuse(
            "history_inputs",
            "The maximum number of inputs supported in a batch request for property histories "
            f"is {limit}. Please reduce the number of items and try again",
        )
    id_property = str(given.get("idProperty") or "")
    check_id_property(call, kind, id_property)
    archived = call.flag("archived")
    view = view_of(call, kind, properties, history)
    missing: list[str] = []
    found: dict[str, dict[str, Any]] = {}
    with call.hub.world.lock:
        for one in inputs:
            wanted = str(one.get("id", ""))
            record = look_up(call, kind, wanted, id_property, archived=archived)
            if record is None:
                missing.append(wanted)
            elif record.id not in found:
                found[record.id] = view.show(record)
    results = list(found.values())
    if missing:
        problem = call.entry(errors.ids_missing(kind.singular.upper(), missing))
        return 207, finished(call, results, [problem])
    return 200, finished(call, results)


@route("POST", "/crm/objects/{v}/{object_type}/batch/create")
def batch_create(call: Call, object_type: str) -> Answer:
    """New records, each with its associations."""
    kind = call.kind(object_type, "write")
    inputs = call.inputs()
    view = view_of(call, kind, (), everything=True)
    taken: set[tuple[str, str]] = set()
    with call.hub.world.lock:
        good, problems = _each(call, inputs, lambda one: create_one(call, kind, one, taken))
        create, actor = call.account.create, call.actor
        results = [
            _traced(view.show(create(kind.kind, values, actor, links)), given)
            for given, (values, links) in good
        ]
    return (207 if problems else 201), finished(call, results, problems)


@route("POST", "/crm/objects/{v}/{object_type}/batch/update")
def batch_update(call: Call, object_type: str) -> Answer:
    """Changes properties of many records; unknown ids make it a 207."""
    kind = call.kind(object_type, "write")
    inputs = call.inputs()
    missing: list[str] = []
    with call.hub.world.lock:

        def check(one: dict[str, Any]) -> tuple[Record, dict[str, str]] | None:
            id_property = str(one.get("idProperty") or "")
            check_id_property(call, kind, id_property, "update/upsert")
            record = live(call, kind, str(one.get("id", "")), id_property)
            if record is None:
                missing.append(str(one.get("id", "")))
                return None
            values = read_properties(call, kind, one.get("properties"), record)
            check_unique(call, kind, values, record)
            return record, values

        good, problems = _each(call, inputs, check)
        results: list[dict[str, Any]] = []
        for given, found in good:
            if found is not None:
                record, values = found
                call.account.update(kind.kind, record.id, values, call.actor)
                results.append(_traced(view_of(call, kind, list(values)).show(record), given))
    if missing:
        problems.append(call.entry(errors.ids_missing(kind.singular.upper(), missing)))
    return (207 if problems else 200), finished(call, results, problems)


@route("POST", "/crm/objects/{v}/{object_type}/batch/upsert")
def batch_upsert(call: Call, object_type: str) -> Answer:
    """Creates or overwrites by a unique property. It takes no associations."""
    kind = call.kind(object_type, "write")
    inputs = call.inputs()
    for one in inputs:
        unknown = set(one) - {"id", "idProperty", "properties", "objectWriteTraceId"}
        if unknown:
            raise errors.shape(f'Unrecognized field "{sorted(unknown)[0]}"')
        if not one.get("idProperty"):
            raise errors.refuse("upsert_property", "idProperty is required for batch upsert")
        check_id_property(call, kind, str(one["idProperty"]), "update/upsert")
    with call.hub.world.lock:

        def check(one: dict[str, Any]) -> tuple[Record | None, dict[str, str]]:
            return _upsert(call, kind, one)

        good, problems = _each(call, inputs, check)
        results: list[dict[str, Any]] = []
        for given, (record, values) in good:
            record = record or live(call, kind, str(given["id"]), str(given["idProperty"]))
            new = record is None
            if record is None:
                record = call.account.create(kind.kind, values, call.actor)
            else:
                call.account.update(kind.kind, record.id, values, call.actor)
            shown = view_of(call, kind, list(values)).show(record)
            results.append(_traced({**shown, "new": new}, given))
    return (207 if problems else 200), finished(call, results, problems)


def _upsert(call: Call, kind: Kind, one: dict[str, Any]) -> tuple[Record | None, dict[str, str]]:
    name, key = str(one["idProperty"]), str(one.get("id", ""))
    given = one.get("properties")
    if isinstance(given, dict):
        given = {**given, name: key}
    record = live(call, kind, key, name)
    values = read_properties(call, kind, given, record)
    check_unique(call, kind, values, record)
    return record, values


@route("POST", "/crm/objects/{v}/{object_type}/batch/archive")
def batch_archive(call: Call, object_type: str) -> Answer:
    """Moves records to the recycle bin; ids that are not there are passed over."""
    kind = call.kind(object_type, "write")
    inputs = call.inputs(BATCH_LIMIT)
    with call.hub.world.lock:
        for one in inputs:
            call.account.archive(kind.kind, str(one.get("id", "")), call.actor)
    return 204, None
