"""What a path names, and how a record is shown: the object, its fields, a row by External ID."""

from __future__ import annotations

from typing import Any

from sandbox.answers import ApiError
from sandbox.salesforce.call import Call
from sandbox.salesforce.errors import refuse
from sandbox.salesforce.model import Field, Row, SObject, shown
from sandbox.salesforce.soql.shapes import attributes


def seen(call: Call, name: str) -> SObject:
    """The object that a path names."""
    found = call.org.by_lower.get(name.lower())
    if found is None:
        raise refuse("sf_object", "The requested resource does not exist")
    return found


def wanted(sobject: SObject, names: str) -> list[Field]:
    """The fields that a read asks for, all without a word."""
    if not names:
        return list(sobject.fields.values())
    by_lower = {name.lower(): one for name, one in sobject.fields.items()}
    found: list[Field] = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name.lower() not in by_lower:
            raise refuse("sf_read_field", f"No such column '{name}' on entity '{sobject.name}'")
        found.append(by_lower[name.lower()])
    return found


def told(call: Call, sobject: SObject, row: Row, fields: list[Field]) -> dict[str, Any]:
    """A record with some fields."""
    return {"attributes": attributes(call.org, row, call.version)} | {
        one.name: shown(one, one.read(call.org, row)) for one in fields
    }


def by_external_id(call: Call, sobject: SObject, field: str, value: str) -> list[Row]:
    """The live rows with a value in an External ID."""
    found = next((one for key, one in sobject.fields.items() if key.lower() == field.lower()), None)
    if found is None or not (found.external_id or found.type == "id"):
        raise refuse("sf_external_id", f"Provided external ID field does not exist or is not "
                     f"accessible: {field}")  # fmt: skip
    if found.type == "id":
        row = call.org.find(sobject.name, value)
        return [row] if row is not None else []
    if found.unique:
        for kind in sobject.kinds:
            record = call.account.find_unique(kind, found.world[0], value)
            if record is not None and call.org.shows(sobject.name, record):
                return [Row(sobject.name, record)]
        return []
    wanted = value.lower()
    rows = call.org.rows(sobject.name)
    return [row for row in rows if str(found.read(call.org, row) or "").lower() == wanted]


def ambiguous(call: Call, rows: list[Row]) -> ApiError:
    """300: several records have the value; the body holds their addresses."""
    urls = [attributes(call.org, row, call.version)["url"] for row in rows]
    return ApiError(300, urls, rows=("sf_ambiguous",))
