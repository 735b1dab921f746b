"""Connections and transactions on SQLite and PostgreSQL.

`Store.read()` gives a consistent, read-only view; `Store.write()` a transaction. On SQLite writers
queue in the process and begin IMMEDIATE: a transaction that reads first and writes later would fail
with SQLITE_BUSY at once when another wrote in between, whatever the time-out says.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from app.store.hints import Hinted
from app.store.writelock import WriteLock

Dialect = Literal["sqlite", "postgresql"]
Result = TypeVar("Result")

DEFAULT_URL = "sqlite:///var/followthrough.db"

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # A webhook is acknowledged once committed, so a commit must outlive a power cut. NORMAL would
    # be four times faster on single rows and lose the last commits.
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA temp_store=MEMORY",
    # What is deleted is overwritten: who asks to be forgotten must not stay in the file's free
    # pages. On rows that come and go like the inbox's it costs nothing that can be measured.
    "PRAGMA secure_delete=ON",
)
_WRITER_CACHE_KIB = 65_536
_READER_CACHE_KIB = 8_192
_RESTING = 8
"""Connections for reading that are kept open."""


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


class Store:
    """One database. Threads share it; each call of `read` or `write` has a connection of its own.

    url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user@host/name`.
    Raises StoreError when the URL names no database that we support.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        parsed = _parse(url)
        self.url = parsed.render_as_string(hide_password=True)
        self.dialect: Dialect = "sqlite" if parsed.drivername == "sqlite" else "postgresql"
        self.path: Path | None = None
        if self.dialect == "sqlite":
            self.path = Path(str(parsed.database)).absolute()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock: WriteLock | None = WriteLock()
            # One connection writes for all threads: SQLite drops a connection's page cache whenever
            # another one commits, so a rotating pool would write with a cold cache every time.
            self._writer = _sqlite(parsed, "BEGIN IMMEDIATE", _WRITER_CACHE_KIB)
            self._reader = _sqlite(parsed, "BEGIN", _READER_CACHE_KIB)
        else:
            self._lock = None
            self._writer = _postgresql(parsed)
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._resting: deque[Connection] = deque()
        self._group = _Group(self)

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A read-only connection that sees one state of the database until it is closed."""
        if self._lock is None:
            with self._reader.connect() as connection, connection.begin():
                yield connection
            return
        # A batch reads a dozen times, and to check a connection out and in again costs more than
        # most of these reads. A file's connections do not go bad, so they are only laid aside; the
        # one used last is taken first, as its cache is warm.
        try:
            connection = self._resting.pop()
        except IndexError:
            connection = self._reader.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        if len(self._resting) < _RESTING:
            self._resting.append(connection)
        else:
            connection.close()

    @contextmanager
    def write(self, urgent: bool = False) -> Generator[Connection]:
        """A transaction: committed at the end, rolled back on any exception.

        urgent: goes before all waiting writers (webhooks, whose senders wait for our answer).
        Keep it short: no network call, no waiting.
        """
        if self._lock is None:
            with self._writer.begin() as connection:
                yield connection
            return
        self._lock.acquire(urgent=urgent)
        try:
            with self._writer.begin() as connection:
                yield connection
        finally:
            self._lock.release()

    def write_together(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in an urgent transaction that it may share with others waiting likewise.

        Returns once committed. One commit, that is one wait for the disk, then serves all webhook
        requests that arrived during the last one. On PostgreSQL each has a transaction of its own:
        the server groups commits itself.
        """
        if self._lock is None:
            with self.write() as connection:
                return work(connection)
        return self._group.run(work)

    def scrub(self) -> None:
        """Empty SQLite's log of what was deleted, where no reader is in the way.

        It would be overwritten in time; after a privacy deletion that is too late. PostgreSQL's
        own vacuum does it there.
        """
        if self._lock is None:
            return
        self._lock.acquire(urgent=False)
        try:
            connection = self._writer.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("PRAGMA busy_timeout=200")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                cursor.execute("PRAGMA busy_timeout=10000")
            finally:
                connection.close()
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close all connections that nobody uses."""
        while self._resting:
            self._resting.pop().close()
        self._reader.dispose()
        self._writer.dispose()


class _Job:
    """One caller's share of a common transaction."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class _Group:
    """Group commit: the first to come waits for the lock and takes along who came meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mutex = threading.Lock()
        self._waiting: list[_Job] = []

    def run(self, work: Callable[[Connection], Result]) -> Result:
        job = _Job(work)
        with self._mutex:
            self._waiting.append(job)
            leads = len(self._waiting) == 1
        if leads:
            self._lead()
        job.done.wait()
        if job.error is not None:
            raise job.error
        return job.result

    def _lead(self) -> None:
        jobs: list[_Job] = []
        try:
            with self._store.write(urgent=True) as connection:
                jobs = self._take()
                if len(jobs) == 1:  # alone there is nobody whose work a savepoint would keep
                    jobs[0].result = jobs[0].work(connection)
                    return
                for job in jobs:
                    _attempt(connection, job)
        except BaseException as error:
            jobs = jobs or self._take()
            for job in jobs:
                job.error = job.error or error
        finally:
            for job in jobs:
                job.done.set()

    def _take(self) -> list[_Job]:
        with self._mutex:
            jobs, self._waiting = self._waiting, []
        return jobs


def _attempt(connection: Connection, job: _Job) -> None:
    """Run one job; its failure undoes its own work and leaves the others' alone."""
    # Past SQLAlchemy's execution, like the beginning: there is one for every webhook request.
    cursor = connection.connection.cursor()
    cursor.execute("SAVEPOINT job")
    try:
        job.result = job.work(connection)
        cursor.execute("RELEASE job")
    except Exception as error:
        job.error = error
        # A full disk makes SQLite end the whole transaction: then nobody's work is there any more.
        if not getattr(connection.connection.dbapi_connection, "in_transaction", False):
            raise
        cursor.execute("ROLLBACK TO job")
        cursor.execute("RELEASE job")
    finally:
        cursor.close()


def from_env() -> Store:
    """The store that DATABASE_URL names, else `var/followthrough.db` under the current folder."""
    return Store(os.environ.get("DATABASE_URL") or DEFAULT_URL)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(_advice(url)) from error
    if parsed.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        return parsed
    raise StoreError(_advice(parsed.render_as_string(hide_password=True)))


def _advice(url: str) -> str:
    return (
        f"DATABASE_URL is {url!r}, which is neither SQLite in a file nor PostgreSQL; write "
        "sqlite:///var/followthrough.db or postgresql://user:password@host/name"
    )


def _sqlite(url: URL, begin: str, cache_kib: int) -> Engine:
    """One connection to write with; those to read with are kept by the store."""
    read_only = begin == "BEGIN"
    if read_only:
        engine = create_engine(url, poolclass=NullPool)
    else:
        engine = create_engine(url, pool_size=1, max_overflow=0)
    engine.dialect.statement_compiler = Hinted

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # sqlite3 would begin on its own, and too late
        for pragma in (*_PRAGMAS, f"PRAGMA cache_size=-{cache_kib}"):
            connection.execute(pragma)
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        # Past SQLAlchemy's execution: a drain begins a dozen transactions.
        connection.connection.cursor().execute(begin)

    return engine


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url, pool_size=8, max_overflow=24, pool_pre_ping=True, pool_use_lifo=True
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.autocommit = True
        # The planner cannot see how long a set is: with the costs of a spinning disk it would read
        # whole tables for a batch of ids, and compile what runs for a millisecond.
        connection.execute("SET random_page_cost = 1.1")
        connection.execute("SET jit = off")
        connection.autocommit = False

    return engine
