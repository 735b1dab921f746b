"""Delays that count back from a date: negative here, as a file writes them not."""

from __future__ import annotations

from app.model.time import Delay


def forwards(delay: Delay | None) -> Delay | None:
    """The delay as a file writes it, whichever way it counts."""
    return delay if delay is None or delay.amount >= 0 else backwards(delay)


def backwards(delay: Delay) -> Delay:
    """The delay as a negative one, and the other way round."""
    return Delay(-delay.amount, delay.unit)
