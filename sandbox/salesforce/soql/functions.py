"""Functions of one field: labels and parts of dates."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.salesforce.describe import labels
from sandbox.salesforce.errors import refuse
from sandbox.salesforce.model import Row, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.conditions import Operand
from sandbox.salesforce.soql.fields import resolve
from sandbox.salesforce.soql.tree import Call


def function(org: Org, sobject: SObject, call: Call) -> Operand:
    """A function's field, the reader of its result, and the result's type."""
    if call.path is None or call.name not in ("TOLABEL", "DAY_ONLY", "CALENDAR_MONTH",
                                              "CALENDAR_YEAR"):  # fmt: skip
        raise refuse("sf_malformed", f"{call.name}() cannot be used here")
    found = resolve(org, sobject, call.path)
    field, get = found.field, found.get
    if field is None:
        raise refuse("sf_malformed", f"{call.name}() needs a field")
    if call.name == "TOLABEL":
        if field.type != "picklist":
            raise refuse("sf_malformed", f"toLabel is not supported on field {field.name}")
        known = labels(org, sobject.name, field)
        return None, lambda row: known.get(get(row), get(row)), "string"
    if field.type not in ("date", "datetime"):
        raise refuse("sf_malformed", f"{call.name} is for dates; {field.name} is {field.type}")

    def local(row: Row) -> str | None:
        value: Any = get(row)
        if value is None or field.type == "date":
            return value
        return datetime.fromtimestamp(value / 1000, ZoneInfo(org.zone)).strftime("%Y-%m-%d")

    if call.name == "DAY_ONLY":
        return field, local, "date"
    part = slice(0, 4) if call.name == "CALENDAR_YEAR" else slice(5, 7)

    def number(row: Row) -> int | None:
        day = local(row)
        return None if day is None else int(day[part])

    return field, number, "int"
