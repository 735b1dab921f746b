"""An event as a customer's tool posts it: read and checked, before anybody knows whom it is about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast

from app.model.events import CUSTOM, EVENTS, is_name
from app.model.time import DAY, MINUTE, Business, parse_instant

BATCH = 100
"""Most events of one request."""

MAX_DATA = 4_096
"""Most bytes of an event's `data`, as JSON."""

OLDEST_MS = 30 * DAY
"""What happened longer ago is history, and not a reason to act now."""

AHEAD_MS = 5 * MINUTE
"""How far the clock of the tool that posts may go before ours."""

_KEYS = ("id", "name", "at", "person", "company", "deal", "data")
_MAX_ID = 64


@dataclass(frozen=True, slots=True)
class Problem:
    """field: what is wrong, such as `person.email`; message: why, and what would be right."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Posted:
    """id: the sender's, by which a repetition is known. person_email is in small letters."""

    id: str
    name: str
    at: Business
    person_id: str | None
    person_email: str | None
    company_id: str | None
    deal_id: str | None
    data: Mapping[str, Any]


def read(raw: object, now: Business) -> Posted | list[Problem]:
    """The event, or every mistake in it."""
    if not isinstance(raw, dict):
        return [Problem("", "an event is an object with id, name, at and whom it is about")]
    given = cast(dict[str, Any], raw)
    problems = [
        Problem(str(key), f"unknown; an event has {', '.join(_KEYS)}")
        for key in given
        if key not in _KEYS
    ]
    id = _id(given.get("id"), "id", problems)
    name = _name(given.get("name"), problems)
    at = _at(given.get("at"), now, problems)
    person_id, email = _person(given.get("person"), problems)
    company = _one(given.get("company"), "company", problems)
    deal = _one(given.get("deal"), "deal", problems)
    if not problems and not (person_id or email or company or deal):
        problems.append(Problem("person", "missing; say whom it is about: person, deal or company"))
    data = _data(given.get("data"), problems)
    if problems:
        return problems
    return Posted(id, name, Business(at), person_id, email, company, deal, data)


def _id(given: Any, field: str, problems: list[Problem]) -> str:
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str) or not text.strip() or len(text) > _MAX_ID:
        said = "missing; " if given is None else ""
        wanted = f"a text of 1 to {_MAX_ID} characters must stand here"
        problems.append(Problem(field, f"{said}{wanted}"))
        return ""
    return text.strip()


def _name(given: Any, problems: list[Problem]) -> str:
    if isinstance(given, str) and is_name(given):
        return given
    if given is None:
        problems.append(Problem("name", "missing; docs/events.md lists the names"))
        return ""
    near = get_close_matches(str(given).lower(), EVENTS, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    problems.append(
        Problem(
            "name",
            f"{str(given)[:64]!r} is no event; {hint}Names of your own begin with {CUSTOM} and go "
            "on with small letters, digits and _.",
        )
    )
    return ""


def _at(given: Any, now: Business, problems: list[Problem]) -> int:
    at: int | None = None
    if isinstance(given, int) and not isinstance(given, bool):
        at = given
    elif isinstance(given, str):
        try:
            at = parse_instant(given.strip())
        except ValueError:
            at = None
    if at is None:
        said = "missing" if given is None else f"{str(given)[:40]!r} is no instant"
        problems.append(
            Problem("at", f"{said}; write 2026-11-30T09:00:00Z, or milliseconds since 1970")
        )
        return 0
    if at > now + AHEAD_MS:
        hint = "; is it in microseconds?" if at > now * 100 else "; check the clock of the sender"
        problems.append(Problem("at", f"in the future{hint}"))
    elif at < now - OLDEST_MS:
        hint = "; is it in seconds? Send milliseconds" if at < now // 100 else ""
        days = OLDEST_MS // DAY
        problems.append(Problem("at", f"too old: events are for the last {days} days{hint}"))
    return at


def _person(given: Any, problems: list[Problem]) -> tuple[str | None, str | None]:
    if given is None:
        return None, None
    parts = cast(dict[str, Any], given) if isinstance(given, dict) else {}
    if not parts or set(parts) - {"id", "email"}:
        problems.append(Problem("person", 'write {"id": "…"} or {"email": "…"}, or both'))
        return None, None
    id = _id(parts["id"], "person.id", problems) if parts.get("id") is not None else None
    email = parts.get("email")
    if email is not None:
        text = email.strip().lower() if isinstance(email, str) else ""
        local, at, domain = text.rpartition("@")
        if not (local and at and "." in domain) or len(text) > 254 or " " in text:
            problems.append(Problem("person.email", "is no e-mail address"))
            return id, None
        return id, text
    return id, None


def _one(given: Any, field: str, problems: list[Problem]) -> str | None:
    if given is None:
        return None
    if not isinstance(given, dict) or set(cast(dict[str, Any], given)) != {"id"}:
        problems.append(Problem(field, 'write {"id": "…"}, the id of the record in the CRM'))
        return None
    return _id(cast(dict[str, Any], given)["id"], f"{field}.id", problems)


def _data(given: Any, problems: list[Problem]) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        problems.append(Problem("data", "an object of names and values must stand here"))
        return {}
    data = cast(dict[str, Any], given)
    for key, value in data.items():
        if not isinstance(value, str | int | float | bool | None):
            problems.append(
                Problem(f"data.{key}", "a text, a number or true or false must stand here")
            )
    if len(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")) > MAX_DATA:
        problems.append(Problem("data", f"larger than {MAX_DATA} bytes; send what rules ask about"))
    return data
