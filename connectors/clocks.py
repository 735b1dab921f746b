"""Clocks for calls before there is an installation."""

from __future__ import annotations

import time

from app.model.time import Business, Wall


class WallClocks:
    """Business time is the wall's: nothing is due yet."""

    def wall(self) -> Wall:
        return Wall(time.time_ns() // 1_000_000)

    def business(self) -> Business:
        return Business(self.wall())
