"""What holds for all tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A deadline for each example would be a timed test: it fails on a busy machine and says nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what the app of scenarios and faults stores in",
    )
    parser.addoption(
        "--positions",
        choices=("likely", "other"),
        default="likely",
        help="which position the sandbox takes where the vendor's documents are silent",
    )
