"""Paths of a query as readers of rows: over relationships, by field-level security."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.salesforce.errors import ApiError, refuse
from sandbox.salesforce.ids import OBJECT_OF, PREFIXES
from sandbox.salesforce.model import Field, Row, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.tree import Path

Get = Callable[[Row], Any]
POLYMORPHIC = ("Id", "Name", "Type", "FirstName", "LastName", "Email", "Phone", "Title", "IsActive",
               "Username")  # fmt: skip
"""What can be asked of a reference that may point to several objects, without TYPEOF."""
MOST_STEPS = 5


class Found(NamedTuple):
    """A path that was resolved: its field (None: the type of a reference), and its reader."""

    field: Field | None
    get: Get
    names: tuple[str, ...]
    """The path as the answer spells it."""


def no_column(name: str, entity: str) -> ApiError:
    """The refusal of a field that is not there, or that the user does not see."""
    return refuse(
        "sf_query_field",
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom "
        "field, be sure to append the '__c' after the custom field name. Please reference your "
        "WSDL or the describe call for the appropriate names.",
    )


def field_of(sobject: SObject, name: str) -> Field | None:
    """A field by its name in any case."""
    found = sobject.fields.get(name)
    if found is not None:
        return found
    wanted = name.lower()
    return next((one for key, one in sobject.fields.items() if key.lower() == wanted), None)


def relation_of(sobject: SObject, name: str) -> Field | None:
    """The reference behind the name of a relationship."""
    wanted = name.lower()
    return next(
        (one for one in sobject.fields.values() if one.refers and one.relation.lower() == wanted),
        None,
    )


def resolve(org: Org, sobject: SObject, path: Path) -> Found:
    """The reader of a path from rows of an object; refuses what is not there."""
    *steps, last = path.parts
    if len(steps) > MOST_STEPS:
        raise refuse("sf_malformed", f"{path}: more than {MOST_STEPS} relationships in a path")
    if not steps:
        found = field_of(sobject, last)
        if found is None:
            raise no_column(last, sobject.name)
        return Found(found, reader(org, found), (found.name,))
    reference = relation_of(sobject, steps[0])
    if reference is None:
        raise refuse(
            "sf_query_field",
            f"Didn't understand relationship '{steps[0]}' in field path. If you are attempting to "
            "use a custom relationship, be sure to append the '__r' after the custom relationship "
            "name. Please reference your WSDL or the describe call for the appropriate names.",
        )
    rest = Path((*steps[1:], last))
    if len(reference.refers) > 1:
        return _polymorphic(org, reference, rest)
    target = org.objects.get(reference.refers[0])
    if target is None:
        raise no_column(reference.name, sobject.name)
    far = resolve(org, target, rest)
    step = follow(org, reference)

    def get(row: Row) -> Any:
        found = step(row)
        return None if found is None else far.get(found)

    return Found(far.field, get, (reference.relation, *far.names))


def _polymorphic(org: Org, reference: Field, rest: Path) -> Found:
    name = next((one for one in POLYMORPHIC if one.lower() == rest.parts[0].lower()), None)
    if name is None or len(rest.parts) > 1:
        raise no_column(rest.parts[0], "Name")
    step = follow(org, reference)
    fields = {
        one: field_of(org.objects[one], name) for one in reference.refers if one in org.objects
    }
    readers = {one: reader(org, field) for one, field in fields.items() if field is not None}

    def get(row: Row) -> Any:
        found = step(row)
        if found is None:
            return None
        if name == "Type":
            return found.sobject
        read = readers.get(found.sobject)
        return None if read is None else read(found)

    known = next((field for field in fields.values() if field is not None), None)
    return Found(known if name != "Type" else None, get, (reference.relation, name))


def reader(org: Org, field: Field) -> Get:
    """Reads a field of rows within one org; instants are known to the second."""
    read = field.read
    if field.type != "datetime":
        return lambda row: read(org, row)

    def whole_second(row: Row) -> int | None:
        at = read(org, row)
        return None if at is None else at - at % 1000

    return whole_second


def follow(org: Org, reference: Field) -> Callable[[Row], Row | None]:
    """From a row to the one that a reference points to; each is looked up once."""
    read = reference.read
    known: dict[str, Row | None] = {}
    def step(row: Row) -> Row | None:
        target = read(org, row)
        if target is None:
            return None
        if target not in known:
            prefix = target[:3]
            name = next((one for one in reference.refers if PREFIXES[one] == prefix), None)
            name = name or OBJECT_OF.get(prefix)
            # A record that was deleted is still named by what refers to it.
            known[target] = org.find(name, target, deleted=True) if name else None
        return known[target]

    return step
