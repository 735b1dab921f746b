"""A rule for some pipelines, teams or reps acts there and nowhere else, from first to last."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, OTTO, Person, Story, playbook

CARLA = Person("504", "Carla", team="Americas")
TWO = playbook(
    """
    - id: go
      when: {stage_entered: qualified}
      then: [{enrol: two}]
      scope: {pipelines: [default], teams: [EMEA]}
    - id: hers
      when: {stage_entered: qualified}
      then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
      scope: {reps: ["504"]}
    """,
    """
    - id: two
      steps:
        - {id: a, at: 1d, task: call, template: t, subject: First}
        - {id: b, at: 4d, task: call, template: t, subject: Second}
    """,
)


def _written(story: Story, deal: str) -> list[str]:
    return [task.subject.split(" — ")[0] for task in story.tasks(deal)]


def test_rules_keep_to_their_pipelines_teams_and_reps_to_the_end(begin: Begin) -> None:
    story = begin(people=(OTTO, MIA, ADA, BEN, CARLA))
    story.live(TWO)
    stays, moves, leaves = (story.deal("qualified", name=f"Deal {n}") for n in range(3))
    carlas, bens = story.deal("qualified", owner=CARLA), story.deal("qualified", owner=BEN)
    story.until("+1h")
    other = story.act("add_pipeline", label="Renewals", stages=["Asked", "Renewed", "Gone"])
    assert story.why(carlas, "test/go") == "The rule does not act on team Americas."
    assert story.why(stays, "test/hers") == "The rule does not act on rep 501."
    story.to("2026-09-08 18:00")
    assert [_written(story, deal) for deal in (stays, moves, leaves, bens)] == [["First"]] * 4
    for deal in (stays, moves, leaves, bens):
        story.act("complete_task", task=story.open(deal)[0].id)
    story.act("move_deal", deal=moves, stage="Asked", pipeline=other)
    story.act("change_owner", deal=leaves, owner=CARLA.owner_id)
    with story.simulation.world.lock:  # the CRM's own settings page, which no deed stands for
        americas = next(t.id for t in story.account.teams.values() if t.name == CARLA.team)
        story.account.owners[BEN.owner_id].teams = [(americas, True)]
    story.until("+1d")  # people are read again once a day
    story.until("+4d")
    assert _written(story, stays) == ["First", "Second"]
    assert _written(story, carlas) == ["Ring"]
    out = {"moved": moves, "given to another team": leaves, "its owner's team changed": bens}
    written = {why: _written(story, deal) for why, deal in out.items()}
    assert written == {why: ["First"] for why in out}, "out of scope before the second step"
    assert "out_of_scope" in story.codes(bens, "touch:")


@pytest.mark.feature("X08")
def test_control_set_by_a_bulk_edit_or_a_workflow_holds_for_each_record(story: Story) -> None:
    story.live(TWO)
    paused, stopped, free = ([story.deal("qualified") for _ in range(2)] for _ in range(3))
    story.until("+1h")
    until = str(story.at("2026-09-12 12:00"))
    pause = {"followthrough_control": "pause", "followthrough_pause_until": until}
    story.act("bulk_edit", kind="deals", records=paused, values=pause)
    stop = {"followthrough_control": "stop"}
    story.act("bulk_edit", kind="deals", records=stopped, values=stop, source="AUTOMATION_PLATFORM")
    story.to("2026-09-10 18:00")
    assert [len(story.tasks(deal)) for deal in (*paused, *stopped, *free)] == [0, 0, 0, 0, 1, 1]
    assert {story.ended(deal)["test/two"] for deal in stopped} == {"stopped_by_rep"}
    assert "paused" in story.codes(paused[0], "touch:")
    story.to("2026-09-15 18:00")
    assert [_written(story, deal) for deal in (*paused, *stopped)] == [["First"], ["First"], [], []]
