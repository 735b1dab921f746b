"""What a field and an object are: names, types, flags, and how a value is read from the world.

A table of an object is text, one field a line: ``Name type[(length)] flags world``. Flags: ``c``
createable, ``u`` updateable, ``r`` required when created, ``d`` defaulted when created, ``x`` not
filterable, ``n`` usable as a name to look up by. ``world`` names the field of the world's record
that holds the value, one for each kind of record that the object shows, separated by ``|``; ``*``
is reckoned by a function of :mod:`sandbox.salesforce.computed`; ``-`` is kept under a name of its
own, where no other part of the world looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.world.records import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_LINE = re.compile(r"(\w+) (\w+)(?:\(([\w,]+)\))?(?: ([a-z]+|-))?(?: (\S+))?")
_LENGTHS = {"id": 18, "reference": 18, "picklist": 255, "combobox": 255, "email": 80, "phone": 40,
            "url": 255, "multipicklist": 4099}  # fmt: skip
STAMPS = """
CreatedDate datetime - *
CreatedById reference(User) - *
LastModifiedDate datetime - *
LastModifiedById reference(User) - *
SystemModstamp datetime - *
"""
"""Fields that every object has that people or apps write to."""


class Row:
    """One record of an object: the world's record behind it, or values alone."""

    __slots__ = ("record", "sobject", "values")

    def __init__(
        self, sobject: str, record: Record | None, values: Mapping[str, Any] | None = None
    ) -> None:
        self.sobject = sobject
        self.record = record
        self.values = values or {}


Reader = Callable[["Org", Row], Any]
"""Reads a value: str, bool, float, int; a datetime as ms, a date as ``YYYY-MM-DD``; or None."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object. ``world``: names in the world, by kind of record.

    ``values``: what a picklist offers, as (value, the world's own word for it). ``refers``: objects
    that a reference may point to, ``relation`` its name in a path.
    """

    name: str
    type: str
    length: int = 0
    flags: frozenset[str] = frozenset()
    world: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    restricted: bool = False
    label: str = ""
    custom: bool = False
    external_id: bool = False
    unique: bool = False
    default: Any = None
    read: Reader = field(default=lambda org, row: None, compare=False)

    @property
    def relation(self) -> str:
        if not self.refers:
            return ""
        if self.custom:
            return self.name[:-1] + "r"
        return self.name.removesuffix("Id") or self.name

    @property
    def createable(self) -> bool:
        return "c" in self.flags

    @property
    def updateable(self) -> bool:
        return "u" in self.flags

    @property
    def required(self) -> bool:
        return "r" in self.flags

    @property
    def filterable(self) -> bool:
        return "x" not in self.flags and self.type != "textarea"

    def world_name(self, place: int) -> str:
        """The world's name of the field on the kind at this place among the object's kinds."""
        return self.world[min(place, len(self.world) - 1)] if self.world else ""


@dataclass(frozen=True, slots=True)
class SObject:
    """One object. ``kinds``: the world's kinds that it shows; none: it has a source of its own."""

    name: str
    label: str
    fields: Mapping[str, Field]
    kinds: tuple[str, ...] = ()
    writable: bool = False
    deletable: bool = False
    activity: bool = False
    name_field: str = "Name"
    children: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Name of a child relationship → (object, the field there that points here)."""


def parse_fields(
    name: str,
    text: str,
    *,
    values: Mapping[str, tuple[tuple[str, str], ...]],
    computed: Mapping[str, Reader],
    restricted: frozenset[str] = frozenset(),
    kinds: tuple[str, ...] = (),
) -> dict[str, Field]:
    """The fields that a table describes. ``values``, ``computed``: by ``Object.Field``."""
    found: dict[str, Field] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{name}: no field is described by {line!r}")
        field_name, kind, detail, flags, world = match.groups()
        key = f"{name}.{field_name}"
        reckoned = computed.get(key) or computed.get(f"*.{field_name}")
        names = () if world in ("*", None) else (f"sf_{field_name}",) if world == "-" else (
            tuple(world.split("|"))
        )  # fmt: skip
        offers = values.get(key, ())
        if world == "*" and reckoned is None:
            raise ValueError(f"{key} is to be reckoned, and nothing says how")
        read = reckoned or (stored(kind, names, kinds, offers) if names else given(field_name))
        found[field_name] = Field(
            field_name,
            kind,
            int(detail) if detail and detail.isdigit() else _LENGTHS.get(kind, 0),
            frozenset((flags or "").replace("-", "")),
            names,
            tuple(detail.split(",")) if kind == "reference" and detail else (),
            offers,
            key in restricted,
            re.sub(r"(?<=[a-z])(?=[A-Z])", " ", field_name),
            read=read,
        )
    return found


def given(name: str) -> Reader:
    """Reads a value that the row carries by itself."""
    return lambda org, row: row.values.get(name)


def stored(
    kind: str, names: tuple[str, ...], kinds: tuple[str, ...], offers: tuple[tuple[str, str], ...]
) -> Reader:
    """Reads a value that the world's record holds."""
    outward = {theirs: ours for ours, theirs in reversed(offers)}
    by_kind = {one: names[min(place, len(names) - 1)] for place, one in enumerate(kinds)}

    def read(org: Org, row: Row) -> Any:
        record = row.record
        if record is None:
            return None
        text = record.fields.get(by_kind.get(record.kind, names[0]), "")
        return canonical(kind, outward.get(text, text))

    return read


def canonical(kind: str, text: str) -> Any:
    """The world's text as a value of a type; empty is None, but for booleans."""
    if kind == "boolean":
        return text == "true"
    if text == "":
        return None
    if kind in ("currency", "double", "percent"):
        return float(text)
    if kind == "int":
        return int(float(text))
    if kind == "datetime":
        return int(text)
    if kind == "date":
        return text if "-" in text[1:] else day(int(text))
    return text


def day(ms: int) -> str:
    """The day of an instant in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def instant(ms: int) -> str:
    """An instant as the API writes it: to the second, whatever the world knows."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def shown(field: Field, value: Any) -> Any:
    """A canonical value as JSON shows it."""
    if value is not None and field.type == "datetime":
        return instant(value)
    return value
