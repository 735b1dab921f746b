"""Memory of the app with a large pipeline mirrored, measured after the import and after work on it.

    python bench/memory.py [--json] [--subjects 100000]

One installation imports all deals, each with its contact; then some of them move, so that the
lanes have worked as well. What is told is the most that the app's process ever had resident.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.command import Say, command
from bench.installed import STEPS, check, idle, installed
from bench.processes import Server

MOVED = 500


def run(subjects: int, say: Say) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="followthrough-bench-") as name:
        folder = Path(name)
        order = ["-m", "bench.crm", "--installations", "1", "--deals", str(subjects)]
        with Server(order, folder / "crm.log") as crm:
            told = crm.hear()
            began = time.monotonic()
            with installed(told["url"], told["portals"], folder, say) as (app, _):
                spent, imported = time.monotonic() - began, app.peak_mb()
                check(crm.ask(verb="move", portals=told["portals"], count=MOVED, tasks=STEPS))
                idle(crm)
                worked = app.peak_mb()
    say(f"  {subjects:,} subjects: at most {imported:.0f} MB after the import, {worked:.0f} MB "
        f"after {MOVED} of them moved at once")
    return {
        "subjects": subjects,
        "imported_mb": round(imported, 1),
        "peak_mb": round(worked, 1),
        "import_s": round(spent, 1),
    }


if __name__ == "__main__":
    sys.exit(command(__doc__, run, subjects=(100_000, "deals to mirror")))
