"""The CRM's rate limit, used up and not exceeded: one installation with thousands of touches due.

    python bench/rate_limit.py [--json] [--deals 3334]

The sandbox enforces the vendor's limit, 110 calls in any ten seconds, and answers each call after
half a second. All deals move at once; until the last has its three tasks the app could have made
110 calls at once and 11 a second from then on. What is told is how many of those it made.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.admin import set_crm
from bench.command import Say, command
from bench.installed import STEPS, check, installed
from bench.processes import Server

LIMIT, WINDOW_S = 110, 10
OWN_CEILING = 100
"""Calls in ten seconds that the app allows itself unless told otherwise; the customer's other apps
get the rest. Here there are none."""

LATENCY_S = 0.5


def run(deals: int, say: Say) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="followthrough-bench-") as name:
        folder = Path(name)
        order = ["-m", "bench.crm", "--installations", "1", "--deals", str(deals)]
        with Server(order, folder / "crm.log") as crm:
            told = crm.hear()
            share = str(LIMIT / OWN_CEILING)
            with installed(told["url"], told["portals"], folder, say, share):
                set_crm(told["url"], rate_limit_multiplier=1.0, latency_seconds=LATENCY_S)
                before = crm.ask(verb="activity")
                moved = crm.ask(verb="move", portals=told["portals"], count=deals, tasks=STEPS)
                after = crm.ask(verb="activity")
                check(moved)
    calls = after["calls"] - before["calls"]
    refused = after["http_429"] - before["http_429"]
    allowed = LIMIT * (1 + moved["seconds"] / WINDOW_S)
    say(f"  {deals * STEPS:,} tasks in {moved['seconds']:.0f} s: {calls} calls, "
        f"{calls / allowed:.1%} of what the limit allows; {refused} refused")
    return {
        "calls": calls,
        "share": round(calls / allowed, 4),
        "refused": refused,
        "seconds": round(moved["seconds"], 1),
    }


if __name__ == "__main__":
    sys.exit(command(__doc__, run, deals=(3_334, "deals moved at once, three tasks each")))
