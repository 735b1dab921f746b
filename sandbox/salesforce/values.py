"""Values on their way into the world: checked against their field, in the world's form."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.describe import offers
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.org import Org

_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_TEXTS = frozenset(
    ("string", "textarea", "combobox", "picklist", "multipicklist", "email", "phone", "url")
)
_NUMBERS = frozenset(("currency", "double", "percent", "int"))
_CLOSED = frozenset(("Opportunity.StageName", "Task.Status", "Task.Priority", "Lead.Status",
                     "Opportunity.ForecastCategoryName"))  # fmt: skip
"""Picklists by whose values the system goes, so that it takes none but those."""
MOST_NUMBER = 10.0**16


def cleaned(org: Org, sobject: SObject, field: Field, value: Any) -> str:
    """A value as the world's text; None and empty texts are ``""``. Raises :class:`RowError`."""
    if value is None or value == "":
        return "false" if field.type == "boolean" else ""
    if field.type == "boolean":
        return _boolean(field, value)
    if field.type in _NUMBERS:
        return _number(field, value)
    if field.type == "date":
        return _date(field, value)
    if field.type == "datetime":
        return str(_datetime(field, value))
    if not isinstance(value, str):
        raise _unread(field, value)
    if field.type == "reference":
        return value
    assert field.type in _TEXTS
    if field.type == "email" and not _EMAIL.fullmatch(value):
        raise RowError("sf_email", f"{field.label}: invalid email address: {value}", [field.name])
    if field.length and len(value) > field.length:
        raise RowError(
            "sf_too_long",
            f"{field.label}: data value too large: {value[:255]} (max length={field.length})",
            [field.name],
        )
    return _picked(org, sobject, field, value) if field.type == "picklist" else value


def _picked(org: Org, sobject: SObject, field: Field, value: str) -> str:
    """A picklist's value as the world's word; those that nobody listed stay as they are."""
    known = dict(reversed(offers(org, sobject.name, field.name)))
    if value in known:
        return known[value]
    if field.restricted or f"{sobject.name}.{field.name}" in _CLOSED:
        raise RowError(
            "sf_picklist",
            f"{field.label}: bad value for restricted picklist field: {value}",
            [field.name],
        )
    return value


def _unread(field: Field, value: Any) -> RowError:
    shape = "VALUE_STRING" if isinstance(value, str) else "VALUE_" + type(value).__name__.upper()
    return RowError(
        "sf_value_type",
        f"Cannot deserialize instance of {field.type} from {shape} value {value} or request may "
        f"be missing a required field: {field.name}",
        [field.name],
    )


def _boolean(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value in ("true", "false"):
        return value
    raise _unread(field, value)


def _number(field: Field, value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _unread(field, value) from None
    if isinstance(value, bool) or number != number:
        raise _unread(field, value)
    most = 100.0 if field.type == "percent" else MOST_NUMBER
    if abs(number) > most or (field.type == "percent" and number < 0):
        raise RowError(
            "sf_number_range",
            f"{field.label}: value outside of valid range on numeric field: {value}",
            [field.name],
        )
    return str(int(number)) if number == int(number) else repr(number)


def _date(field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise _unread(field, value) from None


def _datetime(field: Field, value: Any) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _unread(field, value) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000


def referred(org: Org, field: Field, value: str) -> tuple[str, str]:
    """(object, the world's id) of what a reference names. Raises :class:`RowError`."""
    try:
        prefix, number, _ = ids.read(value)
    except ids.NoId:
        raise RowError(
            "sf_id", f"{field.label}: id value of incorrect type: {value}", [field.name]
        ) from None
    name = next((one for one in field.refers if ids.PREFIXES[one] == prefix), None)
    if name is None or name not in org.objects:
        raise RowError(
            "sf_reference_type",
            f"{field.label}: id value of incorrect type: {value}",
            [field.name],
        )
    if org.find(name, value) is None:
        raise RowError("sf_reference", f"invalid cross reference id: {value}", [field.name])
    return name, str(number)
