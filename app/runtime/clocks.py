"""The two clocks. Wall time always runs; business time runs with it or belongs to a sandbox."""

from __future__ import annotations

import time

from app.model.time import Business, Wall


class RealClocks:
    """Business time is wall time."""

    def business(self) -> Business:
        return Business(time.time_ns() // 1_000_000)

    def wall(self) -> Wall:
        return Wall(time.time_ns() // 1_000_000)


class SimulatedClocks:
    """Business time stands where the sandbox put it; wall time runs."""

    def __init__(self, now: Business = Business(0)) -> None:
        self._now = now

    def business(self) -> Business:
        return self._now

    def wall(self) -> Wall:
        return Wall(time.time_ns() // 1_000_000)

    def move(self, now: Business) -> None:
        """Only the simulation's driver calls this, between two drains."""
        self._now = now
