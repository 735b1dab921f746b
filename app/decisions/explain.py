"""Reasons in plain words: the ledger keeps codes and values, text is made when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from app.decisions.codes import Code, Deed
from app.decisions.texts import TEXTS
from app.model.records import BY_ACCOUNT, BY_COMPANY, BY_CONTACT, BY_PHONE, BY_REP, Place
from app.model.time import to_datetime

_CAPS = frozenset({Code.CAP_7_DAYS, Code.CAP_30_DAYS})
_PLACED = frozenset({Code.QUIET_HOURS, Code.WINDOW})
_MOVED: Mapping[str, str] = {
    Code.QUIET_HOURS: ", a decent hour in {zone}{known_by}",
    Code.WINDOW: ", inside the window for {window} in {zone}{known_by}",
    Code.BEST_TIME: ", because {hits} of {of} {what} of theirs came between {since} and {till} in "
    "{zone}",
}
"""Why a task that was written at once is due when it is."""
_TOO_FEW = ", as the channel allows: {answers} answers of theirs are too few to know a better time"

_TOUCHED: Mapping[str, str] = {
    "call": "called",
    "email": "written to",
    "linkedin": "approached on LinkedIn",
}

_WHEREABOUTS: Mapping[str, str] = {
    BY_CONTACT: "the contact's time zone",
    BY_PHONE: "the contact's telephone number",
    **dict(zip(BY_COMPANY, (
        "the company's time zone", "the company's country", "the company's telephone number"
    ), strict=True)),
    BY_REP: "the rep's own time zone, since the prospect's is not known",
    BY_ACCOUNT: "the account's time zone, since the prospect's is not known",
}  # fmt: skip

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
    if code in _PLACED:
        words |= _place_words(values)
    if code == Deed.CREATED:
        why = _MOVED.get(str(values.get("moved")), "")
        words["why_then"] = why.format_map(_Words(words | _place_words(values)))
        if not why and "answers" in values:
            words["why_then"] = _TOO_FEW.format_map(words)
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


def _place_words(values: Mapping[str, Any]) -> dict[str, str]:
    """Where the person is, and how that is known; rows of before name one zone and no source."""
    known = _WHEREABOUTS.get(str(values.get("by", "")))
    zones = values.get("zone")
    return {
        "zone": zones_text(zones) if isinstance(zones, list | tuple) else str(zones),
        "known_by": f", by {known}" if known else "",
    }


def place_text(place: Place) -> str:
    """`Europe/Berlin, by the company's country`."""
    return f"{zones_text(place.zones)}, by {_WHEREABOUTS[place.by]}"


def zones_text(zones: Sequence[str]) -> str:
    """One or two by name; of more the first and how many beside it, which must all be right."""
    if len(zones) > 2:
        return f"{zones[0]} and the {len(zones) - 1} other zones there"
    return " and ".join(zones)


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
