"""What starts a follow-up: stories told from the signal to the task in the CRM."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, Story, playbook

# --- records created -----------------------------------------------------------------------------


@pytest.mark.feature("T01")
@pytest.mark.feature("I01")
@pytest.mark.feature("C01")
def test_a_new_lead_is_answered_within_four_hours_with_a_draft(story: Story) -> None:
    story.live("inbound-lead")
    lead = story.contact("Nora", owner=ADA.owner_id)
    story.until("+1h")
    (task,) = story.tasks(lead)
    assert task.due == "Mon 2026-09-07 14:00"
    assert task.made == "Mon 2026-09-07 10:05", "from the start of the working day on: now"
    assert (task.owner, task.type, task.priority) == ("Ada", "EMAIL", "HIGH")
    assert task.contacts == (lead,)
    assert "Hello Nora" in task.body
    assert story.subject(lead, "contact")["next"]["touch"] == task.touch_id


@pytest.mark.feature("T01")
def test_a_form_by_somebody_known_enrols_anew_and_a_contact_of_a_deal_does_not(
    story: Story,
) -> None:
    story.live("inbound-lead")
    on_deal = story.contact("Dora", email="dora@prospect.example")
    story.deal("qualified", contact=on_deal)
    story.until("+10min")
    story.act("submit_form", email="lead@prospect.example", firstname="Lea", owner="501")
    story.act("submit_form", email="dora@prospect.example")
    story.until("+30min")
    (task,) = story.tasks()
    assert task.due == "Mon 2026-09-07 14:10"
    lead = task.contacts[0]
    story.act("complete_task", task=task.id)
    story.act("reply", contact=lead)
    story.until("+2d")
    assert story.ended(lead, "contact") == {"inbound-lead/inbound-cadence": "replied"}
    story.act("submit_form", email="lead@prospect.example")
    story.until("+30min")
    assert story.lines(lead) == [("Wed 2026-09-09 14:40", "Answer the new lead and offer a call")]


@pytest.mark.feature("T01")
def test_a_new_deal_can_start_a_follow_up_too(story: Story) -> None:
    story.live(
        playbook("""
          - id: created
            when: {subject_created: deal}
            then: [{create_tasks: [{id: first, at: 1h, task: call, template: t, subject: Ring}]}]
        """)
    )
    deal = story.deal("new", owner=BEN)
    story.until("+10min")
    assert story.lines(deal) == [("Mon 2026-09-07 11:00", "Ring")]


# --- stages and absences -------------------------------------------------------------------------

NO_ANSWER = playbook("""
  - id: no-answer
    when: {stage_entered: proposal, unless: [replied], within: 3d}
    then: [{create_tasks: [{id: ask, task: call, template: t, subject: Ask why}]}]
""")


@pytest.mark.feature("T03")
def test_three_days_without_an_answer_to_a_proposal_are_a_signal(story: Story) -> None:
    story.live(NO_ANSWER)
    silent, answered = story.deal("meeting_done"), story.deal("meeting_done")
    story.move(silent, "proposal")
    story.move(answered, "proposal")
    story.until("+1d")
    story.act("reply", deal=answered)
    story.to("2026-09-10 09:59")
    assert story.tasks() == []
    story.to("2026-09-10 10:01")
    assert story.lines(silent) == [("Thu 2026-09-10 10:00", "Ask why")]
    assert story.tasks(answered) == []
    assert "replied" in story.why(answered, "test/no-answer")


@pytest.mark.feature("T02")
@pytest.mark.feature("T15")
def test_a_meeting_without_a_next_one_booked_starts_a_sequence(story: Story) -> None:
    story.live(
        playbook(
            """
            - id: no-next-step
              when: {meeting_held: any, unless: [meeting_booked], within: 1d}
              then: [{enrol: post-demo}]
            """,
            """
            - id: post-demo
              steps: [{id: next, at: 1h, task: call, template: t, subject: Agree on a next step}]
            """,
        )
    )
    alone, booked = story.deal("meeting_done"), story.deal("meeting_done")
    for deal in (alone, booked):
        meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-07 11:00"))
        story.settle()
        story.to(story.at("2026-09-07 12:00") if deal == alone else story.now)
        story.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")
    story.until("+1h")
    story.act("book_meeting", deal=booked, start=story.at("2026-09-14 11:00"))
    story.until("+1d")
    assert story.lines(alone) == [("Tue 2026-09-08 13:00", "Agree on a next step")]
    assert story.tasks(booked) == []
    assert "meeting_booked" in story.why(booked, "test/no-next-step")


# --- silence -------------------------------------------------------------------------------------


@pytest.mark.feature("T06")
@pytest.mark.feature("T07")
def test_seven_silent_days_are_a_task_and_fourteen_are_told_to_the_manager(story: Story) -> None:
    story.live("idle-deal")
    deal = story.deal("qualified")
    story.to("2026-09-14 09:59")
    assert story.tasks() == []
    story.to("2026-09-14 12:00")
    quiet = ("Mon 2026-09-14 10:00", "Check in on a deal that has gone quiet")
    assert story.lines(deal) == [quiet]
    assert story.notices(MIA) == []
    story.to("2026-09-21 12:00")
    (notice,) = [n for n in story.notices(MIA) if n["code"] == "idle-manager"]
    assert notice["subject_id"] == deal
    assert story.local(notice["noticed_at"]) == "Mon 2026-09-21 10:00"
    (told,) = [task for task in story.tasks() if task.owner == "Mia"]
    assert told.due == "Mon 2026-09-21 10:00"
    assert "Big sale" in told.body
    assert [t.subject for t in story.tasks(deal) if t.owner == "Ada"] == [
        "Check in on a deal that has gone quiet — Big sale"
    ], "one silence is one task"


@pytest.mark.feature("T06")
def test_activity_postpones_silence_but_our_own_tasks_do_not(story: Story) -> None:
    story.live("idle-deal")
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+5d")
    assert len(story.open(deal)) == 1, "the proposal's first task has been written meanwhile"
    story.act("log_call", deal=deal)
    story.to("2026-09-18 12:00")
    assert "goes_quiet" not in story.codes(deal)
    assert [t for t in story.tasks(deal) if "quiet" in t.subject] == []
    story.to("2026-09-19 12:00")
    fired = [line for line in story.subject(deal)["ledger"] if line["code"] == "tasks_planned"]
    assert [story.local(line["first_at"]) for line in fired] == ["Sat 2026-09-19 09:55"]


@pytest.mark.feature("T05")
def test_a_deal_idle_for_fourteen_days_is_enrolled_in_a_re_engagement(story: Story) -> None:
    story.live(
        playbook(
            """
            - id: idle
              when: {no_activity_for: 14d}
              then: [{enrol: wake-up}]
            """,
            """
            - id: wake-up
              steps:
                - {id: one, email: t, subject: Bring something new}
                - {id: two, at: 4d, task: call, template: t, subject: Ring}
            """,
        )
    )
    deal = story.deal("qualified")
    story.until("+15d")
    assert story.ended(deal) == {"test/wake-up": None}
    assert story.lines(deal) == [("Mon 2026-09-21 10:00", "Bring something new")]


@pytest.mark.feature("W07")
def test_negotiation_is_touched_every_three_days_until_the_stage_is_left(story: Story) -> None:
    story.live(
        playbook("""
          - id: keep-moving
            when: {no_activity_for: 3d}
            if: {field: deal.stage_kind, op: "==", value: negotiation}
            then: [{create_tasks: [{id: touch, task: call, template: t, subject: Keep it moving}]}]
            again: every_signal
        """)
    )
    deal = story.deal("negotiation")
    for _ in range(3):
        story.until("+4d")
        (task,) = story.open(deal)
        story.act("complete_task", task=task.id)
    story.until("+1h")
    story.move(deal, "won")
    story.until("+10d")
    assert story.open(deal) == []
    assert len(story.tasks(deal)) == 3


# --- meetings ------------------------------------------------------------------------------------


@pytest.mark.feature("T08")
@pytest.mark.feature("I05")
def test_a_meeting_held_owes_a_recap_within_four_hours(story: Story) -> None:
    story.live("post-meeting")
    deal = story.deal("meeting_done")
    meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-08 11:00"))
    story.to("2026-09-08 11:30")
    story.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")
    story.until("+10min")
    assert story.lines(deal) == [("Tue 2026-09-08 15:30", "Send the recap of the meeting")]
    (recap,) = story.open(deal)
    assert (recap.type, recap.priority) == ("EMAIL", "HIGH")
    story.act("complete_task", task=recap.id)
    story.to("2026-09-09 12:00")
    assert story.lines(deal) == [
        ("Wed 2026-09-09 11:30", "Call to put a date on the agreed next step")
    ]


@pytest.mark.feature("T08")
def test_a_logged_meeting_owes_a_mail_due_tomorrow(story: Story) -> None:
    story.live(
        playbook("""
          - id: tomorrow
            when: {meeting_held: any}
            then: [{create_tasks: [{id: mail, at: 1wd, task: email, template: t, subject: Write}]}]
        """)
    )
    deal = story.deal("meeting_done")
    story.to("2026-09-11 11:30")
    meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-11 11:00"))
    story.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")
    story.until("+10min")
    assert story.lines(deal) == [("Mon 2026-09-14 11:30", "Write")], "a Friday's tomorrow"


@pytest.mark.feature("T14")
def test_a_missed_meeting_is_booked_anew(story: Story) -> None:
    story.live("post-meeting")
    deal = story.deal("qualified")
    meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-08 11:00"))
    story.to("2026-09-08 11:30")
    story.act("meeting_outcome", meeting=meeting, outcome="NO_SHOW")
    story.until("+10min")
    assert story.lines(deal) == [("Tue 2026-09-08 12:30", "Call to rebook the missed meeting")]


@pytest.mark.feature("T14")
def test_a_meeting_without_outcome_is_asked_about_and_never_taken_for_a_no_show(
    story: Story,
) -> None:
    story.live("post-meeting")
    deal = story.deal("qualified")
    meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-08 11:00"))
    story.to("2026-09-08 13:29")
    assert story.tasks() == []
    story.to("2026-09-08 13:31")
    question = "Say how the meeting went: held, no-show or moved?"
    assert story.lines(deal) == [("Tue 2026-09-08 13:30", question)]
    story.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")
    story.until("+10min")
    assert "Send the recap of the meeting" in story.titles(deal)


# --- what comes after ----------------------------------------------------------------------------


@pytest.mark.feature("T26")
def test_a_completed_step_brings_the_next_one_and_a_deal_without_one_is_flagged(
    story: Story,
) -> None:
    story.live(
        playbook(
            "- {id: qualified, when: {stage_entered: qualified}, then: [{enrol: chain}]}",
            """
            - id: chain
              steps:
                - {id: call, at: 1h, task: call, template: t, subject: First call}
                - {id: mail, at: 2d, after: previous_done, email: t, subject: Then a mail}
            """,
        )
    )
    deal = story.deal("qualified")
    story.until("+3d")
    assert story.titles(deal) == ["First call"], "it waits for the call"
    story.act("complete_task", task=story.open(deal)[0].id)
    story.until("+10min")
    assert story.subject(deal)["flags"] == []
    story.to("2026-09-12 12:00")
    assert story.lines(deal) == []
    story.to("2026-09-14 12:00")
    assert story.lines(deal) == [("Mon 2026-09-14 09:00", "Then a mail")], "Saturday is no workday"
    story.act("complete_task", task=story.open(deal)[0].id)
    story.until("+10min")
    assert story.ended(deal) == {"test/chain": "finished"}
    assert story.subject(deal)["flags"] == ["no_next_step"]


@pytest.mark.feature("T19")
def test_a_won_deal_is_checked_on_after_a_week_and_a_month(story: Story) -> None:
    story.live(
        playbook("""
          - id: won
            when: {stage_entered: won}
            then:
              - create_tasks:
                  - {id: week, at: 7d, task: call, template: t, subject: First check}
                  - {id: month, at: 30d, task: call, template: t, subject: Second check}
        """)
    )
    deal = story.deal("negotiation")
    story.until("+1h")
    story.move(deal, "won")
    story.until("+1d")
    assert story.lines(deal) == [
        ("Mon 2026-09-14 11:00", "First check"),
        ("Wed 2026-10-07 11:00", "Second check"),
    ]


@pytest.mark.feature("T20")
def test_a_lost_deal_is_touched_again_over_three_weeks(begin: Begin) -> None:
    story = begin(settings={"merge": False})
    story.live(
        playbook(
            "- {id: lost, when: {stage_entered: lost}, then: [{enrol: back}]}",
            """
            - id: back
              exits: {closed_lost: off}
              steps:
                - {id: one, at: 3d, email: t, subject: Case one}
                - {id: two, at: 14d, email: t, subject: Case two}
                - {id: three, at: 21d, email: t, subject: Case three}
            """,
        )
    )
    deal = story.deal("negotiation")
    story.until("+1h")
    story.move(deal, "lost")
    story.until("+22d")
    assert story.titles(deal) == ["Case one", "Case two", "Case three"]
