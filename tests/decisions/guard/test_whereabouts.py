"""Where a person is, by the surest word of use, and hours that must be decent in every zone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.explain import place_text, text
from app.decisions.guard import judge
from app.decisions.guard.quiet_hours import place, place_of
from app.decisions.zones import to_local
from app.model.decisions import Verdict
from app.model.guard import GuardFacts
from app.model.playbook import Step
from app.model.records import Place
from app.model.time import DAY, HOUR, Business
from app.model.vocabulary import TaskType
from tests.decisions.build import AMSTERDAM, CONTACT, NEW_YORK, OWNER, at, step
from tests.decisions.guard.test_checks import facts

CHICAGO, ANGELES, HONOLULU = "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu"
STATES = (NEW_YORK, CHICAGO, "America/Phoenix", ANGELES, HONOLULU)
CALL = step("x", task=TaskType.CALL)
MAIL = step("x", task=TaskType.EMAIL, window="email")

PHONE = Place("phone", (CHICAGO,))
COUNTRY = Place("company_country", STATES)


def about(*nearby: Place, zone: str | None = None, step: Step = CALL, **more: object) -> GuardFacts:
    return facts(contact=replace(CONTACT, zone=zone, nearby=nearby), step=step, **more)


@pytest.mark.feature("W03")
@pytest.mark.parametrize(
    ("known", "said"),
    [
        (about(PHONE, COUNTRY, zone=ANGELES), f"{ANGELES}, by the contact's time zone"),
        (about(PHONE, COUNTRY), f"{CHICAGO}, by the contact's telephone number"),
        (about(COUNTRY), f"{NEW_YORK} and the 4 other zones there, by the company's country"),
        (  # an hour is never the same everywhere in the country: the rep's own zone then
            about(COUNTRY, step=MAIL),
            f"{AMSTERDAM}, by the rep's own time zone, since the prospect's is not known",
        ),
        (about(Place("company_country", (NEW_YORK, CHICAGO)), Place("company_phone", (ANGELES,)),
               step=MAIL), f"{ANGELES}, by the company's telephone number"),
        (
            about(owner=replace(OWNER, zone=None)),
            f"{AMSTERDAM}, by the account's time zone, since the prospect's is not known",
        ),
    ],
)  # fmt: skip
def test_the_surest_word_of_use_counts(known: GuardFacts, said: str) -> None:
    assert place_text(place_of(known)) == said


@pytest.mark.feature("W03")
def test_a_call_is_due_when_it_is_decent_in_every_zone_of_the_country() -> None:
    """9:00 in Honolulu is 14:00 in New York, which is 20:00 in Amsterdam: the rep is off then, and
    nobody there is woken for that."""
    known = about(COUNTRY, due_at=at("2026-03-03 10:00"))
    assert place(at("2026-03-03 10:00"), known) == at("2026-03-03 09:00", HONOLULU)
    near = about(Place("company_country", (NEW_YORK, CHICAGO)), now=at("2026-03-03 10:00"),
                 due_at=at("2026-03-03 10:00"))  # fmt: skip
    ruling, _ = judge(near)
    assert ruling.verdict is Verdict.DO
    assert text(ruling.code, ruling.values, AMSTERDAM) == (
        f"Moved to Tue 3 Mar 2026, 16:00, a decent hour in {NEW_YORK} and {CHICAGO}, by the "
        "company's country."
    )


@pytest.mark.feature("W03")
def test_an_older_row_of_the_ledger_names_one_zone_and_no_source() -> None:
    assert text("quiet_hours", {"due_at": at("2026-03-03 16:00"), "zone": NEW_YORK}, AMSTERDAM) == (
        f"Moved to Tue 3 Mar 2026, 16:00, a decent hour in {NEW_YORK}."
    )


@given(
    due=st.integers(at("2026-01-01 00:00"), at("2027-01-01 00:00")).map(Business),
    zones=st.lists(st.sampled_from(STATES), min_size=1, max_size=5, unique=True),
)
def test_a_placed_call_is_decent_in_every_zone_and_never_early(
    due: Business, zones: list[str]
) -> None:
    known = about(Place("company_country", tuple(zones)), due_at=due, now=due)
    placed = place(due, known)
    assert placed >= due
    for zone in place_of(known).zones:
        assert 9 * HOUR <= to_local(placed, zone) % DAY < 17 * HOUR
