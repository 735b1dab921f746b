"""The nursery of a session's sandboxes and apps, and stories within the process of the tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator

import pytest

from tests.chaos.stage import Nursery
from tests.chaos.telling import Line, ending, tell
from tests.scenarios.conftest import begin, story
from tests.scenarios.harness import Story

__all__ = ["begin", "nursery", "story"]


@pytest.fixture(scope="session")
def nursery() -> Generator[Nursery]:
    found = Nursery()
    yield found
    found.close()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Counter[Line]:
    """What the story of `telling` leaves where nothing fails."""
    with Story(tmp_path_factory.mktemp("undisturbed")) as story:
        tell(story)
        return ending(story)
