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

ELSEWHERE = frozenset(
    {
        "activity_events",  # found by the daily poll instead, and stories count in minutes
        "quote_events",  # the same
        "activity_schema_scope",  # tasks say nothing of their state, which stories look at
        "salesforce_merged_in_bin",  # where a merge leaves no trace it is a deletion
        "unique_properties_on_activities",  # a lost answer is waited out, longer than stories wait
    }
)
"""Positions that change what stories see, not only how it comes about; `tests/chaos` and
`test_positions` have tests of them."""


@pytest.fixture
def begin(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins a story with the keyword arguments of `Story`; `--database`, `--positions` and `--crm`
    hold."""
    dialect = request.config.getoption("database")
    positions: dict[str, Any] = {}
    if request.config.getoption("positions") == "other":
        positions = {name: at for name, at in OTHER_POSITIONS.items() if name not in ELSEWHERE}
    with ExitStack() as stack:

        def story(**wanted: Any) -> Story:
            database = new_url(dialect, tmp_path, migrated=False) if dialect != "sqlite" else ""
            given = {"database": database, "crm": request.config.getoption("crm")} | wanted
            given["sandbox_settings"] = positions | (given.get("sandbox_settings") or {})
            return stack.enter_context(Story(tmp_path, **given))

        yield story


@pytest.fixture
def story(begin: Begin) -> Story:
    """An empty CRM with three reps, connected, its stages confirmed, default settings."""
    return begin()
