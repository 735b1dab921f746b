"""Records that go to the recycle bin and come back."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook
from tests.scenarios.telling import BOTH, Tell

CADENCE = "proposal/proposal-cadence"
RING = playbook("""
  - id: go
    when: {stage_entered: qualified}
    again: every_entry
    then: [{create_tasks: [
      {id: ring, at: 1d, task: call, template: t, subject: Ring},
      {id: write, at: 2d, task: email, template: t, subject: Write}]}]
""")


@BOTH
@pytest.mark.feature("P24")
def test_a_deleted_deal_ends_what_ran_on_it(story: Story, tell: Tell) -> None:
    story.live("proposal")
    story.live(RING)
    deal, other = story.deal("qualified"), story.deal("proposal")
    story.until("+3d")
    ring, write = story.open(deal)
    (kept,) = story.open(other)
    story.act("edit_task", task=ring.id, subject="Ring, ask for Nora")
    story.until("+10min")
    tell(story, lambda: story.delete("deals", deal))
    assert story.subject(deal)["deleted"]
    assert story.ended(deal) == {"test/go": "record_deleted"}
    after = {task.id: task for task in story.tasks()}
    assert after[write.id].archived
    assert after[write.id].reason == "record_deleted"
    assert after[ring.id].open, "what a rep made theirs stays"
    assert after[kept.id].open, "another deal's task is not touched"
    assert story.why(deal, "test/go") == "The record was deleted in the CRM."


@BOTH
def test_a_restored_deal_starts_nothing_and_acts_again_on_what_happens_next(
    story: Story, tell: Tell
) -> None:
    story.live("proposal")
    story.live(RING)
    deal = story.deal("proposal")
    story.until("+1h")
    story.delete("deals", deal)
    story.until("+1d")
    assert story.subject(deal)["deleted"]
    tell(story, lambda: story.restore("deals", deal))
    subject = story.subject(deal)
    assert not subject["deleted"]
    assert "restored" in {seen["kind"] for seen in subject["outcomes"]}
    story.until("+4d")
    assert story.ended(deal) == {CADENCE: "record_deleted"}
    assert story.tasks(deal) == []
    story.move(deal, "qualified")
    story.until("+10min")
    assert [t.subject.split(" — ")[0] for t in story.open(deal)] == ["Ring", "Write"]


@BOTH
def test_a_deleted_contact_ends_what_was_for_them_alone(story: Story, tell: Tell) -> None:
    story.live("proposal")
    one, two = story.contact("Nora"), story.contact("Bo")
    theirs, others = story.deal("proposal", contact=one), story.deal("proposal", contact=two)
    story.link(others, one)
    story.act("associate", kind="deals", record=others, to_kind="contacts", to=two)
    story.until("+3d")
    assert len(story.open()) == 2
    tell(story, lambda: story.delete("contacts", one))
    assert story.ended(theirs) == {CADENCE: "record_deleted"}
    assert story.ended(others)[CADENCE] is None, "that is about somebody else"
    assert story.open(theirs) == []
    assert len(story.open(others)) == 1


def test_a_task_due_for_a_deal_that_is_gone_unheard_is_not_written(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+1h")
    story.to("2026-09-10 08:30")
    story.unheard(lambda: story.delete("deals", deal))
    story.to("2026-09-10 12:00")
    assert story.tasks(deal) == []
    assert story.ended(deal) == {CADENCE: "record_deleted"}


def test_a_deletion_that_is_told_after_the_restore_ends_nothing(begin: Begin) -> None:
    story = begin(sandbox_settings={"webhook_disorder": True})
    story.live("proposal")
    deals = [story.deal("proposal", owner=ADA) for _ in range(4)]
    story.until("+1h")
    with story.simulation.world.lock:  # the app hears of nothing before all of it is done
        for deal in deals:
            story.account.archive("deals", story.inner(deal), story.by(ADA))
            story.account.restore("deals", story.inner(deal), story.by(ADA))
    story.until("+3d")
    assert [story.ended(deal) for deal in deals] == [{CADENCE: None}] * 4
    assert [len(story.open(deal)) for deal in deals] == [1] * 4
