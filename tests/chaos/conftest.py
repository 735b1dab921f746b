"""The nursery of a session's sandboxes and apps."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.chaos.stage import Nursery


@pytest.fixture(scope="session")
def nursery() -> Generator[Nursery]:
    found = Nursery()
    yield found
    found.close()
