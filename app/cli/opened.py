"""The configuration and the database, for commands that run beside the server."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import click

from app.installations import doctor
from app.installations.config import Config, ConfigError, from_environment
from app.store.engine import Store, StoreError


@contextmanager
def opened() -> Generator[tuple[Config, Store]]:
    """The server's database, in the environment of this command.

    Raises click's error where the environment or the database is not that of a server that was
    started once; the text says what to do.
    """
    try:
        config = from_environment()
        store = Store(config.database_url)
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    try:
        for finding in doctor.database(store):
            raise click.ClickException(f"{finding.what} {finding.next}")
        yield config, store
    finally:
        store.close()
