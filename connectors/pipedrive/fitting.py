"""An account's own fields for canonical ones, checked against what the account has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.contract import Invalid, ObjectType
from connectors.fitting import fitted
from connectors.mapping import MappingError, Schema, load
from connectors.pipedrive.fields import LISTS, Fields

_ACTIVITIES: tuple[ObjectType, ...] = ("task", "meeting", "call", "email")


def fit(
    fields: Fields, overrides: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """As `Connector.fit`. A field may be named by its code or by the name that people see; what is
    kept is the code, so that a new name changes nothing. Raises Invalid."""
    shipped = load("pipedrive")
    try:
        named: dict[str, dict[str, Any]] = {}
        schema: dict[ObjectType, dict[str, Any]] = {}
        for type_, entries in overrides.items():
            of = shipped.with_overrides({type_: {}}).objects[type_]
            listed: ObjectType = "task" if of.type in _ACTIVITIES else of.type
            if listed not in LISTS:
                raise MappingError(
                    f"{type_}: fields of an account's own can be mapped for deals, contacts and "
                    "activities only."
                )
            known = fields.of(listed, fresh=True)
            schema[of.type] = {code: info.info() for code, info in known.items()}
            named[type_] = {
                name: _coded(fields, listed, entry) for name, entry in entries.items()
            }
        checked: Schema = schema
        return fitted(shipped, named, checked)
    except MappingError as error:
        raise Invalid(str(error)) from error


def _coded(fields: Fields, type: ObjectType, entry: Any) -> Any:
    """The entry with the field's code in place of its name."""
    name = entry if isinstance(entry, str) else None
    if isinstance(entry, Mapping):
        name = str(entry.get("property") or "")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    info = fields.resolve(type, name) if name else None
    if info is None:
        return entry
    return info.code if isinstance(entry, str) else {**entry, "property": info.code}
