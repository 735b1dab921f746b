"""Corners in which follow-up systems are known to go wrong."""

from __future__ import annotations

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story, playbook

RING = """
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
"""
OTHER = RING.replace("id: go", "id: other").replace("Ring", "Other")


def one_old_deal(story: Story) -> None:
    story.old = story.deal("qualified")  # type: ignore[attr-defined]
    story.to("2026-09-21 10:00")


def test_a_backlog_that_no_longer_qualifies_is_not_released(begin: Begin) -> None:
    story = begin(before=one_old_deal)
    deal: str = story.old  # type: ignore[attr-defined]
    story.live(playbook(RING))
    story.move(deal, "lost")
    story.until("+1h")
    story.change("POST", "/api/backlog/release", {"rule": "test/go", "per_day": 5})
    story.until("+2d")
    assert story.tasks(deal) == []
    assert story.ended(deal) == {"test/go": "closed_lost"}


def test_a_rule_that_a_new_version_leaves_out_acts_no_more(story: Story) -> None:
    story.live(playbook(RING + OTHER))
    story.live(playbook(OTHER))
    deal = story.deal("qualified")
    story.until("+10min")
    assert [title for _, title in story.lines(deal)] == ["Other"]
    assert story.admin.get("/api/status")["rules"] == {"live": 1, "off": 1}


def test_editing_one_rule_leaves_what_settles_for_another_alone(story: Story) -> None:
    story.live(playbook(RING + OTHER))
    deal = story.deal("qualified")
    story.until("+3min")
    answer = story.live(playbook(RING + OTHER.replace("at: 1h", "at: 2h")))
    assert {rule["rule"]: rule["backlog"] for rule in answer} == {"test/go": 0, "test/other": 1}
    story.until("+10min")
    assert story.lines(deal) == [("Mon 2026-09-07 11:00", "Ring")], "the edited one is backlog"


def test_a_person_is_paused_and_stopped_on_all_their_deals(story: Story) -> None:
    story.live("proposal")
    person = story.contact("Nora")
    deals = [story.deal("proposal", contact=person) for _ in range(2)]
    other = story.deal("proposal")
    story.until("+1d")
    story.set_control("contacts", person, "pause")
    story.until("+3d")
    assert len(story.tasks()) == 1
    assert len(story.tasks(other)) == 1
    story.set_control("contacts", person, "run")
    story.to("2026-09-14 12:00")
    assert [len(story.open(deal)) for deal in deals] == [1, 1]
    story.set_control("contacts", person, "stop")
    story.until("+1h")
    assert [story.open(deal) for deal in deals] == [[], []]
    assert len(story.open(other)) == 1


def test_a_task_completed_in_the_moment_its_reason_goes_stays_completed(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+3d")
    (task,) = story.open(deal)
    story.act("complete_task", task=task.id)
    story.move(deal, "lost")
    story.until("+1h")
    (kept,) = story.tasks(deal)
    assert (kept.status, kept.archived) == ("COMPLETED", False)
    (touch,) = [t for t in story.touches() if t["task_id"] == kept.id]
    assert touch["outcome"] == "completed"


def test_a_task_edited_in_the_moment_its_reason_goes_stays_open(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+3d")
    (task,) = story.open(deal)
    story.act("edit_task", task=task.id, body="Ask for Bea instead")
    story.act("change_owner", deal=deal, owner=BEN.owner_id)
    story.move(deal, "lost")
    story.until("+1h")
    (kept,) = story.open(deal)
    assert (kept.body, kept.owner) == ("Ask for Bea instead", "Ada")


def test_after_a_lost_deal_is_reopened_its_stage_counts_as_moved_back(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+1d")
    story.move(deal, "lost")
    story.until("+1d")
    story.move(deal, "proposal")
    story.until("+10d")
    assert story.open(deal) == []
    assert "moved back" in story.why(deal, "proposal/proposal-sent")


def test_what_happens_to_a_deal_between_its_owners_working_days_is_not_lost(story: Story) -> None:
    story.live("post-meeting")
    deal = story.deal("meeting_done")
    story.to("2026-09-11 16:30")
    meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-11 15:30"))
    story.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")
    story.until("+1h")
    assert story.lines(deal) == [("Mon 2026-09-14 09:00", "Send the recap of the meeting")]


def test_somebody_elses_task_is_activity_once_completed_and_never_ours(story: Story) -> None:
    story.live("idle-deal")
    deal = story.deal("qualified")
    story.until("+5d")
    foreign = story.account.create(
        "tasks",
        {
            "hs_task_subject": "Mine", "hs_timestamp": str(story.now), "hs_task_type": "TODO",
            "hs_task_status": "NOT_STARTED", "hubspot_owner_id": ADA.owner_id,
        },
        story.by(ADA),
        [story.to_deal(deal)],
    )  # fmt: skip
    story.until("+1d")
    story.act("complete_task", task=foreign.id)
    story.to("2026-09-18 12:00")
    assert story.tasks(deal) == []
    story.to("2026-09-20 23:00")
    assert [made for _, made in story.lines(deal)] == [
        "Check in on a deal that has gone quiet"
    ]


def test_an_unfollowed_pipeline_owes_nothing(story: Story) -> None:
    story.live(playbook(RING))
    story.change("PUT", "/api/pipelines/default", {"followed": False})
    deal = story.deal("qualified")
    story.until("+1h")
    assert story.tasks(deal) == []
    assert "the pipeline Sales Pipeline is not followed" in story.why(deal, "test/go")


def test_amounts_in_another_currency_count_in_the_companys_own(story: Story) -> None:
    story.live(
        playbook("""
          - id: big
            when: {stage_entered: qualified}
            if: {field: deal.amount, op: ">=", value: 1000}
            then: [{create_tasks: [{id: a, task: call, template: t, subject: Ring}]}]
        """)
    )
    deal = story.deal("new", amount=900)
    story.act("set_rate", currency="GBP", rate=1.2)
    story.act("set_property", kind="deals", record=deal, property="deal_currency_code", value="GBP")
    story.until("+1h")
    story.move(deal, "qualified")
    story.until("+1h")
    assert len(story.tasks(deal)) == 1


def test_a_step_that_would_be_due_in_ten_years_is_no_trouble(story: Story) -> None:
    story.live(playbook(RING.replace("at: 1h", "at: 3650d")))
    deal = story.deal("qualified")
    story.until("+10min")
    (task,) = story.tasks(deal)
    assert task.due.startswith("Thu 2036-09-04")
