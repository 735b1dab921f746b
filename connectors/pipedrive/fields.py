"""An account's fields: custom ones have a hash for a name, and choices a number, in each account
another. Here they are found again by what people call them, and values put into words.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as of_day
from typing import Any, cast
from zoneinfo import ZoneInfo

from app.model.time import HOUR, Clocks, Wall
from connectors.contract import FeatureUnavailable, Forbidden, NotFound, ObjectType
from connectors.mapping import PropertyInfo
from connectors.pipedrive.api import Api, v2

KEPT_MS = 6 * HOUR
"""How long (wall) an account's fields are taken to be as they were read; each reading costs ten
tokens."""

LISTS: Mapping[ObjectType, str] = {
    "deal": "dealFields",
    "contact": "personFields",
    "task": "activityFields",
}

_KINDS: Mapping[str, str] = {
    "double": "number",
    "int": "number",
    "monetary": "number",
    "boolean": "bool",
    "enum": "enumeration",
    "set": "enumeration",
    "date": "date",
}
"""Pipedrive's field types in the words of `PropertyInfo`; whatever else there is reads as text."""


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of an account. options: number → word."""

    code: str
    name: str
    type: str
    custom: bool
    options: Mapping[str, str] = field(default_factory=dict[str, str])

    def info(self) -> PropertyInfo:
        return PropertyInfo(
            self.code,
            _KINDS.get(self.type, "string"),
            frozenset(self.options.values()) if self.options else None,
            read_only=not self.custom,
        )

    def number(self, word: str) -> int:
        """The option of that word. Raises ValueError naming those there are."""
        for id, label in self.options.items():
            if label.casefold() == word.casefold():
                return int(id)
        there = ", ".join(self.options.values())
        raise ValueError(f"{self.name}: {word!r} is no option of it; there are: {there}")


def parse_field(row: Mapping[str, Any]) -> FieldInfo:
    return FieldInfo(
        str(row["field_code"]),
        str(row.get("field_name") or ""),
        str(row.get("field_type") or ""),
        bool(row.get("is_custom_field")),
        {str(one["id"]): str(one["label"]) for one in row.get("options") or ()},
    )


class Fields:
    """The fields of one account, read when they are first needed. Safe for threads.

    ours: type → property as `mappings/pipedrive.yaml` names it → the field's name in Pipedrive.
    """

    def __init__(
        self, api: Api, clocks: Clocks, ours: Mapping[ObjectType, Mapping[str, str]]
    ) -> None:
        self._api = api
        self._clocks = clocks
        self._ours = ours
        self._lock = threading.Lock()
        self._known: dict[ObjectType, tuple[Wall, dict[str, FieldInfo]]] = {}

    def of(self, type: ObjectType, *, fresh: bool = False) -> dict[str, FieldInfo]:
        """code → field; {} for a type without fields of its own, and where the grant hides them.

        fresh: read them again.
        """
        path = LISTS.get(type)
        if path is None:
            return {}
        with self._lock:
            now = self._clocks.wall()
            read_at, known = self._known.get(type, (Wall(-KEPT_MS - 1), {}))
            if fresh or now - read_at > KEPT_MS:
                try:
                    rows = list(self._api.listed(v2(path), {"limit": 500}))
                except (Forbidden, NotFound, FeatureUnavailable):
                    rows = []
                known = {info.code: info for info in map(parse_field, rows)}
                self._known[type] = now, known
            return known

    def ours(self, type: ObjectType) -> dict[str, FieldInfo]:
        """Property of ours → the account's field; one that is not there is left out."""
        return find_ours(self.of(type).values(), self._ours.get(type, {}))

    def resolve(self, type: ObjectType, name: str) -> FieldInfo | None:
        """The field of that code, of that property of ours, or of that name in Pipedrive."""
        known = self.of(type)
        found = known.get(name) or self.ours(type).get(name)
        if found is None:
            same = [one for one in known.values() if one.name.casefold() == name.casefold()]
            found = same[0] if len(same) == 1 else None
        return found


def find_ours(
    there: Iterable[FieldInfo], names: Mapping[str, str]
) -> dict[str, FieldInfo]:
    """Property → custom field of the wanted name; of several, the first that was made."""
    by_name: dict[str, FieldInfo] = {}
    for info in there:
        if info.custom:
            by_name.setdefault(info.name.casefold(), info)
    return {
        property: by_name[name.casefold()]
        for property, name in names.items()
        if name.casefold() in by_name
    }


# --- values --------------------------------------------------------------------------------------


def text_of(value: Any, info: FieldInfo | None = None) -> str | None:
    """A value of v2 as the text that mappings read: choices by their words, several of them
    between semicolons, of a sum or a time of day its bare value."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = cast(dict[str, Any], value)
        return text_of(inner.get("value", inner.get("id")), info)
    if isinstance(value, list):
        parts = (text_of(one, info) for one in cast(list[Any], value))
        return ";".join(part for part in parts if part) or None
    text = str(value)
    return info.options.get(text, text) if info is not None else text


def typed(text: str, info: FieldInfo, zone: str) -> Any:
    """What is sent for a text: v2 takes a number for a number only. Raises ValueError."""
    if not text:
        return None
    if info.type == "enum":
        return info.number(text)
    if info.type == "set":
        return [info.number(part) for part in text.split(";") if part]
    if info.type == "int":
        return int(text)
    if info.type in ("double", "monetary"):
        number = float(text)
        return {"value": number} if info.type == "monetary" else number
    if info.type == "boolean":
        return text == "true"
    if info.type == "date" and text.lstrip("-").isdigit():
        return local_day(int(text), zone)
    return text


def local_day(instant: int, zone: str) -> str:
    """The calendar day of an instant, where the account is: Pipedrive has no field for a time."""
    return datetime.fromtimestamp(instant / 1000, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def day_after(instant: int, zone: str) -> int:
    """The first beginning of a day, where the account is, that is not before the instant."""
    begins = int(day_begins(local_day(instant, zone), zone))
    if begins >= instant:
        return begins
    tomorrow = datetime.fromisoformat(local_day(instant, zone)) + timedelta(days=1)
    return int(day_begins(tomorrow.date().isoformat(), zone))


def day_begins(day: str, zone: str) -> str:
    """The instant, in ms as text, at which a calendar day begins where the account is."""
    moment = datetime.combine(datetime.fromisoformat(day[:10]), of_day(), ZoneInfo(zone))
    return str(round(moment.timestamp() * 1000))
