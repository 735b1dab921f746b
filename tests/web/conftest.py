"""Every test of the web runs on SQLite; the store's own tests cover the other database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.engine import Store
from tests.support.stores import new_store
from tests.web.support import Served


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store("sqlite", tmp_path)
    yield store
    store.close()


@pytest.fixture
def served(store: Store) -> Served:
    return Served(store)
