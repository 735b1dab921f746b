"""The CRM's own sequences: started at most once, stopped for certain, and a task where they cannot
be."""

from __future__ import annotations

from typing import Any

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

ENROLMENTS = "/automation/sequences/2026-03/enrollments"
BRIDGE = "followthrough_unenrol_requested"
RULES = "- {id: sent, when: {stage_entered: proposal}, settle: 0min, then: [{enrol: s}]}"


def chase(*more: str, native: str = "sequence: {hubspot: Warm outreach}", head: str = "") -> str:
    """A playbook whose sequence starts the CRM's an hour after the proposal."""
    steps = [f"{{id: mails, at: 1h, {native}}}", *more]
    rows = "\n".join(f"    - {step}" for step in steps)
    return playbook(RULES, f"- id: s\n{head}  steps:\n{rows}")


def able(begin: Begin, *, workflow: bool = True, **wanted: Any) -> Story:
    """An account whose admin switched the CRM's sequences on; Ada has one."""
    story = begin(**wanted)
    story.sequence()
    if workflow:
        story.change_account(unenrol_workflow={"property": BRIDGE})
    story.change("PUT", "/api/sequences", {"on": True})
    return story


def enrolments(story: Story) -> int:
    """How many the CRM made."""
    return sum(map(len, story.account.sequences.enrolments.values()))


def person(story: Story, deal: str) -> str:
    (link,) = story.export("deals")["deals"][0]["associations"]["contacts"]
    return link["id"]


def test_the_happy_path(begin: Begin) -> None:
    story = able(begin)
    story.live(chase())
    story.deal("proposal", owner=ADA)
    story.until("+2h")
    assert enrolments(story) == 1
