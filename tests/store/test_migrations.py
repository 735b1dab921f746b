"""The migrations create exactly the tables of `app.store.tables`, and refuse a newer database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import app.store.migrations as package
from app.store import activities, cursors
from app.store.activities import CONNECTED, HISTORY
from app.store.engine import Dialect, Store, StoreError
from app.store.migrations import migrate
from app.store.tables import metadata
from tests.support.stores import new_store

_SCHEMA = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": """
        SELECT 'column', table_name || '.' || column_name, concat_ws(' ', data_type,
               character_maximum_length, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'constraint', c.conrelid::regclass::text || '.' || c.conname,
               pg_get_constraintdef(c.oid) FROM pg_constraint c
        WHERE c.connamespace = 'public'::regnamespace
    """,
}


def _schema(store: Store) -> set[tuple[str, ...]]:
    with store.read() as connection:
        rows = connection.execute(text(_SCHEMA[store.dialect])).all()
    found: set[tuple[str, ...]] = set()
    for kind, name, definition in rows:
        if "alembic_version" in name:
            continue
        plain = re.sub(r'[\s"]+', " ", definition)
        # Whether SQLite's index condition names its table is a matter of spelling.
        found.add((kind, name, re.sub(r"WHERE (.*)", lambda m: _unqualified(m[0]), plain)))
    return found


def _unqualified(condition: str) -> str:
    return re.sub(r"\b\w+\.(?=\w)", "", condition)


def test_migrations_create_the_tables_and_nothing_else(dialect: Dialect, tmp_path: Path) -> None:
    migrated = new_store(dialect, tmp_path)
    created = new_store(dialect, tmp_path, migrated=False)
    with created.write() as connection:
        metadata.create_all(connection)
    assert _schema(migrated) == _schema(created)


def test_autogenerate_sees_no_difference(store: Store) -> None:
    # On SQLite Alembic takes '' for no default; there the test above compares the defaults.
    defaults = store.dialect == "postgresql"
    options: dict[str, Any] = {"compare_type": True, "compare_server_default": defaults}
    with store.write() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    before = _schema(store)
    migrate(store)
    assert _schema(store) == before


def test_a_newer_database_is_refused_and_left_alone(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"'9999'.*newer.*[Ss]tart that newer version"):
        migrate(store)
    with store.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            ("9999",)
        ]


def _back(store: Store, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent))
    with store.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_steps_lead_back_to_an_empty_database(store: Store) -> None:
    _back(store, "base")
    assert _schema(store) == set()


def test_an_accounts_past_is_read_again_with_its_people_however_far_it_was(store: Store) -> None:
    """Read, being read, read and disconnected now; not while it is imported, which begins it."""
    _back(store, "0028")
    with store.write() as connection:
        for inst, deals, history in (
            (1, "done", None), (2, "done", "call:17"), (3, "deal:9", None),
        ):  # fmt: skip
            cursors.put(connection, inst, "import:deal", deals)
            if history is not None:
                cursors.put(connection, inst, HISTORY, history)
        cursors.put(connection, 2, CONNECTED, "70")
        connection.execute(text(
            "INSERT INTO installations (id, crm, account_id, installed_wall) "
            "VALUES (1, 'hubspot', '1', 50), (2, 'hubspot', '2', 60), (3, 'hubspot', '3', 80)"
        ))  # fmt: skip
    migrate(store)
    with store.read() as connection:
        assert [cursors.get(connection, inst, HISTORY) for inst in (1, 2, 3)] == ["", "", None]
        assert [activities.connected(connection, inst) for inst in (1, 2, 3)] == [50, 70, 0]
