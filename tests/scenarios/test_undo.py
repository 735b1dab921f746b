"""Undoing an activation: the CRM as it was, but for what a person touched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import KINDS, Story, playbook

RULES = playbook(
    """
    - id: go
      when: {stage_entered: qualified}
      then:
        - create_tasks:
            - {id: ring, at: 1h, task: call, template: t, subject: Ring}
            - {id: write, at: 2d, task: email, template: t, subject: Write}
        - {set: {field: momentum, value: hot}}
    - {id: follow, when: {stage_entered: proposal}, then: [{enrol: later}]}
    """,
    """
    - id: later
      steps:
        - {id: first, at: 1d, task: call, template: t, subject: First}
        - {id: second, at: 9d, task: call, template: t, subject: Second}
    """,
)


def as_it_is(story: Story) -> dict[str, Any]:
    """What a user of the CRM sees of deals and contacts and of our live tasks; empty is absent."""
    found: dict[str, Any] = {}
    for kind, rows in story.export("deals,contacts").items():
        for row in rows if kind in ("deals", "contacts") else ():
            found[row["id"]] = {
                name: value for name, value in row["properties"].items()
                if value and not name.startswith(("hs_", "notes_", "lastmod", "num_"))
            }  # fmt: skip
    found["tasks"] = sorted((t.subject, t.due, t.status, t.owner) for t in story.open())
    return found


@pytest.mark.feature("P25")
def test_undoing_an_activation_leaves_the_crm_as_it_was_but_for_what_people_touched(
    begin: Begin,
) -> None:
    story = begin(settings={"merge": False})
    deals = {name: story.deal("new", name=name) for name in ("A", "B", "C", "D")}
    story.until("+1h")
    before = as_it_is(story)
    story.live(RULES, "shadow")
    story.activate("test", "live")
    for name in ("A", "B", "C"):
        story.move(deals[name], "qualified")
    story.move(deals["D"], "proposal")
    story.until("+26h")
    tasks = {t.subject: t for t in story.open()}
    assert sorted(tasks) == [
        "First — D", "Ring — A", "Ring — B", "Ring — C", "Write — A", "Write — B", "Write — C",
    ]  # fmt: skip
    assert story.properties("deals", deals["A"])["followthrough_momentum"] == "hot"
    story.act("complete_task", task=tasks["Ring — B"].id)
    story.act("edit_task", task=tasks["Write — C"].id, body="my own words")
    story.settle()

    (live, shadow) = story.admin.get("/api/activations")["activations"]
    assert (live["mode"], shadow["mode"]) == ("live", "shadow")
    rules = story.admin.session.get(f"{story.url}/rules").text
    assert f"/activations/{live['id']}" in rules
    path = f"/api/activations/{live['id']}/undo"
    seen = story.admin.get(path)
    assert seen["rules"] == {"test/go": "shadow", "test/follow": "shadow"}
    assert seen["counts"] == {
        "running": 4, "planned": 1, "archived": 5, "edited": 1, "completed": 1, "deleted": 0,
    }  # fmt: skip
    page = story.admin.session.get(f"{story.url}/activations/{live['id']}").text
    assert page.count("is archived") == 5
    assert "stays: a person edited it" in page
    assert story.open() != [], "looking changes nothing"

    assert story.change("POST", path)["undone"] == seen["counts"]
    story.until("+10min")
    left = [(t.subject, t.status, t.body) for t in story.tasks() if not t.archived]
    assert [(subject, status) for subject, status, _ in left] == [
        ("Ring — B", "COMPLETED"), ("Write — C", "NOT_STARTED"),
    ]  # fmt: skip
    assert "my own words" in left[1][2]
    for name, stage in zip("ABCD", ["qualified"] * 3 + ["proposal"], strict=True):
        before[deals[name]]["dealstage"] = KINDS[stage]
    before["tasks"] = [(t.subject, t.due, t.status, t.owner) for t in story.open()]
    after = as_it_is(story)
    assert "followthrough_last_touch_at" in after[deals["B"]], "what a rep did is told"
    del after[deals["B"]]["followthrough_last_touch_at"]
    assert after == before

    assert story.why(deals["A"], "test/go") == (
        "otto@firm.example undid the activation that began it."
    )
    modes = {r["rule"]: r["mode"] for r in story.admin.get("/api/playbooks")["saved"][0]["rules"]}
    assert modes == {"test/go": "shadow", "test/follow": "shadow"}
    story.until("+12d")
    assert len([t for t in story.tasks() if not t.archived]) == 2, "nothing comes after"


def test_undoing_an_older_activation_leaves_what_a_newer_one_began(story: Story) -> None:
    story.live(RULES)
    old = story.deal("qualified", name="Old")
    story.until("+1h")
    story.live(RULES.replace("subject: Ring", "subject: Phone"))
    new = story.deal("qualified", name="New")
    story.until("+1h")
    _, first = story.admin.get("/api/activations")["activations"]
    path = f"/api/activations/{first['id']}/undo"
    assert story.admin.get(path)["rules"] == {}
    story.change("POST", path)
    story.until("+10min")
    assert story.open(old) == []
    assert story.titles(new) == ["Phone", "Write"]
    modes = {r["mode"] for r in story.admin.get("/api/playbooks")["saved"][0]["rules"]}
    assert modes == {"live"}
    assert story.admin.get("/api/activations")["activations"][1]["undone_by"] == "otto@firm.example"


STEERED = playbook(
    "- {id: go, when: {stage_entered: qualified}, settle: 0min, then: [{enrol: way}]}",
    """
    - id: way
      steps:
        - {id: first, at: 1h, task: call, template: t, subject: First}
        - {id: warm, at: 2h, set: {field: momentum, value: hot}}
        - {id: last, at: 9d, task: call, template: t, subject: Last}
    """,
)


@pytest.mark.feature("P25")
def test_momentum_that_a_step_has_set_is_taken_back_too(story: Story) -> None:
    story.live(STEERED, "shadow")
    story.activate("test", "live")
    passed, ahead = story.deal("qualified", name="Passed"), story.deal("new", name="Ahead")
    story.until("+90min")
    story.move(ahead, "qualified")
    story.until("+1h")
    assert story.properties("deals", passed)["followthrough_momentum"] == "hot"
    assert not story.properties("deals", ahead).get("followthrough_momentum")
    live = story.admin.get("/api/activations")["activations"][0]
    story.change("POST", f"/api/activations/{live['id']}/undo")
    story.until("+10min")
    assert not story.properties("deals", passed).get("followthrough_momentum")
    assert story.open() == []
