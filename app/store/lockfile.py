"""One embedded process for one SQLite file.

A lock of the operating system was preferred to a row with a process id: it is gone the moment its
holder dies, however it dies, so nobody ever has to clean up by hand.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from app.store.engine import Store, StoreError


class FileLock:
    """Holds `<database>.lock` from `acquire` until `release` or the end of the process."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock at once. Raises StoreError when another process has it."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise StoreError(
                f"another Followthrough (process {holder}) is running on "
                f"{self.path.with_suffix('')}. Stop it, or give this one a database of its own "
                "through DATABASE_URL; several processes together need PostgreSQL"
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._handle = handle

    def release(self) -> None:
        """Let the lock go; the file stays, as removing it would let two holders pass each other."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def lock_for(store: Store) -> FileLock | None:
    """The lock that an embedded process must hold; None on PostgreSQL, which many may share."""
    return None if store.path is None else FileLock(store.path)
