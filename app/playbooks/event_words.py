"""What of an event a condition may ask, where the event's name does not say."""

from __future__ import annotations

import re

from app.decisions.event_counting import EVENT_FIELD

ANYTHING = f"{EVENT_FIELD}*"
"""Stands for whatever a made up event may say."""

_WORD = re.compile(r"event\.[a-z][a-z0-9_]{0,47}$")


def asks_event(field: str, known: frozenset[str]) -> bool:
    """Whether a condition asks what a made up event says, of which nobody knows the words."""
    return ANYTHING in known and _WORD.match(field) is not None
