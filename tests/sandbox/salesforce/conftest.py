"""One org for each test module: starting it is cheap, sharing it keeps the suite quick."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from sandbox.salesforce.api import Salesforce
from sandbox.world.records import Record
from tests.sandbox.salesforce.support import Client, Place


@pytest.fixture(autouse=True)
def refusals_are_met(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A test that is marked with rows of the table of refusals must have met them."""
    wanted = {row for mark in request.node.iter_markers("refusal") for row in mark.args}
    met: set[str] = set()
    if wanted:
        count = Salesforce.refused

        def refused(vendor: Salesforce, rows: Iterable[str]) -> None:
            told = list(rows)
            met.update(told)
            count(vendor, told)

        monkeypatch.setattr(Salesforce, "refused", refused)
    yield
    assert wanted <= met, "the test does not show what it is marked with"


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
