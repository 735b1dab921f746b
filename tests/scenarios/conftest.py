"""Stories for scenario tests: one of the usual kind, or begun as a test wishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.harness import Story
from tests.support.stores import new_url

Begin = Callable[..., Story]


@pytest.fixture
def begin(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins a story with the keyword arguments of `Story`, on the database of `--database`."""
    dialect = request.config.getoption("database")
    with ExitStack() as stack:

        def story(**wanted: Any) -> Story:
            database = new_url(dialect, tmp_path, migrated=False) if dialect != "sqlite" else ""
            return stack.enter_context(Story(tmp_path, **{"database": database} | wanted))

        yield story


@pytest.fixture
def story(begin: Begin) -> Story:
    """An empty CRM with three reps, connected, its stages confirmed, default settings."""
    return begin()
