"""Failures and kills on a CRM that is asked for changes: the same stands in the end as without."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.chaos.stage import Nursery
from tests.chaos.telling import Line, ending, fault, hits, tell
from tests.chaos.test_kill import TELLING, assert_same, drawn, run, told
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import BEN, Story

DATA = "/salesforce/services/data/[^/]+"
CALLS = {
    "create": f"POST {DATA}/composite/sobjects$",
    "update": f"PATCH {DATA}/composite/sobjects$",
    "archive": f"DELETE {DATA}/composite/sobjects$",
    "read": f"GET {DATA}/query$",
    "poll": f"GET {DATA}/queryAll$",
}
MATRIX = [
    ("create", "reset_after"), ("update", "500_after"), ("archive", "502_before"),
    ("read", "502_before"), ("poll", "reset_after"),
]  # fmt: skip

SMALL: dict[str, Any] = {
    "seed": 7, "deals": 8, "weeks": 1.2, "playbooks": [TELLING], "crm": "salesforce",
}  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Counter[Line]:
    with Story(tmp_path_factory.mktemp("undisturbed"), crm="salesforce") as story:
        tell(story)
        return ending(story)


def test_the_story_has_something_to_lose(undisturbed: Counter[Line]) -> None:
    outcomes = Counter(line[3] for line in undisturbed.elements())
    assert outcomes["open"] >= 4
    assert outcomes["completed"] == 1
    assert outcomes["resolved"] >= 3
    assert len({line[5] for line in undisturbed}) == 2, f"{BEN.first} has some"


@pytest.mark.parametrize(("call", "kind"), MATRIX)
def test_one_kind_of_failure_changes_nothing(
    begin: Begin, undisturbed: Counter[Line], call: str, kind: str
) -> None:
    story = begin(crm="salesforce")
    id = fault(story, CALLS[call], kind, times=2)
    tell(story)
    assert hits(story, id) >= 1
    assert ending(story) == undisturbed


@pytest.mark.long
def test_twenty_kills_change_nothing(nursery: Nursery) -> None:
    outcome, moments = run(nursery, **SMALL)
    assert outcome.touches
    after, killed_at = run(nursery, **SMALL, **drawn(moments, seed=1))
    kills = told(killed_at)
    assert len(kills) == 20
    assert sum(kill.is_answered_write for kill in kills) >= 5
    assert_same(outcome, after)
