"""A house of each CRM."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.house import House
from tests.scenarios.crms import CRMS


@pytest.fixture(params=CRMS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with House(CRMS[request.param]) as made:
        yield made
