"""What a CRM's admin changes of the account itself: people, stages, pipelines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, KINDS, MIA, OTTO, Person, Story, playbook

RING = playbook("""
  - id: go
    when: {stage_entered: qualified}
    again: every_entry
    then: [{create_tasks: [
      {id: ring, at: 1d, task: call, template: t, subject: Ring},
      {id: look, at: 4d, task: todo, template: t, subject: Look up}]}]
""")


def _told(story: Story, person: Any = None) -> list[str]:
    found = story.notices(person)
    return [row["data"]["text"] for row in found if row["code"] == "account_changed"]


@pytest.mark.feature("M04")
@pytest.mark.feature("M05")
def test_a_rep_who_left_is_stood_in_for_until_back(begin: Begin) -> None:
    story = begin(settings={"default_owner": MIA.owner_id})
    story.live(RING)
    story.change("PUT", f"/api/people/{ADA.owner_id}", {"cover_id": BEN.owner_id})
    deal = story.deal("qualified", owner=ADA)
    story.until("+1h")
    ring, look = story.open(deal)
    story.act("edit_task", task=look.id, subject="Look up, mine")
    story.act("archive_owner", owner=ADA.owner_id)
    story.until("+1d")
    assert {t.id: t.owner for t in story.open(deal)} == {ring.id: "Ben", look.id: "Ada"}
    assert "owner_left" in story.subject(deal)["flags"]
    (told,) = _told(story, MIA)
    assert told.startswith("Ada Firm is no longer active in the CRM and still owns 1 record;")
    assert "go to Ben Firm" in told
    other = story.deal("qualified", owner=ADA)
    story.until("+1h")
    assert {t.owner for t in story.open(other)} == {"Ben"}, "what is new goes there too"
    story.act("archive_owner", owner=BEN.owner_id)
    story.until("+1d")
    assert {t.owner for t in story.open(other)} == {"Mia"}, "the cover left as well: the manager"
    assert len([t for t in _told(story, MIA) if t.startswith("Ada")]) == 1, "told once"
    story.act("restore_owner", owner=ADA.owner_id)
    story.until("+1d")
    assert {t.owner for t in (*story.open(deal), *story.open(other))} == {"Ada"}
    assert story.subject(deal)["flags"] == []


def test_a_stand_in_is_given_work_for_hours_of_their_own(begin: Begin) -> None:
    """Ada works in New York and leaves; Ben, who stands in, works in Amsterdam. The call is for a
    person whose zone nobody knows: they are taken to live where Ada does."""
    away = Person("501", "Ada", zone="America/New_York")
    story = begin(people=(OTTO, MIA, away, BEN))
    story.live(RING)
    story.change("PUT", f"/api/people/{away.owner_id}", {"cover_id": BEN.owner_id})
    story.act("archive_owner", owner=away.owner_id)
    story.to("2026-09-08 21:00")  # 15:00 in New York
    deal = story.deal("qualified", owner=away)
    story.until("+5d")
    found = story.tasks(deal)
    assert {task.owner for task in found} == {"Ben"}
    assert [task.due for task in found] == ["Thu 2026-09-10 15:00", "Mon 2026-09-14 15:00"]


def test_a_deleted_stage_ends_what_began_with_it_and_the_admin_is_told_once(story: Story) -> None:
    story.live(RING)
    deal = story.deal("qualified")
    story.until("+1h")
    assert len(story.open(deal)) == 2
    story.act("delete_stage", stage=KINDS["qualified"], leave=True)
    story.until("+1d")
    assert story.ended(deal) == {"test/go": "stage_deleted"}
    assert story.open(deal) == []
    assert "was deleted in the CRM" in story.why(deal, "test/go")
    (told,) = _told(story)
    assert "Waiting for the kind qualified: test/go." in told
    assert "No stage of that kind is left" in told
    story.until("+2d")
    assert len(_told(story)) == 1


def test_a_new_stage_starts_nothing_until_it_is_confirmed(story: Story) -> None:
    story.live(RING)
    new = story.act("add_stage", pipeline="default", label="Qualified by phone")
    story.act("rename_stage", stage=KINDS["proposal"], label="Offer sent")
    story.until("+1d")
    texts = _told(story)
    assert any("“Qualified by phone” is new" in text for text in texts)
    assert any("is now called “Offer sent” and still counts as proposal" in t for t in texts)
    deal = story.deal("new")
    story.until("+1h")
    story.act("move_deal", deal=deal, stage=new)
    story.until("+1h")
    assert story.tasks(deal) == []
    story.admin.confirm_stages({new: "qualified"})
    story.settle()
    assert story.tasks(deal) == [], "what was entered before says nothing new"
    other = story.deal("new")
    story.until("+1h")
    story.act("move_deal", deal=other, stage=new)
    story.until("+1h")
    assert len(story.open(other)) == 2


def test_a_pipeline_no_longer_followed_ends_what_runs_there(story: Story) -> None:
    story.live(RING)
    deal = story.deal("qualified")
    story.until("+1h")
    _, look = story.open(deal)
    story.act("edit_task", task=look.id, subject="Mine now")
    story.settle()
    story.change("PUT", "/api/pipelines/default", {"followed": False})
    story.until("+10min")
    assert story.ended(deal) == {"test/go": "pipeline_not_followed"}
    assert [t.id for t in story.open(deal)] == [look.id]
    story.change("PUT", "/api/pipelines/default", {"followed": True})
    story.until("+1h")
    assert [t.id for t in story.open(deal)] == [look.id], "followed again, nothing resumes"


def test_a_deal_moved_to_a_pipeline_nobody_follows_is_let_go(story: Story) -> None:
    story.live(RING.replace("when: {stage_entered: qualified}", "when: {no_activity_for: 1d}"))
    other = story.act("add_pipeline", label="Partners", stages=["Met", "Won", "Lost"])
    story.until("+1d")
    deal = story.deal("new")
    story.until("+2d")
    assert len(story.open(deal)) == 2
    stage = story.account.pipelines["deals"][other].stages[0].id
    story.act("set_property", kind="deals", record=deal, property="pipeline", value=other)
    story.act("set_property", kind="deals", record=deal, property="dealstage", value=stage)
    story.until("+10min")
    assert story.ended(deal) == {"test/go": "pipeline_not_followed"}
    assert story.open(deal) == []
