"""Tokens: encrypted, bound to their installation, refreshed by one holder at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.installations.tokens import LEASE_MS, SqlTokenStore, TokenVault
from app.model.time import Business, Wall
from app.store import installations, leases
from app.store.engine import Store
from app.store.tables import tokens as table
from connectors.contract import AuthRevoked, Tokens, Transient
from tests.support.stores import new_store

TOKENS = Tokens("access-1", "refresh-1", Wall(99), ("oauth", "crm"), "1000")


class Clocks:
    def __init__(self) -> None:
        self.at = 1000

    def wall(self) -> Wall:
        return Wall(self.at)

    def business(self) -> Business:
        return Business(0)


def made(
    store: Store, installation_id: int = 1, keys: list[str] | None = None, **more: object
) -> SqlTokenStore:
    return SqlTokenStore(
        store, TokenVault(keys or KEYS), installation_id, Clocks(), "1000", **more  # type: ignore[arg-type]
    )


KEYS = [Fernet.generate_key().decode()]


def test_saved_tokens_come_back(store: Store) -> None:
    made(store).save(TOKENS)
    assert made(store).load() == TOKENS
    made(store).save(Tokens("access-2", "refresh-2", Wall(100)))
    assert made(store).load().refresh == "refresh-2"


def test_nothing_readable_is_stored(store: Store) -> None:
    made(store).save(TOKENS)
    with store.read() as conn:
        row = conn.execute(table.select()).mappings().one()
    for secret in (b"access-1", b"refresh-1"):
        assert secret not in row["access"] + row["refresh"]
    path = store.path
    assert path is not None
    files = b"".join(file.read_bytes() for file in Path(path.parent).glob(f"{path.name}*"))
    assert b"refresh-1" not in files


def test_without_tokens_the_account_is_not_connected(store: Store) -> None:
    with pytest.raises(AuthRevoked, match="Connect the CRM again"):
        made(store).load()


def test_a_row_copied_to_another_installation_opens_nothing(store: Store) -> None:
    made(store, 1).save(TOKENS)
    with store.write() as conn:
        row = installations.get_tokens(conn, 1)
        assert row is not None
        installations.put_tokens(
            conn, 2, row["access"], row["refresh"], row["scopes"], row["expires_wall"]
        )
    with pytest.raises(AuthRevoked, match="does not belong"):
        made(store, 2).load()


def test_an_access_token_cannot_stand_for_a_refresh_token() -> None:
    vault = TokenVault(KEYS)
    with pytest.raises(AuthRevoked):
        vault.open(1, "refresh", vault.seal(1, "access", "x"))


def test_keys_rotate(store: Store) -> None:
    made(store).save(TOKENS)
    new = Fernet.generate_key().decode()
    rotated = made(store, keys=[new, *KEYS])
    assert rotated.load() == TOKENS
    rotated.save(TOKENS)
    assert made(store, keys=[new]).load() == TOKENS
    with pytest.raises(AuthRevoked, match="FOLLOWTHROUGH_KEYS"):
        made(store).load()


def test_threads_refresh_one_after_the_other(store: Store) -> None:
    inside, worst = 0, 0
    guard = threading.Lock()
    refreshed: list[int] = []
    first = made(store)
    first.save(TOKENS)

    def refresh(number: int) -> None:
        nonlocal inside, worst
        mine = made(store)
        with mine.refresh_lock():
            with guard:
                inside += 1
                worst = max(worst, inside)
            if mine.load().access == "access-1":
                mine.save(Tokens("access-2", "refresh-2", Wall(100)))
                refreshed.append(number)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=refresh, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert worst == 1
    assert len(refreshed) == 1


def test_another_process_is_waited_for(store: Store) -> None:
    """The other process holds only the lease: the thread lock is this process's own."""
    clocks = Clocks()
    with store.write() as conn:
        assert leases.acquire(conn, "refresh:1", "other", clocks.wall(), LEASE_MS)
    waits: list[float] = []

    def other_ends(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            with store.write() as conn:
                leases.release(conn, "refresh:1", "other")

    with made(store, sleep=other_ends).refresh_lock():
        assert len(waits) == 3
    with store.write() as conn:  # and it was given back
        assert leases.acquire(conn, "refresh:1", "third", clocks.wall(), 1)


def test_a_lease_that_is_never_given_back_ends_in_a_retry(store: Store) -> None:
    with store.write() as conn:
        leases.acquire(conn, "refresh:1", "other", Wall(1000), LEASE_MS)
    with (
        pytest.raises(Transient, match="tried again"),
        made(store, sleep=lambda _: None).refresh_lock(),
    ):
        pytest.fail("the lease was another's")


def test_a_dead_process_holds_nobody_up_for_ever(store: Store) -> None:
    with store.write() as conn:
        leases.acquire(conn, "refresh:1", "dead", Wall(1000 - LEASE_MS), LEASE_MS)
    entered = False
    with made(store).refresh_lock():
        entered = True
    assert entered


@pytest.mark.postgres
def test_on_postgresql(tmp_path: Path) -> None:
    store = new_store("postgresql", tmp_path)
    try:
        mine = made(store)
        with mine.refresh_lock():
            mine.save(TOKENS)
        assert mine.load() == TOKENS
    finally:
        store.close()
