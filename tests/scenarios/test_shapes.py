"""Cadences and reactions that a playbook can be written for, each told once."""

from __future__ import annotations

import pytest

from app.model.time import MINUTE
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story, playbook


@pytest.mark.feature("T04")
def test_a_meeting_booked_can_owe_its_preparation(story: Story) -> None:
    story.live(
        playbook("""
          - id: booked
            when: {meeting_booked: any}
            then: [{create_tasks: [{id: agenda, at: 2h, task: email, template: t, subject: Plan}]}]
            again: every_signal
        """)
    )
    deal = story.deal("qualified")
    story.act("book_meeting", deal=deal, start=story.at("2026-09-15 11:00"))
    story.until("+10min")
    assert story.lines(deal) == [("Mon 2026-09-07 12:00", "Plan")]


@pytest.mark.feature("T22")
def test_each_stage_can_owe_something_within_its_own_time(story: Story) -> None:
    story.live(
        playbook("""
          - id: new
            when: {stage_entered: new}
            then: [{create_tasks: [{id: a, at: 4h, task: call, template: t, subject: Answer}]}]
          - id: qualified
            when: {stage_entered: qualified}
            then: [{create_tasks: [{id: b, at: 3d, task: todo, template: t, subject: Meet}]}]
          - id: negotiation
            when: {stage_entered: negotiation}
            then: [{create_tasks: [{id: c, at: 2wd, task: call, template: t, subject: Agree}]}]
        """)
    )
    deal = story.deal("new")
    story.until("+1h")
    assert story.lines(deal) == [("Mon 2026-09-07 14:00", "Answer")]
    story.move(deal, "qualified")
    story.until("+1h")
    assert story.lines(deal) == [("Thu 2026-09-10 11:00", "Meet")]
    story.to("2026-09-11 15:00")
    story.move(deal, "negotiation")
    story.until("+1h")
    assert story.lines(deal) == [("Tue 2026-09-15 15:00", "Agree")]


@pytest.mark.feature("T22")
def test_a_rep_who_acted_in_time_is_not_reminded(story: Story) -> None:
    story.live(
        playbook("""
          - id: untouched
            when: {stage_entered: new, unless: [rep_activity], within: 4h}
            then:
              - create_tasks:
                  - {id: a, at: 4h, task: call, template: t, subject: Nobody rang}
        """)
    )
    called, forgotten = story.deal("new"), story.deal("new")
    story.until("+1h")
    story.act("log_call", deal=called)
    story.until("+4h")
    assert story.tasks(called) == []
    assert story.lines(forgotten) == [("Mon 2026-09-07 14:00", "Nobody rang")]


def test_a_completed_task_answers_a_rule_that_waits_for_one(begin: Begin) -> None:
    story = begin(settings={"merge": False})
    story.live(
        playbook("""
          - id: first
            when: {stage_entered: new}
            then: [{create_tasks: [{id: a, at: 1h, task: call, template: t, subject: Ring}]}]
          - id: nagging
            when: {stage_entered: new, unless: [task_completed], within: 2d}
            then: [{create_tasks: [{id: b, task: todo, template: t, subject: Why not}]}]
        """)
    )
    done, left = story.deal("new"), story.deal("new")
    story.until("+1d")
    story.act("complete_task", task=story.open(done)[0].id)
    story.until("+2d")
    assert story.open(done) == []
    assert [title for _, title in story.lines(left)] == ["Ring", "Why not"]


@pytest.mark.feature("T24")
@pytest.mark.feature("M05")
def test_a_new_owner_gets_a_task_of_their_own(story: Story) -> None:
    story.live(
        playbook("""
          - id: handed-over
            when: {owner_changed: any}
            then: [{create_tasks: [{id: a, at: 1d, task: email, template: t, subject: Introduce}]}]
            again: every_signal
        """)
    )
    deal = story.deal("qualified")
    story.until("+1h")
    story.act("change_owner", deal=deal, owner=BEN.owner_id)
    story.until("+10min")
    (task,) = story.open(deal)
    assert (task.owner, task.due) == ("Ben", "Tue 2026-09-08 11:00")


@pytest.mark.feature("W01")
def test_an_inquiry_can_owe_a_mail_in_five_minutes_and_a_call_in_fifteen(begin: Begin) -> None:
    story = begin(settings={"settle_ms": 0, "merge": False})
    story.live(
        playbook("""
          - id: fast
            when: {form_submitted: any}
            then:
              - create_tasks:
                  - {id: mail, at: 5min, task: email, template: t, subject: Mail}
                  - {id: call, at: 15min, task: call, template: t, subject: Call}
            again: every_signal
        """)
    )
    story.act("submit_form", email="now@prospect.example", firstname="Now", owner=ADA.owner_id)
    story.settle()
    assert [(t.due, t.made) for t in story.tasks()] == [
        ("Mon 2026-09-07 10:05", "Mon 2026-09-07 10:00"),
        ("Mon 2026-09-07 10:15", "Mon 2026-09-07 10:00"),
    ]
    mail = next(task for task in story.tasks() if task.due.endswith("10:05"))
    story.until("+20min")
    story.act("complete_task", task=mail.id)
    story.settle()
    shown = {
        one["figure"]: one["rows"]
        for one in story.admin.get("/api/dashboard/speed?days=30")["figures"]
    }
    first, _ = shown["promises"]
    assert (first["promise"], first["n"], first["stood"]["hits"]) == ("5 minutes", 1, 1)
    assert (first["kept"]["hits"], first["kept_late"] // MINUTE) == (0, 15), "done at 10:20"
    assert [(row["rep"], row["n"]) for row in shown["promises_reps"]] == [("Ada Firm", 1)]


@pytest.mark.feature("W05")
def test_a_cadence_can_be_front_loaded(story: Story) -> None:
    story.live(
        playbook(
            "- {id: go, when: {stage_entered: qualified}, then: [{enrol: front}]}",
            """
            - id: front
              steps:
                - {id: d1, at: 1wd, task: call, template: t, subject: One}
                - {id: d2, at: 2wd, email: t, subject: Two}
                - {id: d4, at: 4wd, task: linkedin, template: t, subject: Three}
                - {id: d30, at: 30d, email: t, subject: Four}
            """,
        )
    )
    deal = story.deal("qualified")
    seen = []
    for day in ("2026-09-08", "2026-09-09", "2026-09-11", "2026-10-07"):
        story.to(f"{day} 12:00")
        (task,) = story.open(deal)
        seen.append((task.due, task.type))
        story.act("complete_task", task=task.id)
    assert seen == [
        ("Tue 2026-09-08 10:00", "CALL"),
        ("Wed 2026-09-09 10:00", "EMAIL"),
        ("Fri 2026-09-11 10:00", "LINKED_IN_MESSAGE"),
        ("Wed 2026-10-07 10:00", "EMAIL"),
    ]


@pytest.mark.feature("S01")
def test_a_rule_sets_the_momentum_that_the_crm_shows(story: Story) -> None:
    story.live(
        playbook("""
          - id: hot
            when: {replied: any}
            then: [{set: {field: momentum, value: hot}}]
            again: every_signal
          - id: cold
            when: {no_activity_for: 14d}
            then: [{set: {field: momentum, value: recycle}}]
            again: every_signal
        """)
    )
    deal = story.deal("qualified")
    story.act("reply", deal=deal)
    story.until("+10min")
    assert story.properties("deals", deal)["followthrough_momentum"] == "hot"
    story.until("+15d")
    assert story.properties("deals", deal)["followthrough_momentum"] == "recycle"


@pytest.mark.feature("X01")
def test_a_reply_can_move_the_deal_to_another_flow(story: Story) -> None:
    story.live(
        playbook(
            """
            - {id: go, when: {stage_entered: proposal}, then: [{enrol: chase}]}
            - id: answered
              when: {replied: any}
              then: [{stop: any}, {enrol: answer}]
              again: every_signal
            """,
            """
            - id: chase
              exits: {replied: off}
              steps: [{id: a, at: 1d, task: call, template: t, subject: Chase}]
            - {id: answer, steps: [{id: b, at: 1h, email: t, subject: Answer}]}
            """,
        )
    )
    deal = story.deal("proposal")
    story.until("+1h")
    story.act("reply", deal=deal)
    story.until("+2h")
    ended = story.ended(deal)
    assert (ended["test/chase"], ended["test/answer"]) == ("stopped_by_rule", None)
    assert story.lines(deal) == [("Mon 2026-09-07 12:00", "Answer")]


def test_a_rule_can_hold_a_deal_for_a_while(story: Story) -> None:
    story.live(
        playbook(
            """
            - {id: go, when: {stage_entered: proposal}, then: [{enrol: chase}]}
            - id: asked
              when: {meeting_cancelled: any}
              then: [{hold: {reason: they asked for time, for: 4d}}]
              again: every_signal
            """,
            "- {id: chase, exits: {meeting_booked: off}, steps: "
            "[{id: a, at: 1d, task: call, template: t, subject: Chase}]}",
        )
    )
    deal = story.deal("proposal")
    meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-07 15:00"))
    story.until("+1h")
    story.act("meeting_outcome", meeting=meeting, outcome="CANCELED")
    story.to("2026-09-10 12:00")
    assert story.tasks(deal) == []
    assert "On hold: they asked for time." in story.whys(deal, "test/go")
    story.to("2026-09-11 17:00")
    assert [title for _, title in story.lines(deal)] == ["Chase"]


def test_a_lead_that_becomes_a_deal_is_followed_up_by_the_deals_rules(story: Story) -> None:
    story.live("inbound-lead")
    story.live("proposal")
    lead = story.contact("Nora", owner=ADA.owner_id)
    story.until("+1h")
    assert len(story.open(lead)) == 1
    deal = story.deal("proposal", contact=lead)
    story.until("+1h")
    assert story.ended(lead, "contact") == {"inbound-lead/inbound-cadence": "became_deal"}
    assert story.open() == []
    story.until("+3d")
    assert [title for _, title in story.lines(deal)] == [
        "Call about open questions on the proposal"
    ]


@pytest.mark.feature("S09")
def test_a_large_deal_can_have_another_cadence_than_a_small_one(story: Story) -> None:
    rule = """
    - id: {id}
      when: {{stage_entered: proposal}}
      if: {{field: deal.amount, op: "{op}", value: 10000}}
      then: [{{create_tasks: [{{id: a, at: {at}, task: call, template: t, subject: {id}}}]}}]
    """
    story.live(
        playbook(
            rule.format(id="large", op=">=", at="1d") + rule.format(id="small", op="<", at="5d")
        )
    )
    large, small = story.deal("proposal", amount=90_000), story.deal("proposal", amount=900)
    story.until("+10min")
    assert story.lines(large) == [("Tue 2026-09-08 10:00", "large")]
    assert story.lines(small) == [("Mon 2026-09-14 09:00", "small")], "Saturday moves on"
