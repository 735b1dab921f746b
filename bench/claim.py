"""Claiming due work, measured among few and among many touches that wait.

    python bench/claim.py [--json] [--waiting 10000000]

Two databases (SQLite as the app opens it), one with 10,000 touches planned for later, one with as
many as asked for; in both some are due now, and are claimed a hundred at a time. What is told is
the median of the statement, without the wait for the disk, which has nothing to do with how much
lies there. Ten million rows take about 5 GB in the temporary folder and some minutes to write.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.model.time import DAY, Wall
from app.store import installations, outbox
from app.store.engine import Store
from app.store.migrations import migrate
from bench.command import Say, command

FEW = 10_000
CLAIMED = 100
ROUNDS = 60
LEASE_MS = 300_000
NOW = 1_795_000_000_000
_AT_ONCE = 250_000

_FILL = """
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last)
INSERT INTO touches (id, installation_id, enrolment_id, subject_id, contact_id, step, owed_at,
                     due_at, write_at, planned_at, state)
SELECT printf('%032x', i), :inst, printf('%032x', i / 3), i / 3, i / 3, 'step-' || (i % 3),
       :at + i * :gap, :at + i * :gap, :at + i * :gap, :at, 'planned'
FROM n
"""


def claim_us(path: Path, waiting: int) -> float:
    """The median time of claiming a hundred touches among so many, in microseconds."""
    store = Store(f"sqlite:///{path}")
    migrate(store)
    with store.write() as conn:
        inst = installations.create(conn, "hubspot", "1", Wall(NOW))
    due = CLAIMED * ROUNDS
    _fill(store, inst, 0, due, NOW - DAY, 1)
    _fill(store, inst, due, due + waiting, NOW + DAY, 100)
    spent: list[float] = []
    for _ in range(ROUNDS):
        with store.write() as conn:
            began = time.perf_counter()
            rows = outbox.claim(conn, inst, NOW, NOW, CLAIMED, LEASE_MS)
            spent.append(time.perf_counter() - began)
        assert len(rows) == CLAIMED
    store.close()
    return statistics.median(spent) * 1e6


def _fill(store: Store, inst: int, first: int, last: int, at: int, gap: int) -> None:
    for start in range(first, last, _AT_ONCE):
        values = {
            "first": start, "last": min(last, start + _AT_ONCE), "inst": inst, "at": at,
            "gap": gap,
        }  # fmt: skip
        with store.write() as conn:
            conn.exec_driver_sql(_FILL, values)


def run(waiting: int, say: Say) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="followthrough-bench-") as name:
        few = claim_us(Path(name) / "few.db", FEW)
        say(f"  {CLAIMED} claimed among {FEW:,} waiting: {few:.0f} µs")
        many = claim_us(Path(name) / "many.db", waiting)
    say(f"  {CLAIMED} claimed among {waiting:,} waiting: {many:.0f} µs, {many / few:.2f} times")
    return {
        "waiting": waiting,
        "few_us": round(few),
        "many_us": round(many),
        "ratio": round(many / few, 3),
    }


if __name__ == "__main__":
    sys.exit(command(__doc__, run, waiting=(10_000_000, "touches planned for later")))
