"""Transactions, the read-only view, the fair write lock and group commit."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from app.store.engine import Dialect, Store, StoreError, from_env
from app.store.tables import cursors
from app.store.writelock import WriteLock
from tests.support.stores import new_store, new_url


def _put(connection: Connection, name: str) -> None:
    connection.execute(insert(cursors).values(installation_id=1, name=name, value="x"))


def _fail_after_writing(connection: Connection) -> dict[str, str]:
    _put(connection, "a")
    raise ZeroDivisionError


def _names(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(cursors.c.name).order_by(cursors.c.name)).scalars())


def test_a_write_is_committed_at_its_end(store: Store) -> None:
    with store.write() as connection:
        _put(connection, "a")
    assert _names(store) == ["a"]


def test_an_exception_rolls_back(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        connection.execute(insert(cursors).values(_fail_after_writing(connection)))
    assert _names(store) == []
    with store.write() as connection:
        _put(connection, "b")
    assert _names(store) == ["b"]


def test_reading_refuses_to_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), store.read() as connection:
        _put(connection, "a")
    with store.write() as connection:  # the refusal sticks to no pooled connection
        _put(connection, "a")
    assert _names(store) == ["a"]


def test_a_read_sees_one_state_until_it_ends(store: Store) -> None:
    with store.read() as reading:
        count = text("SELECT count(*) FROM cursors")
        assert reading.execute(count).scalar_one() == 0
        with store.write() as writing:
            _put(writing, "a")
        assert reading.execute(count).scalar_one() == 0
    assert _names(store) == ["a"]


def test_data_outlives_the_store_object(dialect: Dialect, tmp_path: Path) -> None:
    from app.store.migrations import migrate

    url = new_url(dialect, tmp_path)
    first = Store(url)
    migrate(first)
    with first.write() as connection:
        _put(connection, "a")
    first.close()
    second = Store(url)
    assert _names(second) == ["a"]
    second.close()


def test_sqlite_is_durable_and_concurrent(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'new' / 'folder' / 'a.db'}")
    with store.read() as connection:
        wal = connection.execute(text("PRAGMA journal_mode")).scalar_one()
        assert wal == "wal"
    with store.write() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2  # FULL
    store.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_foreign_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(StoreError, match=r"DATABASE_URL is .* write sqlite:///.* or postgresql://"):
        Store(url)


def test_a_refused_url_hides_its_password() -> None:
    with pytest.raises(StoreError) as refused:
        Store("mysql://user:secret@host/name")
    assert "secret" not in str(refused.value)


def test_the_environment_names_the_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert from_env().path == tmp_path / "var" / "followthrough.db"
    assert (tmp_path / "var").is_dir()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    assert from_env().path == tmp_path / "other.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_urls_use_psycopg_3(scheme: str) -> None:
    assert Store(f"{scheme}://user@host/name").dialect == "postgresql"


def test_a_second_write_in_the_same_thread_is_refused_not_waited_for(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    with (
        store.write(),
        pytest.raises(RuntimeError, match="pass its connection on"),
        store.write(),
    ):
        pass
    with store.write():
        pass
    store.close()


# --- the lock ------------------------------------------------------------------------------------


class _Line:
    """Threads that queue for a lock one after the other; each notes its name when it is served."""

    def __init__(self, lock: WriteLock) -> None:
        self.lock = lock
        self.served: list[str] = []
        self._threads: list[threading.Thread] = []

    def join(self, name: str, *, urgent: bool) -> None:
        waiting = len(self.lock._urgent) + len(self.lock._ordinary)
        thread = threading.Thread(target=self._stand, args=(name, urgent), daemon=True)
        thread.start()
        self._threads.append(thread)
        while len(self.lock._urgent) + len(self.lock._ordinary) == waiting:
            assert thread.is_alive()

    def _stand(self, name: str, urgent: bool) -> None:
        self.lock.acquire(urgent=urgent)
        self.served.append(name)
        self.lock.release()

    def finish(self) -> list[str]:
        for thread in self._threads:
            thread.join(timeout=10)
            assert not thread.is_alive()
        return self.served


def test_writers_are_served_in_their_order() -> None:
    lock = WriteLock()
    lock.acquire()
    line = _Line(lock)
    for name in "abc":
        line.join(name, urgent=False)
    lock.release()
    assert line.finish() == ["a", "b", "c"]


def test_urgent_goes_first_but_not_for_ever() -> None:
    lock = WriteLock()
    lock.acquire()
    line = _Line(lock)
    line.join("lane", urgent=False)
    line.join("lane2", urgent=False)
    for number in range(6):
        line.join(f"hook{number}", urgent=True)
    lock.release()
    assert line.finish() == [
        "hook0", "hook1", "hook2", "hook3", "lane", "hook4", "hook5", "lane2",
    ]  # fmt: skip


def test_the_lock_is_free_after_the_last() -> None:
    lock = WriteLock()
    for _ in range(3):
        lock.acquire()
        lock.release()


# --- group commit --------------------------------------------------------------------------------


def test_work_together_returns_its_result_and_is_committed(store: Store) -> None:
    assert store.write_together(lambda connection: _put(connection, "a") or 7) == 7
    assert _names(store) == ["a"]


def test_failing_work_leaves_nothing_and_raises(store: Store) -> None:
    def fail(connection: Connection) -> None:
        _put(connection, "a")
        raise KeyError("a")

    with pytest.raises(KeyError):
        store.write_together(fail)
    assert _names(store) == []


def test_those_who_wait_share_a_commit_and_fail_alone(tmp_path: Path) -> None:
    from app.store.migrations import migrate

    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(store)
    transactions: list[int] = []
    failures: list[str] = []

    def work(name: str) -> None:
        def put(connection: Connection) -> None:
            _put(connection, name)
            transactions.append(id(connection.get_transaction()))
            if name == "bad":
                raise ValueError(name)

        try:
            store.write_together(put)
        except ValueError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "bad", "b", "c")]
    with store.write():
        for number, thread in enumerate(threads, 1):
            thread.start()
            while len(store._group._waiting) < number:
                assert thread.is_alive()
    for thread in threads:
        thread.join(timeout=10)
    assert _names(store) == ["a", "b", "c"]
    assert failures == ["bad"]
    assert len(transactions) == 4
    assert len(set(transactions)) == 1
    store.close()


def test_when_the_transaction_is_lost_nobody_is_told_otherwise(tmp_path: Path) -> None:
    store = new_store("sqlite", tmp_path)
    told: dict[str, str] = {}

    def lose(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")  # what SQLite does by itself when the disk is full
        raise OSError("disk full")

    def work(name: str) -> None:
        def put(connection: Connection) -> None:
            _put(connection, name)

        try:
            store.write_together(lose if name == "lost" else put)
            told[name] = "stored"
        except Exception as error:
            told[name] = type(error).__name__

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "lost", "b")]
    with store.write():
        for number, thread in enumerate(threads, 1):
            thread.start()
            while len(store._group._waiting) < number:
                assert thread.is_alive()
    for thread in threads:
        thread.join(timeout=10)
    assert sorted(told) == ["a", "b", "lost"]
    assert [name for name, answer in told.items() if answer == "stored"] == _names(store) == []
    with store.write() as connection:
        _put(connection, "later")
    assert _names(store) == ["later"]


def test_many_threads_lose_nothing(store: Store) -> None:
    def work(thread: int) -> None:
        for number in range(10):
            name = f"{thread}-{number}"
            if number % 2:
                store.write_together(lambda connection, name=name: _put(connection, name))
            else:
                with store.write() as connection:
                    _put(connection, name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(_names(store)) == 60
