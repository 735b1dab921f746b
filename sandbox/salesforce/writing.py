"""Creating, changing and deleting records: first checked whole, then done.

A write is made in two steps so that of several records none is written where all or none are to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce import drafts_activity, ids, roles
from sandbox.salesforce.call import Call
from sandbox.salesforce.drafts import Draft, draft
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.model import SObject
from sandbox.world.records import Link, Record

WRITERS = (drafts_activity, roles)
"""The modules whose import registers how fields are written."""

Taken = dict[tuple[str, str], object]
"""Unique values of one call's records: (field of the world, value) → the record that has it."""


@dataclass
class Write:
    """A write that was checked; ``do`` carries it out and answers the record's id."""

    id: str
    created: bool
    do: Callable[[], str]


def object_of(call: Call, name: str) -> SObject:
    """The object of a write. Raises :class:`RowError` where it cannot be written."""
    found = call.org.by_lower.get(name.lower())
    if found is None:
        raise RowError("sf_object", f"sObject type '{name}' is not supported.")
    if not found.writable:
        raise RowError(
            "sf_write_object",
            f"entity type cannot be inserted or updated: {found.name}",
        )
    return found


def locked(call: Call, sobject: SObject, row: str) -> None:
    """Refuses a record that a script says somebody else is writing."""
    if call.hub.faults.meet("ROW", sobject.name, call.org.now):
        raise RowError(
            row,
            "unable to obtain exclusive access to this record or 1 records: "
            f"{ids.make(sobject.name, 0)}",
        )


def plan_create(
    call: Call, sobject: SObject, values: Mapping[str, Any], taken: Taken | None = None
) -> Write:
    """The creation of a record."""
    if sobject.name == roles.NAME:
        return _role(call, sobject, values, None)
    made = draft(call.org, sobject, values, None)
    _unique(made, taken, object())

    def do() -> str:
        links = [
            Link(far, number, made.labels(far))
            for far, number in made.joined.items()
            if number is not None
        ]
        fields = {name: value for name, value in made.fields.items() if value != ""}
        record = call.account.create(made.kind, fields, call.actor, links)
        return call.org.record_id(sobject.name, record)

    return Write("", True, do)


def plan_update(
    call: Call,
    sobject: SObject,
    record_id: str,
    values: Mapping[str, Any],
    taken: Taken | None = None,
    *,
    among: bool = False,
) -> Write:
    """The change of a record. ``among``: of several, whose refusals have codes of their own."""
    if sobject.name == roles.NAME:
        return _role(call, sobject, values, found_id(call, sobject, record_id, among))
    record = live(call, sobject, record_id, among=among)
    made = draft(call.org, sobject, values, record)
    _unique(made, taken, record)

    def do() -> str:
        fields = {name: text for name, text in made.fields.items() if text or record.get(name)}
        call.account.update(record.kind, record.id, fields, call.actor)
        _rejoin(call, made, record)
        return call.org.record_id(sobject.name, record)

    return Write(call.org.record_id(sobject.name, record), False, do)


def _rejoin(call: Call, made: Draft, record: Record) -> None:
    for far, number in made.joined.items():
        standing = record.linked(far)
        if number is not None and standing[:1] == [number]:
            continue
        for former in standing[:1]:
            call.account.dissociate((record.kind, record.id), (far, former), call.actor)
        if number is not None:
            link = Link(far, number, made.labels(far))
            call.account.associate((record.kind, record.id), link, call.actor)


def plan_delete(call: Call, sobject: SObject, record_id: str, *, among: bool = False) -> Write:
    """The deletion of a record."""
    if sobject.name == roles.NAME:
        number = found_id(call, sobject, record_id, among)
        return Write(ids.same(record_id), False, lambda: roles.remove(call, number))
    record = live(call, sobject, record_id, among=among)

    def do() -> str:
        shown = call.org.record_id(sobject.name, record)
        call.account.archive(record.kind, record.id, call.actor)
        return shown

    return Write(call.org.record_id(sobject.name, record), False, do)


def live(call: Call, sobject: SObject, record_id: str, *, among: bool = False) -> Record:
    """The record to be written, never a former state of it. Raises :class:`RowError`."""
    number = str(found_id(call, sobject, record_id, among))
    for kind in sobject.kinds:
        record = call.account.find(kind, number)
        if record is not None and call.org.shows(sobject.name, record):
            return record
    gone = any(number in call.account.archived[kind] for kind in sobject.kinds)
    if gone or number in call.org.traces.lost_ids:
        raise RowError("sf_row_deleted" if among else "sf_deleted", "entity is deleted")
    if among:
        raise RowError("sf_row_missing", "invalid cross reference id")
    raise RowError("sf_record", "The requested resource does not exist")


def found_id(call: Call, sobject: SObject, record_id: str, among: bool) -> int:
    """The number in an id of this object. Raises :class:`RowError`."""
    try:
        prefix, number, _ = ids.read(record_id)
    except ids.NoId:
        row = "sf_row_id" if among else "sf_record"
        said = f"malformed id {record_id}" if among else "Provided external ID field does not exist"
        raise RowError(row, said) from None
    role = call.org.traces.roles.get(number)
    lost = sobject.name == roles.NAME and (role is None or role.deleted_at is not None)
    if prefix != ids.PREFIXES[sobject.name] or lost:
        if among:
            raise RowError("sf_row_missing", "invalid cross reference id")
        raise RowError("sf_record", "The requested resource does not exist")
    return number


def _role(call: Call, sobject: SObject, values: Mapping[str, Any], number: int | None) -> Write:
    made = draft(call.org, sobject, values, None, creating=number is None)
    if number is not None:
        shown = ids.make(sobject.name, number)
        return Write(shown, False, lambda: roles.change(call, number, made))
    roles.check_new(call, made)
    return Write("", True, lambda: roles.create(call, made))


def _unique(made: Draft, taken: Taken | None, mine: object) -> None:
    """Refuses a unique value that another record has, or another of the same call."""
    account = made.org.account
    held_by_deleted = made.org.settings.archived_hold_unique
    for one in made.sobject.fields.values():
        text = made.fields.get(one.world[0], "") if one.unique else ""
        if not text:
            continue
        other: Record | None = None
        for kind in made.sobject.kinds:
            other = other or account.find_unique(kind, one.world[0], text)
            if other is None and held_by_deleted:
                other = account.find_unique(kind, one.world[0], text, archived=True)
        within = (taken or {}).get((one.world[0], text))
        if (other is not None and other is not made.record) or (
            within is not None and within is not mine
        ):
            there = made.org.record_id(made.sobject.name, other) if other is not None else "?"
            raise RowError(
                "sf_duplicate",
                f"duplicate value found: {one.name} duplicates value on record with id: {there}",
            )
        if taken is not None:
            taken[one.world[0], text] = mine
