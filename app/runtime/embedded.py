"""One process with everything: HTTP, lanes, scheduler. The default, on SQLite.

APScheduler only pokes; all truth is in the database. Its ticks run on an executor of their own, so
that long drains cannot starve them, and `misfire_grace_time=None` because a late tick is as good
as a punctual one while a dropped one is not.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from apscheduler.executors.pool import ThreadPoolExecutor as TickExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.installations.config import Config
from app.installations.registry import Connectors
from app.installations.settings import parse
from app.lanes import dispatch
from app.lanes.context import WORKING, Lanes
from app.lanes.drain import drain, has_work
from app.lanes.leaving import erase_withdrawn
from app.lanes.polling import poll_if_due
from app.lanes.sync import reconcile
from app.model.time import MINUTE
from app.runtime.clocks import RealClocks, SimulatedClocks
from app.runtime.services import Runtime, Services
from app.runtime.simulation import Simulation
from app.store import installations, leases, outbox
from app.store.engine import Store
from app.store.lockfile import lock_for
from app.store.migrations import migrate
from connectors.config import MAIL_UNTOLD, SILENT

WORKERS = 8
CALLS = 24
"""Threads for calls to CRMs: eight drains with three batches in flight each."""

_TICK_S = 0.5
_FLUSH_S = 5
_RECONCILE_MIN = 60
_POLL_S = 10
"""How often it is looked whose poll is due; each installation says how often it is."""

_LEASE_MS = 5 * MINUTE
_ROUNDS = 50
_STOP_S = 30

log = logging.getLogger(__name__)


class Drainer:
    """Worker threads that drain poked installations, each by one thread at a time."""

    def __init__(self, lanes: Lanes, run: str) -> None:
        self._lanes = lanes
        self._run = run
        self._queue: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"drain-{number}", daemon=True)
            for number in range(WORKERS)
        ]
        self._lock = threading.Lock()
        self._waiting: set[int] = set()
        self._busy: set[int] = set()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads after the drains under way."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(_STOP_S)

    def poke(self, lane: str, installation_id: int) -> None:
        """Queue an installation once; one that is being drained is queued for another round."""
        with self._lock:
            if installation_id in self._waiting:
                return
            self._waiting.add(installation_id)
            if installation_id in self._busy:
                return
        self._queue.put(installation_id)

    def _work(self) -> None:
        while True:
            installation_id = self._queue.get()
            if installation_id is None:
                return
            with self._lock:
                self._waiting.discard(installation_id)
                self._busy.add(installation_id)
            more = False
            try:
                more = self._drain(installation_id)
            except Exception:
                # One installation's failure must not end the thread that serves the others; the
                # work stays due and the next tick finds it.
                log.exception("draining installation %s failed", installation_id)
            with self._lock:
                self._busy.discard(installation_id)
                again = more or installation_id in self._waiting
                if again:
                    self._waiting.add(installation_id)
            if again:
                # To the end of the queue: a busy installation takes turns with the others.
                self._queue.put(installation_id)

    def _drain(self, installation_id: int) -> bool:
        store = self._lanes.store
        if store.dialect == "sqlite":
            return drain(self._lanes, installation_id, _ROUNDS)
        name = f"drain:{installation_id}"
        with store.write() as conn:
            held = leases.acquire(conn, name, self._run, self._lanes.wall(), _LEASE_MS)
        if not held:
            return False
        try:
            return drain(self._lanes, installation_id, _ROUNDS)
        finally:
            with store.write() as conn:
                leases.release(conn, name, self._run)


def start(config: Config) -> Services:
    """Open the database, take over what an earlier run left, and start the lanes.

    Raises StoreError when another process has the same SQLite database.
    """
    run = uuid.uuid4().hex
    store = Store(config.database_url)
    lock = lock_for(store)
    if lock is not None:
        lock.acquire()
        atexit.register(lock.release)
    migrate(store)
    clocks = SimulatedClocks() if config.simulation else RealClocks()
    connectors = Connectors(config, store, clocks)
    pool = ThreadPoolExecutor(CALLS, thread_name_prefix="crm")
    lanes = Lanes(store, clocks, connectors.of, pool, simulated=config.simulation is not None)
    _take_over(lanes)
    schedulers = [_every(connectors.flush_calls, _FLUSH_S)]
    driver: Simulation | Drainer
    if config.simulation is not None:
        assert isinstance(clocks, SimulatedClocks)
        driver = Simulation(config.simulation, run, lanes, clocks)
    else:
        driver = Drainer(lanes, run)
        schedulers.append(_schedule(lanes, driver))
    driver.start()

    def stop() -> None:
        for scheduler in schedulers:
            scheduler.shutdown()
        driver.stop()
        pool.shutdown()
        store.close()
        if lock is not None:
            atexit.unregister(lock.release)
            lock.release()

    return Services(config, store, clocks, connectors, Runtime(lanes, driver.poke), stop)


def _take_over(lanes: Lanes) -> None:
    """Under the file lock every earlier claim is stale: whoever made it is gone."""
    wall = lanes.wall()
    with lanes.store.write() as conn:
        for row in installations.read(conn):
            outbox.reclaim(
                conn, row["id"], wall, all=lanes.store.dialect == "sqlite",
                after_ms=None if row["unique_touch_id"] else dispatch.ANSWER_MS - dispatch.LEASE_MS,
            )  # fmt: skip


def _schedule(lanes: Lanes, drainer: Drainer) -> BackgroundScheduler:
    scheduler = _every(lambda: _tick(lanes, drainer), _TICK_S)
    scheduler.add_job(
        lambda: _reconcile_all(lanes, drainer), "interval", minutes=_RECONCILE_MIN,
        coalesce=True, max_instances=1, misfire_grace_time=None, executor="slow",
    )  # fmt: skip
    scheduler.add_job(
        lambda: _poll_all(lanes, drainer), "interval", seconds=_POLL_S,
        coalesce=True, max_instances=1, misfire_grace_time=None, executor="polls",
    )  # fmt: skip
    scheduler.add_job(
        lambda: erase_withdrawn(lanes.store, lanes.wall(), parse({}).grace_days), "interval",
        minutes=_RECONCILE_MIN, coalesce=True, max_instances=1, misfire_grace_time=None,
        executor="slow",
    )  # fmt: skip
    return scheduler


def _every(job: object, seconds: float) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(
        executors={
            "default": TickExecutor(2), "slow": TickExecutor(1), "polls": TickExecutor(1),
        },
        timezone="UTC",
    )
    scheduler.add_job(
        job, "interval", seconds=seconds, coalesce=True, max_instances=1, misfire_grace_time=None
    )
    scheduler.start()
    return scheduler


def _tick(lanes: Lanes, drainer: Drainer) -> None:
    with lanes.store.read() as conn:
        ids = [row["id"] for row in installations.read(conn, WORKING)]
    for installation_id in ids:
        if has_work(lanes, installation_id):
            drainer.poke("dispatch", installation_id)


def _poll_all(lanes: Lanes, drainer: Drainer) -> None:
    """Ask the CRMs that do not tell of everything, side by side: one that is slow holds up no
    other's."""
    asked = SILENT | MAIL_UNTOLD
    with lanes.store.read() as conn:
        rows = [row for row in installations.read(conn, ["active"]) if row["crm"] in asked]
    jobs = [(row["id"], lanes.pool.submit(_poll, lanes, row["id"])) for row in rows]
    for installation_id, job in jobs:
        if job.result():
            drainer.poke("ingest", installation_id)


def _poll(lanes: Lanes, installation_id: int) -> bool:
    try:
        return poll_if_due(lanes, lanes.tenant(installation_id))
    except Exception:
        log.exception("polling installation %s failed", installation_id)
        return False


def _reconcile_all(lanes: Lanes, drainer: Drainer) -> None:
    with lanes.store.read() as conn:
        rows = installations.read(conn, ["active"])
    for row in rows:
        try:
            reconcile(lanes, lanes.tenant(row["id"]))
        except Exception:
            log.exception("reconciling installation %s failed", row["id"])
        drainer.poke("ingest", row["id"])


