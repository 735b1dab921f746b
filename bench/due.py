"""Due touches drained, measured: everything is due at once, and the CRM takes 100 ms for a call.

    python bench/due.py [--json] [--deals 500] [--installations 10]

The installations are stopped, deals move, and the app decides what is owed: three tasks each, due
now. Then they go on, and the clock runs until the last deal has its tasks. The sandbox that takes
them is a CRM with all its rules and works on the same cores; what it used is told apart.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.admin import Admin, set_crm
from bench.command import Say, command
from bench.installed import STEPS, check, installed
from bench.processes import BenchError, Server

CALL_S = 0.1
_PATIENCE_S = 300


def run(deals: int, installations: int, say: Say) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="followthrough-bench-") as name:
        folder = Path(name)
        order = ["-m", "bench.crm", "--installations", str(installations), "--deals", str(deals)]
        with Server(order, folder / "crm.log") as crm:
            told = crm.hear()
            with installed(told["url"], told["portals"], folder, say) as (app, admins):
                for admin in admins:
                    admin.call("POST", "stop")
                crm.tell(verb="move", portals=told["portals"], count=deals, tasks=STEPS)
                planned(admins, deals)
                set_crm(told["url"], latency_seconds=CALL_S)
                cpu, began = (app.cpu_s(), crm.cpu_s()), time.time()
                for admin in admins:
                    admin.call("POST", "resume")
                moved = crm.hear()
                app_s, crm_s = app.cpu_s() - cpu[0], crm.cpu_s() - cpu[1]
                check(moved)
    spent = moved["ended"] - began
    rate = moved["deals"] * STEPS / spent
    say(f"  {moved['deals'] * STEPS:,} due touches drained in {spent:.1f} s: {rate:,.0f} a second")
    say(f"  processor: app {app_s / spent:.0%} of a core, sandbox {crm_s / spent:.0%}")
    return {
        "touches_per_s": round(rate, 1),
        "app_cpu_share": round(app_s / spent, 2),
        "crm_cpu_share": round(crm_s / spent, 2),
        "seconds": round(spent, 2),
    }


def planned(admins: Sequence[Admin], deals: int) -> None:
    """Until every installation has decided on all its deals."""
    deadline = time.monotonic() + _PATIENCE_S
    for admin in admins:
        while (now := admin.call("GET", "status"))["touches"] < deals * STEPS or now["inbox"]:
            if time.monotonic() > deadline:
                raise BenchError(f"only {now['touches']} touches are planned; see the app's log")
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(
        command(
            __doc__, run, deals=(500, "deals moved per installation"), installations=(10, "")
        )
    )
