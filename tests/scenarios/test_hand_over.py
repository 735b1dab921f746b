"""A sequence that gives the record to somebody else, with what they have to know."""

from __future__ import annotations

import pytest

from tests.scenarios.harness import ADA, BEN, MIA, Person, Story, playbook

WAY = playbook(
    """
    - {id: go, when: {stage_entered: qualified}, settle: 0min, then: [{enrol: way}]}
    """,
    """
    - id: way
      steps:
        - {id: first, at: 1h, task: call, template: t, subject: First call}
        - id: to-closer
          after: previous_done
          hand_over: {to: TO, template: t}
        - {id: close, at: 1d, after: previous_done, task: call, template: t, subject: Closing call}
    """,
)
CLOSER = "{rep: ben@firm.example}"


def way(to: str) -> str:
    return WAY.replace("TO", to)


def done(story: Story, deal: str) -> None:
    for task in story.open(deal):
        story.act("complete_task", task=task.id)
    story.settle()


def owner(story: Story, deal: str) -> str:
    return story.properties("deals", deal).get("hubspot_owner_id", "")


def notes(story: Story) -> list[str]:
    return [row["properties"]["hs_note_body"] for row in story.export("notes")["notes"]]


@pytest.mark.feature("M05")
def test_the_record_goes_to_another_rep_with_its_context_and_the_next_step_is_theirs(
    story: Story,
) -> None:
    story.live(way(CLOSER))
    deal = story.deal("qualified", owner=ADA)
    other = story.deal("new", owner=ADA)
    story.until("+1h")
    done(story, deal)
    story.until("+10min")
    assert owner(story, deal) == BEN.owner_id
    assert owner(story, other) == ADA.owner_id
    (note,) = notes(story)
    assert "Is this decided?" in note
    assert "The record went from Ada Firm to Ben Firm; a note with the context stands on it." in (
        story.whys(deal, "test/go")
    )
    story.until("+2d")
    (task,) = story.open(deal)
    assert (task.subject.split(" — ")[0], task.owner) == ("Closing call", "Ben")
    assert len(notes(story)) == 1


@pytest.mark.feature("M05")
def test_a_manager_gets_what_is_stuck(story: Story) -> None:
    story.live(way("manager"))
    deal = story.deal("qualified", owner=ADA)
    story.until("+1h")
    done(story, deal)
    story.until("+10min")
    assert owner(story, deal) == MIA.owner_id


@pytest.mark.feature("M05")
@pytest.mark.parametrize(
    ("to", "whose", "said"),
    [
        ("{rep: ada@firm.example}", ADA, "It is not handed over: it is Ada Firm's already."),
        ("manager", MIA, "It is not handed over: there is nobody to give it to."),
    ],
)
def test_where_nobody_is_to_get_it_the_way_goes_on_and_says_why(
    story: Story, to: str, whose: Person, said: str
) -> None:
    story.live(way(to))
    deal = story.deal("qualified", owner=whose)
    story.until("+1h")
    done(story, deal)
    story.until("+2d")
    assert owner(story, deal) == whose.owner_id
    assert notes(story) == []
    assert said in story.whys(deal, "test/go")
    assert [task.subject.split(" — ")[0] for task in story.open(deal)] == ["Closing call"]


@pytest.mark.feature("M05")
@pytest.mark.usefixtures("brief_holds")
@pytest.mark.parametrize("fault", ["503", "timeout_after", "429"])
def test_a_hand_over_that_was_interrupted_is_finished_once(story: Story, fault: str) -> None:
    story.live(way(CLOSER))
    deal = story.deal("qualified", owner=ADA)
    story.until("+1h")
    story.hubspot.faults.add({"match": "POST .*/deals/batch/update", "kind": fault, "times": 1})
    story.hubspot.faults.add({"match": "POST .*/notes/batch/create", "kind": fault, "times": 1})
    done(story, deal)
    story.until("+1h")
    assert owner(story, deal) == BEN.owner_id
    assert len(notes(story)) == 1
    assert len([c for c in story.codes(deal, "touch:") if c in ("handed_over", "adopted")]) == 1


STALE = playbook(
    """
    - {id: go, when: {stage_entered: qualified}, settle: 0min, then: [{create_tasks: [
        {id: one, at: 1h, task: call, template: t, subject: First call},
        {id: two, at: 2h, task: call, template: t, subject: Second call}]}]}
    - {id: stuck, when: {no_activity_for: 3d}, then: [{reassign: BEN@firm.example}]}
    """
)


@pytest.mark.feature("M05")
def test_a_rule_gives_open_untouched_tasks_to_whom_it_names(story: Story) -> None:
    story.live(STALE)
    deal = story.deal("qualified", owner=ADA)
    story.until("+10min")
    (first, _) = story.open(deal)
    story.act("edit_task", task=first.id, body="Mine")
    story.until("+4d")
    assert [task.owner for task in story.open(deal)] == ["Ada", "Ben"]
    assert owner(story, deal) == ADA.owner_id, "the record stays whose it is"


@pytest.mark.feature("M05")
@pytest.mark.parametrize(
    ("old", "new", "field", "hint"),
    [
        ("BEN@firm.example", "benn@firm.example", "rules[1].then[0].reassign", "ben@firm.example"),
        ("subject: First call}", "subject: First call, assign: {team: EMEAS}}",
         "rules[0].then[0].create_tasks[0].assign.team", "EMEA"),
        ("subject: First call}", "subject: First call, assign: {rep: who@firm.example}}",
         "rules[0].then[0].create_tasks[0].assign.rep", "firm.example"),
    ],
)  # fmt: skip
def test_nobody_and_no_team_is_refused_when_it_is_saved(
    story: Story, old: str, new: str, field: str, hint: str
) -> None:
    (problem,) = story.mistakes(STALE.replace(old, new))
    assert problem["field"] == field
    assert hint in problem["suggestion"]
