"""Sequences beside each other: the one of the higher priority goes first."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import Story, playbook


def two(lower: str) -> str:
    return playbook(
        """
        - {id: calm, when: {stage_entered: qualified}, settle: 0min, then: [{enrol: nurture}]}
        - id: rush
          when: {field_changed: deal.close_date}
          again: every_signal
          then: [{enrol: urgent}]
        """,
        f"""
        - id: nurture
          priority: 10
          steps:
            - {{id: a, at: 1d, task: call, template: t, subject: Calm one}}
            - {{id: b, at: 3d, task: call, template: t, subject: Calm two}}
            - {{id: c, at: 7d, task: call, template: t, subject: Calm three}}
        - id: urgent
          priority: 50
          lower: {lower}
          exits: {{stage_left: off}}
          steps:
            - {{id: u, at: 1h, task: call, template: t, subject: Urgent}}
        """,
    )


def rush(story: Story, deal: str, day: str) -> None:
    at = story.at(f"{day} 00:00")
    story.act(
        "set_property", kind="deals", record=deal, property="closedate", value=str(at)
    )
    story.until("+10min")


@pytest.mark.feature("P09")
def test_a_higher_sequence_pauses_a_lower_one_which_goes_on_without_a_burst(begin: Begin) -> None:
    story = begin(settings={"merge": False})
    story.live(two("pause"))
    deal = story.deal("qualified")
    story.until("+10min")
    rush(story, deal, "2026-12-01")
    assert story.lines(deal) == [("Mon 2026-09-07 11:10", "Urgent")]
    # The first two calm steps would have come on Tuesday and on Thursday.
    story.to("2026-09-10 15:00")
    assert story.lines(deal) == [("Mon 2026-09-07 11:10", "Urgent")]
    calm = [line["text"] for line in story.subject(deal)["ledger"]]
    assert (
        "test/urgent (priority 50) is running, which goes before priority 10." in calm
    )
    (urgent,) = story.open(deal)
    story.act("complete_task", task=urgent.id)
    story.until("+10min")
    assert story.lines(deal) == [("Thu 2026-09-10 15:00", "Calm one")]
    # The steps keep their distance, and the pause does not count.
    story.to("2026-09-21 18:00")
    assert [(task.subject.split(" —")[0], task.due) for task in story.tasks(deal)[1:]] == [
        ("Calm one", "Thu 2026-09-10 15:00"),
        ("Calm two", "Mon 2026-09-14 09:00"),
        ("Calm three", "Wed 2026-09-16 15:00"),
    ]
    assert "The sequence that went before it is over; it goes on, now due at Mon 14 Sep 2026, " in (
        " ".join(line["text"] for line in story.subject(deal)["ledger"])
    )


@pytest.mark.feature("P09")
def test_a_higher_sequence_ends_a_lower_one_and_both_say_so(story: Story) -> None:
    story.live(two("end"))
    deal = story.deal("qualified")
    story.until("+10min")
    story.to("2026-09-08 11:00")
    assert story.lines(deal) == [("Tue 2026-09-08 10:00", "Calm one")]
    rush(story, deal, "2026-12-01")
    assert story.lines(deal) == [("Tue 2026-09-08 12:00", "Urgent")]
    assert story.ended(deal) == {"test/nurture": "outranked", "test/urgent": None}
    assert (
        "test/urgent (priority 50) has begun, which goes before priority 10 and ends it."
        in [line["text"] for line in story.subject(deal)["ledger"]]
    )


@pytest.mark.feature("P09")
def test_a_lower_sequence_does_not_begin_while_a_higher_one_runs(story: Story) -> None:
    story.live(two("pause"))
    deal = story.deal("new")
    story.until("+10min")
    rush(story, deal, "2026-12-01")
    story.move(deal, "qualified")
    story.until("+10min")
    assert "test/nurture" not in story.ended(deal)
    assert story.why(deal, "test/calm") == (
        "test/urgent (priority 50) is running, which goes before priority 10."
    )
    checks = story.command("why", deal, "--rule", "test/calm").output
    assert "test/urgent (priority 50) is running" in checks
