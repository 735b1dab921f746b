"""Words of a playbook file that name events, or signals beside which events may stand."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from app.model.events import CUSTOM, EVENTS, is_name
from app.model.vocabulary import SignalKind
from app.playbooks.values import refusal
from app.wording.language import suggest


class Absent(StrEnum):
    """Signals whose absence a rule may ask for with `unless`."""

    REPLIED = "replied"
    MEETING_BOOKED = "meeting_booked"
    MEETING_HELD = "meeting_held"
    TASK_COMPLETED = "task_completed"
    REP_ACTIVITY = "rep_activity"
    STAGE_ENTERED = "stage_entered"

    @property
    def kind(self) -> SignalKind:
        return SignalKind(self.value)


_ABSENT = {word.value: word for word in Absent}


def _read_absent(value: Any) -> list[Absent | str]:
    """Signals and events whose absence is waited for."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not given:
        words = ", ".join(_ABSENT)
        raise refusal(f"{value!r} is no list of signals", f"name some of {words}, or events")
    found: list[Absent | str] = []
    for index, word in enumerate(given):
        if word in _ABSENT:
            found.append(_ABSENT[word])
        else:
            found.append(_event_name(word, index, tuple(_ABSENT)))
    return found


def _event_name(value: Any, item: int | None = None, also: tuple[str, ...] = ()) -> str:
    if isinstance(value, str) and is_name(value):
        return value
    what = "is no event" if not also else "is neither a signal that can stand here nor an event"
    hint = suggest(str(value), (*also, *EVENTS))
    listed = f"docs/events.md lists all; names of your own begin with {CUSTOM}"
    raise refusal(f"{value!r} {what}", f"{hint} {listed}".strip(), item)


def _read_events(value: Any) -> list[str]:
    if isinstance(value, list) and value:
        return [_event_name(name, index) for index, name in enumerate(value)]
    return [_event_name(value)]


COUNTED_SIGNALS = ("replied", "meeting_booked", "form_submitted")
"""Signals that a surge may count beside events."""


def _read_surging(value: Any) -> list[str]:
    if value == "any":
        return []
    if not isinstance(value, list) or not value:
        raise refusal(f"{value!r} is no list of signs", "write any, or a list of events")
    return [
        str(name) if name in COUNTED_SIGNALS else _event_name(name, index, COUNTED_SIGNALS)
        for index, name in enumerate(value)
    ]


_EVENT_WORD = {"anyOf": [{"enum": list(EVENTS)}, {"type": "string", "pattern": r"^custom\.[a-z]"}]}
EventList = Annotated[
    list[str],
    PlainValidator(_read_events),
    WithJsonSchema({"anyOf": [*_EVENT_WORD["anyOf"], {"type": "array", "items": _EVENT_WORD}]}),
]
SurgingList = Annotated[
    list[str],
    PlainValidator(_read_surging),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "any"},
                {
                    "type": "array",
                    "items": {"anyOf": [{"enum": list(COUNTED_SIGNALS)}, *_EVENT_WORD["anyOf"]]},
                },
            ]
        }
    ),
]
AbsentList = Annotated[
    list[Absent | str],
    PlainValidator(_read_absent),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "array",
                    "items": {"anyOf": [{"enum": list(_ABSENT)}, *_EVENT_WORD["anyOf"]]},
                    "minItems": 1,
                },
            ]
        }
    ),
]
