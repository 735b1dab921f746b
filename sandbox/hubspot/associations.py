"""Associations, of one pair and in batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.batch import finished
from sandbox.hubspot.call import Answer, Call, route
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.kinds import HUBSPOT_DEFINED, TYPE_IDS, Kind, association_types, label_types
from sandbox.hubspot.objects import look_up, paging
from sandbox.hubspot.writes import read_types
from sandbox.world.records import Link, Record

READ_LIMIT = 1000
WRITE_LIMIT = 2000
ARCHIVE_LIMIT = 1000
PER_RECORD = 500
"""Associations shown for one input of a batch read, the rest by its ``after``."""


def shown_links(call: Call, record: Record, to_kind: str, *, full: bool) -> list[dict[str, Any]]:
    """A record's associations with live records of one kind, each with its types."""
    live = call.account.objects[to_kind]
    shown: list[dict[str, Any]] = []
    for other, labels in record.links.get(to_kind, {}).items():
        if other in live:
            types = association_types(call.account.extra, record.kind, to_kind, labels)
            shown.append(
                {
                    "toObjectId": other,
                    "associationTypes": [
                        {"category": category, "typeId": number, "label": label}
                        for category, number, label in types
                    ],
                }
            )
    return shown


def default_result(kind: Kind, from_id: str, other: Kind, to_id: str) -> dict[str, Any]:
    """One direction of a default association."""
    return {
        "from": {"id": from_id},
        "to": {"id": to_id},
        "associationSpec": {
            "associationCategory": HUBSPOT_DEFINED,
            "associationTypeId": TYPE_IDS[kind.kind, other.kind, ""],
        },
    }


def _end(one: dict[str, Any], name: str) -> str:
    try:
        return str(one[name]["id"])
    except (KeyError, TypeError):
        raise errors.shape(f'each input needs "{name}" with an "id"') from None


def join(
    call: Call, kind: Kind, from_id: str, other: Kind, to_id: str, labels: Iterable[str]
) -> None:
    """Associates two live records, or refuses as the vendor does."""
    if (kind.kind, other.kind, "") not in TYPE_IDS:
        raise errors.refuse(
            "association_default", f"No default association from {kind.kind} to {other.kind}"
        )
    for end, end_id in ((kind, from_id), (other, to_id)):
        if call.account.find(end.kind, end_id) is None:
            raise errors.invalid_associations(end.singular.upper(), [end_id])
    call.account.associate((kind.kind, from_id), Link(other.kind, to_id, tuple(labels)), call.actor)


@route("GET", "/crm/associations/{v}/{from_type}/{to_type}/labels", family="associations")
def read_labels(call: Call, from_type: str, to_type: str) -> Answer:
    """The types that associations between two kinds may have, the account's own labels last."""
    kind, other = call.kind(from_type, "read"), call.kind(to_type, "read")
    with call.hub.world.lock:
        found = label_types(call.account.extra, kind.kind, other.kind)
    return 200, {
        "results": [
            {"category": category, "typeId": number, "label": label}
            for category, number, label in found
        ]
    }


@route(
    "GET",
    "/crm/objects/{v}/{object_type}/{record_id}/associations/{to_type}",
    family="associations",
)
def read_associations(call: Call, object_type: str, record_id: str, to_type: str) -> Answer:
    """The associations of one record with records of one kind."""
    kind, other = call.kind(object_type, "read"), call.kind(to_type, "read")
    limit = call.whole("limit", 500, 500)
    with call.hub.world.lock:
        record = look_up(call, kind, record_id, "")
        if record is None:
            raise errors.record_missing()
        found = shown_links(call, record, other.kind, full=True)
    after = call.cursor()
    answer: dict[str, Any] = {"results": found[after : after + limit]}
    if after + limit < len(found):
        answer["paging"] = paging(call, str(after + limit))
    return 200, answer


@route("PUT", "/crm/objects/{v}/{object_type}/{record_id}/associations/{to_type}/{to_id}")
def put_association(
    call: Call, object_type: str, record_id: str, to_type: str, to_id: str
) -> Answer:
    """Associates two records with the types in the body."""
    kind, other = call.kind(object_type, "write"), call.kind(to_type, "write")
    _, labels = read_types(call, kind.kind, call.any_json(), other.kind)
    with call.hub.world.lock:
        join(call, kind, record_id, other, to_id, labels)
    return 201, {
        "fromObjectTypeId": kind.type_id,
        "fromObjectId": record_id,
        "toObjectTypeId": other.type_id,
        "toObjectId": to_id,
        "labels": [label for label in labels if label],
    }


@route("PUT", "/crm/objects/{v}/{object_type}/{record_id}/associations/default/{to_type}/{to_id}")
def put_default_association(
    call: Call, object_type: str, record_id: str, to_type: str, to_id: str
) -> Answer:
    """Associates two records without a label."""
    kind, other = call.kind(object_type, "write"), call.kind(to_type, "write")
    with call.hub.world.lock:
        join(call, kind, record_id, other, to_id, ("",))
    both = [default_result(kind, record_id, other, to_id)]
    both.append(default_result(other, to_id, kind, record_id))
    return 200, finished(call, both)


@route("DELETE", "/crm/objects/{v}/{object_type}/{record_id}/associations/{to_type}/{to_id}")
def delete_association(
    call: Call, object_type: str, record_id: str, to_type: str, to_id: str
) -> Answer:
    """Ends all associations between two records."""
    kind, other = call.kind(object_type, "write"), call.kind(to_type, "write")
    with call.hub.world.lock:
        if call.account.find(kind.kind, record_id) is None:
            raise errors.record_missing()
        call.account.dissociate((kind.kind, record_id), (other.kind, to_id), call.actor)
    return 204, None


@route("POST", "/crm/associations/{v}/{from_type}/{to_type}/batch/read", family="associations")
def batch_read(call: Call, from_type: str, to_type: str) -> Answer:
    """Associations of many records. A record without any is an error entry of a 207."""
    kind, other = call.kind(from_type, "read"), call.kind(to_type, "read")
    inputs = call.inputs(READ_LIMIT)
    results: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    with call.hub.world.lock:
        for one in inputs:
            wanted = str(one.get("id", ""))
            record = look_up(call, kind, wanted, "")
            found = shown_links(call, record, other.kind, full=False) if record else []
            if not found:
                problems.append(call.entry(_none_found(kind, other, wanted)))
                continue
            after = int(one.get("after") or 0)
            entry: dict[str, Any] = {
                "from": {"id": wanted},
                "to": found[after : after + PER_RECORD],
            }
            if after + PER_RECORD < len(found):
                entry["paging"] = {"next": {"after": str(after + PER_RECORD)}}
            results.append(entry)
    return (207 if problems else 200), finished(call, results, problems)


def _none_found(kind: Kind, other: Kind, wanted: str) -> ApiError:
    return errors.refuse(
        "associations_none",
        f"No {other.singular} is associated with {kind.singular} {wanted}.",
        context={
            "fromObjectId": [wanted],
            "fromObjectType": [kind.singular],
            "toObjectType": [other.singular],
        },
    )


def _write(call: Call, from_type: str, to_type: str, default: bool) -> Answer:
    kind, other = call.kind(from_type, "write"), call.kind(to_type, "write")
    results: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    with call.hub.world.lock:
        for one in call.inputs(WRITE_LIMIT):
            from_id, to_id = _end(one, "from"), _end(one, "to")
            labels: tuple[str, ...] = ("",)
            if not default:
                _, labels = read_types(call, kind.kind, one.get("types"), other.kind)
            try:
                join(call, kind, from_id, other, to_id, labels)
            except ApiError as error:
                problems.append(call.entry(error))
                continue
            if default:
                results.append(default_result(kind, from_id, other, to_id))
                results.append(default_result(other, to_id, kind, from_id))
            else:
                results.append(
                    {
                        "fromObjectTypeId": kind.type_id,
                        "fromObjectId": from_id,
                        "toObjectTypeId": other.type_id,
                        "toObjectId": to_id,
                        "labels": [label for label in labels if label],
                    }
                )
    good = 200 if default else 201
    return (207 if problems else good), finished(call, results, problems)


@route("POST", "/crm/associations/{v}/{from_type}/{to_type}/batch/create", family="associations")
def batch_create(call: Call, from_type: str, to_type: str) -> Answer:
    """Associates many pairs with types; pairs with a missing end make it a 207."""
    return _write(call, from_type, to_type, default=False)


@route(
    "POST",
    "/crm/associations/{v}/{from_type}/{to_type}/batch/associate/default",
    family="associations",
)
def batch_default(call: Call, from_type: str, to_type: str) -> Answer:
    """Associates many pairs without labels."""
    return _write(call, from_type, to_type, default=True)


@route("POST", "/crm/associations/{v}/{from_type}/{to_type}/batch/archive", family="associations")
def batch_archive(call: Call, from_type: str, to_type: str) -> Answer:
    """Ends associations of many pairs; those that are not there are passed over."""
    kind, other = call.kind(from_type, "write"), call.kind(to_type, "write")
    with call.hub.world.lock:
        for one in call.inputs(ARCHIVE_LIMIT):
            from_id = _end(one, "from")
            ends = one.get("to")
            if not isinstance(ends, list):
                raise errors.shape('"to" must be a list of objects with an "id"')
            if call.account.find(kind.kind, from_id) is None:
                continue
            for end in ends:
                call.account.dissociate(
                    (kind.kind, from_id), (other.kind, str(end.get("id", ""))), call.actor
                )
    return 200, finished(call, [])
