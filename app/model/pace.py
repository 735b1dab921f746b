"""How fast a sequence goes: what stretches or shortens the time between its steps."""

from __future__ import annotations

from dataclasses import dataclass

from app.model.condition import Condition

LEAST, MOST = 0.1, 10.0
"""A pace below or above that is a mistake."""


@dataclass(frozen=True, slots=True)
class Pace:
    """While the condition is met the time between two steps is so many times what is written."""

    condition: Condition
    times: float
