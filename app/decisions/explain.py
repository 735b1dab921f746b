"""Reasons in plain words: the ledger keeps codes and values, text is made when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from app.decisions.codes import Code
from app.decisions.texts import TEXTS
from app.model.time import to_datetime

_CAPS = frozenset({Code.CAP_7_DAYS, Code.CAP_30_DAYS})

_TOUCHED: Mapping[str, str] = {
    "call": "called",
    "email": "written to",
    "linkedin": "approached on LinkedIn",
}

_CHOICES: Mapping[str, str] = {
    "acted": "the one whose doing it was",
    "primary": "the record's primary contact",
    "latest_activity": "the one with the latest two-way activity",
    "only_contact": "the only one",
    "who_replied": "the one who replied",
    "as_before": "the same as before",
    "no_contact": "none on the record, a rep is asked to add one",
    "ambiguous": "several, a rep is asked to choose",
}


class _Words(dict[str, str]):
    """Values as words; what an older row does not have reads as `unknown`."""

    def __missing__(self, key: str) -> str:
        return "unknown"


def text(code: str, values: Mapping[str, Any], zone: str = "UTC") -> str:
    """One sentence for a code of the ledger, with times as they are in `zone`; a code of a later
    version is shown as it is."""
    sentence = TEXTS.get(code)
    if sentence is None:
        return f"{code}: {say('', dict(values), zone)}"
    words = {key: say(key, value, zone) for key, value in values.items()}
    if code in _CAPS:
        words |= _cap_words(values, zone)
    return sentence.format_map(_Words(words))


def _cap_words(values: Mapping[str, Any], zone: str) -> dict[str, str]:
    """By which channel the person was touched, whose touches it were where not all were ours, and
    which segment the cap is of."""
    others, segment = values.get("others"), values.get("segment")
    return {
        "touched": _TOUCHED.get(values.get("channel", ""), "touched"),
        "shares": f" (in 30 days besides us: {say('', others, zone)})" if others else "",
        "of": f" for {segment}" if segment else "",
    }


def choice_text(reason: str) -> str:
    """Why this contact was chosen, in words."""
    if reason.startswith("role:"):
        return f"the one with the role {reason.removeprefix('role:')}"
    return _CHOICES.get(reason, reason)


def say(key: str, value: Any, zone: str) -> str:
    """A value of the ledger in words: instants, known by their key, as they are in the zone."""
    if key == "choice":
        return choice_text(str(value))
    if value is None:
        return "unknown"
    if isinstance(value, Mapping):
        parts = [
            f"{name} {say('at' if key == 'due' else name, one, zone)}"
            for name, one in value.items()
        ]
        return ", ".join(parts) or "nothing"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(say("", one, zone) for one in value) or "nothing"
    if isinstance(value, int) and not isinstance(value, bool) and _is_instant(key):
        return f"{to_datetime(value).astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M}"
    return str(value)


def _is_instant(key: str) -> bool:
    return key in ("at", "until", "date") or key.endswith("_at")
