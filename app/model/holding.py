"""What decisions answer about waiting: holds of a subject or a person, and who is left alone."""

from __future__ import annotations

from dataclasses import dataclass

from app.model.time import Business


@dataclass(frozen=True, slots=True)
class HoldSubject:
    subject: int
    reason: str
    until_at: Business | None


@dataclass(frozen=True, slots=True)
class HoldContact:
    """Hold a person in whatever runs for them. until_at None: until a person lifts it."""

    contact: str
    reason: str
    until_at: Business | None


@dataclass(frozen=True, slots=True)
class LiftHolds:
    """Holds for these reasons are over, on the subject and on the person, where there are any."""

    subject: int
    contact: str | None
    reasons: frozenset[str]


@dataclass(frozen=True, slots=True)
class SuppressContact:
    """Nobody addresses this person any more, whatever the CRM says of them. reason: why."""

    contact: str
    reason: str
    at: Business
