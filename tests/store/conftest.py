"""Every test of the store runs on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.engine import Dialect, Store
from tests.support.stores import new_store

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return request.param


@pytest.fixture
def store(dialect: Dialect, tmp_path: Path) -> Iterator[Store]:
    store = new_store(dialect, tmp_path)
    yield store
    store.close()
