"""What a person may ask of one running follow-up's times."""

from __future__ import annotations

from dataclasses import dataclass

from app.model.time import Business, Delay


@dataclass(frozen=True, slots=True)
class By:
    """Everything that is still to come, so much later."""

    delay: Delay


@dataclass(frozen=True, slots=True)
class To:
    """The next step at this instant, the later ones by as many days."""

    at: Business


@dataclass(frozen=True, slots=True)
class PauseUntil:
    """Nothing before this instant; the time until then does not count."""

    until: Business


@dataclass(frozen=True, slots=True)
class Skip:
    """One step is left out; what waited for it goes on."""

    step: str


@dataclass(frozen=True, slots=True)
class JumpTo:
    """On to this step at once: those before it are left out, those after it keep their distance."""

    step: str


Change = By | To | PauseUntil | Skip | JumpTo
