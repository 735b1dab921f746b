"""A backtest through the API, before anything is activated: true to what live work then does."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import PORTAL, Story, playbook

MAP = playbook(
    """
    - id: sent
      when: {stage_entered: proposal}
      then: [{enrol: chase}]
    """,
    """
    - id: chase
      steps:
        - {id: one, at: 1d, task: todo, template: t, subject: One}
        - {id: two, at: 3d, task: todo, template: t, subject: Two}
        - {id: three, at: 9d, task: todo, template: t, subject: Three}
    """,
)
# How deals behave once a proposal is out: left alone, lost on day 2, answered by the seventh.
COURSE = {"alone": 1, "lost": 1, "moved": 1}


def live_through(story: Story) -> dict[str, str]:
    """Three deals get a proposal; a fortnight goes by. Name → deal."""
    deals = {name: story.deal("qualified", name=name) for name in COURSE}
    story.until("+1h")
    for deal in deals.values():
        story.move(deal, "proposal")
    story.until("+2d")
    story.move(deals["lost"], "lost")
    story.until("+5d")
    story.move(deals["moved"], "negotiation")
    story.until("+7d")
    return deals


@pytest.mark.feature("P16")
def test_what_it_says_would_be_owed_is_what_live_work_creates(begin: Begin) -> None:
    # A backtest counts each task as done when it is due; nobody does so here, so none may wait.
    story = begin(before=live_through, settings={"merge": False})
    story.admin.save({"text": MAP})
    before = story.export("tasks")["tasks"]
    said = story.admin.get("/api/playbooks/test/backtest?days=30")
    assert (said["whole"], said["records"], said["followed_up"]) == (True, 3, 3)
    assert {step["step"]: (step["owed"], step["stopped"]) for step in said["steps"]} == {
        "one": (3, {}),
        "two": (2, {"closed_lost": 1}),
        "three": (1, {"closed_lost": 1, "stage_left": 1}),
    }
    assert [(rep["name"].split()[0], rep["owed"]) for rep in said["reps"]] == [("Ada", 6)]
    assert story.export("tasks")["tasks"] == before, "a backtest writes nothing"
    assert story.touches() == []

    told = story.command(
        "backtest", "--playbook", "test", "--account", str(PORTAL), "--days", "3650", "--json",
        simulated=False,
    )  # fmt: skip
    assert json.loads(told.output)["steps"] == said["steps"], "the command says what the API says"
    told = story.command("backtest", "--playbook", "test", "--account", "7", simulated=False)
    assert (told.exit_code, "found: none" in told.output) == (1, True)

    story.activate("test", "live")
    deals = live_through(story)
    created = [touch for touch in story.touches() if touch["subject_id"] in deals.values()]
    made = Counter(touch["step"] for touch in created if touch["task_id"])
    assert made == {step["step"]: step["owed"] for step in said["steps"]}


def test_a_playbook_that_is_nowhere_is_named(story: Story) -> None:
    answer = story.admin.session.get(f"{story.url}/api/playbooks/nope/backtest", timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (404, "playbook")
    answer = story.admin.session.get(
        f"{story.url}/api/playbooks/proposal/backtest?days=x", timeout=10
    )
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
