"""Activities: the kinds of deeds, of reps and of prospects, that figures are made of."""

from __future__ import annotations

from typing import NamedTuple

REPLY, CALLED = "reply", "called"
EMAIL, CALL, MEETING, TASK = "email", "call", "meeting", "task"

INBOUND = (REPLY, CALLED)
"""What the prospect did: wrote, or called."""

BOOKED = "booked"
"""A meeting that was booked, by whoever: it ends a silence, and is nobody's word."""

OUTBOUND = (EMAIL, CALL, MEETING, TASK)
"""What a rep did: a mail, a call whoever answered, a meeting that was held, a completed task."""


WORDS = (*INBOUND, *OUTBOUND)

MISSED = "missed"
"""A meeting that the prospect did not come to: known of people alone, for nobody did anything."""

TOUCHING = (EMAIL, CALL)
"""What a cap on a person counts."""


class Activity(NamedTuple):
    """cause: the same for every path by which it may become known. owner: the rep, by the CRM."""

    kind: str
    at: int
    cause: str
    owner: str | None


class PersonAct(NamedTuple):
    """The same with one person. answered: they wrote or called themselves, or picked up."""

    contact: str
    kind: str
    at: int
    cause: str
    owner: str | None
    answered: bool
