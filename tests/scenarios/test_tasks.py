"""What stands in the CRM: the tasks, whom they are for, and what is said about them."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, OTTO, Story, playbook

THREE = playbook("""
  - id: sent
    when: {stage_entered: proposal}
    then:
      - create_tasks:
          - {id: d3, at: 3d, task: call, template: t, subject: Third day, priority: high}
          - {id: d7, at: 7d, task: email, template: t, subject: Seventh day}
          - {id: d14, at: 14d, task: todo, template: t, subject: Fourteenth day, priority: low}
""")

ONE = playbook("""
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
""")


@pytest.mark.feature("K01")
@pytest.mark.feature("K02")
def test_a_proposal_owes_three_tasks_at_once_on_day_3_7_and_14(story: Story) -> None:
    story.live(THREE)
    deal = story.deal("meeting_done")
    story.until("+1h")
    story.move(deal, "proposal")
    story.to("2026-09-07 11:04")
    assert story.tasks() == [], "five minutes for taking it back"
    story.to("2026-09-07 11:06")
    tasks = story.tasks(deal)
    assert story.lines(deal) == [
        ("Thu 2026-09-10 11:00", "Third day"),
        ("Mon 2026-09-14 11:00", "Seventh day"),
        ("Mon 2026-09-21 11:00", "Fourteenth day"),
    ]
    assert [(t.type, t.priority, t.status) for t in tasks] == [
        ("CALL", "HIGH", "NOT_STARTED"),
        ("EMAIL", "MEDIUM", "NOT_STARTED"),
        ("TODO", "LOW", "NOT_STARTED"),
    ]
    person = story.properties("tasks", tasks[0].id)
    assert person["hubspot_owner_id"] == ADA.owner_id
    for task in tasks:
        assert (task.deals, len(task.contacts)) == ((deal,), 1)


@pytest.mark.feature("K01")
def test_what_becomes_of_a_task_is_known_open_overdue_completed(story: Story) -> None:
    story.live(THREE)
    deal = story.deal("proposal")
    story.to("2026-09-11 12:00")
    story.act("complete_task", task=story.open(deal)[1].id)
    story.settle()
    (rep,) = story.admin.get("/api/result")["open_tasks"]
    assert (rep["name"], rep["open"], rep["due"], rep["overdue"]) == ("Ada Firm", 2, 1, 1)
    outcomes = [t["outcome"] for t in sorted(story.touches(), key=lambda t: t["due_at"])]
    assert outcomes == ["open", "completed", "open"]
    assert len([n for n in story.notices(ADA) if n["code"] == "task_overdue"]) == 1


@pytest.mark.feature("C03")
@pytest.mark.feature("I02")
def test_a_call_task_says_why_what_came_before_and_what_is_to_be_decided(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal", name="Fourteen licences")
    story.until("+1d")
    story.act("log_call", deal=deal)
    story.until("+2d")
    (task,) = story.open(deal)
    assert task.type == "CALL"
    assert "In Proposal sent since 7 September 2026, no reply yet." in task.body
    assert "8 September 2026: Latest activity with the prospect" in task.body
    assert "Is anything in the proposal unclear or missing, and who needs the answer?" in task.body
    assert "which part did you read twice?" in task.body


@pytest.mark.feature("C05")
def test_a_linkedin_touch_is_a_task_of_that_kind(story: Story) -> None:
    story.live(ONE.replace("task: call", "task: linkedin"))
    deal = story.deal("qualified")
    story.until("+10min")
    assert [t.type for t in story.tasks(deal)] == ["LINKED_IN_MESSAGE"]


@pytest.mark.feature("K03")
@pytest.mark.feature("K04")
@pytest.mark.feature("K06")
def test_the_deal_shows_the_last_and_the_next_touch_and_the_sequence(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.to("2026-09-10 12:00")
    before = story.properties("deals", deal)
    (task,) = story.open(deal)
    assert before["followthrough_sequence"] == "proposal/proposal-cadence"
    assert int(before["followthrough_next_touch_at"]) == task.due_at
    story.act("complete_task", task=task.id)
    story.until("+1h")
    after = story.properties("deals", deal)
    assert story.local(int(after["followthrough_last_touch_at"])) == "Thu 2026-09-10 12:00"
    assert story.local(int(after["followthrough_next_touch_at"])) == "Mon 2026-09-14 10:00"
    story.move(deal, "won")
    story.until("+1h")
    closed = story.properties("deals", deal)
    assert closed.get("followthrough_next_touch_at", "") == ""
    assert closed.get("followthrough_sequence", "") == ""
    assert [t.touch_id for t in story.tasks(deal)], "each task carries its touch into the CRM"


# --- for whom ------------------------------------------------------------------------------------


@pytest.mark.feature("S03")
def test_every_deal_answers_where_it_is_what_is_next_and_who_does_it(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal", owner=BEN)
    story.until("+1h")
    seen = story.subject(deal)
    assert (seen["where"]["kind"], seen["where"]["label"]) == ("proposal", "Proposal sent")
    assert story.local(seen["where"]["since"]) == "Mon 2026-09-07 10:00"
    assert seen["next"]["step"] == "questions"
    assert story.local(seen["next"]["due_at"]) == "Thu 2026-09-10 10:00"
    assert (seen["who"]["owner_id"], seen["flags"]) == (BEN.owner_id, [])


@pytest.mark.feature("S06")
def test_a_deal_without_an_owner_is_flagged_and_goes_to_the_default_owner(begin: Begin) -> None:
    story = begin(settings={"default_owner": MIA.owner_id})
    story.live(ONE)
    deal = story.deal("qualified", owner=None)
    story.until("+10min")
    assert [t.owner for t in story.tasks(deal)] == ["Mia"]
    assert "no_owner" in story.subject(deal)["flags"]


@pytest.mark.feature("S06")
def test_without_a_default_owner_the_task_stands_all_the_same(story: Story) -> None:
    story.live(ONE)
    deal = story.deal("qualified", owner=None)
    story.until("+10min")
    assert [(t.owner, t.open) for t in story.tasks(deal)] == [("", True)]


def test_the_contact_may_be_associated_after_the_deal(story: Story) -> None:
    story.live(ONE.replace("then:", "settle: 0min\n    then:"))
    deal = story.deal("qualified", contact="")
    story.to("2026-09-07 10:01")
    assert story.tasks(deal) == []
    assert "awaiting_contact" in story.codes(deal, "rule:")
    person = story.contact("Nora")
    story.link(deal, person)
    story.to("2026-09-07 10:03")
    (task,) = story.tasks(deal)
    assert (task.subject.split(" — ")[0], task.contacts) == ("Ring", (person,))


def test_a_deal_without_a_contact_brings_one_question_first(story: Story) -> None:
    story.live(THREE)
    deal = story.deal("proposal", contact="")
    story.until("+10min")
    subjects = story.titles(deal)
    assert subjects == [
        "Choose the contact for this follow-up", "Third day", "Seventh day", "Fourteenth day",
    ]  # fmt: skip
    assert all(task.deals == (deal,) and not task.contacts for task in story.tasks(deal))


def test_of_several_contacts_the_one_with_the_latest_answer_is_chosen(story: Story) -> None:
    story.live(ONE)
    deal = story.deal("new")
    other = story.contact("Omar")
    story.link(deal, other)
    story.settle()
    story.act("reply", deal=deal, contact=other)
    story.until("+1h")
    story.move(deal, "qualified")
    story.until("+10min")
    assert [t.contacts for t in story.tasks(deal)] == [(other,)]
    assert "latest two-way activity" in story.whys(deal, "test/go")[-1] or any(
        "latest two-way activity" in line for line in story.whys(deal, "test/go")
    )


def test_of_several_equal_contacts_none_is_guessed(story: Story) -> None:
    story.live(ONE)
    deal = story.deal("new")
    story.link(deal, story.contact("Omar"))
    story.until("+1h")
    story.move(deal, "qualified")
    story.until("+10min")
    question = next(t for t in story.tasks(deal) if t.subject.startswith("Choose the contact"))
    assert "Nora Vos" in question.body
    assert "Omar Vos" in question.body


def test_a_configured_role_decides_whom_it_is_for(begin: Begin) -> None:
    story = begin(settings={"roles": ["Decision maker"]})
    story.live(ONE)
    deal = story.deal("new")
    boss = story.contact("Bea")
    story.link(deal, boss, "Decision maker")
    story.until("+1h")
    story.move(deal, "qualified")
    story.until("+10min")
    assert [t.contacts for t in story.tasks(deal)] == [(boss,)]


# --- told ----------------------------------------------------------------------------------------


@pytest.mark.feature("M01")
def test_an_overdue_task_is_told_to_its_owner_once_after_their_due_day(story: Story) -> None:
    story.live(ONE)
    deal = story.deal("qualified")
    story.to("2026-09-07 23:59")
    assert story.notices(ADA) == []
    story.to("2026-09-08 00:01")
    (notice,) = story.notices(ADA)
    assert (notice["code"], notice["subject_id"]) == ("task_overdue", deal)
    assert notice["data"]["task"].startswith("Ring")
    story.until("+5d")
    assert len(story.notices(ADA)) == 1
    assert story.notices(BEN) == []


@pytest.mark.feature("M01")
def test_a_task_that_its_rep_moved_is_overdue_by_the_new_date(story: Story) -> None:
    story.live(ONE)
    story.deal("qualified")
    story.until("+10min")
    (task,) = story.open()
    story.act("move_task", task=task.id, due=story.at("2026-09-10 15:00"))
    story.to("2026-09-10 23:59")
    assert story.notices(ADA) == []
    story.to("2026-09-11 00:01")
    assert [n["code"] for n in story.notices(ADA)] == ["task_overdue"]


@pytest.mark.feature("M01")
def test_overdue_is_a_signal_for_rules_too(story: Story) -> None:
    story.live(ONE)
    story.live(
        playbook(
            """
            - id: late
              when: {overdue: any}
              then: [{notify: {who: manager, template: t}}]
            """,
            name="late",
        )
    )
    story.deal("qualified")
    story.until("+1d")
    assert [n["code"] for n in story.notices(MIA)] == ["t"]


@pytest.mark.feature("M03")
def test_a_manager_sees_what_is_open_due_and_overdue_for_each_rep(story: Story) -> None:
    story.live(ONE)
    for owner in (ADA, ADA, BEN):
        story.deal("qualified", owner=owner)
    story.until("+10min")
    story.act("complete_task", task=next(t.id for t in story.open() if t.owner == "Ben"))
    story.until("+1d")
    (row,) = story.admin.get("/api/result")["open_tasks"]
    assert (row["owner_id"], row["open"], row["due"], row["overdue"]) == (ADA.owner_id, 2, 2, 2)


def test_reps_see_their_own_deals_and_managers_their_teams(story: Story) -> None:
    deal = story.deal("qualified", owner=BEN)
    story.until("+10min")
    seen = {}
    for person in (ADA, BEN, MIA):
        browser = story.signed_in(person)
        seen[person.first] = browser.get(f"{story.url}/api/subjects/deal/{deal}").status_code
    assert seen == {"Ada": 404, "Ben": 200, "Mia": 200}
    assert OTTO.first not in seen
