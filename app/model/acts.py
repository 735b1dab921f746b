"""What a person may do about one record from a page of ours."""

from __future__ import annotations

from dataclasses import dataclass

from app.model.time import Business


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing automatic on this record, until an instant where the CRM can keep one."""

    until: Business | None = None


@dataclass(frozen=True, slots=True)
class GoOn:
    """A pause or a stop is over."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Follow-up on this record ends, and none begins."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The open task of a touch is done."""

    touch: str


@dataclass(frozen=True, slots=True)
class SkipTouch:
    """A touch is left out: its task goes, or is never written."""

    touch: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """A touch at a later instant; what follows it in its sequence keeps its distance."""

    touch: str
    until: Business


@dataclass(frozen=True, slots=True)
class Begin:
    """Enrol the record in a sequence of a rule in force, by its key `playbook/sequence`."""

    sequence: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Other words for a touch, as plain text; empty: the template's again, where it is to come."""

    touch: str
    text: str


@dataclass(frozen=True, slots=True)
class HandTo:
    """The record has another owner from now on."""

    owner: str


Act = Pause | GoOn | Stop | Complete | SkipTouch | Snooze | Begin | Rewrite | HandTo
