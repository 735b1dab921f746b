"""What a reply was said to mean, and what decisions about it read beside the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.model.decisions import EnrolmentView
from app.model.record import record
from app.model.time import Business
from app.model.vocabulary import ReplyClass

LETTERS: Mapping[ReplyClass, str] = {
    ReplyClass.CHOICE_A: "a",
    ReplyClass.CHOICE_B: "b",
    ReplyClass.CHOICE_C: "c",
}
USUAL_CHOICES: Mapping[str, str] = {"a": "close", "b": "90d", "c": "call"}
"""What the letters mean where no mail of ours is known to have asked for them."""

MACHINES = frozenset({ReplyClass.OUT_OF_OFFICE, ReplyClass.BOUNCE})
"""Classes of what no person wrote."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody or something said of a reply.

    means: of one letter, what it stands for in the mail that asked for it: `close`, `call`, or the
    delay after which to come back.
    date: ISO date, where the reply names one that can only be read in one way. readings: the ISO
    dates that it could mean, where it can be read in several. words: the date as it was written.
    by: who said so: a person, `the CRM`, `the mail itself`, or whatever called the API.
    """

    kind: ReplyClass
    date: str | None = None
    readings: tuple[str, ...] = ()
    words: str = ""
    by: str = ""
    means: str = ""

    def as_data(self) -> dict[str, Any]:
        """JSON-able, as signals carry it."""
        return {
            "class": self.kind.value,
            "date": self.date,
            "readings": list(self.readings),
            "words": self.words,
            "by": self.by,
            "means": self.means,
            "machine": self.kind in MACHINES,
        }


def said_of(data: Mapping[str, Any]) -> Said:
    """What `Said.as_data` wrote."""
    return Said(
        ReplyClass(data["class"]),
        data.get("date"),
        tuple(data.get("readings") or ()),
        data.get("words") or "",
        data.get("by") or "",
        data.get("means") or "",
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """When a touch is owed and due, as it stands. edited: a rep made its task theirs."""

    owed_at: Business
    due_at: Business
    edited: bool = False


@record
class ReplyGround:
    """What is read of one subject before a reply is acted on.

    ended: enrolments that a reply ended lately. placed: touch id → its instants, of those and of
    what runs. holds: reason → until, of the subject; of_person: the same of the person who wrote.
    recycled: name → data of timers that will bring the subject back on a date.
    """

    ended: tuple[EnrolmentView, ...] = ()
    placed: Mapping[str, Placed] = field(default_factory=dict[str, Placed])
    holds: Mapping[str, Business | None] = field(default_factory=dict[str, "Business | None"])
    of_person: Mapping[str, Business | None] = field(default_factory=dict[str, "Business | None"])
    recycled: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict[str, Mapping[str, Any]]
    )
