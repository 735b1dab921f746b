"""Playbooks and helpers of stories on the CRMs beside HubSpot."""

from __future__ import annotations

from tests.scenarios.harness import Story, playbook

THREE = playbook("""
  - id: sent
    when: {stage_entered: proposal}
    settle: 0min
    then:
      - create_tasks:
          - {id: d3, at: 3d, task: call, template: t, subject: Third day, priority: high}
          - {id: d7, at: 7d, task: email, template: t, subject: Seventh day}
          - {id: d14, at: 14d, task: linkedin, template: t, subject: Fourteenth day, priority: low}
""")

SEQUENCE = playbook(
    "- {id: sent, when: {stage_entered: proposal}, settle: 0min, then: [{enrol: s}]}",
    """
    - id: s
      steps:
        - {id: d3, at: 3d, lead: 0h, task: call, template: t, subject: Third day}
        - {id: d7, at: 7d, lead: 0h, task: email, template: t, subject: Seventh day}
    """,
)


def each_once(story: Story) -> list[str]:
    """The titles of the three tasks; where a CRM has no tasks of LinkedIn, the title says so."""
    last = "LinkedIn: Fourteenth day" if story.kind.name == "pipedrive" else "Fourteenth day"
    return ["Third day", "Seventh day", last]


def proposed(story: Story) -> str:
    """A deal in proposal with its three tasks."""
    story.live(THREE)
    deal = story.deal("proposal")
    story.settle()
    assert story.titles(deal) == each_once(story)
    days = [task.due[:14] for task in story.open(deal)]
    assert days == ["Thu 2026-09-10", "Mon 2026-09-14", "Mon 2026-09-21"]
    return deal


def in_sequence(story: Story) -> str:
    """A deal three days into a sequence, its first task open."""
    story.live(SEQUENCE)
    deal = story.deal("proposal")
    story.until("+3d")
    story.until("+1h")
    assert story.titles(deal) == ["Third day"]
    return deal


def fault(story: Story, match: str, kind: str, **more: object) -> None:
    story.crm.call("POST", "/sandbox/faults", {"match": match, "kind": kind, **more})
