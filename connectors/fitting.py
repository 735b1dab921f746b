"""An account's own properties on top of a mapping: fitted to its schema before they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.mapping import CrmMapping, MappingError, Schema, misfits

Overrides = Mapping[str, Mapping[str, Any]]
"""{object type: {field: a property's name, or an entry as in `mappings/<crm>.yaml`}}."""

_KINDS: Mapping[str, str] = {
    "date": "date",
    "datetime": "instant",
    "number": "number",
    "bool": "bool",
}
"""What a property of the account is read as where the entry does not say; text otherwise."""


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
