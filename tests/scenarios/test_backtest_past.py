"""A backtest of an account that was connected just now knows what happened before, on each CRM."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

CHASE = playbook(
    """
    - id: sent
      when: {stage_entered: proposal}
      then: [{enrol: chase}]
    - id: missed
      when: {meeting_missed: any}
      then: [{create_tasks: [{id: again, at: 1h, task: todo, template: t, subject: Again}]}]
    - id: quiet
      when: {no_activity_for: 6d}
      if: {field: deal.amount, op: ">", value: 50000}
      then: [{create_tasks: [{id: look, at: 1h, task: todo, template: t, subject: Look}]}]
    """,
    """
    - id: chase
      steps:
        - {id: one, at: 1d, task: call, template: t, subject: One}
        - {id: two, at: 3d, task: call, template: t, subject: Two}
        - {id: three, at: 9d, task: call, template: t, subject: Three}
    """,
)
LIMITS = {"merge": False, "cap_7_days": 2, "cap_30_days": None}


def lived(story: Story) -> None:
    """Deals that get a proposal on Monday the 7th at 11:00, and four weeks of what is then done by
    hand. What is latest of each of them says nothing of what was before."""
    names = ("answered", "called", "met", "won", "tended", "alone")
    people = {name: story.contact(name.title(), owner=ADA.owner_id) for name in names}
    deals = {
        name: story.deal(
            "qualified", name=name, contact=people[name],
            amount=90_000 if name == "tended" else 5_000,
        )
        for name in names
    }  # fmt: skip
    story.to("2026-09-07 11:00")
    for deal in deals.values():
        story.move(deal, "proposal")
    story.to("2026-09-08 14:00")
    story.act("log_call", deal=deals["called"], owner=ADA.owner_id)
    story.act("send_email", deal=deals["alone"], subject="Our offer", user=ADA.owner_id)
    story.act("reply", deal=deals["won"])
    gone = story.act("book_meeting", deal=deals["met"], start=story.at("2026-09-08 16:00"))
    story.to("2026-09-09 09:30")
    story.act("reply", deal=deals["answered"])
    story.act("log_call", deal=deals["called"], owner=ADA.owner_id)
    if story.kind.name != "pipedrive":  # where a meeting is done or not, and no more
        story.act("meeting_outcome", meeting=gone, outcome="NO_SHOW")
    story.to("2026-09-11 12:00")
    story.move(deals["won"], "won")
    for day in ("11", "16", "21", "26"):
        story.to(f"2026-09-{day} 12:30")
        task = _task(story, people["tended"])
        story.act("complete_task", task=task, user=ADA.owner_id)
    story.to("2026-10-01 10:00")
    for name in ("answered", "called", "met", "won", "alone"):
        story.act("reply", deal=deals[name])
    story.to("2026-10-01 12:00")


def _task(story: Story, contact: str) -> str:
    """A task that a rep made for somebody, in no app's name."""
    row = {
        "contact": story.inner(contact), "hs_task_subject": "Keep in touch",
        "hs_task_type": "TODO", "hs_task_status": "NOT_STARTED",
        "hubspot_owner_id": ADA.owner_id, "hs_timestamp": str(story.now),
    }  # fmt: skip
    return story.act("import_rows", kind="tasks", rows=[row])


def listings(story: Story) -> int:
    """How often the CRM was asked for a list of what was logged."""
    calls = story.crm.call("GET", "/sandbox/stats")["calls"]
    return sum(sum(by.values()) for name, by in calls.items() if name.endswith("/search"))


def steps(said: dict[str, Any]) -> dict[str, tuple[int, dict[str, int]]]:
    return {step["step"]: (step["owed"], step["stopped"]) for step in said["steps"]}


@pytest.mark.feature("P16")
@pytest.mark.parametrize("crm", ["hubspot", "salesforce", "pipedrive"])
def test_the_past_counts_day_by_day(begin: Begin, crm: str) -> None:
    story = begin(crm=crm, before=lived, settings=LIMITS)
    story.admin.save({"text": CHASE})
    said = story.admin.get("/api/playbooks/test/backtest?days=90")
    assert (said["whole"], said["past"]["being_read"], said["followed_up"]) == (True, False, 6)
    # One is owed to those who had not yet done anything by Tuesday 11:00, which is all of them.
    assert steps(said) == {
        "one": (6, {}),
        "two": (3, {"replied": 2, "meeting_booked": 1}),
        "three": (3, {"replied": 2, "meeting_booked": 1}),
        # Whom a rep tends every five days is never quiet for six.
        "again": (0 if crm == "pipedrive" else 1, {}),
        "look": (0, {}),
    }
    assert said["moved_on"] == 6, "two steps for each who had answered or booked by then"
    # What reps did on Tuesday and Wednesday and our first step fill the week of two of them: the
    # second step waits until Tuesday.
    assert said["put_off"] == {"cap_7_days": 2}


def test_of_longer_ago_it_is_read_once_and_when_somebody_asks(begin: Begin) -> None:
    story = begin(before=lived, settings=LIMITS)
    story.admin.save({"text": CHASE})
    asked = "/api/playbooks/test/backtest?days=300"
    known = story.admin.get("/api/playbooks/test/backtest")["past"]["known_since_at"]
    first = story.admin.get(asked)
    assert first["past"] == {"known_since_at": known, "being_read": True}
    assert "being read" in first["assumptions"][0]
    story.settle()
    read = listings(story)
    assert read > 0
    again = story.admin.get(asked)
    story.settle()
    assert (again["past"]["being_read"], listings(story)) == (False, read)
    assert again["past"]["known_since_at"] == first["since_at"] - 30 * 86_400_000
    assert steps(again) == steps(first), "there was nothing before"
