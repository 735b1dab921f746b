"""Whoever picks up the telephone at two is called at two."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

RING = playbook("""
  - id: ring
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: call, at: 1d, task: call, subject: Ring, template: t}]}]
""")


def answers(story: Story, person: str) -> None:
    """Three calls that they picked up after two, and two mails of theirs after three."""
    for day in ("08", "09", "10"):
        story.to(f"2026-09-{day} 14:20")
        story.act("log_call", contact=person, outcome="connected", owner=ADA.owner_id)
    for hour in ("15:10", "15:40"):
        story.to(f"2026-09-11 {hour}")
        story.act("reply", contact=person)


@pytest.mark.feature("W04")
def test_a_call_is_due_when_its_person_has_answered_before(begin: Begin) -> None:
    story = begin(settings={"best_time_days": 0})
    story.live(RING)
    known, new = story.contact("Nora"), story.contact("Sam")
    story.deal("new", contact=known)
    answers(story, known)
    story.to("2026-09-14 10:00")
    warm, cold = story.deal("qualified", contact=known), story.deal("qualified", contact=new)
    story.to("2026-09-15 09:30")
    said = {deal: task.due for deal in (warm, cold) for task in story.open(deal)}
    assert said == {warm: "Tue 2026-09-15 14:00", cold: "Tue 2026-09-15 10:00"}
    told = {deal: " ".join(x["text"] for x in story.subject(deal)["ledger"]) for deal in said}
    assert (
        "because 5 of 5 answers of theirs came between 14:00 and 16:00 in Europe/Amsterdam"
        in told[warm]
    )
    assert "0 answers of theirs are too few to know a better time" in told[cold]


@pytest.mark.feature("W04")
def test_what_they_did_before_the_connection_counts_and_the_walk_says_so(begin: Begin) -> None:
    deals: list[str] = []

    def before(story: Story) -> None:
        known = story.contact("Nora")
        deals.append(story.deal("new", contact=known))
        answers(story, known)
        story.to("2026-09-14 09:00")

    story = begin(settings={"best_time_days": 0}, before=before)
    story.to("2026-09-14 10:00")
    wanted = {"text": RING, "signal": "stage_entered:qualified"}
    said = story.admin.change("POST", f"/api/subjects/deal/{deals[0]}/dry-run", wanted)
    walk = [(one["fate"], story.local(one["due_at"])) for one in said["walk"]]
    assert walk == [("owed", "Tue 2026-09-15 14:00")]
    story.live(RING)
    story.move(deals[0], "qualified")
    story.to("2026-09-15 09:30")
    assert [task.due for task in story.open(deals[0])] == ["Tue 2026-09-15 14:00"]
