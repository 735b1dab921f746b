"""An account's own properties on top of a mapping: fitted to its schema before they are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.contract import Invalid, ObjectType
from connectors.mapping import CrmMapping, MappingError, PropertyInfo, Schema, load, misfits

Overrides = Mapping[str, Mapping[str, Any]]
"""{object type: {field: a property's name, or an entry as in `mappings/<crm>.yaml`}}."""

_KINDS: Mapping[str, str] = {
    "date": "date",
    "datetime": "instant",
    "number": "number",
    "bool": "bool",
}
"""What a property of the account is read as where the entry does not say; text otherwise."""


def fit(
    crm: str,
    overrides: Overrides,
    properties_of: Callable[[ObjectType], Mapping[str, PropertyInfo]],
) -> dict[str, dict[str, Any]]:
    """As `Connector.fit`, of a CRM whose mapping names properties as its accounts do.

    properties_of: what the account has of one type, read afresh. Raises Invalid.
    """
    shipped = load(crm)  # what is in force may hold the very fields that are given up
    try:
        maps = [shipped.with_overrides({name: {}}).objects[name] for name in overrides]
        return fitted(shipped, overrides, {one.type: properties_of(one.type) for one in maps})
    except MappingError as error:
        raise Invalid(str(error)) from error


def fitted(mapping: CrmMapping, overrides: Overrides, schema: Schema) -> dict[str, dict[str, Any]]:
    """The overrides with the `type` of each new field said, as the account has its property.

    schema: of every type that is named. Raises MappingError naming each type and field that is
    wrong, or that the account lacks.
    """
    plain = mapping.with_overrides(overrides)
    found: dict[str, dict[str, Any]] = {}
    for name, entries in overrides.items():
        of = plain.objects[name]
        for field, entry in entries.items():
            said: dict[str, Any] = {"property": entry} if isinstance(entry, str) else {**entry}
            info = schema[of.type].get(of.fields[field].property)
            if info is not None and "type" not in said and field not in mapping.of(of.type).fields:
                said["type"] = _KINDS.get(info.type, "text")
            found.setdefault(name, {})[field] = said
    changed = mapping.with_overrides(found)
    problems = [
        problem
        for name, entries in found.items()
        for field in entries
        for problem in misfits(
            changed.objects[name].type,
            changed.objects[name].fields[field],
            schema[changed.objects[name].type].get(changed.objects[name].fields[field].property),
        )
    ]
    if problems:
        raise MappingError(" ".join(problems))
    return found
