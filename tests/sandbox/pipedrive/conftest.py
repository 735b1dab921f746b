"""One company for each test module: starting it is cheap, sharing it keeps the suite quick."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from sandbox.world.records import Link, Record
from tests.sandbox.pipedrive.support import USER, Client, Company

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Company]:
    with Company(settings={"rate_limit_multiplier": 1000.0}) as made:
        yield made


@pytest.fixture
def api(sandbox: Company) -> Client:
    return sandbox.client()


@pytest.fixture
def company() -> Iterator[Company]:
    """One that no other test sees."""
    with Company(settings={"rate_limit_multiplier": 1000.0}) as made:
        yield made


@pytest.fixture
def client(company: Company) -> Client:
    return company.client()


@pytest.fixture
def person(sandbox: Company) -> Record:
    fields = {"email": f"p{next(_numbers)}@example.com", "firstname": "Pat", "lastname": "Roe"}
    return sandbox.account.create("contacts", fields, USER)


@pytest.fixture
def deal(sandbox: Company, person: Record) -> Record:
    fields = {"dealname": "Deal", "dealstage": "2", "amount": "1200", "hubspot_owner_id": "602"}
    return sandbox.account.create("deals", fields, USER, [Link("contacts", person.id)])
