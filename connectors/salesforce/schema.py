"""What an account's objects really have, as its describe says: a column that the user may not see,
or that the package did not bring, would fail a whole query.

Our own fields are found with or without the namespace that a managed package puts before them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import NotFound, ObjectType, Recorder
from connectors.mapping import CrmMapping, Field, PropertyInfo
from connectors.salesforce.api import Api
from connectors.salesforce.tables import ALWAYS, MORE_COLUMNS, SOBJECTS

_KINDS: Mapping[str, str] = {
    "picklist": "enumeration",
    "multipicklist": "enumeration",
    "boolean": "bool",
    "double": "number",
    "int": "number",
    "currency": "number",
    "percent": "number",
    "long": "number",
    "date": "date",
    "datetime": "datetime",
}

DUE_AT, DUE_DATE = "Followthrough_Due_At__c", "Followthrough_Due_Date__c"
"""Ours on activities, beside the mapped ones: the instant at which a task is due, and the due date
as we wrote it. Salesforce's own due date has no time of day."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One object type as this account has it.

    columns: what a query selects. names: canonical field → column; a field that is not there has
    none. properties: column → as described. ours: our columns' plain names → as the account has
    them. updatable, creatable: columns that may be written.
    """

    type: ObjectType
    sobject: str
    columns: tuple[str, ...]
    names: Mapping[str, str]
    properties: Mapping[str, PropertyInfo]
    ours: Mapping[str, str]
    updatable: frozenset[str]
    creatable: frozenset[str]
    described: Mapping[str, Any] = field(repr=False)

    def has(self, column: str) -> bool:
        return column in self.properties


class Schema:
    """Shapes, each asked for once. Safe for threads."""

    def __init__(self, api: Api, mapping: CrmMapping, recorder: Recorder) -> None:
        self._api = api
        self._mapping = mapping
        self._recorder = recorder
        self._lock = threading.Lock()
        self._shapes: dict[ObjectType, Shape | None] = {}

    def forget(self) -> None:
        """Ask again from here on: the account's fields or rights have changed."""
        with self._lock:
            self._shapes.clear()

    def of(self, type: ObjectType) -> Shape:
        """Raises NotFound where the account has no such object, or hides it from the user."""
        shape = self.find(type)
        if shape is None:
            raise NotFound(
                f"This Salesforce account has no {SOBJECTS[type]} records, or the user who "
                "connected may not see them."
            )
        return shape

    def find(self, type: ObjectType) -> Shape | None:
        """None where the account has no such object, or hides it from the user."""
        if type not in self._shapes:
            with self._lock:
                if type not in self._shapes:
                    self._shapes[type] = self._described(type)
        return self._shapes[type]

    def _described(self, type: ObjectType) -> Shape | None:
        try:
            answer = self._api.call("GET", f"sobjects/{SOBJECTS[type]}/describe", safe=True)
        except NotFound:
            return None
        shape = _shape(type, answer, self._mapping)
        for one in self._mapping.of(type).fields.values():
            if one.ours and one.name not in shape.names:
                self._recorder.lost(f"{SOBJECTS[type]}.{one.property}")
        return shape


def _shape(type: ObjectType, answer: Mapping[str, Any], mapping: CrmMapping) -> Shape:
    rows = {str(row["name"]): row for row in answer.get("fields") or ()}
    names: dict[str, str] = {}
    ours: dict[str, str] = {}
    for one in mapping.of(type).fields.values():
        column = _column(one, rows)
        if column is not None:
            names[one.name] = column
            if one.ours:
                ours[one.property] = column
    if type in ("task", "note", "call"):
        ours |= {
            name: column
            for name in (DUE_AT, DUE_DATE)
            if (column := _packaged(name, rows)) is not None
        }
    wanted = (*ALWAYS, *names.values(), *MORE_COLUMNS.get(type, ()), *ours.values())
    return Shape(
        type,
        SOBJECTS[type],
        tuple(column for column in dict.fromkeys(wanted) if column in rows),
        names,
        {name: _property(row) for name, row in rows.items()},
        ours,
        _named(rows, "updateable"),
        _named(rows, "createable"),
        answer,
    )


def _column(field: Field, rows: Mapping[str, Any]) -> str | None:
    if field.ours:
        return _packaged(field.property, rows)
    return field.property if field.property in rows else None


def _packaged(name: str, columns: Iterable[str]) -> str | None:
    """The column of that name, with or without a package's namespace before it."""
    return next((c for c in columns if c == name or c.endswith(f"__{name}")), None)


def _named(rows: Mapping[str, Mapping[str, Any]], right: str) -> frozenset[str]:
    return frozenset(name for name, row in rows.items() if row.get(right))


def _property(row: Mapping[str, Any]) -> PropertyInfo:
    options = row.get("picklistValues") or ()
    kind = str(row.get("type") or "string")
    return PropertyInfo(
        str(row["name"]),
        _KINDS.get(kind, "string"),
        frozenset(str(one["value"]) for one in options) if options else None,
        not row.get("updateable"),
        bool(row.get("unique")),
    )
