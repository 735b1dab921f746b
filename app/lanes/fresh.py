"""When records were last read, so that none is read twice within a moment."""

from __future__ import annotations

from collections.abc import Iterable

from app.model.time import MINUTE, SECOND, Clocks

FRESH_MS = 30 * SECOND
"""What was read this recently, at the same business instant where that is simulated, is not read
again before acting (wall ms)."""


LAG_MS = MINUTE
"""How long after its creation (wall ms) a record may be absent from a reading that lags. The CRMs
name no figure; seconds are usual."""


class FreshReads:
    """When records were last read, and what we created lately. In memory only: after a restart
    everything is read again, and the CRM has had time to catch up."""

    def __init__(self, clocks: Clocks, simulated: bool) -> None:
        self._clocks = clocks
        self._simulated = simulated
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}
        self._made: dict[tuple[str, str], int] = {}
        self._listed: dict[tuple[str, str], int] = {}

    def is_new(self, type: str, id: str, version: int) -> bool:
        """Whether this version of a record was not listed before: polls overlap."""
        if self._listed.get((type, id)) == version:
            return False
        if len(self._listed) > 50_000:
            self._listed.clear()
        self._listed[type, id] = version
        return True

    def made(self, type: str, ids: Iterable[str]) -> None:
        """Records that we have just created."""
        wall = self._clocks.wall()
        if len(self._made) > 10_000:
            self._made = {key: at for key, at in self._made.items() if wall - at <= LAG_MS}
        self._made.update(((type, id), wall) for id in ids)

    def may_lag(self, type: str, id: str) -> bool:
        """Whether the record is so young that it may be absent from a reading."""
        return self._clocks.wall() - self._made.get((type, id), -LAG_MS - 1) <= LAG_MS

    def note(self, type: str, ids: Iterable[str]) -> None:
        stamp = (self._clocks.wall(), self._clocks.business())
        if len(self._seen) > 200_000:
            self._seen.clear()
        for id in ids:
            self._seen[type, id] = stamp

    def stale(self, type: str, ids: Iterable[str]) -> list[str]:
        """Those that must be read again, in order, each once."""
        wall, now = self._clocks.wall(), self._clocks.business()
        found: list[str] = []
        for id in dict.fromkeys(ids):
            at, business = self._seen.get((type, id), (0, -1))
            if wall - at > FRESH_MS or (self._simulated and business != now):
                found.append(id)
        return found

    def forget(self, type: str, ids: Iterable[str]) -> None:
        for id in ids:
            self._seen.pop((type, id), None)
