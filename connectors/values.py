"""A CRM's property values and ours: one reader and one writer per kind of value.

Readers take the CRM's text (never None or empty) and raise ValueError for what they cannot read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from datetime import date as calendar_day
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import orjson

Reader = Callable[[str], Any]


@lru_cache(maxsize=16_384)  # one record repeats its instants: created, changed, each history's
def instant(text: str) -> int:
    """Milliseconds of ISO 8601 text, or of a number of milliseconds as text."""
    if text[-1] != "Z" and text.lstrip("-").isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def date(text: str) -> str:
    """`2026-12-31` of a date, or of an instant at midnight UTC, which is how CRMs send dates too.

    A date has no zone: whose midnight it is, decisions say, so it stays what people wrote.
    """
    if text[4:5] == "-":
        return calendar_day.fromisoformat(text[:10]).isoformat()
    return datetime.fromtimestamp(instant(text) / 1000, UTC).date().isoformat()


def number(text: str) -> float:
    return float(text)


def boolean(text: str) -> bool:
    if text in ("true", "True", "1", "yes"):
        return True
    if text in ("false", "False", "0", "no"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def opt_out(text: str) -> bool:
    """True for whatever is not plainly a no: consent that cannot be read is none."""
    return text not in ("false", "False", "0", "no")


def flag(text: str) -> bool:
    """True for `true` or a count above zero; HubSpot counts bounces."""
    return text == "true" or (text != "false" and float(text) > 0)


def is_set(text: str) -> bool:
    """True whatever it says: that it says anything is what counts."""
    return bool(text)


@lru_cache(maxsize=2048)
def zone(text: str) -> str:
    """An IANA zone name from itself in any case, or from a slug.

    HubSpot's contacts carry slugs: `america_slash_port_hyphen_au_hyphen_prince`.
    """
    plain = text.replace("_slash_", "/").replace("_hyphen_", "-").replace("_plus_", "+")
    known = _zones().get(plain.lower())
    if known is None:
        raise ValueError(f"{text!r} is no time zone")
    return known


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


_DAYS: dict[str, tuple[int, ...]] = {
    "MONDAY": (0,),
    "TUESDAY": (1,),
    "WEDNESDAY": (2,),
    "THURSDAY": (3,),
    "FRIDAY": (4,),
    "SATURDAY": (5,),
    "SUNDAY": (6,),
    "MONDAY_TO_FRIDAY": (0, 1, 2, 3, 4),
    "SATURDAY_SUNDAY": (5, 6),
    "EVERY_DAY": (0, 1, 2, 3, 4, 5, 6),
}


def hours(text: str) -> dict[int, list[tuple[int, int]]] | None:
    """Working hours: weekday (0 is Monday) → (start, end) minutes, in order. None for none."""
    found: dict[int, list[tuple[int, int]]] = {}
    for entry in orjson.loads(text):
        span = (int(entry["startMinute"]), int(entry["endMinute"]))
        for day in _DAYS[entry["days"]]:
            found.setdefault(day, []).append(span)
    return {day: sorted(spans) for day, spans in sorted(found.items())} or None


def absences(text: str) -> tuple[tuple[int, int], ...]:
    """Out-of-office spans as half-open instants."""
    found = (
        (_by_magnitude(entry["startTimestamp"]), _by_magnitude(entry["endTimestamp"]))
        for entry in orjson.loads(text)
    )
    return tuple(sorted(span for span in found if span[0] < span[1]))


def _by_magnitude(stamp: float | str) -> int:
    """Milliseconds, whether given so, in seconds, or in the tenths that the documents show.

    The guide's own example is 17303796000 for a day of 2024, which is seconds with a digit more.
    """
    value = int(stamp)
    if value < 10_000_000_000:
        return value * 1000
    if value < 100_000_000_000:
        return value * 100
    return value


def choice(values: Mapping[str, Any], otherwise: str | None) -> Reader:
    """A reader of an enumeration. otherwise: what an unlisted value reads as; `keep`: itself."""
    get = dict(values).get
    if otherwise == "keep":
        return lambda text: get(text, text)
    return lambda text: get(text, otherwise)


def several(text: str) -> list[str]:
    """The parts of a value that holds several, separated by semicolons."""
    return [part for part in text.split(";") if part]


def roles(text: str) -> list[str]:
    """Roles in words: `DECISION_MAKER;CHAMPION` reads as Decision maker, Champion."""
    return [part.replace("_", " ").capitalize() for part in several(text)]


READERS: dict[str, Reader] = {
    "number": number,
    "bool": boolean,
    "flag": flag,
    "set": is_set,
    "opt_out": opt_out,
    "instant": instant,
    "date": date,
    "zone": zone,
    "hours": hours,
    "absences": absences,
    "several": several,
    "roles": roles,
}


def write(value: Any) -> str:
    """A canonical value as the CRM takes it; None clears a property."""
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


SOURCES = {"IMPORT": "import", "CRM_UI_BULK_ACTION": "bulk", "BATCH_UPDATE": "bulk"}
"""The CRM's words for what writes many records at once → ours; other sources keep their names."""
