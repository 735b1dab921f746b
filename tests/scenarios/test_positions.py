"""Where HubSpot's documents are silent the app does its work either way."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.settings import OTHER_POSITIONS
from sandbox.world.records import TIERS
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import BEN, Story, playbook

FIRST_WORD = playbook("""
  - id: first-word
    when: {stage_entered: qualified}
    then:
      - create_tasks:
          - {id: ring, at: 1d, task: call, template: t, subject: Ring}
          - {id: link, at: 2d, task: linkedin, template: t, subject: Write on LinkedIn}
""")
ASK, CALL = (
    "Ask which date the decision has to be made by",
    "Call about open questions on the proposal",
)
STANDS = [
    ("answered", CALL, "Thu 2026-09-10 10:00", "Ada", "archived"),
    ("done", ASK, "Mon 2026-09-14 10:00", "Ada", "NOT_STARTED"),
    ("done", CALL, "Thu 2026-09-10 10:00", "Ada", "COMPLETED"),
    ("early", "Ring", "Tue 2026-09-08 10:00", "Ada", "NOT_STARTED"),
    ("early", "Write on LinkedIn", "Wed 2026-09-09 10:00", "Ada", "NOT_STARTED"),
    ("given away", CALL, "Thu 2026-09-10 10:00", "Ben", "NOT_STARTED"),
    ("lost", CALL, "Thu 2026-09-10 10:00", "Ada", "archived"),
    ("opted out", CALL, "Thu 2026-09-10 10:00", "Ada", "archived"),
    ("thrown away", ASK, "Mon 2026-09-14 10:00", "Ada", "NOT_STARTED"),
    ("thrown away", CALL, "Thu 2026-09-10 10:00", "Ada", "archived"),
]
"""(deal, task, due, owner, state) of every task after the two weeks."""


def weeks(story: Story) -> list[tuple[str, str, str, str, str]]:
    """Two weeks in which everything happens that the unsettled points touch; what then stands."""
    story.live("proposal")
    story.live(FIRST_WORD)
    deals = {
        name: story.deal("proposal", name=name)
        for name in ("done", "answered", "thrown away", "given away", "lost", "opted out")
    }
    deals["early"] = story.deal("qualified", name="early")
    story.to("2026-09-10 12:00")
    first = {name: story.open(deal)[0].id for name, deal in deals.items()}
    story.act("complete_task", task=first["done"])
    story.act("reply", deal=deals["answered"])
    story.act("delete_task", task=first["thrown away"])
    story.act("change_owner", deal=deals["given away"], owner=BEN.owner_id)
    story.act("opt_out", deal=deals["opted out"])
    story.move(deals["lost"], "lost")
    story.until("+11d")
    return sorted(
        (name, _words(task.subject), task.due, task.owner, _state(task.archived, task.status))
        for name, deal in deals.items()
        for task in story.tasks(deal)
    )


def _words(subject: str) -> str:
    """What a task is about. Where LinkedIn tasks cannot be made, a to-do says so in front."""
    return subject.removeprefix("LinkedIn: ").partition(" — ")[0]


def _state(archived: bool, status: str) -> str:
    return "archived" if archived else status


@pytest.mark.parametrize("positions", [{}, OTHER_POSITIONS], ids=["as likely", "the other way"])
def test_all_points_together(begin: Begin, positions: dict[str, Any]) -> None:
    assert weeks(begin(sandbox_settings=positions)) == STANDS


@pytest.mark.parametrize(
    "tier",
    ["free", *(pytest.param(one, marks=pytest.mark.long) for one in TIERS[1:])],
)
def test_follow_up_by_tasks_is_the_same_in_every_tier(begin: Begin, tier: str) -> None:
    assert weeks(begin(tier=tier)) == STANDS


def test_the_later_version_in_an_account_that_requires_properties(begin: Begin) -> None:
    def require(story: Story) -> None:
        story.change_account(
            required_properties={
                "deals": ["amount", "dealname"],
                "tasks": ["hubspot_owner_id", "hs_task_subject"],
            }
        )

    story = begin(environment={"HUBSPOT_API_VERSION": "2026-09"}, before=require)
    assert weeks(story) == STANDS
    calls = story.hubspot.stats()["calls"]
    assert not [call for call in calls if "2026-03" in call]


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(OTHER_POSITIONS))
def test_each_point_the_other_way(begin: Begin, name: str) -> None:
    assert weeks(begin(sandbox_settings={name: OTHER_POSITIONS[name]})) == STANDS
