"""`bin/followthrough why`: every check with its value, and what would have to change."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
import requests

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story, playbook

RULES = """
- id: sent
  when: {stage_entered: proposal}
  if: {all: [{field: deal.amount, op: ">=", value: 1000}, {field: deal.currency, op: known}]}
  then: [{enrol: cadence}]
  limit: 50
- id: quiet
  when: {no_activity_for: 7d}
  then: [{create_tasks: [{id: c, task: call, template: t, subject: Check in}]}]
"""
STEPS = """
- id: cadence
  steps: [{id: a, at: 3d, task: call, template: t, subject: Ask}]
"""


def asked(story: Story, *words: str) -> Any:
    return story.command("why", *words)


@pytest.mark.feature("P17")
@pytest.mark.feature("P18")
def test_the_command_says_why_and_why_not(story: Story) -> None:
    story.live(playbook(RULES, STEPS))
    big, small, early = story.deal(), story.deal(amount=500, name="Small"), story.deal()
    for deal in (big, small):
        story.move(deal, "proposal")
    story.until("+10min")

    said = asked(story, big, "--rule", "test/sent").output
    assert said.startswith("Big sale (deal ")
    assert "stage Proposal sent, owner Ada Firm, as of Mon 7 Sep 2026, 10:1" in said
    assert "NO  not yet done: acted on this stage entry" in said
    assert "Enrolled in test/cadence" in said

    said = asked(story, small, "--rule", "test/sent").output
    assert "yes signal: in proposal since Mon 7 Sep 2026, 10:00" in said
    assert "NO  condition: deal.amount is 500.0" in said
    assert "yes condition: deal.currency is EUR" in said
    assert "yes limit: 1 of 50 within the hour" in said
    assert "for it to act: deal.amount >= 1000\n" in said
    assert "The rule's condition is not met" in said

    said = asked(story, early, "--rule", "test/sent").output
    assert "for it to act: the deal enters proposal\n" in said
    assert "Nothing was decided yet." in said

    answer = json.loads(asked(story, early, "--json").output)
    assert [rule["rule"] for rule in answer["rules"]] == ["test/quiet", "test/sent"]
    silence = next(c for c in answer["rules"][0]["checks"] if c["name"] == "signal")
    assert (silence["passed"], silence["found"]) == (
        False, "silent: from Mon 14 Sep 2026, 10:00 on",
    )  # fmt: skip
    later = asked(story, early, "--rule", "test/quiet", "--at", "2026-09-14T12:00").output
    assert "yes signal: silent: reached at Mon 14 Sep 2026, 10:00" in later
    before = asked(story, small, "--rule", "test/sent", "--at", "2026-09-07T09:00").output
    assert "Nothing was decided yet." in before

    assert "There is no deal 1 here" in asked(story, "1").output
    assert "write it like 2026-09-21T10:00" in asked(story, small, "--at", "Monday").output
    missed = asked(story, small, "--rule", "test/snet")
    assert "The rule test/snet is not switched on" in missed.output
    assert missed.exit_code == 1


@pytest.mark.feature("P17")
@pytest.mark.feature("P18")
def test_the_page_says_it_for_a_record_and_a_rule_at_a_time(story: Story) -> None:
    story.live(playbook(RULES, STEPS))
    big, small = story.deal(), story.deal(amount=500, name="Small", owner=BEN)
    for deal in (big, small):
        story.move(deal, "proposal")
    story.until("+10min")

    def asked_page(browser: requests.Session, words: str) -> requests.Response:
        return browser.get(f"{story.url}/why?{words}", timeout=20)

    admin = story.admin.session
    text = html.unescape(asked_page(admin, "q=Small&rule=test/sent").text)
    assert "For it to act:</strong> deal.amount >= 1000." in text
    assert "deal.amount is 500.0" in text
    assert "The rule's condition is not met" in text
    text = asked_page(admin, f"q={big}&rule=test/sent").text
    assert "Enrolled in test/cadence" in text
    before = asked_page(admin, f"q={big}&rule=test/sent&at=2026-09-07T09:00").text
    assert "Nothing was decided by then." in before
    assert "Enrolled in" not in before
    later = asked_page(admin, f"q={small}&rule=test/quiet&at=2026-09-15T12:00").text
    assert "silent: reached at Mon 14 Sep 2026, 10:00" in later
    assert "Nothing found for" in asked_page(admin, "q=nowhere").text
    assert asked_page(admin, f"q={big}&at=Monday").status_code == 422
    both = asked_page(admin, "rule=test/sent").text
    assert "Big sale" in both
    assert "Small" in both

    ada = story.signed_in(ADA)
    assert "Enrolled in test/cadence" in asked_page(ada, f"q={big}&rule=test/sent").text
    assert "Nothing found for" in asked_page(ada, "q=Small").text
    answer = ada.get(f"{story.url}/api/standing/deal/{small}", timeout=20)
    assert answer.status_code == 404, "a colleague's deal is not there for a rep"


def test_decisions_are_kept_no_longer_than_is_set(begin: Begin) -> None:
    story = begin(settings={"ledger_days": 30})
    story.live(playbook(RULES, STEPS))
    old, young = story.deal("proposal", amount=1), story.deal(name="Young")
    story.until("+1h")
    assert story.codes(old, "rule:test/sent") == ["settling", "condition_false"]
    story.until("+20d")
    story.move(young, "proposal")
    story.until("+15d")
    # Daily work is done on the next day on which there is anything to do.
    story.move(story.deal(name="Fresh"), "proposal")
    story.until("+2d")
    assert story.codes(old, "rule:test/sent") == []
    assert "enrolled" in story.codes(young, "rule:test/sent")
    assert story.ended(young)["test/cadence"] is None, "what runs is no decision, and stays"
