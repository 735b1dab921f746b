"""One company for each test module: starting it is cheap, sharing it keeps the suite quick."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest

from sandbox.pipedrive.api import Pipedrive
from sandbox.world.records import Link, Record
from tests.sandbox.pipedrive.support import USER, Client, Company

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def refusals_are_met(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A test that is marked with rows of the table of refusals must have met them."""
    wanted = {row for mark in request.node.iter_markers("refusal") for row in mark.args}
    met: set[str] = set()
    if wanted:
        count = Pipedrive.refused

        def refused(vendor: Pipedrive, rows: Iterable[str]) -> None:
            told = list(rows)
            met.update(told)
            count(vendor, told)

        monkeypatch.setattr(Pipedrive, "refused", refused)
    yield
    assert wanted <= met, "the test does not show what it is marked with"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Company]:
    with Company(settings={"rate_limit_multiplier": 1000.0}) as made:
        yield made


@pytest.fixture
def api(sandbox: Company) -> Client:
    return sandbox.client()


@pytest.fixture
def person(sandbox: Company) -> Record:
    fields = {"email": f"p{next(_numbers)}@example.com", "firstname": "Pat", "lastname": "Roe"}
    return sandbox.account.create("contacts", fields, USER)


@pytest.fixture
def deal(sandbox: Company, person: Record) -> Record:
    fields = {"dealname": "Deal", "dealstage": "2", "amount": "1200", "hubspot_owner_id": "602"}
    return sandbox.account.create("deals", fields, USER, [Link("contacts", person.id)])
