"""A story whose app runs as in production: on threads and ticks of its own, waiting for nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from unittest import mock

from app.installations.config import Config, from_environment
from app.model.time import Business, Wall
from tests.scenarios.harness import Story


class Live(Story):
    """Business time stands where the test puts it."""

    def _config(self) -> Config:
        super()._config()
        del self.environment["FOLLOWTHROUGH_SIMULATION"]
        return from_environment(self.environment)

    def _run(self) -> None:
        now = self.simulation.clock.now

        class Clocks:
            def business(self) -> Business:
                return Business(now())

            def wall(self) -> Wall:
                return Wall(time.time_ns() // 1_000_000)

        with mock.patch("app.runtime.embedded.RealClocks", Clocks):
            super()._run()

    def until_so(self, come_true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not come_true():
            assert time.monotonic() < deadline, "what the app should have done did not come"
            time.sleep(0.05)

    def to(self, when: int | str) -> None:
        instant = self.at(when) if isinstance(when, str) else when
        self.simulation.barrier.begin(max(instant, self.now))
