"""Migrations, run at every start: nobody has to remember a command after an update.

They are Alembic's, without its ini file: where the scripts stand and which database is meant is
known here. All steps run in one transaction, on both databases, so a start that is killed halfway
leaves the old schema whole.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.store.engine import Store, StoreError

_LOCK = 0x466F6C6C6F77
"""Key of PostgreSQL's advisory lock: processes that start together migrate one after the other."""


def migrate(store: Store) -> None:
    """Bring the schema up to this program's version; does nothing when it is.

    Raises StoreError when the database was written by a newer version of the program.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    with store.write() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        current = MigrationContext.configure(connection).get_current_heads()
        unknown = sorted(set(current) - known)
        if unknown:
            raise StoreError(
                f"the database {store.url} has schema version {unknown[0]!r}, which this version "
                "of Followthrough does not know: it was written by a newer one. Start that newer "
                "version, or restore a backup made before the update"
            )
        if set(current) == set(script.get_heads()):
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
