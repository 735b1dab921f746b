"""Who gets a step's task: the owner, their manager, one person, or a team in turn."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, OTTO, Person, Story, playbook

DESK = tuple(
    Person(str(510 + n), name, team="Desk") for n, name in enumerate(("Eve", "Fay", "Gus"))
)

TURNS = playbook("""
  - id: go
    when: {stage_entered: qualified}
    settle: 0min
    then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring,
            assign: {team: desk}}]}]
""")


def holders(story: Story) -> Counter[str]:
    return Counter(task.owner for task in story.open())


def away(story: Story, person: Person, start: str, end: str) -> None:
    story.change(
        "PUT", f"/api/people/{person.owner_id}", {"absences": [[story.at(start), story.at(end)]]}
    )


@pytest.mark.feature("P28")
def test_a_step_goes_to_the_manager_or_to_a_person_and_says_why(story: Story) -> None:
    story.live(playbook("""
      - id: go
        when: {stage_entered: qualified}
        settle: 0min
        then:
          - create_tasks:
              - {id: own, at: 1h, task: call, template: t, subject: Ring}
              - {id: boss, at: 2h, task: todo, template: t, subject: Look in, assign: manager}
              - {id: ben, at: 3h, task: todo, template: t, subject: Draw up,
                 assign: {rep: BEN@firm.example}}
    """))
    story.change("PUT", f"/api/people/{BEN.owner_id}", {"manager_id": OTTO.owner_id})
    deal, unled = story.deal("qualified"), story.deal("qualified", owner=MIA)
    story.until("+10min")
    assert {task.subject.split(" —")[0]: task.owner for task in story.open(deal)} == {
        "Ring": "Ada", "Look in": "Mia", "Draw up": "Ben",
    }  # fmt: skip
    assert {task.subject.split(" —")[0]: task.owner for task in story.open(unled)} == {
        "Ring": "Mia", "Look in": "Mia", "Draw up": "Ben",
    }  # fmt: skip
    said = story.whys(deal, "test/go")
    assert "It goes to Mia Firm, the owner's manager." in said
    assert "It goes to Ben Firm, as the step says." in said
    assert any("for the owner's manager, and none is named" in s for s in story.whys(
        unled, "test/go"
    ))  # fmt: skip

    # A new owner takes their own task, and their manager the manager's; Ben keeps his.
    story.act("change_owner", deal=deal, owner=BEN.owner_id)
    story.until("+10min")
    assert {task.subject.split(" —")[0]: task.owner for task in story.open(deal)} == {
        "Ring": "Ben", "Look in": "Otto", "Draw up": "Ben",
    }  # fmt: skip


@pytest.mark.feature("P28")
def test_a_team_takes_turns_and_absent_people_are_passed_over(begin: Begin) -> None:
    story = begin(people=(OTTO, MIA, ADA, *DESK))
    story.live(TURNS)
    for _ in range(6):
        story.deal("qualified")
    story.until("+10min")
    assert holders(story) == {"Eve": 2, "Fay": 2, "Gus": 2}

    away(story, DESK[1], "2026-09-07 00:00", "2026-09-09 00:00")
    deals = [story.deal("qualified") for _ in range(4)]
    story.until("+10min")
    assert holders(story) == {"Eve": 4, "Fay": 2, "Gus": 4}
    said = [line for deal in deals for line in story.whys(deal, "test/go") if "turn" in line]
    assert sorted(said) == [
        "It goes to Eve Firm, whose turn it is in the team desk; passed over, being away: nothing.",
        "It goes to Eve Firm, whose turn it is in the team desk; passed over, being away: nothing.",
        "It goes to Gus Firm, whose turn it is in the team desk; passed over, being away: "
        "Fay Firm.",
        "It goes to Gus Firm, whose turn it is in the team desk; passed over, being away: "
        "Fay Firm.",
    ]
    # Whoever comes back is next in the ring, and does not find all that the others did.
    story.to("2026-09-09 10:00")
    for _ in range(3):
        story.deal("qualified")
    story.until("+10min")
    assert holders(story) == {"Eve": 5, "Fay": 3, "Gus": 5}


@pytest.mark.feature("P28")
def test_what_is_dropped_takes_no_turn_and_a_retry_keeps_its_person(begin: Begin) -> None:
    story = begin(people=(OTTO, MIA, ADA, *DESK))
    story.live(TURNS)
    stopped = story.deal("new")
    story.control(stopped, "stop")
    story.settle()
    story.crm.call(
        "POST", "/sandbox/faults",
        {"match": "POST /crm/objects/2026-03/tasks/batch/create", "kind": "500_after", "times": 1},
    )  # fmt: skip
    first = story.deal("qualified")
    story.move(stopped, "qualified")
    story.until("+10min")
    second = story.deal("qualified")
    story.until("+2h")
    assert [task.owner for task in story.open(first)] == ["Eve"]
    assert len(story.tasks(first)) == 1
    assert story.tasks(stopped) == []
    assert [task.owner for task in story.open(second)] == ["Fay"]


@pytest.mark.feature("P28")
def test_the_budget_and_the_hours_are_of_whoever_has_the_turn(begin: Begin) -> None:
    late = Person("520", "Hal", team="Desk", hours=(13 * 60, 17 * 60))
    story = begin(people=(OTTO, MIA, ADA, late), settings={"rep_daily_tasks": 2})
    story.live(TURNS)
    for _ in range(3):
        story.deal("qualified")
    story.until("+1d")
    assert sorted((task.owner, task.due) for task in story.open()) == [
        ("Hal", "Mon 2026-09-07 13:00"),
        ("Hal", "Mon 2026-09-07 13:00"),
        ("Hal", "Tue 2026-09-08 13:00"),
    ]


@pytest.mark.feature("P28")
def test_a_team_that_is_all_away_waits_for_the_first_back(begin: Begin) -> None:
    story = begin(people=(OTTO, MIA, ADA, *DESK[:2]))
    story.live(TURNS)
    away(story, DESK[0], "2026-09-07 00:00", "2026-09-10 00:00")
    away(story, DESK[1], "2026-09-07 00:00", "2026-09-09 00:00")
    deal = story.deal("qualified")
    story.to("2026-09-09 12:00")
    assert [(task.owner, task.due) for task in story.open(deal)] == [
        ("Fay", "Wed 2026-09-09 09:00")
    ]
