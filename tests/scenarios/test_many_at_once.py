"""Imports and bulk edits: many records at once wait for a release, a handful is a rep's work."""

from __future__ import annotations

import pytest

from tests.scenarios.harness import ADA, KINDS, Story, playbook

RING = playbook("""
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
""")


def moved_at_once(story: Story, number: int) -> list[str]:
    deals = [story.deal("new", name=f"Deal {index}") for index in range(number)]
    story.until("+1h")
    values = {"dealstage": KINDS["qualified"]}
    story.act("bulk_edit", kind="deals", records=deals, values=values)
    story.until("+1h")
    return deals


@pytest.mark.feature("P30")
def test_a_bulk_edit_of_many_deals_waits_in_the_backlog(story: Story) -> None:
    story.live(RING)
    deals = moved_at_once(story, 14)
    assert story.tasks() == []
    assert story.why(deals[0], "test/go") == (
        "It came with many others by a bulk edit; it waits in the backlog for an admin's release."
    )
    (backlog,) = story.admin.get("/api/backlog")["rules"]
    assert (backlog["rule"], backlog["count"]) == ("test/go", 14)
    story.move(deals[13], "lost")
    story.change("POST", "/api/backlog/release", {"rule": "test/go", "per_day": 5})
    story.until("+1h")
    assert len(story.tasks()) == 5
    story.until("+3d")
    assert len(story.tasks()) == 13, "a few a day, and not what was lost meanwhile"


@pytest.mark.feature("P30")
def test_a_handful_moved_in_a_list_is_followed_up_at_once(story: Story) -> None:
    story.live(RING)
    moved_at_once(story, 5)
    assert len(story.tasks()) == 5


@pytest.mark.feature("P30")
def test_imported_deals_wait_and_a_deal_made_by_hand_meanwhile_does_not(story: Story) -> None:
    story.live(RING)
    contact = story.contact()
    rows = [
        {
            "dealname": f"Row {index}", "dealstage": KINDS["qualified"], "pipeline": "default",
            "hubspot_owner_id": ADA.owner_id, "amount": "5000", "contact": contact,
        }
        for index in range(30)
    ]  # fmt: skip
    story.act("import_rows", kind="deals", rows=rows)
    mine = story.deal("qualified", name="Mine")
    story.until("+1h")
    assert [t.subject for t in story.tasks()] == ["Ring — Mine"]
    assert story.admin.get("/api/backlog")["rules"][0]["count"] == 30
    assert len(story.tasks(mine)) == 1


@pytest.mark.feature("P30")
def test_imported_contacts_wait_and_one_who_is_entered_by_hand_does_not(story: Story) -> None:
    story.live(
        playbook("""
          - id: go
            when: {subject_created: contact}
            settle: 0min
            then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
        """)
    )
    rows = [
        {
            "firstname": f"Row {index}", "email": f"row{index}@prospect.example",
            "hubspot_owner_id": ADA.owner_id,
        }
        for index in range(30)
    ]  # fmt: skip
    story.act("import_rows", kind="contacts", rows=rows)
    mine = story.contact("Ines", owner=ADA.owner_id)
    story.until("+1h")
    assert [task.contacts for task in story.tasks()] == [(mine,)]
    assert story.admin.get("/api/backlog")["rules"][0]["count"] == 30
