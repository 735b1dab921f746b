"""Conditions as tests of rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.salesforce import ids
from sandbox.salesforce.errors import ApiError, refuse
from sandbox.salesforce.model import Field, Row
from sandbox.salesforce.soql.spans import span
from sandbox.salesforce.soql.tree import Compare, Condition, Value

Test = Callable[[Row], bool]
Get = Callable[[Row], Any]
Operand = tuple[Field | None, Get, str]
"""The field behind the left side (None: a text), its reader, its type."""

_NUMBERS = frozenset(("currency", "double", "percent", "int"))
_IDS = frozenset(("id", "reference"))
_KINDS = {
    "boolean": ("boolean",),
    "date": ("date", "span"),
    "datetime": ("datetime", "span"),
    **dict.fromkeys(_NUMBERS, ("number",)),
}
"""Type of a field → kinds of literals that it is compared with; of all others, strings."""
_WORDS = {"datetime": "dateTime", "currency": "decimal", "double": "decimal", "percent": "decimal"}


def combined(condition: Condition, compare: Callable[[Compare], Test]) -> Test:
    """A test of a whole condition, each comparison made by ``compare``."""
    if isinstance(condition, Compare):
        return compare(condition)
    tests = [combined(part, compare) for part in condition.parts]
    if condition.operator == "NOT":
        (inner,) = tests
        return lambda row: not inner(row)
    if condition.operator == "AND":
        return lambda row: all(test(row) for test in tests)
    return lambda row: any(test(row) for test in tests)


def wrong_type(name: str, kind: str, value: Value) -> ApiError:
    """The refusal of a value that is not of the field's type."""
    word = _WORDS.get(kind, kind)
    quotes = (
        "should be enclosed in quotes"
        if kind not in _KINDS
        else "should not be enclosed in quotes"
        if value.kind == "string"
        else "is not"
    )
    return refuse(
        "sf_filter_value",
        f"value of filter criterion for field '{name}' must be of type {word} and {quotes}",
    )


def comparison(compare: Compare, operand: Operand, now: int, zone: str) -> Test:
    """The test of one comparison with values that stand in the query."""
    field, get, kind = operand
    name = field.name if field else str(compare.left)
    assert isinstance(compare.values, tuple)
    operator = compare.operator
    if operator == "LIKE" and (kind in _KINDS or kind in _IDS):
        raise refuse("sf_filter_operator", f"invalid operator on {kind} field: {name}")
    if operator in ("INCLUDES", "EXCLUDES") and kind != "multipicklist":
        raise refuse("sf_filter_operator", f"{operator} is not for {kind} field: {name}")
    for value in compare.values:
        wanted = _KINDS.get(kind, ("string",))
        if value.kind != "null" and value.kind not in wanted:
            raise wrong_type(name, kind, value)
    if operator == "LIKE":
        return _like(get, compare.values[0])
    if operator in ("INCLUDES", "EXCLUDES"):
        return _includes(get, operator, compare.values)
    spans = [one.value for one in compare.values if one.kind == "span"]
    if spans and operator in ("IN", "NOT IN"):
        raise refuse("sf_malformed", "date literals do not go into lists")
    if spans:
        first, after = span(spans[0], now, zone)
        return _within(get, operator, *_edges(kind, first, after, zone))
    if operator in ("IN", "NOT IN"):
        held = {_plain(kind, name, one) for one in compare.values}
        if operator == "IN":
            return lambda row: _folded(get(row)) in held
        return lambda row: _folded(get(row)) not in held
    return _ordered(get, operator, _plain(kind, name, compare.values[0]))


def _plain(kind: str, name: str, value: Value) -> Any:
    """A literal as rows hold it: texts in lower case, for SOQL does not tell case."""
    if value.kind == "string":
        text = str(value.value)
        if kind not in _IDS:
            return text.lower().replace("\\_", "_").replace("\\%", "%")
        try:
            if text:
                ids.read(text)
        except ids.NoId:
            raise refuse("sf_filter_id", f"invalid ID field: {text}") from None
        return ids.same(text).lower()
    if value.kind == "datetime":
        return instant_of(value.value)
    if value.kind == "date":
        day_of(value.value)
    return value.value


def instant_of(text: str) -> int:
    """A datetime literal as ms."""
    try:
        return round(datetime.fromisoformat(text.replace(" ", "+")).timestamp() * 1000)
    except ValueError:
        raise refuse("sf_malformed", f"{text!r} is no date and time") from None


def day_of(text: str) -> date:
    """A date literal."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse("sf_malformed", f"{text!r} is no day") from None


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _ordered(get: Get, operator: str, wanted: Any) -> Test:
    if operator == "=":
        return lambda row: _folded(get(row)) == wanted
    if operator == "!=":
        return lambda row: _folded(get(row)) != wanted
    if wanted is None:
        raise refuse("sf_malformed", f"'{operator}' does not go with null")

    def test(row: Row) -> bool:
        value = _folded(get(row))
        if value is None:
            return False
        if operator == "<":
            return value < wanted
        if operator == "<=":
            return value <= wanted
        return value > wanted if operator == ">" else value >= wanted

    return test


def _edges(kind: str, first: date, after: date, zone: str) -> tuple[Any, Any]:
    if kind == "date":
        return first.isoformat(), after.isoformat()
    return _midnight(first, zone), _midnight(after, zone)


def _midnight(day: date, zone: str) -> int:
    at = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    return round(at.timestamp() * 1000)


def _within(get: Get, operator: str, first: Any, after: Any) -> Test:
    """Against a span of days: ``=`` is within it, ``>`` after its last day."""

    def test(row: Row) -> bool:
        value = get(row)
        if value is None:
            return operator == "!="
        if operator == "=":
            return first <= value < after
        if operator == "!=":
            return not first <= value < after
        if operator == "<":
            return value < first
        if operator == "<=":
            return value < after
        return value >= after if operator == ">" else value >= first

    return test


def _like(get: Get, value: Value) -> Test:
    pattern, text, at = "", str(value.value or ""), 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            pattern += re.escape(text[at + 1])
            at += 2
            continue
        pattern += {"%": ".*", "_": "."}.get(text[at], re.escape(text[at]))
        at += 1
    wanted = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return lambda row: wanted.fullmatch(str(get(row) or "")) is not None


def _includes(get: Get, operator: str, values: tuple[Value, ...]) -> Test:
    wanted = [frozenset(str(one.value).lower().split(";")) for one in values]

    def holds(row: Row) -> bool:
        held = set(str(get(row) or "").lower().split(";"))
        return any(one <= held for one in wanted)

    return holds if operator == "INCLUDES" else lambda row: not holds(row)
