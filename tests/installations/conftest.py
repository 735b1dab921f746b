"""Stores for the tests of installations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.engine import Store
from tests.support.stores import new_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = new_store("sqlite", tmp_path)
    yield store
    store.close()
