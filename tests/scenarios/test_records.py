"""Records that are merged, deleted or restored, and an app that was away meanwhile."""

from __future__ import annotations

from tests.scenarios.harness import ADA, BEN, OTTO, Story, playbook

RING = playbook("""
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: ring, at: 1d, task: call, template: t, subject: Ring}]}]
""")


def test_an_app_that_was_away_catches_up_with_what_happened(story: Story) -> None:
    story.live("proposal")
    deal, other = story.deal("proposal"), story.deal("qualified")
    story.until("+1d")
    story.restart(
        meanwhile=lambda: (story.move(other, "proposal"), story.act("reply", deal=deal))
    )
    story.until("+4d")
    assert story.ended(deal) == {"proposal/proposal-cadence": "replied"}
    assert story.tasks(deal) == []
    assert [t.due for t in story.tasks(other)] == ["Fri 2026-09-11 10:00"]


def test_a_restart_neither_loses_nor_repeats_what_was_planned(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    for _ in range(4):
        story.restart()
        story.until("+1d")
    assert [t.due for t in story.tasks(deal)] == ["Thu 2026-09-10 10:00"]


def test_two_deals_merged_are_one_follow_up(story: Story) -> None:
    story.live("proposal")
    kept, gone = story.deal("proposal"), story.deal("proposal")
    story.until("+1d")
    with story.simulation.world.lock:
        new = story.account.merge("deals", kept, gone, story.by(OTTO)).id
    story.simulation.barrier.poke()
    story.until("+3d")
    assert len(story.open()) == 1
    assert [t.deals for t in story.open()] == [(new,)]


def test_a_deleted_contact_ends_what_was_for_them(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+3d")
    (task,) = story.open(deal)
    with story.simulation.world.lock:
        story.account.archive("contacts", task.contacts[0], story.by(ADA))
    story.simulation.barrier.poke()
    story.until("+1h")
    assert story.ended(deal) == {"proposal/proposal-cadence": "record_deleted"}
    assert story.open(deal) == []


def test_an_archived_owners_deals_go_to_cover(story: Story) -> None:
    story.live(RING)
    story.change("PUT", f"/api/people/{ADA.owner_id}", {"cover_id": BEN.owner_id})
    with story.simulation.world.lock:
        story.account.owners[ADA.owner_id].archived = True
    story.until("+1d")
    deal = story.deal("qualified", owner=ADA)
    story.until("+10min")
    assert [t.owner for t in story.open(deal)] == ["Ben"]
