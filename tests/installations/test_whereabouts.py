"""Zones by a telephone number and by a country as people write it."""

from __future__ import annotations

import pytest

from app.installations.whereabouts import zones_of_country, zones_of_phone
from app.lanes.whereabouts import said_by


@pytest.mark.feature("W03")
@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+1 415 555 0123", "America/Los_Angeles"),
        ("+1 212 555 0100", "America/New_York"),
        ("0049 151 12345678", "Europe/Berlin"),
        ("+44 20 7946 0000", "Europe/London"),  # with Guernsey, Jersey and Man, whose clocks agree
        ("+61 2 9123 4567", "Australia/Sydney"),
        ("+1 800 555 1234", None),  # a free number is nowhere
        ("020 7946 0000", None),  # of which country?
        ("ask for Nora", None),
        ("", None),
        (None, None),
    ],
)
def test_a_number_says_where_it_is(number: str | None, zones: str | None) -> None:
    assert zones_of_phone(number) == zones


@pytest.mark.feature("W03")
@pytest.mark.parametrize(
    ("country", "part", "zones"),
    [
        ("Germany", None, "Europe/Berlin"),
        ("  deutschland ", None, "Europe/Berlin"),
        ("DE", None, "Europe/Berlin"),
        ("DEU", None, "Europe/Berlin"),
        ("UK", None, "Europe/London"),
        ("England", None, "Europe/London"),
        ("日本", None, "Asia/Tokyo"),
        ("United States", "California", "America/Los_Angeles"),
        ("USA", "tx", "America/Chicago America/Denver"),
        ("Canada", "Nova Scotia", "America/Halifax"),
        ("Australia", "QLD", "Australia/Brisbane"),
        ("Spain", "Madrid", "Europe/Madrid Atlantic/Canary"),  # of Spain no parts are known
        ("Atlantis", None, None),
        (None, "California", None),
    ],
)
def test_a_country_says_which_zones_it_has(
    country: str | None, part: str | None, zones: str | None
) -> None:
    assert zones_of_country(country, part) == zones


@pytest.mark.feature("W03")
def test_a_country_of_several_zones_has_each_kind_of_clock_once() -> None:
    zones = (zones_of_country("United States of America") or "").split()
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} < {*zones}
    assert "America/Detroit" not in zones, "whose clocks are New York's"
    assert len(zones) == 8


@pytest.mark.feature("W03")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"zone": "Europe/Paris", "country": "Japan"}, ("Europe/Paris", "company_zone")),
        ({"country": "Japan", "phone": "+1 212 555 0100"}, ("Asia/Tokyo", "company_country")),
        # Of a country with several zones the number says in which the company is.
        ({"country": "US", "phone": "+1 212 555 0100"}, ("America/New_York", "company_phone")),
        ({"country": "US", "state": "HI"}, ("Pacific/Honolulu", "company_country")),
        ({"phone": "+81 3 1234 5678"}, ("Asia/Tokyo", "company_phone")),
        ({"country": "Atlantis"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_the_most_exact_word_of_a_company_counts(
    fields: dict[str, str], said: tuple[str | None, str | None]
) -> None:
    assert said_by(fields) == said
