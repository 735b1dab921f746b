from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.codes import Code
from app.decisions.guard import PRIORITY_RANK, admit, apply_ruling
from app.decisions.timing import local_date, next_working_day
from app.model.decisions import Ruling, Verdict
from app.model.guard import Counters, GuardFacts
from app.model.ids import touch_id
from app.model.playbook import LatePolicy
from app.model.time import DAY, HOUR, Business, Delay, Unit
from app.model.vocabulary import Priority, SignalKind, TaskType
from tests.decisions.build import (
    AMSTERDAM,
    ANY_TIME,
    CAL,
    NOW,
    active,
    at,
    facts,
    rule,
    step,
    subject,
    touch,
)

NOTHING = Counters({}, {}, {})


def candidate(id: str, **more: Any) -> GuardFacts:
    given = {name: more.pop(name) for name in list(more) if name in ("subject", "contact")}
    made = facts(id=id, **more)
    if not given:
        return made
    keys = {name: getattr(made.touch, name) for name in made.touch.__slots__}
    return GuardFacts(
        touch(**{**keys, **given}),
        made.subject,
        made.contact,
        made.owner,
        made.calendar,
        made.settings,
        made.now,
    )


def codes(rulings: Sequence[Ruling]) -> list[str]:
    return [ruling.code for ruling in rulings]


def test_a_cap_holds_over_the_batch() -> None:
    batch = [candidate(f"t{n}", subject=n, cap_7_days=2) for n in range(4)]
    rulings, after = admit(batch, Counters({}, {"c1": (1, 4)}, {}))
    assert codes(rulings) == ["do", Code.CAP_7_DAYS, Code.CAP_7_DAYS, Code.CAP_7_DAYS]
    assert after.person == {"c1": (2, 5)}
    assert rulings[1].until == at("2026-03-03 09:00")


def test_the_order_is_due_then_priority_then_id_and_answers_keep_the_given_order() -> None:
    batch = [
        candidate("b", subject=1, cap_7_days=1, due_at=NOW),
        candidate("a", subject=2, cap_7_days=1, due_at=NOW),
        candidate("c", subject=3, cap_7_days=1, due_at=NOW, priority=0),
        candidate("d", subject=4, cap_7_days=1, due_at=Business(NOW + 1), priority=0),
    ]
    over = Code.CAP_7_DAYS
    assert codes(admit(batch, NOTHING)[0]) == [over, over, "do", over]
    assert codes(admit(batch[:2], NOTHING)[0]) == [Code.CAP_7_DAYS, "do"]
    earlier = candidate("z", subject=5, cap_7_days=1, due_at=Business(NOW - 1), priority=2)
    assert codes(admit([*batch, earlier], NOTHING)[0])[-1] == "do"


def test_high_priority_comes_first() -> None:
    ranks = [PRIORITY_RANK[one] for one in (Priority.HIGH, Priority.MEDIUM, Priority.LOW)]
    assert ranks == sorted(ranks)


def test_one_due_open_task_per_subject_and_rep() -> None:
    batch = [
        candidate("a"),
        candidate("b"),
        candidate("c", owner_id="o2"),
        candidate("d", subject=2),
    ]
    rulings, after = admit(batch, NOTHING)
    assert codes(rulings) == ["do", Code.MERGE, "do", "do"]
    assert rulings[1].values == {"open_task": "a"}
    assert rulings[1].until is None
    assert after.open_tasks == {(1, "o1"): "a", (1, "o2"): "c", (2, "o1"): "d"}
    again, _ = admit([candidate("b")], after)
    assert codes(again) == [Code.MERGE]


def test_siblings_of_one_rule_are_all_admitted() -> None:
    own: dict[str, Any] = {"sequence": None, "enrolment": "e1", "rule": active()}
    batch = [candidate(touch_id("e1", one), **own) for one in ("d3", "d7", "d14")]
    later = candidate("later", due_at=Business(NOW + HOUR))
    rulings, after = admit([*batch, later], NOTHING)
    assert codes(rulings) == ["do", "do", "do", Code.MERGE]
    assert list(after.open_tasks) == [(1, "o1")]


@pytest.mark.parametrize("priority", list(Priority))
def test_what_two_rules_ask_in_the_same_words_is_asked_once(priority: Priority) -> None:
    """Of one batch, as after a weekend: each passed the guard, and neither stands yet."""

    def asks(id: str, definition: str, **more: Any) -> GuardFacts:
        named = {"sequence": None, "enrolment": id, "definition": definition, "is_firing": True}
        given = {"rule": active(rule(kind=SignalKind.STALLED)), "step": rescue} | more
        return candidate(id, **named, **given)

    rescue = step("x", task=TaskType.TODO, priority=priority)
    again = asks("b", "pb/r")
    other = asks("c", "pb/hot")
    elsewhere = asks("d", "another/hot")
    aloud = asks("e", "pb/hot", step=replace(rescue, subject="Something else"))
    held = asks("f", "pb/r", rule=active(rule(kind=SignalKind.MEETING_HELD)))
    rulings, _ = admit([asks("a", "pb/r"), again, other, elsewhere, aloud, held], NOTHING)
    dropped = [one.values["open_task"] for one in rulings if one.verdict is Verdict.DROP]
    assert dropped == ["a", "a"]
    assert codes(rulings)[1:3] == [Code.STANDS_ALREADY] * 2
    apart = replace(again.settings, merge=False)
    both = [replace(one, settings=apart) for one in (asks("a", "pb/r"), again)]
    assert codes(admit(both, NOTHING)[0]) == ["do", "do"]


def test_a_task_that_is_due_in_the_future_blocks_nobody_yet() -> None:
    own = candidate("f", sequence=None, due_at=at("2026-03-05 10:00"))
    rulings, after = admit([own, candidate("s")], NOTHING)
    assert codes(rulings) == ["do", "do"]
    assert after.open_tasks == {(1, "o1"): "s"}


def test_a_full_day_moves_to_the_next_with_room() -> None:
    full = Counters({("o1", "2026-03-02"): 5, ("o1", "2026-03-03"): 5}, {}, {})
    (ruling,), after = admit([candidate("s", rep_daily_tasks=5)], full)
    assert (ruling.verdict, ruling.code) == (Verdict.DEFER, Code.REP_BUDGET)
    assert ruling.until == ruling.values["due_at"] == at("2026-03-04 09:00")
    assert after.rep_day == full.rep_day  # what is deferred reserves nothing
    (ruling,), after = admit([candidate("f", rep_daily_tasks=5, sequence=None)], full)
    assert (ruling.verdict, ruling.values["due_at"]) == (Verdict.DO, at("2026-03-04 09:00"))
    assert after.rep_day[("o1", "2026-03-04")] == 1


def test_a_year_that_is_full_is_asked_about_again() -> None:
    days = {("o1", local_date(Business(NOW + n * 24 * HOUR), AMSTERDAM)): 1 for n in range(700)}
    own = candidate("f", rep_daily_tasks=1, sequence=None)
    (ruling,), after = admit([own], Counters(days, {}, {}))
    assert ruling.verdict is Verdict.DEFER
    assert after.rep_day == days


def test_overdue_work_counts_on_the_day_on_which_it_is_done() -> None:
    early = candidate("s", due_at=at("2026-02-27 10:00"), rep_daily_tasks=5)
    assert admit([early], NOTHING)[1].rep_day == {("o1", "2026-03-02"): 1}


def test_without_limits_everything_passes_and_nothing_is_counted() -> None:
    batch = [candidate(f"t{n}", merge=False) for n in range(5)]
    rulings, after = admit(batch, NOTHING)
    assert codes(rulings) == ["do"] * 5
    assert after == NOTHING


def test_the_given_counters_stay_as_they_were() -> None:
    counters = Counters({}, {}, {})
    admit([candidate("a", cap_7_days=1, rep_daily_tasks=1)], counters)
    assert counters == NOTHING


@pytest.mark.parametrize("task", [TaskType.TODO, TaskType.MEETING])
def test_what_does_not_address_the_person_uses_up_no_cap(task: TaskType) -> None:
    _, after = admit([candidate("a", cap_7_days=1, step=step("x", task=task))], NOTHING)
    assert after.person == {}


BATCHES = st.lists(
    st.fixed_dictionaries(
        {
            "subject": st.integers(1, 4),
            "contact": st.sampled_from(["c1", "c2"]),
            "owner_id": st.sampled_from(["o1", "o2"]),
            "due_at": st.integers(-50, 50).map(lambda h: Business(NOW + h * HOUR)),
            "priority": st.integers(0, 2),
            "sequence": st.none(),
            "calendar": st.just(ANY_TIME),
        }
    )
    | st.fixed_dictionaries(
        {
            "subject": st.integers(1, 4),
            "contact": st.sampled_from(["c1", "c2"]),
            "owner_id": st.sampled_from(["o1", "o2"]),
            "due_at": st.integers(-50, 0).map(lambda h: Business(NOW + h * HOUR)),
            "priority": st.integers(0, 2),
        }
    ),
    max_size=14,
)


@given(BATCHES, st.integers(1, 3), st.integers(1, 4), st.integers(0, 2))
def test_admission_never_exceeds_and_does_not_depend_on_the_order_given(
    batch: list[dict[str, Any]], budget: int, cap: int, touched: int
) -> None:
    made = [
        candidate(f"t{n}", **one, rep_daily_tasks=budget, cap_7_days=cap)
        for n, one in enumerate(batch)
    ]
    before = Counters({}, {"c1": (touched, touched)}, {})
    rulings, after = admit(made, before)
    done = [
        apply_ruling(one, ruling)
        for one, ruling in zip(made, rulings, strict=True)
        if ruling.verdict is Verdict.DO
    ]
    days = Counter(
        (one.touch.owner_id, local_date(max(one.touch.due_at, NOW), one.calendar.zone))
        for one in done
    )
    assert all(count <= budget for count in days.values())
    assert days == after.rep_day
    people = Counter(one.touch.contact for one in done)
    assert people["c1"] + touched <= max(cap, touched)
    assert people["c2"] <= cap
    steps = Counter(
        (one.touch.subject, one.touch.owner_id) for one in done if not one.touch.is_firing
    )
    assert all(count == 1 for count in steps.values())
    turned, after_turned = admit(made[::-1], before)
    assert turned[::-1] == rulings
    assert after_turned == after


AFTER_DAYS_OFF = st.lists(
    st.tuples(
        st.integers(0, 2),  # priority
        st.sampled_from([None, 100.0, 5000.0, 90_000.0]),  # amount
        st.integers(0, 3),  # of the four days off, that on which it was owed
        st.booleans(),  # expires when two days late
    ),
    max_size=25,
)
TUESDAY = at("2026-03-03 09:00")


@given(AFTER_DAYS_OFF, st.integers(1, 6))
def test_after_four_days_off_the_most_important_come_first_and_no_day_is_overfull(
    owed: list[tuple[int, float | None, int, bool]], budget: int
) -> None:
    """From Friday to Monday nobody worked, so all of it fell due on Tuesday morning."""
    holidays = frozenset({"2026-02-27", "2026-03-02"})
    calendar = replace(CAL, holidays=holidays)
    skip = LatePolicy("skip", Delay(2, Unit.D))
    made = [
        replace(
            candidate(
                f"t{n}", subject=n, contact=f"c{n}", rep_daily_tasks=budget, now=TUESDAY,
                due_at=TUESDAY, priority=priority, calendar=calendar,
                owed_at=Business(at("2026-02-27 10:00") + day * DAY),
                step=step("x", late=skip if expires else LatePolicy()),
            ),
            subject=subject(id=n, amount=amount),
        )
        for n, (priority, amount, day, expires) in enumerate(owed)
    ]  # fmt: skip
    days: dict[str, list[tuple[int, float]]] = defaultdict(list)
    morning = TUESDAY
    while made:
        counters = Counters({("o1", day): len(found) for day, found in days.items()}, {}, {})
        rulings, _ = admit([replace(one, now=morning) for one in made], counters)
        put_off: list[GuardFacts] = []
        for one, ruling in zip(made, rulings, strict=True):
            touch, moved = one.touch, apply_ruling(one, ruling)
            if ruling.verdict is Verdict.DROP:
                assert (ruling.code, touch.step.late) == (Code.TOO_LATE, skip)
            elif ruling.verdict is Verdict.DEFER:
                put_off.append(moved)
            else:
                day = local_date(moved.touch.due_at, AMSTERDAM)
                days[day].append((touch.priority, -(one.subject.amount or 0.0)))
                assert touch.step.late != skip or day <= "2026-03-05", "Thursday is two days late"
        made, morning = put_off, next_working_day(morning, calendar)
    assert all(len(found) <= budget for found in days.values())
    assert all(max(days[a]) <= min(days[b]) for a, b in pairwise(sorted(days)))
    assert len(days["2026-03-03"]) == min(budget, len(owed))
