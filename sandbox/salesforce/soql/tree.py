"""What a query says, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple


class Malformed(Exception):
    """A text that is no query, or one that this side does not understand; says where and why."""


class Path(NamedTuple):
    """A field, reached over relationships: ``Owner.Name`` is ``("Owner", "Name")``."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


class Call(NamedTuple):
    """A function of a field: an aggregate, ``toLabel`` or a date function. path None: COUNT()."""

    name: str
    path: Path | None


class DateLiteral(NamedTuple):
    """A span of days named by words: ``LAST_N_DAYS:3``."""

    name: str
    number: int = 0


class Value(NamedTuple):
    """A literal. ``kind``: string, number, boolean, null, date, datetime or span."""

    kind: Literal["string", "number", "boolean", "null", "date", "datetime", "span"]
    value: Any


@dataclass(frozen=True)
class Compare:
    """One comparison. ``values`` holds one value, those of a list, or a query of one field."""

    left: Path | Call
    operator: str
    values: tuple[Value, ...] | Query


@dataclass(frozen=True)
class Logic:
    """Conditions joined by AND or OR, or the one that NOT turns around."""

    operator: Literal["AND", "OR", "NOT"]
    parts: tuple[Condition, ...]


Condition = Compare | Logic


@dataclass(frozen=True)
class TypeOf:
    """Fields that depend on what a reference points to."""

    relation: str
    branches: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


@dataclass(frozen=True)
class Fields:
    """``FIELDS(ALL)`` and the like."""

    which: str


class Item(NamedTuple):
    """One thing selected, and the name that the answer gives it."""

    what: Path | Call | TypeOf | Fields | Query
    alias: str = ""


class Order(NamedTuple):
    """One key of the order."""

    by: Path | Call
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True)
class Query:
    """A whole query. ``source`` is an object, or a child relationship within a subquery."""

    items: tuple[Item, ...]
    source: str
    where: Condition | None = None
    group_by: tuple[Path | Call, ...] = ()
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
