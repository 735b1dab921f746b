"""Stories for scenario tests: one of the usual kind, or begun as a test wishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sandbox.settings import OTHER_POSITIONS
from tests.scenarios.harness import Story
from tests.support.stores import new_url

Begin = Callable[..., Story]

UNHEARD = "activity_events"
"""The one position that changes when things are known and not only how: without events of tasks
and mails they are found by the daily poll. Stories count in minutes, so it has tests of its own."""


@pytest.fixture
def begin(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins a story with the keyword arguments of `Story`; `--database`, `--positions` hold."""
    dialect = request.config.getoption("database")
    positions: dict[str, Any] = {}
    if request.config.getoption("positions") == "other":
        positions = {name: at for name, at in OTHER_POSITIONS.items() if name != UNHEARD}
    with ExitStack() as stack:

        def story(**wanted: Any) -> Story:
            database = new_url(dialect, tmp_path, migrated=False) if dialect != "sqlite" else ""
            given = {"database": database} | wanted
            given["sandbox_settings"] = positions | (given.get("sandbox_settings") or {})
            return stack.enter_context(Story(tmp_path, **given))

        yield story


@pytest.fixture
def story(begin: Begin) -> Story:
    """An empty CRM with three reps, connected, its stages confirmed, default settings."""
    return begin()
