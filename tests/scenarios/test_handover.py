"""A record gets a new owner: a note with the context, and tasks that are the new owner's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.harness import ADA, BEN, Story, playbook

RUNNING = playbook(
    "- {id: go, when: {stage_entered: proposal}, settle: 0min, then: [{enrol: chase}]}",
    """
    - id: chase
      title: Proposal chase
      steps: [{id: ask, at: 1h, task: call, template: t, subject: Ask for the decision},
              {id: again, at: 5d, task: call, template: t, subject: Ask again}]
    """,
)
TASKS = {"Read the handover note and take over", "Introduce yourself as the new owner"}


def notes(story: Story) -> list[dict[str, Any]]:
    """The notes that the app wrote."""
    found: list[dict[str, Any]] = story.export("notes")["notes"]
    return [row for row in found if row["created_by"][0] == "INTEGRATION"]


def linked(note: dict[str, Any], kind: str) -> list[str]:
    return [one["id"] for one in note["associations"].get(kind, ())]


def new(story: Story, deal: str) -> dict[str, str]:
    """Subject → owner of the tasks of the handover."""
    titles = {task.subject.split(" — ")[0]: task.owner for task in story.open(deal)}
    return {title: owner for title, owner in titles.items() if title in TASKS}


def handed_over(story: Story) -> str:
    """A deal in proposal with a follow-up that runs, given from Ada to Ben."""
    story.live(RUNNING)
    story.live("owner-change")
    deal = story.deal("proposal", owner=ADA)
    story.until("+2h")
    story.act("change_owner", deal=deal, owner=BEN.owner_id)
    return deal


@pytest.mark.feature("T24")
@pytest.mark.feature("M05")
def test_a_new_owner_finds_a_note_with_the_context_and_has_the_tasks(story: Story) -> None:
    deal = handed_over(story)
    story.until("+5min")
    assert (notes(story), new(story, deal)) == ([], {}), "the change has not settled"
    story.until("+10min")
    (note,) = notes(story)
    assert linked(note, "deals") == [deal]
    assert len(linked(note, "contacts")) == 1
    body, fields = note["properties"]["hs_note_body"], note["properties"]
    for said in (
        "What does the new owner take over?", "Ben Firm takes this over",
        "since 7 September 2026",
        "People: Nora Vos",
        "Proposal chase, next: Ask for the decision on 7 September 2026",
        "Open tasks: Ask for the decision, due 7 September 2026",
        "no reply yet",
    ):
        assert said in body, body
    assert fields["hubspot_owner_id"] == BEN.owner_id
    assert int(fields["hs_timestamp"]) <= story.now
    assert new(story, deal) == dict.fromkeys(TASKS, "Ben")
    assert {task.owner for task in story.open(deal)} == {"Ben"}, "the call has moved along"
    (touch,) = [t for t in story.touches() if t["step"] == "context"]
    assert (touch["outcome"], touch["task_id"]) == ("written", note["id"])
    story.until("+3d")
    assert notes(story) == [note], "neither written again nor touched"
    story.move(deal, "lost")
    story.until("+1d")
    assert notes(story)[0]["archived"] is False, "what was so stays written"


@pytest.mark.feature("T24")
def test_a_lost_answer_and_a_webhook_told_twice_make_no_second_note(story: Story) -> None:
    create = "POST .*notes/batch/create"
    lost = {"match": create, "kind": "500_after", "times": 1}
    story.crm.call("POST", "/sandbox/faults", lost)
    twice = {"match": "EVENT .*", "kind": "duplicate", "times": 0}
    story.crm.call("POST", "/sandbox/faults", twice)
    deal = handed_over(story)
    story.until("+30min")
    (note,) = notes(story)
    assert linked(note, "deals") == [deal]
    assert sorted(new(story, deal)) == sorted(TASKS)
    (touch,) = [t for t in story.touches() if t["step"] == "context"]
    assert (touch["outcome"], touch["task_id"]) == ("written", note["id"])
    assert story.codes(deal, f"touch:{touch['id']}")[-1] == "adopted"
    story.until("+1d")
    assert len(notes(story)) == 1


@pytest.mark.feature("T24")
def test_a_change_that_is_taken_back_at_once_does_nothing(story: Story) -> None:
    deal = handed_over(story)
    story.until("+3min")
    story.act("change_owner", deal=deal, owner=ADA.owner_id)
    story.until("+1h")
    assert (notes(story), new(story, deal)) == ([], {})
    assert "changed again" in story.why(deal, "owner-change/handed-over")
    assert {task.owner for task in story.open(deal)} == {"Ada"}


def test_a_rule_of_a_note_alone_is_over_when_it_stands(story: Story) -> None:
    story.live(
        playbook("- {id: n, when: {owner_changed: any}, again: every_signal, settle: 0min, "
                 "then: [{create_tasks: [{id: told, note: t}]}]}")
    )  # fmt: skip
    deal = story.deal("qualified", owner=ADA)
    story.until("+1h")
    story.act("change_owner", deal=deal, owner=BEN.owner_id)
    story.until("+10min")
    assert len(notes(story)) == 1
    assert story.ended(deal) == {"test/n": "finished"}
    assert story.open(deal) == []
    story.admin.save({"text": playbook(
        "- {id: m, when: {stage_entered: qualified}, again: every_entry, settle: 0min, "
        "then: [{create_tasks: [{id: told, note: t}]}]}", name="past")})
    said = story.admin.get("/api/playbooks/past/backtest?days=30")
    assert [(step["step"], step["owed"]) for step in said["steps"]] == [("told", 1)]
