"""Our footprint in a Salesforce account: fields that the package brings, checked and explained.

Nothing is created from here. Fields and the right to see them come with the package, which an
admin installs before anybody can connect; what is missing afterwards was taken away, or is hidden
from the user who connected.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import InstallReport, Misfit, ObjectType
from connectors.mapping import CrmMapping
from connectors.salesforce.schema import DUE_AT, DUE_DATE, Schema, Shape
from connectors.salesforce.tables import SOBJECTS

OURS: tuple[ObjectType, ...] = ("task", "meeting", "deal", "contact", "lead")
"""Types on which fields of ours stand."""

_REMEDY = (
    "is missing, or the user who connected may not see it. Install Followthrough's package again, "
    "and give that user the permission set Followthrough"
)
_TYPES = {"instant": "datetime", "choice": "enumeration"}


def install(schema: Schema, mapping: CrmMapping) -> InstallReport:
    """What there is of our fields; safe to repeat."""
    schema.forget()
    existing: list[str] = []
    refused: list[tuple[str, str]] = []
    for type in OURS:
        shape = schema.find(type)
        if shape is None:
            if type in ("deal", "task"):
                refused.append((SOBJECTS[type], "cannot be seen by the user who connected"))
            continue
        existing += [f"{shape.sobject}.{column}" for column in shape.ours.values()]
        refused += [(one.name, one.problem) for one in misfits(shape, mapping)]
    return InstallReport(finds_touches(schema), (), tuple(existing), tuple(refused))


def finds_touches(schema: Schema) -> bool:
    """Whether tasks can be sought by touch id."""
    shape = schema.find("task")
    return shape is not None and "touch_id" in shape.names


def misfits(shape: Shape, mapping: CrmMapping) -> Iterator[Misfit]:
    """What of our fields one object lacks or has otherwise."""
    for name, kind, values, unique in wanted_fields(shape.type, mapping):
        where = f"{shape.sobject}.{name}"
        column = shape.ours.get(name)
        if column is None:
            yield Misfit(where, _REMEDY, ours=True)
            continue
        found = shape.properties[column]
        if kind is not None and found.type != kind:
            yield Misfit(where, f"holds {found.type} instead of {kind}", ours=True)
        elif unique and not found.unique:
            yield Misfit(where, "does not keep its values unique", ours=True)
        elif lacking := [one for one in values if one not in (found.options or values)]:
            yield Misfit(where, f"lacks the values {', '.join(lacking)}", ours=True)
        elif column not in shape.updatable:
            yield Misfit(where, "may not be written by the user who connected", ours=True)


def wanted_fields(
    type: ObjectType, mapping: CrmMapping
) -> Iterator[tuple[str, str | None, tuple[str, ...], bool]]:
    """(name, type, values, unique) of our fields of one object type."""
    for one in mapping.of(type).fields.values():
        if one.ours:
            values = tuple(one.choices or ())
            yield one.property, _TYPES.get(one.type), values, one.name == "touch_id"
    if type == "task":
        yield DUE_AT, "datetime", (), False
        yield DUE_DATE, "date", (), False
