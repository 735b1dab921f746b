"""Fields that the CRM's admins take away, or demand."""

from __future__ import annotations

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

CALLS = playbook("""
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [
      {id: ring, at: 1d, task: call, template: t, subject: Ring},
      {id: write, at: 2d, task: email, template: t, subject: Write}]}]
""")


def _lost(story: Story) -> list[str]:
    assert story.parts is not None
    story.parts.connectors.flush_calls()  # as its clock does every few seconds
    return story.admin.get("/api/health")["lost_properties"]


def test_a_deleted_field_of_ours_is_left_out_and_repaired(story: Story) -> None:
    story.live(CALLS)
    deal = story.deal("qualified")
    story.until("+1h")
    assert len(story.open(deal)) == 2
    for kind, name in (
        ("deals", "followthrough_next_touch_at"),
        ("tasks", "followthrough_touch_id"),
        ("tasks", "followthrough_state"),
    ):
        story.act("delete_property", kind=kind, property=name)
    other = story.deal("qualified")
    story.until("+1h")
    ring, write = story.open(other)
    assert (ring.touch_id, ring.state) == ("", "")
    assert {t["outcome"] for t in story.subject(other)["touches"]} == {"open"}
    assert _lost(story) == [
        "deals.followthrough_next_touch_at",
        "tasks.followthrough_state",
        "tasks.followthrough_touch_id",
    ]
    # What was written without it is still ours: completed, withdrawn, moved like any other.
    story.act("complete_task", task=ring.id)
    story.move(other, "new")
    story.until("+10min")
    assert {t.id: t.archived for t in story.tasks(other)} == {ring.id: False, write.id: True}

    assert story.change("POST", "/api/repair") == {"refused": []}
    assert _lost(story) == []
    assert story.change("POST", "/api/repair") == {"refused": []}, "repeating it changes nothing"
    third = story.deal("qualified")
    story.until("+1h")
    assert all(task.touch_id for task in story.open(third))
    assert story.properties("deals", third)["followthrough_next_touch_at"]
    assert len(story.tasks()) == 6, "no task twice, whichever way it is found again"


def test_a_stop_outlives_the_field_in_which_it_was_set(story: Story) -> None:
    story.live(CALLS)
    deal = story.deal("new")
    story.until("+1h")
    story.control(deal, "stop")
    story.until("+1h")
    story.act("delete_property", kind="deals", property="followthrough_control")
    story.move(deal, "qualified")
    story.until("+2d")
    assert story.tasks(deal) == []
    assert story.subject(deal)["control"] == "stop"


def test_a_lost_answer_after_the_field_was_deleted_makes_no_second_task(story: Story) -> None:
    story.live(CALLS)
    story.act("delete_property", kind="tasks", property="followthrough_touch_id")
    story.deal("qualified")
    story.until("+1h")
    fault = {"match": "POST .*/tasks/batch/create", "kind": "reset_after", "times": 1}
    story.crm.call("POST", "/sandbox/faults", fault)
    deal = story.deal("qualified", owner=ADA)
    story.until("+1h")
    assert len(story.open(deal)) == 2


def test_a_field_that_the_account_demands_is_named(begin: Begin) -> None:
    def demand(story: Story) -> None:
        story.change_account(required_properties={"tasks": ["hs_queue_membership_ids"]})

    story = begin(environment={"HUBSPOT_API_VERSION": "2026-09"}, before=demand)
    story.live(CALLS)
    deal = story.deal("qualified")
    story.until("+1h")
    assert story.tasks(deal) == []
    failed = story.admin.get("/api/health")["failed"]
    assert {row["state"] for row in failed} == {"failed"}
    error = failed[0]["error"]
    assert "hs_queue_membership_ids" in error
    assert "requires a value" in error
    assert "then retry" in error
