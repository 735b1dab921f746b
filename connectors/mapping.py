"""Canonical fields and a CRM's own, read from `mappings/<crm>.yaml` and an account's overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from app.model.time import Business
from connectors import values
from connectors.contract import CrmRecord, ObjectType, Version
from connectors.stages import StageProposals

FOLDER = Path(__file__).resolve().parent.parent / "mappings"

_TYPES = ("text", "choice", *values.READERS)
_KEYS = ("property", "type", "values", "otherwise", "history", "ours")


class MappingError(ValueError):
    """A mapping or an override that cannot be used; the text says where and what would be right."""


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical field. choices: the CRM's value → ours. reader None: text as it is."""

    name: str
    property: str
    type: str = "text"
    choices: Mapping[str, Any] | None = None
    reader: values.Reader | None = None
    history: bool = False
    ours: bool = False

    def read(self, text: str | None) -> Any:
        """The canonical value; None for nothing, and for what cannot be read."""
        if not text:
            return None
        if self.reader is None:
            return text
        try:
            return self.reader(text)
        except (ValueError, KeyError, TypeError):
            # A value that a person or another app wrote wrongly must not stop a whole batch.
            return None

    def write(self, value: Any) -> str:
        """The CRM's text for a canonical value. Raises ValueError for an unknown choice."""
        if self.choices is None or value is None:
            return values.write(value)
        for theirs, ours in self.choices.items():
            if ours == value:
                return theirs
        known = ", ".join(dict.fromkeys(str(ours) for ours in self.choices.values()))
        raise ValueError(f"{self.name}: {value!r} is not one of {known}")



class ObjectMap:
    """The fields of one object type, laid out for reading many records quickly."""

    def __init__(self, type: ObjectType, modified: str, fields: Iterable[Field]) -> None:
        self.type: ObjectType = type
        self.modified = modified
        self.fields = {field.name: field for field in fields}
        every = self.fields.values()
        self.properties = tuple(dict.fromkeys(field.property for field in every))
        self.history_properties = tuple(
            dict.fromkeys(field.property for field in every if field.history)
        )
        self.by_property: dict[str, Field] = {}
        for field in every:
            self.by_property.setdefault(field.property, field)
        self._texts = {
            f.name: {o: theirs for theirs, o in [*f.choices.items()][::-1] if o is not None}
            for f in every if f.choices is not None
        }  # fmt: skip
        self._plain = tuple((f.name, f.property) for f in every if f.reader is None)
        self._read = tuple((f.name, f.property, f.read) for f in every if f.reader is not None)
        self._history = tuple((f.name, f.property, f.read) for f in every)

    def parse_fields(self, properties: Mapping[str, str | None]) -> dict[str, Any]:
        """Canonical fields of those properties that the answer has."""
        fields: dict[str, Any] = {
            name: properties[key] or None for name, key in self._plain if key in properties
        }
        for name, key, read in self._read:
            if key in properties:
                fields[name] = read(properties[key])
        return fields

    def parse_history(self, histories: Mapping[str, list[dict[str, Any]]]) -> dict[
        str, list[Version]
    ]:
        """Histories per canonical field, of those that the answer has: oldest first, though the
        CRM answers newest first."""
        found: dict[str, list[Version]] = {}
        instant = values.instant
        for name, key, read in self._history:
            entries = histories.get(key)
            if not entries:
                continue
            versions = [
                Version(
                    read(entry.get("value")),
                    Business(instant(entry["timestamp"])),
                    values.SOURCES.get(source := str(entry.get("sourceType") or ""), source),
                    entry.get("sourceId") or "",
                )
                for entry in reversed(entries)
            ]
            versions.sort(key=attrgetter("at"))
            found[name] = versions
        return found

    def parse(self, item: Mapping[str, Any]) -> CrmRecord:
        """A record as HubSpot's object endpoints answer it."""
        histories = item.get("propertiesWithHistory")
        archived_at = item.get("archivedAt")
        return CrmRecord(
            self.type,
            str(item["id"]),
            self.parse_fields(item["properties"]),
            Business(values.instant(item["createdAt"])),
            Business(values.instant(item["updatedAt"])),
            bool(item.get("archived")),
            Business(values.instant(archived_at)) if archived_at else None,
            self.parse_history(histories) if histories else {},
        )

    def write(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """Properties to send. Raises ValueError naming an unknown field or choice."""
        sent: dict[str, str] = {}
        known = self.fields
        for name, value in fields.items():
            field = known.get(name)
            if field is None:
                names = ", ".join(known)
                raise ValueError(f"{self.type}.{name} is not mapped; there are: {names}")
            text = texts.get(value) if (texts := self._texts.get(name)) else value
            sent[field.property] = text if type(text) is str else field.write(value)
        return sent

    def parse_values(self, changes: Iterable[tuple[str, str | None]]) -> dict[str, Any]:
        """Canonical field → value of (property, text) pairs; the last of equals wins."""
        known = self.by_property
        found: dict[str, Any] = {}
        for property_, text in changes:
            field = known.get(property_)
            if field is None:
                found[property_] = text
            else:
                found[field.name] = (text or None) if field.reader is None else field.read(text)
        return found

    def canonical(self, property: str) -> str:
        """The canonical name of a property, or its own name where it is not mapped."""
        field = self.by_property.get(property)
        return field.name if field else property


@dataclass(frozen=True, slots=True)
class PropertyInfo:
    """A property as the account's schema has it. options: its values, None if not enumerated."""

    name: str
    type: str
    options: frozenset[str] | None = None
    read_only: bool = False
    unique: bool = False


Schema = Mapping[ObjectType, Mapping[str, PropertyInfo]]

_FITTING: dict[str, frozenset[str]] = {
    "number": frozenset({"number"}),
    "bool": frozenset({"bool", "enumeration"}),
    "flag": frozenset({"bool", "enumeration", "number"}),
    "opt_out": frozenset({"bool", "enumeration"}),
    "instant": frozenset({"datetime", "date"}),
    "date": frozenset({"date"}),
    "choice": frozenset({"enumeration", "string"}),
}


@dataclass(frozen=True, slots=True)
class CrmMapping:
    """Everything of one mapping file. roles: association labels in order. consent: per channel."""

    crm: str
    objects: Mapping[str, ObjectMap]
    stages: StageProposals
    roles: tuple[str, ...]
    consent: Mapping[str, str | None]

    def of(self, type: ObjectType) -> ObjectMap:
        return self.objects[type]

    def with_overrides(self, overrides: Mapping[str, Any] | None) -> CrmMapping:
        """This mapping with an account's own properties: {type: {field: property or entry}}.

        Raises MappingError naming the type and field that is wrong.
        """
        if not overrides:
            return self
        objects = dict(self.objects)
        for type_, entries in overrides.items():
            base = objects.get(type_)
            if base is None:
                raise MappingError(f"{type_!r} is no object type; there are: {', '.join(objects)}")
            fields = dict(base.fields)
            for name, entry in entries.items():
                fields[name] = _field(f"overrides.{type_}", name, entry, fields.get(name))
            objects[type_] = ObjectMap(base.type, base.modified, fields.values())
        return replace(self, objects=objects)

    def check(self, schema: Schema) -> list[str]:
        """What of this mapping an account's schema does not bear out, one sentence each.

        Our own properties are left out: installing creates them.
        """
        problems: list[str] = []
        for type_, properties in schema.items():
            for field in self.of(type_).fields.values():
                if not field.ours:
                    problems.extend(misfits(type_, field, properties.get(field.property)))
        return problems


def misfits(type_: ObjectType, field: Field, info: PropertyInfo | None) -> Iterable[str]:
    """What keeps a field from being read from this property, one sentence each."""
    where = f"{type_}.{field.name}"
    if info is None:
        yield (
            f"{where} is mapped to {field.property!r}, which this account does not have. Map it to "
            f"a property of the {type_}, or create that property."
        )
        return
    fitting = _FITTING.get(field.type)
    if fitting is not None and info.type not in fitting:
        wanted = " or ".join(sorted(fitting))
        yield (
            f"{where} is mapped to {field.property!r}, which holds {info.type}; it needs a "
            f"property of type {wanted}."
        )
    if field.choices is not None and info.options is not None:
        missing = [theirs for theirs in field.choices if theirs not in info.options]
        if len(missing) == len(field.choices):
            yield (
                f"{where}: {field.property!r} offers none of the values {', '.join(missing)}. Map "
                "its own values under `values`."
            )


# --- reading the file ----------------------------------------------------------------------------


def _field(where: str, name: str, entry: Any, base: Field | None = None) -> Field:
    """A field from its entry; an override keeps what it does not say from the field it replaces."""
    if isinstance(entry, str):
        entry = {"property": entry}
    if not isinstance(entry, Mapping):
        raise MappingError(f"{where}.{name}: write a property's name, or a mapping with `property`")
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        raise MappingError(
            f"{where}.{name}: unknown key {unknown[0]!r}; there are: {', '.join(_KEYS)}"
        )
    kind = entry.get("type", base.type if base else "text")
    if kind not in _TYPES:
        raise MappingError(f"{where}.{name}: {kind!r} is no type; there are: {', '.join(_TYPES)}")
    property_ = entry.get("property", base.property if base else None)
    if not property_:
        raise MappingError(f"{where}.{name}: say which `property` it is")
    choices: Mapping[str, Any] | None = None
    reader = values.READERS.get(kind)
    if kind == "choice":
        choices = entry.get("values", base.choices if base else None)
        if not choices:
            raise MappingError(f"{where}.{name}: a choice needs `values`, the CRM's value → ours")
        choices = {str(theirs): ours for theirs, ours in choices.items()}
        reader = values.choice(choices, entry.get("otherwise"))
    return Field(
        name,
        property_,
        kind,
        choices,
        reader,
        bool(entry.get("history", base.history if base else False)),
        bool(entry.get("ours", False)),
    )


@lru_cache(maxsize=8)
def load(crm: str) -> CrmMapping:
    """The mapping shipped for a CRM. Raises MappingError naming the place that is wrong."""
    # Imported here: reading YAML with its positions costs 0.2 s that most processes need never pay.
    from ruamel.yaml import YAML

    path = FOLDER / f"{crm}.yaml"
    if not path.exists():
        raise MappingError(f"there is no mapping {path.name} in {FOLDER}")
    document: dict[str, Any] = YAML(typ="safe").load(path)
    objects: dict[str, ObjectMap] = {}
    for type_, entry in document["objects"].items():
        where = f"{path.name}: objects.{type_}.fields"
        fields = [_field(where, name, one) for name, one in entry["fields"].items()]
        objects[type_] = ObjectMap(type_, entry["modified"], fields)
    return CrmMapping(
        document["crm"],
        objects,
        StageProposals.of(document["stage_kinds"]),
        tuple(document.get("roles", ())),
        dict(document.get("consent", {})),
    )
