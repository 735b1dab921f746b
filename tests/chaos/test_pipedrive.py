"""Failures and kills on a CRM that takes one record a call and keeps our mark in a task's text."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from app.lanes import dispatch
from tests.chaos.stage import Nursery
from tests.chaos.telling import Line, ending, fault, hits, tell
from tests.chaos.test_kill import TELLING, assert_same, drawn, run, told
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import Story

V2 = "/pipedrive/api/v2"
CALLS = {
    "create": f"POST {V2}/activities$",
    "update": f"PATCH {V2}/activities/\\d+$",
    "archive": f"DELETE {V2}/activities/\\d+$",
    "read": f"GET {V2}/deals/\\d+$",
}
MATRIX = [
    ("create", "reset_after"), ("update", "500_after"), ("archive", "502_before"),
    ("read", "502_before"),
]  # fmt: skip

SMALL: dict[str, Any] = {
    "seed": 7, "deals": 8, "weeks": 1.2, "playbooks": [TELLING], "crm": "pipedrive",
}  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Counter[Line]:
    with Story(tmp_path_factory.mktemp("undisturbed"), crm="pipedrive") as story:
        tell(story)
        return ending(story)


@pytest.mark.parametrize(("call", "kind"), MATRIX)
def test_one_kind_of_failure_changes_nothing(
    begin: Begin, undisturbed: Counter[Line], call: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "ANSWER_MS", 100)  # waited out before a task is looked for
    story = begin(crm="pipedrive")
    id = fault(story, CALLS[call], kind, times=2)
    tell(story)
    assert hits(story, id) >= 1
    assert ending(story) == undisturbed


@pytest.mark.long
def test_twenty_kills_change_nothing(nursery: Nursery) -> None:
    outcome, moments = run(nursery, **SMALL)
    assert outcome.touches
    patches = ["tests.chaos.broken:no_patience"]
    after, killed_at = run(nursery, **SMALL, **drawn(moments, seed=1), patches=patches)
    kills = told(killed_at)
    assert len(kills) == 20
    assert sum(kill.is_answered_write for kill in kills) >= 5
    assert_same(outcome, after)
