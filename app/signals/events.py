"""Posted events: on whose account each one goes, and the signal that it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.model.events import spec
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind, StageKind, SubjectType


def event_cause(event_id: str) -> str:
    """The anchor of whatever an event starts: the sender's id, the same however often it comes."""
    return f"event:{event_id}"


def concerned(name: str, subjects: Sequence[SubjectView]) -> list[int]:
    """Which of a person's subjects an event is about.

    What a customer does or owes belongs to the deal that was won last; everything else to all open
    deals. Without those, to the inquiry that the person is; else to the deal that closed last,
    because somebody who comes back comes back to that.
    """
    deals = [one for one in subjects if one.type is SubjectType.DEAL and not one.deleted]
    inquiry = [one.id for one in subjects if one.type is not SubjectType.DEAL and not one.deleted]
    closed = sorted((one for one in deals if one.closed), key=lambda one: one.stage_entered_at or 0)
    won = [one.id for one in closed if one.stage_kind is StageKind.WON][-1:]
    open_ones = [one.id for one in deals if not one.closed]
    first, second = (won, open_ones) if spec(name).customer else (open_ones, inquiry)
    return first or second or inquiry or [one.id for one in closed][-1:]


def still_open(subjects: Sequence[SubjectView]) -> list[int]:
    """The deals of a company that an event at that company is about."""
    return [
        one.id
        for one in subjects
        if one.type is SubjectType.DEAL and not one.deleted and not one.closed
    ]


def event_signal(
    subject: int, name: str, at: int, cause: str, contact: str | None, data: Mapping[str, Any]
) -> Signal:
    """An event as rules see it."""
    return Signal(
        SignalKind.EVENT, subject, Business(at), cause, contact=contact,
        data={"name": name, "event": dict(data)},
    )  # fmt: skip
