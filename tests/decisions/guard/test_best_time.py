"""Whoever answers at ten is called at ten, within what is allowed, once enough is known of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.explain import text
from app.decisions.guard import best_time, judge
from app.decisions.guard.quiet_hours import place
from app.decisions.zones import local_day
from app.model.decisions import Ruling, Verdict
from app.model.guard import GuardFacts
from app.model.playbook import LatePolicy
from app.model.records import PersonDeed, Place
from app.model.time import DAY, Business, parse_delay
from app.model.vocabulary import Priority, TaskType
from tests.decisions.build import AMSTERDAM, CONTACT, NEW_YORK, at, step
from tests.decisions.guard.test_checks import facts

CALL = step("x", "3d", task=TaskType.CALL)
MONDAY = at("2026-03-02 09:30")
DAYS = ("2026-02-03", "2026-02-10", "2026-02-17", "2026-02-24", "2026-02-26", "2026-02-27")
"""Four Tuesdays, a Thursday and a Friday."""


def deeds(*hours: str, answer: bool = True, zone: str = AMSTERDAM) -> tuple[PersonDeed, ...]:
    return tuple(
        PersonDeed(at(f"{day} {hour}", zone), answer)
        for day, hour in zip(DAYS, hours, strict=False)
    )


AT_TWO = deeds("14:10", "14:50", "15:20", "15:59", "09:10", "11:00")


def asks(known: Iterable[PersonDeed] = AT_TWO, days: int | None = 0, **more: Any) -> GuardFacts:
    given = {
        "contact": replace(CONTACT, zone=AMSTERDAM, deeds=tuple(known)), "step": CALL,
        "now": MONDAY, "due_at": MONDAY, "owed_at": MONDAY, "best_time_days": days, **more,
    }  # fmt: skip
    return facts(**given)


def moved(given: GuardFacts) -> tuple[Ruling, Any]:
    ruling, _ = judge(given)
    return ruling, ruling.values.get("due_at")


@pytest.mark.feature("W04")
def test_a_call_moves_to_the_hour_at_which_they_answer() -> None:
    ruling, due = moved(asks())
    assert (ruling.verdict, due) == (Verdict.DO, at("2026-03-02 14:00"))
    assert text(ruling.code, ruling.values, AMSTERDAM) == (
        "Moved to Mon 2 Mar 2026, 14:00: 4 of 6 answers of theirs came between 14:00 and 16:00 in "
        "Europe/Amsterdam."
    )


@pytest.mark.feature("W04")
def test_with_days_to_wait_their_weekday_counts_too() -> None:
    assert moved(asks(days=3))[1] == at("2026-03-03 14:00"), "four of six were on a Tuesday"
    assert moved(asks(days=3, now=at("2026-03-03 14:00"), due_at=at("2026-03-03 14:00")))[1] is None


@pytest.mark.feature("W04")
@pytest.mark.parametrize(
    ("why", "given"),
    [
        ("four answers are too few", asks(AT_TWO[:4])),
        ("no two hours are theirs", asks(deeds("08:10", "10:10", "12:10", "14:10", "16:10"))),
        ("it is their hour already", asks(due_at=at("2026-03-02 14:30"))),
        ("the account does not want it", asks(days=None)),
        ("it is urgent", asks(step=replace(CALL, priority=Priority.HIGH))),
        ("it is owed at once", asks(step=step("x", "4h", task=TaskType.CALL))),
        ("it is late and to be done now", asks(step=replace(CALL, late=LatePolicy("now")))),
        ("nobody is reached", asks(step=step("x", "3d", task=TaskType.TODO))),
        ("their hour is at night", asks(deeds(*["21:10"] * 6))),
        (
            "which clock is theirs is not known",
            asks(contact=replace(CONTACT, deeds=AT_TWO, nearby=(
                Place("company_country", (NEW_YORK, "America/Chicago")),
            ))),
        ),
    ],
)  # fmt: skip
def test_otherwise_the_time_stands(why: str, given: GuardFacts) -> None:
    assert best_time.check(given) is None, why


@pytest.mark.feature("W04")
def test_opened_mail_counts_where_answers_are_few() -> None:
    seen = (*deeds("14:10", answer=False), *AT_TWO[1:4], *deeds("14:20", "14:40", answer=False))
    ruling, due = moved(asks(seen))
    assert due == at("2026-03-02 14:00")
    assert ruling.values["what"] == "answers and opened mails"
    assert best_time.too_few(asks(AT_TWO[:4])) == 4
    assert best_time.too_few(asks(AT_TWO)) is None
    assert best_time.too_few(asks(AT_TWO[:4], days=None)) is None


@pytest.mark.feature("W04")
def test_a_step_that_would_be_skipped_stays_on_its_day() -> None:
    skipped = replace(CALL, late=LatePolicy("skip", parse_delay("1d")))
    assert moved(asks(days=3, step=skipped))[1] == at("2026-03-02 14:00")


@pytest.mark.feature("W04")
def test_the_task_says_that_too_little_is_known() -> None:
    values = {"due_at": at("2026-03-02 09:30"), "answers": 2}
    assert text("created", values, AMSTERDAM) == (
        "The task stands in the CRM, due Mon 2 Mar 2026, 09:30, as the channel allows: 2 answers "
        "of theirs are too few to know a better time."
    )
    told = {**best_time_values(), "moved": "best_time", "due_at": at("2026-03-02 14:00")}
    assert text("created", told, AMSTERDAM) == (
        "The task stands in the CRM, due Mon 2 Mar 2026, 14:00, because 4 of 6 answers of theirs "
        "came between 14:00 and 16:00 in Europe/Amsterdam."
    )


def best_time_values() -> dict[str, Any]:
    return dict(moved(asks())[0].values)


@given(
    due=st.integers(at("2026-03-02 00:00"), at("2026-11-01 00:00")).map(Business),
    hours=st.lists(st.integers(0, 23), min_size=0, max_size=6),
    days=st.integers(0, 5),
    kind=st.sampled_from([TaskType.CALL, TaskType.EMAIL]),
)
def test_a_best_time_is_never_early_outside_the_window_or_too_late(
    due: Business, hours: list[int], days: int, kind: TaskType
) -> None:
    known = deeds(*(f"{hour:02}:30" for hour in hours), zone=NEW_YORK)
    contact = replace(CONTACT, zone=NEW_YORK, deeds=known)
    window = "email" if kind is TaskType.EMAIL else None
    given = asks(
        contact=contact, days=days, due_at=due, owed_at=due, now=due,
        step=replace(step("x", "3d", task=kind), window=window),
    )  # fmt: skip
    stands = replace(given, touch=replace(given.touch, due_at=place(due, given)))
    ruling = best_time.check(stands)
    if ruling is None:
        return
    best = ruling.values["due_at"]
    assert best > stands.touch.due_at >= due
    assert place(best, given) == best
    first = local_day(stands.touch.due_at, NEW_YORK)
    assert local_day(best, NEW_YORK) <= first + days + 3, "a weekend may lie before the first day"
    assert best - due <= (days + 6) * DAY
    again = replace(given, touch=replace(given.touch, due_at=best))
    assert best_time.check(again) is None, "once moved, it stands"
