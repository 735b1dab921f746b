"""What is left of an account's calls of the last 24 hours, as each answer's header says.

The allowance belongs to all apps of the account together. Salesforce names no instant at which it
returns: the 24 hours slide. So a part of it is left to the others, and once that part is reached we
hold off and look again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.model.time import MINUTE, Clocks, Wall
from connectors.budget import Budget

HEADER = "Sforce-Limit-Info"
KEEP_FREE = 0.05
"""The part of the allowance that we leave to the account's other apps."""

LOOK_AGAIN_MS = 15 * MINUTE

_ACCOUNT = re.compile(r"(?:^|[^-\w])api-usage=(\d+)/(\d+)")
_APP = re.compile(r"per-app-api-usage=(\d+)/(\d+)")


class Allowance:
    """What the latest answer said of one account. Safe for threads: the last one wins."""

    def __init__(self, budget: Budget, clocks: Clocks) -> None:
        self._budget = budget
        self._clocks = clocks
        self.left: int | None = None
        self.most: int | None = None

    def note(self, headers: Mapping[str, str]) -> None:
        """Take in an answer's header; hold off where too little is left."""
        said = headers.get(HEADER) or ""
        found = [_pair(pattern.search(said)) for pattern in (_ACCOUNT, _APP)]
        known = [pair for pair in found if pair is not None]
        if not known:
            return
        self.left, self.most = min(known)
        if any(left < most * KEEP_FREE for left, most in known):
            self._budget.hold_off(self.back_at())

    def back_at(self) -> Wall:
        """When to look again."""
        return Wall(self._clocks.wall() + LOOK_AGAIN_MS)


def _pair(match: re.Match[str] | None) -> tuple[int, int] | None:
    """(left, most) of `used/most`."""
    if match is None:
        return None
    used, most = int(match.group(1)), int(match.group(2))
    return max(0, most - used), most
