"""What the tests of every vendor share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from sandbox.vendor import VendorServer


@pytest.fixture(autouse=True)
def refusals_are_met(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A test that is marked with rows of the table of refusals must have met them."""
    wanted = {row for mark in request.node.iter_markers("refusal") for row in mark.args}
    met: set[str] = set()
    if wanted:
        count = VendorServer.refused

        def refused(vendor: VendorServer[Any], rows: Iterable[str]) -> None:
            told = list(rows)
            met.update(told)
            count(vendor, told)

        monkeypatch.setattr(VendorServer, "refused", refused)
    yield
    assert wanted <= met, "the test does not show what it is marked with"
