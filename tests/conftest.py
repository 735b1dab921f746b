"""What holds for all tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from app.model.time import SECOND
from connectors.hubspot.errors import HOLD_MS

# A deadline for each example would be a timed test: it fails on a busy machine and says nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30


def pytest_configure() -> None:
    """Temporary folders in memory where there is room: each commit of a store waits for its disk,
    and no test cuts the power. A process that is killed loses no more there than on a disk."""
    free = shutil.disk_usage(_MEMORY).free if _MEMORY.is_dir() else 0
    if free > _ROOM and os.access(_MEMORY, os.W_OK):
        for name in ("PYTEST_DEBUG_TEMPROOT", "TMPDIR"):
            os.environ.setdefault(name, str(_MEMORY))


@pytest.fixture
def brief_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 429 of HubSpot's holds off for a second of the wall; that it means ten is shown by the
    transport's tests. Whatever the test begins must end with it."""
    monkeypatch.setitem(HOLD_MS, "TEN_SECONDLY_ROLLING", SECOND)


@pytest.fixture(autouse=True)
def patient_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An act of a person's is answered once it is taken in, however busy the machine is: that the
    app answers sooner than that is for people, who do not wait, and a test would see either."""
    monkeypatch.setattr("app.runtime.services.SEEN_S", 60.0)


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
    parser.addoption(
        "--crm",
        choices=("hubspot", "salesforce"),
        default="hubspot",
        help="on which CRM stories are told that name none; those about HubSpot's own ways fail on "
        "others",
    )
