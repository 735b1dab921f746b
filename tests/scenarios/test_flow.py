"""Sequences that wait, branch and split, told by what then stands in the CRM."""

from __future__ import annotations

import pytest

from app.decisions.passing import cohort
from app.model.flow import Split
from app.model.records import SubjectView
from app.model.vocabulary import SubjectType
from tests.scenarios.harness import Story, playbook

RULE = """
- id: begin
  when: {stage_entered: proposal}
  then: [{enrol: way}]
"""

WAITING = playbook(
    RULE,
    """
    - id: way
      exits: {replied: off}
      steps:
        - {id: first, task: email, template: t, subject: First mail}
        - id: heard
          wait: {until: {replied: any}, timeout: 3d}
          then: [{id: warm, task: call, template: t, subject: Call who replied}]
          else: [{id: again, task: email, template: t, subject: Second mail}]
        - {id: last, task: todo, template: t, subject: Look at it, after: previous_done, at: 1d}
    """,
)


def complete(story: Story, deal: str) -> None:
    for task in story.open(deal):
        story.act("complete_task", task=task.id)
    story.settle()


def waiting(story: Story) -> str:
    """A deal whose first mail is done: its follow-up waits for a reply until Thursday."""
    story.live(WAITING)
    deal = story.deal("proposal")
    story.until("+10min")
    assert story.titles(deal) == ["First mail"]
    complete(story, deal)
    return deal


@pytest.mark.feature("B01")
def test_a_reply_that_is_waited_for_takes_the_way_of_those_who_answered(story: Story) -> None:
    deal = waiting(story)
    assert story.titles(deal) == []
    ahead = story.subject(deal)["next"]
    assert (ahead["step"], ahead["state"]) == ("heard", "waiting")
    assert "waits until replied, or Thu 10 Sep 2026, 10:1" in ahead["what"]
    assert ahead["what"] in story.whys(deal, "test/begin")
    said = story.properties("deals", deal)["followthrough_next_touch_at"]
    assert said == str(ahead["due_at"])
    story.until("+1d")
    story.act("reply", deal=deal)
    story.until("+10min")
    assert story.titles(deal) == ["Call who replied"]
    said = "\n".join(story.whys(deal, "test/begin"))
    assert "Not planned, because on the other path: again." in said
    story.until("+5d")
    complete(story, deal)
    story.until("+2d")
    assert story.titles(deal) == ["Look at it"]
    complete(story, deal)
    assert story.ended(deal) == {"test/way": "finished"}
    assert "Second mail" not in {t.subject.split(" — ")[0] for t in story.tasks(deal)}


@pytest.mark.feature("B01")
def test_what_is_waited_for_in_vain_takes_the_other_way_in_time(story: Story) -> None:
    deal = waiting(story)
    story.to("2026-09-10 10:00")
    assert story.titles(deal) == []
    story.to("2026-09-10 10:30")
    assert story.lines(deal) == [("Thu 2026-09-10 10:10", "Second mail")]
    # It came too late to be waited for: the call is not owed, and nothing is planned twice.
    story.act("reply", deal=deal)
    story.until("+1d")
    assert story.titles(deal) == ["Second mail"]
    passed = story.subject(deal)["enrolments"][0]["passed"]
    assert [(one["step"], one["arm"]) for one in passed] == [("heard", "else")]


@pytest.mark.feature("B01")
def test_a_wait_outlives_a_restart_and_a_signal_told_twice_counts_once(story: Story) -> None:
    deal = waiting(story)
    story.restart(meanwhile=lambda: story.act("reply", deal=deal))
    story.until("+10min")
    assert story.titles(deal) == ["Call who replied"]
    story.crm.call("POST", "/sandbox/faults", {"match": "EVENT .*", "kind": "duplicate"})
    story.act("reply", deal=deal)
    story.until("+1d")
    assert story.titles(deal) == ["Call who replied"]
    other = story.deal("proposal")
    story.until("+10min")
    complete(story, other)
    story.restart(meanwhile=lambda: story.to("2026-09-15 10:00"))
    story.until("+1h")
    assert story.titles(other) == ["Second mail"]
    assert len(story.tasks(other)) == 2


@pytest.mark.feature("B01")
def test_exits_end_a_follow_up_that_waits_at_once(story: Story) -> None:
    deal = waiting(story)
    story.move(deal, "lost")
    story.settle()
    assert story.ended(deal) == {"test/way": "closed_lost"}
    assert story.subject(deal)["next"] is None
    story.until("+7d")
    assert len(story.tasks(deal)) == 1


BRANCHING = playbook(
    RULE,
    """
    - id: way
      exits: {replied: off}
      steps:
        - {id: call, task: call, template: t, subject: Call first}
        - id: done
          branch: {step: call, is: [completed]}
          then:
            - id: big
              branch: {if: {field: deal.amount, op: ">=", value: 10000}}
              then: [{id: visit, task: meeting, template: t, subject: Visit them}]
              else: [{id: mail, task: email, template: t, subject: Mail them}]
          else:
            - {id: cool, set: {field: momentum, value: warm}}
        - id: answered
          at: 5d
          branch: {seen: {replied: any}}
          then: [{id: thank, task: todo, template: t, subject: Thank them}]
    """,
)


@pytest.mark.feature("B01")
def test_branches_ask_the_record_the_earlier_step_and_what_was_seen(story: Story) -> None:
    story.live(BRANCHING)
    big, small, gone = (story.deal("proposal", amount=n) for n in (20000, 100, 100))
    story.until("+10min")
    for deal in (big, small):
        complete(story, deal)
    for task in story.open(gone):
        story.act("delete_task", task=task.id)
    story.until("+10min")
    assert story.titles(big) == ["Visit them"]
    assert story.titles(small) == ["Mail them"]
    assert story.titles(gone) == []
    assert story.properties("deals", gone)["followthrough_momentum"] == "warm"
    read = [line for line in story.whys(small, "test/begin") if "deal.amount 100" in line]
    assert read, "the ledger says on what it was decided"
    story.until("+1d")
    story.act("reply", deal=small)
    story.to("2026-09-14 10:30")
    assert story.titles(small) == ["Mail them"], "its other task is still open"
    complete(story, small)
    story.until("+1h")
    assert story.titles(small) == ["Thank them"]
    assert story.ended(gone) == {"test/way": "finished"}, "nothing is left on the way it took"


SPLITTING = playbook(
    RULE,
    """
    - id: way
      steps:
        - id: draw
          split:
            - cohort: call-first
              percent: 60
              steps: [{id: call, task: call, template: t, subject: Call first}]
            - {cohort: nothing, percent: 40}
    """,
)


@pytest.mark.feature("P29")
def test_a_split_draws_cohorts_once_and_for_all(story: Story) -> None:
    story.live(SPLITTING)
    deals = [story.deal("proposal", name=f"Sale {n}") for n in range(8)]
    story.until("+10min")
    split = Split("draw", (("call-first", 60), ("nothing", 40)))
    drawn = {}
    for deal in deals:
        view = SubjectView(1, SubjectType.DEAL, deal, ("deal", deal))
        drawn[deal] = cohort(split, "test/way", view)
        expected = ["Call first"] if drawn[deal] == "call-first" else []
        assert story.titles(deal) == expected
        end = None if expected else "finished"
        assert story.ended(deal) == {"test/way": end}
    assert set(drawn.values()) == {"call-first", "nothing"}
    (chosen, *_) = [deal for deal in deals if drawn[deal] == "call-first"]
    story.move(chosen, "qualified")
    story.until("+10min")
    story.move(chosen, "negotiation")
    counts = {
        one["cohort"]: one["enrolments"] for one in story.admin.get("/api/result")["cohorts"]
    }
    assert counts == {name: [*drawn.values()].count(name) for name in set(drawn.values())}
