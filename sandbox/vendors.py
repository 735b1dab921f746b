"""All vendors of one sandbox, seen as one by the barrier and by control."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sandbox.vendor import VendorServer
from sandbox.world.records import Change
from sandbox.world.store import World


class Silence:
    """Whether anything has changed in the accounts of vendors that send no webhooks."""

    def __init__(self, world: World, vendors: Vendors) -> None:
        silent = {crm for crm, vendor in vendors.by_crm.items() if vendor.deliveries is None}
        self._broken = False

        def noticed(change: Change) -> None:
            if not self._broken and world.accounts[change.portal_id].crm in silent:
                self._broken = True

        world.on_change(noticed)

    def broken(self) -> bool:
        """Whether there was any such change since this was last asked."""
        was, self._broken = self._broken, False
        return was


class Vendors:
    """The vendors by name; has the shape of the barrier's outbox."""

    def __init__(self, vendors: Sequence[VendorServer[Any]]) -> None:
        self.by_crm = {vendor.crm: vendor for vendor in vendors}
        self._senders = [vendor.deliveries for vendor in vendors if vendor.deliveries]

    def owner(self, path: str) -> VendorServer[Any] | None:
        """The vendor that a path belongs to; None for the sandbox's own pages."""
        return next((vendor for vendor in self.by_crm.values() if vendor.owns(path)), None)

    def requests(self) -> tuple[int, int]:
        """(calls of apps arrived so far, under way now)."""
        arrived, under_way = 0, 0
        for vendor in self.by_crm.values():
            came, are = vendor.requests()
            arrived, under_way = arrived + came, under_way + are
        return arrived, under_way

    def stats(self) -> dict[str, Any]:
        """The counts of all vendors together."""
        calls: dict[str, dict[str, int]] = {}
        refusals: Counter[str] = Counter()
        deliveries: Counter[str] = Counter()
        sums: Counter[str] = Counter()
        tokens: dict[str, Any] = {}
        for vendor in self.by_crm.values():
            told = vendor.stats()
            calls |= told["calls"]
            refusals.update(told["refusals"])
            deliveries.update(told["deliveries"])
            tokens |= told.get("tokens", {})
            sums.update({name: told[name] for name in ("total", "http_429")})
        return {
            "calls": calls,
            "total": sums["total"],
            "http_429": sums["http_429"],
            "refusals": dict(refusals),
            "deliveries": dict(deliveries),
            "tokens": tokens,
        }

    # --- the barrier's outbox ------------------------------------------------------------------

    def flush(self) -> None:
        """Delivers everything pending of every vendor; returns when all was accepted."""
        for sender in self._senders:
            sender.flush()

    def last_number(self) -> int:
        """The number of the newest delivery; all vendors number in one row."""
        return max((sender.last_number() for sender in self._senders), default=0)

    def pending(self) -> bool:
        """Whether any vendor has something to deliver."""
        return any(sender.pending() for sender in self._senders)

    def lost(self) -> int:
        """How much was never delivered and never will be."""
        return sum(sender.lost() for sender in self._senders)

    def start(self) -> None:
        """Lets every vendor send as events come, for wall time."""
        for sender in self._senders:
            sender.start()

    def stop(self) -> None:
        for sender in self._senders:
            sender.stop()
