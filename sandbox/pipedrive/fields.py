"""Custom fields: their keys of 40 characters, their types, and their values in both directions.

Values are strings in the world. API v2 takes and shows each by its type, and refuses a string where
a number is meant; webhooks wrap every value with its type.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from sandbox.pipedrive import errors, words
from sandbox.world.account import Account
from sandbox.world.records import Option, Property, Record

HEX_KEY = re.compile(r"[0-9a-f]{40}")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
TIME = re.compile(r"\d\d:\d\d(:\d\d)?")

TYPES = (
    *("varchar", "varchar_auto", "text", "double", "monetary", "date", "set", "enum", "user"),
    *("org", "people", "phone", "time", "timerange", "daterange", "address"),
)
"""What a custom field can be, in the order of the specification."""
WITH_OPTIONS = ("enum", "set")
IDS = ("user", "org", "people")
RANGES = {"daterange": DATE, "timerange": TIME}
TEXTS = ("varchar", "varchar_auto", "text", "phone")

_OF_WORLD = {
    "number": "double",
    "date": "date",
    "datetime": "date",
    "enumeration": "enum",
    "bool": "enum",
}


def type_of(definition: Property) -> str:
    """The field's type; one that people added at the screens has the nearest one."""
    if definition.field_type in TYPES:
        return definition.field_type
    if definition.field_type == "checkbox":
        return "set"
    return _OF_WORLD.get(definition.type, "varchar")


def code_of(account: Account, kind: str, definition: Property) -> str:
    """The field's key: 40 characters that say nothing, the same for as long as it lives."""
    if HEX_KEY.fullmatch(definition.name):
        return definition.name
    text = f"{account.portal_id} {kind} {definition.name} {definition.created_at}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def custom(account: Account, kind: str) -> dict[str, Property]:
    """key → definition of the custom fields of a kind. Leads share those of deals."""
    owner = "deals" if kind == "leads" else kind
    return {
        code_of(account, owner, definition): definition
        for definition in account.properties[owner].values()
        if not (definition.built_in or definition.archived)
    }


def option_id(definition: Property, option: Option) -> int:
    """The number of an option; options of two fields have different ones."""
    return zlib.crc32(definition.name.encode()) % 90_000 * 100 + option.order + 1


def custom_fields(account: Account, record: Record) -> dict[str, Any]:
    """All custom fields of a record by key, null where they have no value."""
    return {
        code: shown(definition, record.get(definition.name))
        for code, definition in custom(account, record.kind).items()
    }


def shown(definition: Property, value: str) -> Any:
    """One value as API v2 shows it."""
    kind = type_of(definition)
    if not value:
        return None
    if kind in WITH_OPTIONS:
        ids = {one.value: option_id(definition, one) for one in definition.options}
        chosen = [ids[one] for one in value.split(";") if one in ids]
        return chosen if kind == "set" else next(iter(chosen), None)
    if kind == "date" and value.isdigit():
        return words.day_of(int(value))
    if kind == "double":
        found = float(value)
        return int(found) if found.is_integer() else found
    if kind in IDS:
        return int(value)
    if kind in ("monetary", "address", *RANGES):
        return orjson.loads(value)
    return value


def wrapped(definition: Property, value: Any) -> Any:
    """One value as webhooks show it: with its type."""
    kind = type_of(definition)
    if value is None:
        return None
    if kind == "set":
        return {"type": kind, "values": [{"id": one} for one in value]}
    if kind == "enum" or kind in IDS:
        return {"type": kind, "id": value}
    if isinstance(value, dict):
        return {"type": kind, **value}
    return {"type": kind, "value": value}


def kept(account: Account, kind: str, given: Any) -> dict[str, str]:
    """World field → value of the ``custom_fields`` of a body; refuses what is not of its type."""
    if not isinstance(given, Mapping):
        raise errors.invalid("pd_shape", "custom_fields", "must be an object.")
    known = custom(account, kind)
    found: dict[str, str] = {}
    for code, value in given.items():
        definition = known.get(code)
        if definition is None:
            raise errors.invalid("pd_field_unknown", f"custom_fields.{code}", "is not a field.")
        found[definition.name] = _kept(account, definition, f"custom_fields.{code}", value)
    return found


def _kept(account: Account, definition: Property, name: str, value: Any) -> str:
    kind = type_of(definition)
    if value is None:
        return ""
    if kind in WITH_OPTIONS:
        return _options(definition, kind, name, value)
    if kind == "double":
        return f"{_typed(name, value, (int, float), 'a number'):g}"
    if kind in IDS:
        return str(_typed(name, value, (int,), "an integer"))
    if kind in RANGES:
        return _range(RANGES[kind], name, value)
    if kind == "monetary":
        return _money(account, name, value)
    if kind == "address":
        _typed(name, value, (dict,), "an object")
        return orjson.dumps(value).decode()
    text = str(_typed(name, value, (str,), "a string"))
    shape = {"date": DATE, "time": TIME}.get(kind)
    if shape is not None and text and not shape.fullmatch(text):
        raise errors.invalid("pd_field_value", name, f"is not a valid {kind}.")
    return text


def _typed(name: str, value: Any, types: tuple[type, ...], what: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, types):
        raise errors.invalid("pd_shape", name, f"must be {what}.")
    return value


def _options(definition: Property, kind: str, name: str, value: Any) -> str:
    known = {option_id(definition, one): one.value for one in definition.options}
    if kind == "enum":
        chosen = [_typed(name, value, (int,), "an integer")]
    else:
        chosen = [
            _typed(name, one, (int,), "an integer")
            for one in _typed(name, value, (list,), "an array")
        ]
    for one in chosen:
        if one not in known:
            raise errors.invalid("pd_field_value", name, f"has no option {one}.")
    return ";".join(known[one] for one in chosen)


def _range(shape: re.Pattern[str], name: str, value: Any) -> str:
    _typed(name, value, (dict,), "an object with value and until")
    ends = [value.get("value"), value.get("until")]
    if not all(isinstance(one, str) and shape.fullmatch(one) for one in ends):
        raise errors.invalid("pd_field_value", name, "needs value and until.")
    return orjson.dumps({"value": ends[0], "until": ends[1]}).decode()


def _money(account: Account, name: str, value: Any) -> str:
    _typed(name, value, (dict,), "an object with value and currency")
    amount = _typed(f"{name}.value", value.get("value"), (int, float), "a number")
    currency = value.get("currency") or account.currency
    return orjson.dumps({"value": amount, "currency": currency}).decode()
