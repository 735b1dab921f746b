"""Migrations, run at every start: nobody has to remember a command after an update.

They are Alembic's, without its ini file: where the scripts stand and which database is meant is
known here. All steps run in one transaction, on both databases, so a start that is killed halfway
leaves the old schema whole.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.store.engine import Store, StoreError

_LOCK = 0x466F6C6C6F77
"""Key of PostgreSQL's advisory lock: processes that start together migrate one after the other."""


class Schema(Enum):
    """A database's schema beside the one of this program."""

    CURRENT = "current"
    EMPTY = "empty"
    OLDER = "older"
    NEWER = "newer"


def migrate(store: Store) -> None:
    """Bring the schema up to this program's version; does nothing when it is.

    Raises StoreError when the database was written by a newer version of the program.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    with store.write() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        current, unknown = _stands(connection, script)
        if unknown:
            raise StoreError(
                f"the database {store.url} has schema version {unknown[0]!r}, which this version "
                "of Followthrough does not know: it was written by a newer one. Start that newer "
                "version, or restore a backup made before the update"
            )
        if current == set(script.get_heads()):
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def schema_of(store: Store) -> Schema:
    """How the database's schema stands to this program's version, without touching it."""
    script = ScriptDirectory.from_config(_config())
    with store.read() as connection:
        current, unknown = _stands(connection, script)
    if unknown:
        return Schema.NEWER
    if not current:
        return Schema.EMPTY
    return Schema.CURRENT if current == set(script.get_heads()) else Schema.OLDER


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _stands(connection: Connection, script: ScriptDirectory) -> tuple[set[str], list[str]]:
    """Revisions that the database stands at, and those of them that this program does not know."""
    known = {revision.revision for revision in script.walk_revisions()}
    current = set(MigrationContext.configure(connection).get_current_heads())
    return current, sorted(current - known)
