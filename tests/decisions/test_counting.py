"""Which engagements of others are touches of their own."""

from __future__ import annotations

import pytest

from app.decisions.counting import days_of
from app.model.time import Business
from app.model.touches import DayCount, Done, Logged
from app.model.vocabulary import TaskType
from tests.decisions.build import AMSTERDAM, at

CALL, EMAIL = TaskType.CALL, TaskType.EMAIL


def called(when: str, owner: str | None = "o1") -> Logged:
    return Logged(CALL, owner, at(when))


def counted(*logged: Logged, done: tuple[Done, ...] = ()) -> dict[str, int]:
    return {day: count.others for day, count in days_of(logged, done, AMSTERDAM).items()}


def test_they_are_counted_by_day_kind_and_rep() -> None:
    found = days_of(
        [
            called("2026-03-02 23:59"),
            called("2026-03-03 00:00", None),
            Logged(EMAIL, "o2", at("2026-03-03 09:00")),
            Logged(None, "o2", at("2026-03-03 09:01")),
        ],
        (),
        AMSTERDAM,
    )
    assert found == {
        "2026-03-02": DayCount(1, {CALL: 1}, {"o1": 1}),
        "2026-03-03": DayCount(3, {CALL: 1, EMAIL: 1}, {"": 1, "o2": 2}),
    }


@pytest.mark.parametrize(
    ("logged", "left"),
    [
        (called("2026-03-02 06:00"), {}),  # four hours before
        (called("2026-03-02 14:00"), {}),  # and after
        (called("2026-03-02 14:01"), {"2026-03-02": 1}),
        (called("2026-03-02 05:59"), {"2026-03-02": 1}),
        (called("2026-03-02 10:00", "o2"), {"2026-03-02": 1}),  # another rep
        (Logged(EMAIL, "o1", at("2026-03-02 10:00")), {"2026-03-02": 1}),  # another kind
        (Logged(None, "o1", at("2026-03-02 10:00")), {"2026-03-02": 1}),
    ],
)
def test_what_carried_out_our_task_is_no_touch_of_its_own(
    logged: Logged, left: dict[str, int]
) -> None:
    done = (Done(CALL, "o1", at("2026-03-02 10:00")),)
    assert counted(logged, done=done) == left


def test_a_task_is_carried_out_once() -> None:
    done = (Done(CALL, "o1", at("2026-03-02 10:00")),)
    two = called("2026-03-02 09:50"), called("2026-03-02 10:10")
    assert counted(*two, done=done) == {"2026-03-02": 1}
    assert counted(*two, done=(*done, Done(CALL, "o1", Business(done[0].at + 1)))) == {}
