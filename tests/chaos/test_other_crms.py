"""Failures and kills on other CRMs: the same stands in the end as without.

Salesforce is asked for changes; Pipedrive takes one record a call, and keeps our mark in a task's
text.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest

from app.lanes import dispatch
from tests.chaos.stage import Nursery
from tests.chaos.telling import Line, ending, fault, hits, tell
from tests.chaos.test_kill import TELLING, assert_same, drawn, run, told
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import BEN, Story

DATA = "/salesforce/services/data/[^/]+"
V2 = "/pipedrive/api/v2"
MATRIX = [
    ("salesforce", f"POST {DATA}/composite/sobjects$", "reset_after"),
    ("salesforce", f"PATCH {DATA}/composite/sobjects$", "500_after"),
    ("salesforce", f"DELETE {DATA}/composite/sobjects$", "502_before"),
    ("salesforce", f"GET {DATA}/query$", "502_before"),
    ("salesforce", f"POST {DATA}/composite$", "reset_after"),
    ("pipedrive", f"POST {V2}/activities$", "reset_after"),
    ("pipedrive", f"PATCH {V2}/activities/\\d+$", "500_after"),
    ("pipedrive", f"DELETE {V2}/activities/\\d+$", "502_before"),
    ("pipedrive", f"GET {V2}/deals/\\d+$", "502_before"),
]
NO_PATIENCE = {"salesforce": [], "pipedrive": ["tests.chaos.broken:no_patience"]}
"""Where a time-out is waited out before a task is looked for."""


class Undisturbed:
    """The ending of the story on each CRM, told once."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self.on = cache(self._told)

    def _told(self, crm: str) -> Counter[Line]:
        with Story(self._folders.mktemp("undisturbed"), crm=crm) as story:
            tell(story)
            return ending(story)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(tmp_path_factory)


@pytest.mark.parametrize("crm", NO_PATIENCE)
def test_the_story_has_something_to_lose(undisturbed: Undisturbed, crm: str) -> None:
    lines = undisturbed.on(crm)
    outcomes = Counter(line[3] for line in lines.elements())
    assert outcomes["open"] >= 4
    assert outcomes["completed"] == 1
    assert outcomes["resolved"] >= 3
    assert len({line[5] for line in lines}) == 2, f"{BEN.first} has some"


@pytest.mark.parametrize(("crm", "call", "kind"), MATRIX)
def test_one_kind_of_failure_changes_nothing(
    begin: Begin, undisturbed: Undisturbed, crm: str, call: str, kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    expected = undisturbed.on(crm)
    if NO_PATIENCE[crm]:
        monkeypatch.setattr(dispatch, "ANSWER_MS", 100)
    story = begin(crm=crm)
    id = fault(story, call, kind, times=2)
    tell(story)
    assert hits(story, id) >= 1
    assert ending(story) == expected


@pytest.mark.long
@pytest.mark.parametrize("crm", NO_PATIENCE)
def test_twenty_kills_change_nothing(nursery: Nursery, crm: str) -> None:
    small: dict[str, Any] = {
        "seed": 7, "deals": 8, "weeks": 1.2, "playbooks": [TELLING], "crm": crm,
    }  # fmt: skip
    outcome, moments = run(nursery, **small)
    assert outcome.touches
    plan = drawn(moments, seed=1)
    after, killed_at = run(nursery, **small, **plan, patches=NO_PATIENCE[crm])
    kills = told(killed_at)
    assert len(kills) == 20
    assert sum(kill.is_answered_write for kill in kills) >= 5
    assert_same(outcome, after)
