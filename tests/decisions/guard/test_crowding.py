"""Steps against caps, before anything runs."""

from __future__ import annotations

import pytest

from app.decisions.guard.crowding import Crowd, crowded
from app.model.guard import Cap
from app.model.playbook import Step
from app.model.vocabulary import TaskType
from tests.decisions.build import step

DAILY = tuple(step(f"d{day}", f"{day}d") for day in range(1, 11))


@pytest.mark.parametrize(
    ("steps", "cap", "found"),
    [
        (DAILY, Cap(7, 10), None),
        (DAILY, Cap(6, 10), Crowd("d7", 7, 6, 7)),
        (DAILY, Cap(None, 9), Crowd("d10", 10, 9, 30)),
        (DAILY, Cap(), None),
        ((step("a", None), step("b", "7d")), Cap(1), None),  # a week apart
        ((step("a", None), step("b", "6d")), Cap(1), Crowd("b", 2, 1, 7)),
        ((step("b", "6d"), step("a", None)), Cap(1), Crowd("b", 2, 1, 7)),  # whatever their order
        ((step("a", None), step("b", "1h", task=TaskType.TODO)), Cap(1), None),
        ((step("a", None), step("b", "1h", anchor="previous_done")), Cap(1), None),
    ],
)
def test_the_first_step_that_does_not_fit(
    steps: tuple[Step, ...], cap: Cap, found: Crowd | None
) -> None:
    assert crowded(steps, cap) == found


def test_a_channel_by_itself() -> None:
    steps = (step("a", None), step("b", "1h", task=TaskType.EMAIL), step("c", "2h"))
    assert crowded(steps, Cap(1), TaskType.EMAIL) is None
    assert crowded(steps, Cap(1), TaskType.CALL) == Crowd("c", 2, 1, 7, TaskType.CALL)
