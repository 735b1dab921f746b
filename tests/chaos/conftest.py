"""The nursery of a session's sandboxes and apps, and stories within the process of the tests."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.chaos.stage import Nursery
from tests.scenarios.conftest import begin, story

__all__ = ["begin", "nursery", "story"]


@pytest.fixture(scope="session")
def nursery() -> Generator[Nursery]:
    found = Nursery()
    yield found
    found.close()
