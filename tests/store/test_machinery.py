"""Leases, budgets, cursors, counts, audit, sign-ins and the lock file."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.model.time import HOUR, Wall
from app.store import audit, calls, cursors, installations, leases, sets, signins
from app.store.budgets import SqlBudget
from app.store.engine import Store, StoreError
from app.store.lockfile import FileLock, lock_for
from app.store.tables import signins as signins_table
from connectors.budget import MemoryBudgetStore

# --- leases --------------------------------------------------------------------------------------


def test_a_lease_has_one_holder_until_it_runs_out(store: Store) -> None:
    with store.write() as conn:
        assert leases.acquire(conn, "ingest:1", "a", Wall(0), 100)
        assert not leases.acquire(conn, "ingest:1", "b", Wall(99), 100)
        assert leases.acquire(conn, "ingest:2", "b", Wall(99), 100)
        assert leases.acquire(conn, "ingest:1", "b", Wall(100), 100)
        assert not leases.renew(conn, "ingest:1", "a", Wall(101), 100)
        assert not leases.acquire(conn, "ingest:1", "a", Wall(150), 100)


def test_renewing_extends_and_releasing_frees(store: Store) -> None:
    with store.write() as conn:
        assert leases.acquire(conn, "x", "a", Wall(0), 100)
        assert leases.renew(conn, "x", "a", Wall(90), 100)
        assert not leases.acquire(conn, "x", "b", Wall(189), 100)
        leases.release(conn, "x", "b")  # not b's to give
        assert not leases.acquire(conn, "x", "b", Wall(189), 100)
        leases.release(conn, "x", "a")
        assert leases.acquire(conn, "x", "b", Wall(0), 100)


def test_the_holder_may_take_its_lease_again(store: Store) -> None:
    with store.write() as conn:
        assert leases.acquire(conn, "x", "a", Wall(0), 100)
        assert leases.acquire(conn, "x", "a", Wall(50), 100)
        assert not leases.acquire(conn, "x", "b", Wall(149), 1)


def test_a_fresh_start_clears_all_leases(store: Store) -> None:
    with store.write() as conn:
        leases.acquire(conn, "x", "dead", Wall(0), 10**9)
        leases.acquire(conn, "y", "dead", Wall(0), 10**9)
        assert leases.clear(conn) == 2
        assert leases.acquire(conn, "x", "alive", Wall(1), 1)


# --- budgets -------------------------------------------------------------------------------------


def _installation(store: Store, account: str = "1") -> int:
    with store.write() as conn:
        return installations.create(conn, "hubspot", account, Wall(0))


def test_a_window_lends_its_slots_once(store: Store) -> None:
    budget = SqlBudget(store, _installation(store))
    assert budget.lease("main", 6, 1_000, 10, Wall(0)) == 6
    assert budget.lease("main", 6, 1_000, 10, Wall(500)) == 4
    assert budget.lease("main", 6, 1_000, 10, Wall(999)) == 0
    assert budget.lease("search", 6, 1_000, 5, Wall(999)) == 5
    assert budget.lease("main", 9, 1_000, 10, Wall(1_000)) == 6
    assert budget.lease("main", 9, 1_000, 10, Wall(1_500)) == 4


def test_installations_do_not_share_a_window(store: Store) -> None:
    first = SqlBudget(store, _installation(store, "1"))
    second = SqlBudget(store, _installation(store, "2"))
    assert first.lease("main", 10, 1_000, 10, Wall(0)) == 10
    assert second.lease("main", 10, 1_000, 10, Wall(0)) == 10


def test_a_limit_lowered_below_what_is_lent_lends_nothing(store: Store) -> None:
    budget = SqlBudget(store, _installation(store))
    budget.lease("main", 10, 1_000, 10, Wall(0))
    assert budget.lease("main", 1, 1_000, 5, Wall(1)) == 0


def test_settled_slots_are_taken_until_the_window_after_the_answer(store: Store) -> None:
    budget = SqlBudget(store, _installation(store))
    assert budget.lease("main", 10, 60_000, 10, Wall(0)) == 10
    budget.settle("main", Wall(60_000), 10, Wall(2_000))
    assert budget.lease("main", 1, 60_000, 10, Wall(1_999)) == 0
    assert budget.lease("main", 99, 60_000, 10, Wall(2_000)) == 10


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("lease"), st.integers(1, 4), st.sampled_from([5, 10]), st.integers(0, 3)),
        st.tuples(st.just("settle"), st.integers(1, 4), st.integers(0, 30), st.integers(0, 30)),
    ),
    max_size=15,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=_STEPS)
def test_the_database_lends_as_the_memory_does(
    store: Store, steps: list[tuple[str, int, int, int]]
) -> None:
    installation = _installation(store, str(next(_FRESH_ACCOUNTS)))
    ours, memory = SqlBudget(store, installation), MemoryBudgetStore()
    now = 0
    for step, slots, first, second in steps:
        if step == "lease":
            now += second
            arguments = ("main", slots, first, 8, Wall(now))
            assert ours.lease(*arguments) == memory.lease(*arguments)
        else:
            ours.settle("main", Wall(first), slots, Wall(second))
            memory.settle("main", Wall(first), slots, Wall(second))
    final = ("main", 99, 1, 99, Wall(now))
    assert ours.lease(*final) == memory.lease(*final)


_FRESH_ACCOUNTS = itertools.count(100)


def test_leases_at_the_same_time_never_exceed_the_limit(store: Store) -> None:
    budget = SqlBudget(store, _installation(store))
    granted: list[int] = []

    def work() -> None:
        for _ in range(5):
            granted.append(budget.lease("main", 3, 10_000, 40, Wall(0)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(granted) == 20
    assert sum(granted) == 40


def test_holding_off_only_ever_extends(store: Store) -> None:
    budget = SqlBudget(store, _installation(store))
    assert budget.not_before() == 0
    budget.hold_off(Wall(500))
    budget.hold_off(Wall(300))
    assert budget.not_before() == 500


# --- cursors, counts, audit ----------------------------------------------------------------------


def test_cursors(store: Store) -> None:
    with store.write() as conn:
        assert cursors.get(conn, 1, "page") is None
        cursors.put(conn, 1, "page", "a")
        cursors.put(conn, 1, "page", "b")
        cursors.put(conn, 2, "page", "c")
        assert cursors.get(conn, 1, "page") == "b"
        cursors.forget(conn, 1, "page")
        assert cursors.get(conn, 1, "page") is None
        assert cursors.get(conn, 2, "page") == "c"


def test_a_counting_cursor_only_rises(store: Store) -> None:
    with store.write() as conn:
        assert cursors.number(conn, cursors.EVERYONE, "delivery") == 0
        for value in (9, 10, 2):  # 10 and 9 also tell numbers from texts
            cursors.raise_to(conn, cursors.EVERYONE, "delivery", value)
        assert cursors.number(conn, cursors.EVERYONE, "delivery") == 10


def test_calls_add_up(store: Store) -> None:
    with store.write() as conn:
        early, later = Wall(10 * HOUR), Wall(11 * HOUR + 5)
        first = {(1, "GET /a", 200): 2, (1, "GET /a", 429): 1, (2, "GET /a", 200): 5}
        calls.add(conn, first, early)
        calls.add(conn, {(1, "GET /a", 200): 3}, later)
        calls.add(conn, {}, later)
        hours = [(h["count"], h["refused"]) for h in calls.by_hour(conn, 1, later, 3)]
        calls.add(conn, {(1, "GET /a", 200): 1}, Wall((10 + calls.HOURS) * HOUR))
        assert calls.by_hour(conn, 1, early, 1)[0]["count"] == 0, "kept for a week"
        rows = [(r["endpoint"], r["status"], r["count"]) for r in calls.totals(conn, 1)]
    assert rows == [("GET /a", 200, 6), ("GET /a", 429, 1)]
    assert hours == [(0, 0), (3, 1), (3, 0)]


def test_refusals_are_counted_with_their_last_time(store: Store) -> None:
    with store.write() as conn:
        calls.refuse(conn, "bad_signature", Wall(5))
        calls.refuse(conn, "old_timestamp", Wall(6))
        calls.refuse(conn, "bad_signature", Wall(9), 3)
        assert [tuple(r.values()) for r in calls.refused(conn)] == [
            ("bad_signature", 4, 9),
            ("old_timestamp", 1, 6),
        ]


def test_audit_tells_the_latest_first_and_pages(store: Store) -> None:
    with store.write() as conn:
        for number in range(3):
            audit.write(conn, 1, "ada@example.com", "stages.confirm", Wall(number), {"n": number})
        audit.write(conn, 2, "cli", "stop", Wall(9))
        first = audit.read(conn, 1, limit=2)
        rest = audit.read(conn, 1, limit=2, before=first[-1]["id"])
        assert [sets.loads(row["data"])["n"] for row in (*first, *rest)] == [2, 1, 0]
        (other,) = audit.read(conn, 2)
    assert (other["who"], other["what"], other["data"], other["done_wall"]) == (
        "cli", "stop", "{}", 9,
    )  # fmt: skip


# --- sign-ins ------------------------------------------------------------------------------------


def test_a_token_signs_in_once(store: Store) -> None:
    with store.write() as conn:
        token = signins.issue(conn, 1, "owner", Wall(0), 1_000)
        assert signins.redeem(conn, token + "x", Wall(1)) is None
        assert signins.redeem(conn, token, Wall(999)) == (1, "owner")
        assert signins.redeem(conn, token, Wall(999)) is None


def test_a_token_runs_out_and_is_removed(store: Store) -> None:
    with store.write() as conn:
        token = signins.issue(conn, 1, "owner", Wall(0), 1_000)
        signins.issue(conn, 1, "owner", Wall(0), 500)
        assert signins.redeem(conn, token, Wall(1_000)) is None
        assert conn.execute(select(signins_table)).all() == []


def test_the_database_does_not_hold_the_token(store: Store) -> None:
    with store.write() as conn:
        token = signins.issue(conn, 1, "owner", Wall(0), 1_000)
        assert token not in str(conn.execute(select(signins_table)).all())


# --- the lock file -------------------------------------------------------------------------------

_TAKE_LOCK = """
import sys; from pathlib import Path
from app.store.lockfile import FileLock
FileLock(Path(sys.argv[1])).acquire(); print("taken", flush=True); sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_dies(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    other = subprocess.Popen(
        [sys.executable, "-c", _TAKE_LOCK, str(database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "taken\n"
        with pytest.raises(StoreError, match=rf"process {other.pid}\).*a\.db\. Stop it, or"):
            FileLock(database).acquire()
    finally:
        other.kill()
        other.communicate()
    with FileLock(database):
        pass
    with FileLock(database):
        pass


def test_only_sqlite_has_a_lock_file(store: Store) -> None:
    lock = lock_for(store)
    assert (lock is None) == (store.dialect == "postgresql")
    if lock is not None:
        assert lock.path.name.endswith(".db.lock")
