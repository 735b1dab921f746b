"""OAuth tokens at rest: encrypted, bound to their installation, refreshed by one holder at a time.

The installation's id stands inside the plaintext. With a key shared by all installations, a row
copied to another one (by a slip in a script, or by someone who can write the database but has no
key) would otherwise open that account's CRM to the wrong customer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.model.time import SECOND, Clocks, Wall
from app.store import installations as rows
from app.store import leases
from app.store.engine import Store
from connectors.contract import AuthRevoked, Tokens, Transient

LEASE_MS = 30 * SECOND
"""Longer than a refresh may take with its time-out, so that a lease is not lost in mid-refresh."""

_WAIT_S = 0.05
_locks: dict[int, threading.Lock] = {}
_locks_guard = threading.Lock()


class TokenVault:
    """Encrypts and decrypts secrets. keys: Fernet keys, the newest first; old ones still read."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, installation_id: int, kind: str, secret: str) -> bytes:
        """The secret encrypted. kind: `access` or `refresh`; neither can stand for the other."""
        return self._fernet.encrypt(orjson.dumps([installation_id, kind, secret]))

    def open(self, installation_id: int, kind: str, sealed: bytes) -> str:
        """The secret. Raises AuthRevoked where no key fits or it belongs to another installation:
        for the customer both mean that the account must be connected again."""
        try:
            owner, what, secret = orjson.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise AuthRevoked(
                "The stored access to the CRM cannot be decrypted. If FOLLOWTHROUGH_KEYS changed, "
                "add the previous key behind the new one; otherwise connect the CRM again.",
                "no key decrypts the token",
            ) from None
        if owner != installation_id or what != kind:
            raise AuthRevoked(
                "The stored access does not belong to this installation. Connect the CRM again.",
                f"token of installation {owner} ({what}) in the row of {installation_id} ({kind})",
            )
        return str(secret)


class SqlTokenStore:
    """Tokens of one installation; satisfies `connectors.contract.TokenStore`."""

    def __init__(
        self,
        store: Store,
        vault: TokenVault,
        installation_id: int,
        clocks: Clocks,
        account: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._vault = vault
        self._id = installation_id
        self._clocks = clocks
        self._account = account
        self._sleep = sleep

    def load(self) -> Tokens:
        """The tokens as last saved. Raises AuthRevoked where there are none."""
        with self._store.read() as conn:
            row = rows.get_tokens(conn, self._id)
        if row is None:
            raise AuthRevoked("This account is not connected. Connect the CRM again.", "no tokens")
        return Tokens(
            access=self._vault.open(self._id, "access", row["access"]),
            refresh=self._vault.open(self._id, "refresh", row["refresh"]),
            expires_wall=Wall(row["expires_wall"]),
            scopes=tuple(row["scopes"].split()),
            account=self._account,
            base=row["base"],
            spent_wall=Wall(row["spent_wall"]),
        )

    def save(self, tokens: Tokens) -> None:
        """Commit the tokens; the caller must not use a new access token before this returned."""
        with self._store.write() as conn:
            rows.put_tokens(
                conn,
                self._id,
                access=self._vault.seal(self._id, "access", tokens.access),
                refresh=self._vault.seal(self._id, "refresh", tokens.refresh),
                scopes=" ".join(tokens.scopes),
                expires_wall=tokens.expires_wall,
                base=tokens.base,
                spent_wall=tokens.spent_wall,
            )

    @contextmanager
    def refresh_lock(self) -> Generator[None]:
        """Held by one thread of one process. Raises Transient where another process keeps it.

        Two locks because each alone is wrong: a lease row costs the threads of one process a
        polling wait, a thread lock does not see the other processes.
        """
        with _lock_of(self._id):
            holder = uuid4().hex
            name = f"refresh:{self._id}"
            self._acquire(name, holder)
            try:
                yield
            finally:
                with self._store.write() as conn:
                    leases.release(conn, name, holder)

    def _acquire(self, name: str, holder: str) -> None:
        for _ in range(int(LEASE_MS / SECOND / _WAIT_S) + 1):
            with self._store.write() as conn:
                if leases.acquire(conn, name, holder, self._clocks.wall(), LEASE_MS):
                    return
            self._sleep(_WAIT_S)
        raise Transient(
            "Another process has been refreshing this account's access for too long; it is tried "
            "again by itself.",
            f"lease {name} not free after {LEASE_MS} ms",
        )


def _lock_of(installation_id: int) -> threading.Lock:
    with _locks_guard:
        return _locks.setdefault(installation_id, threading.Lock())
