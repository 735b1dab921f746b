"""What ends, pauses or hands over a follow-up, told by what then stands in the CRM."""

from __future__ import annotations

import pytest

from tests.scenarios.harness import ADA, BEN, Story, playbook


def in_proposal(story: Story) -> str:
    """A deal three days into the preset's cadence, its first task open."""
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+3d")
    assert story.titles(deal) == [
        "Call about open questions on the proposal"
    ]
    return deal


def resolved(story: Story, deal: str) -> list[str]:
    """Reasons of the tasks that we withdrew."""
    return [t.reason for t in story.tasks(deal) if t.archived and t.state == "resolved"]


# --- exits ---------------------------------------------------------------------------------------


@pytest.mark.feature("X01")
@pytest.mark.feature("P24")
def test_a_reply_ends_the_sequence_and_its_untouched_task_goes(story: Story) -> None:
    deal = in_proposal(story)
    story.act("reply", deal=deal)
    story.until("+10min")
    assert story.ended(deal) == {"proposal/proposal-cadence": "replied"}
    assert story.open(deal) == []
    assert resolved(story, deal) == ["replied"]
    assert {t.status for t in story.tasks(deal)} == {"NOT_STARTED"}, "never completed for anybody"
    story.until("+30d")
    assert len(story.tasks(deal)) == 1


@pytest.mark.feature("X02")
def test_a_booked_meeting_ends_the_sequence(story: Story) -> None:
    deal = in_proposal(story)
    story.act("book_meeting", deal=deal, start=story.at("2026-09-15 11:00"))
    story.until("+10min")
    assert story.ended(deal) == {"proposal/proposal-cadence": "meeting_booked"}
    assert resolved(story, deal) == ["meeting_booked"]


@pytest.mark.feature("X03")
def test_an_exhausted_sequence_ends_with_a_date_to_come_back_on(story: Story) -> None:
    deal = in_proposal(story)
    for _ in range(4):
        for task in story.open(deal):
            story.act("complete_task", task=task.id)
        story.until("+7d")
    assert [t.status for t in story.tasks(deal)] == ["COMPLETED"] * 4
    assert story.ended(deal) == {"proposal/proposal-cadence": "finished"}
    (enrolment,) = story.subject(deal)["enrolments"]
    assert story.local(enrolment["ended_at"]) == "Thu 2026-10-01 10:00"
    assert story.local(enrolment["recycle_at"]) == "Wed 2026-12-30 10:00"


@pytest.mark.feature("X03")
@pytest.mark.feature("T23")
def test_what_was_put_off_to_a_date_comes_back_on_it(story: Story) -> None:
    short = """
    - id: asked
      when: {stage_entered: proposal}
      then: [{enrol: ask}]
    - id: again
      when: {recycled: [ask]}
      if: {field: deal.amount, op: ">=", value: 1000}
      then: [{enrol: retry}]
    """
    steps = """
    - id: ask
      steps: [{id: a, at: 1h, task: call, template: t, subject: Ask, then: {recycle: 60d}}]
    - id: retry
      steps: [{id: r, at: 1h, task: email, template: t, subject: Retry}]
    """
    story.live(playbook(short, steps))
    story.live("comeback")
    quiet, small, won = (story.deal("meeting_done", amount=n) for n in (5000, 10, 5000))
    for deal in (quiet, small, won):
        story.move(deal, "proposal")
    story.until("+2h")
    for task in story.open():
        story.act("complete_task", task=task.id)
    story.until("+1h")
    assert {d: story.ended(d) for d in (quiet, won)} == {
        d: {"test/ask": "finished"} for d in (quiet, won)
    }
    assert story.properties("deals", quiet)["followthrough_momentum"] == "recycle"
    story.to("2026-11-05 10:00")
    story.move(won, "won")
    assert story.open() == []
    story.to("2026-11-06 15:30")  # a Friday, sixty days after the calls were done
    again = "Call again now that the agreed time has passed"
    assert story.titles(quiet) == [again]
    assert story.titles(small) == [again]
    assert story.lines(won) == []
    assert "The subject is closed" in story.whys(won, "test/asked")[0]
    assert "condition is not met" in story.why(small, "test/again")
    assert "test/retry" in story.ended(quiet)
    assert "test/retry" not in story.ended(small)
    assert story.properties("deals", quiet)["followthrough_momentum"] == "warm"


@pytest.mark.feature("X04")
@pytest.mark.feature("P26")
def test_an_opt_out_is_respected_at_once_and_for_good(story: Story) -> None:
    deal = in_proposal(story)
    story.act("opt_out", deal=deal)
    story.settle()
    assert story.ended(deal) == {"proposal/proposal-cadence": "opted_out"}
    assert story.open(deal) == []
    story.until("+1h")
    story.move(deal, "negotiation")
    story.until("+1h")
    story.move(deal, "proposal")
    story.until("+30d")
    assert len(story.tasks(deal)) == 1


@pytest.mark.feature("X04")
def test_somebody_who_opted_out_before_is_not_touched_by_a_new_deal(story: Story) -> None:
    person = story.contact("Nora", owner=ADA.owner_id)
    story.act("opt_out", contact=person)
    story.live("proposal")
    deal = story.deal("proposal", contact=person)
    story.until("+30d")
    assert story.tasks(deal) == []
    assert "The contact opted out." in story.whys(deal, "proposal/proposal-sent")


@pytest.mark.feature("X04")
def test_a_colleagues_opt_out_leaves_the_other_persons_follow_up_alone(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("meeting_done")
    colleague = story.contact("Cleo")
    story.link(deal, colleague)
    story.act("log_call", deal=deal)
    story.act("reply", deal=deal)
    story.until("+1h")
    story.move(deal, "proposal")
    story.until("+3d")
    assert len(story.open(deal)) == 1
    story.act("opt_out", contact=colleague)
    story.until("+1h")
    assert len(story.open(deal)) == 1
    assert story.ended(deal) == {"proposal/proposal-cadence": None}


def test_a_bounced_address_ends_what_writes_to_it(story: Story) -> None:
    deal = in_proposal(story)
    story.act("bounce", deal=deal)
    story.until("+10min")
    assert story.ended(deal) == {"proposal/proposal-cadence": "bounced"}


@pytest.mark.feature("X05")
def test_four_unanswered_attempts_are_the_last(story: Story) -> None:
    deal = in_proposal(story)
    for _ in range(8):
        for task in story.open(deal):
            story.act("complete_task", task=task.id)
        story.until("+7d")
    assert len(story.tasks(deal)) == 4


@pytest.mark.feature("X06")
def test_exits_bind_a_sequence_that_names_none(story: Story) -> None:
    story.live(
        playbook(
            "- {id: go, when: {stage_entered: qualified}, then: [{enrol: bare}]}",
            "- {id: bare, steps: [{id: one, at: 9d, task: call, template: t, subject: Late call}]}",
        )
    )
    deeds = ("reply", "opt_out", "bounce")
    deals = {deed: story.deal("qualified") for deed in deeds}
    left, won, lost, met = (story.deal("qualified") for _ in range(4))
    story.until("+1h")
    for deed, deal in deals.items():
        story.act(deed, deal=deal)
    story.move(left, "proposal")
    story.move(won, "won")
    story.move(lost, "lost")
    story.act("book_meeting", deal=met, start=story.at("2026-09-15 11:00"))
    story.until("+20d")
    assert story.tasks() == []
    ends = [story.ended(deal)["test/bare"] for deal in (*deals.values(), left, won, lost, met)]
    assert ends == [
        "replied", "opted_out", "bounced", "stage_left", "closed_won", "closed_lost",
        "meeting_booked",
    ]  # fmt: skip


def test_an_exit_that_a_file_turns_off_by_name_ends_nothing(story: Story) -> None:
    story.live("proposal-stage-map")
    deal = story.deal("proposal")
    story.until("+1d")
    story.act("reply", deal=deal)
    story.act("opt_out", deal=deal)
    story.until("+3d")
    assert story.titles(deal) == [
        "Proposal stage, day 3: clear up questions"
    ]


@pytest.mark.feature("X07")
@pytest.mark.parametrize(
    ("stage", "reason"), [("qualified", "stage_left"), ("lost", "closed_lost")]
)
def test_leaving_the_stage_or_closing_ends_it(story: Story, stage: str, reason: str) -> None:
    deal = in_proposal(story)
    story.move(deal, stage)
    story.until("+10min")
    assert story.ended(deal) == {"proposal/proposal-cadence": reason}
    assert resolved(story, deal) == [reason]


@pytest.mark.feature("P26")
@pytest.mark.parametrize("stage", ["negotiation", "won"])
def test_reaching_the_goal_ends_it_with_success(story: Story, stage: str) -> None:
    deal = in_proposal(story)
    story.move(deal, stage)
    story.until("+10min")
    assert story.ended(deal) == {"proposal/proposal-cadence": "goal_reached"}


def test_a_deleted_deal_takes_its_tasks_along_and_a_restored_one_resumes_nothing(
    story: Story,
) -> None:
    deal = in_proposal(story)
    story.act("delete_deal", deal=deal)
    story.until("+10min")
    assert story.ended(deal) == {"proposal/proposal-cadence": "record_deleted"}
    assert [t.archived for t in story.tasks(deal)] == [True]
    with story.simulation.world.lock:
        story.account.restore("deals", deal, story.by(ADA))
    story.until("+30d")
    assert len(story.tasks(deal)) == 1


# --- the rep's own word --------------------------------------------------------------------------


@pytest.mark.feature("X08")
def test_a_rep_pauses_one_deal_until_a_date(story: Story) -> None:
    story.live("proposal")
    deal, other = story.deal("proposal"), story.deal("proposal")
    story.until("+1d")
    story.control(deal, "pause", story.at("2026-09-16 12:00"))
    story.until("+3d")
    assert len(story.open(other)) == 1
    assert story.tasks(deal) == []
    assert "paused" in story.codes(deal, "touch:")
    story.to("2026-09-17 18:00")
    (task,) = story.tasks(deal)
    assert task.made[:14] in ("Wed 2026-09-16", "Thu 2026-09-17")


@pytest.mark.feature("X08")
def test_a_rep_pauses_without_a_date_and_lets_it_run_again(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+1d")
    story.control(deal, "pause")
    story.until("+4d")
    assert story.tasks(deal) == []
    assert story.ended(deal) == {"proposal/proposal-cadence": None}
    story.control(deal, "run")
    story.to("2026-09-14 12:00")
    assert story.titles(deal) == [
        "Call about open questions on the proposal"
    ]


@pytest.mark.feature("X08")
def test_a_rep_stops_one_deal_for_good(story: Story) -> None:
    deal = in_proposal(story)
    story.control(deal, "stop")
    story.until("+10min")
    assert story.ended(deal) == {"proposal/proposal-cadence": "stopped_by_rep"}
    assert story.open(deal) == []
    story.until("+30d")
    assert len(story.tasks(deal)) == 1


# --- whose work it is ----------------------------------------------------------------------------


@pytest.mark.feature("P24")
def test_a_task_that_a_rep_has_worked_on_stays_when_its_reason_goes(story: Story) -> None:
    deal = in_proposal(story)
    (task,) = story.open(deal)
    story.act("edit_task", task=task.id, subject="Ring Nora about page 4")
    story.until("+10min")
    story.move(deal, "qualified")
    story.until("+10min")
    (kept,) = story.tasks(deal)
    assert (kept.subject, kept.open) == ("Ring Nora about page 4", True)
    (touch,) = [t for t in story.touches() if t["task_id"] == kept.id]
    assert touch["outcome"] == "left"


def test_a_deleted_task_ends_its_step_and_the_next_one_follows(story: Story) -> None:
    deal = in_proposal(story)
    (task,) = story.open(deal)
    story.act("delete_task", task=task.id)
    story.to("2026-09-14 12:00")
    assert [(t.subject.split(" — ")[0], t.archived) for t in story.tasks(deal)] == [
        ("Call about open questions on the proposal", True),
        ("Ask which date the decision has to be made by", False),
    ]


def test_a_moved_task_keeps_the_date_that_the_rep_gave_it(story: Story) -> None:
    deal = in_proposal(story)
    (task,) = story.open(deal)
    friday = story.at("2026-09-18 15:00")
    story.act("move_task", task=task.id, due=friday)
    story.until("+2d")
    (kept,) = story.open(deal)
    assert kept.due_at == friday
    assert story.subject(deal)["next"]["due_at"] == friday


@pytest.mark.feature("T24")
def test_open_untouched_tasks_move_with_the_deal_to_its_new_owner(story: Story) -> None:
    deal = in_proposal(story)
    story.act("change_owner", deal=deal, owner=BEN.owner_id)
    story.until("+10min")
    assert [t.owner for t in story.open(deal)] == ["Ben"]


def test_a_task_that_a_rep_gave_away_does_not_follow_the_deal(story: Story) -> None:
    deal = in_proposal(story)
    (task,) = story.open(deal)
    story.act(
        "set_property", kind="tasks", record=task.id, property="hubspot_owner_id", value="503"
    )
    story.until("+10min")
    story.act("change_owner", deal=deal, owner=BEN.owner_id)
    story.until("+10min")
    assert [t.owner for t in story.open(deal)] == ["Mia"]
