"""One org for each test module: starting it is cheap, sharing it keeps the suite quick."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.world.records import Record
from tests.sandbox.salesforce.support import Client, Place


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Place]:
    with Place() as made:
        yield made


@pytest.fixture
def alone() -> Iterator[Place]:
    """An org that no other test sees."""
    with Place() as made:
        yield made


@pytest.fixture
def api(sandbox: Place) -> Client:
    return sandbox.client()


@pytest.fixture
def deal(sandbox: Place) -> Record:
    return sandbox.deal()
