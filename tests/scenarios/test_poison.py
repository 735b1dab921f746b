"""One record that our own code cannot digest holds up nobody else, and is not lost."""

from __future__ import annotations

from typing import Any

import pytest

import app.lanes.case
import app.lanes.observe
from app.lanes import trouble
from tests.scenarios.harness import Story, playbook

ONE = playbook("""
  - id: go
    when: {stage_entered: qualified}
    settle: 0min
    then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
""")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "_LONGEST", 500)


def test_a_touch_that_cannot_be_rendered_waits_alone(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live(ONE)
    texts_for = app.lanes.case.texts_for

    def broken(subject: Any, *rest: Any) -> Any:
        # As long as those before it lack theirs. Those behind it may have to wait for business
        # time, which stands while something that is due has not been done.
        if subject.name == "Poison" and len(story.tasks()) < 2:
            raise ZeroDivisionError("a value nobody thought of")
        return texts_for(subject, *rest)

    monkeypatch.setattr(app.lanes.case, "texts_for", broken)
    deals = [story.deal("new", name=name) for name in ("A", "B", "Poison", "C", "D")]
    for deal in deals:
        story.move(deal, "qualified")
    story.until("+2h")
    assert [len(story.tasks(deal)) for deal in deals] == [1, 1, 1, 1, 1]


def test_a_deal_that_cannot_be_compared_waits_alone(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live(ONE)
    compare = app.lanes.observe.deal_change

    def broken(subject_id: int, row: Any, fields: Any, *rest: Any) -> Any:
        if fields.get("name") == "Poison" and len(story.tasks()) < 1:
            raise ZeroDivisionError("a value nobody thought of")
        return compare(subject_id, row, fields, *rest)

    monkeypatch.setattr(app.lanes.observe, "deal_change", broken)
    deals = [story.deal("qualified", name=name) for name in ("A", "Poison", "B")]
    story.until("+2h")
    assert [len(story.tasks(deal)) for deal in deals] == [1, 1, 1]
