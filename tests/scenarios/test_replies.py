"""What a reply means, and what follows: told from the word about it to the tasks in the CRM."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import BEN, Story, playbook

CADENCE = playbook(
    """
    - {id: go, when: {stage_entered: proposal}, then: [{enrol: ask}]}
    - {id: on, when: {stage_entered: negotiation}, then: [{enrol: ask}]}
    """,
    """
    - id: ask
      steps:
        - {id: one, at: 1d, task: call, template: t, subject: First call}
        - {id: two, at: 3d, email: t, subject: Second mail}
        - {id: three, at: 7d, task: call, template: t, subject: Third call}
    """,
)


def running(story: Story) -> str:
    """A deal a day into the cadence, its first call open. It is Tuesday, 10:00."""
    story.live(CADENCE)
    deal = story.deal("proposal")
    story.until("+1d")
    assert story.titles(deal) == ["First call"]
    return deal


def said(story: Story, deal: str, kind: str, type: str = "deal", **more: Any) -> Any:
    """Somebody classifies the latest reply, over the API of the record's page."""
    answer = story.change("POST", f"/api/subjects/{type}/{deal}/reply", {"class": kind, **more})
    story.settle()
    return answer


@pytest.mark.feature("B04")
@pytest.mark.feature("B03")
def test_an_interested_reply_is_an_urgent_call_within_minutes(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.until("+1min")
    said(story, deal, "positive")
    (task,) = story.open(deal)
    assert (task.subject.split(" — ")[0], task.type, task.priority) == (
        "Answer the interested reply now", "CALL", "HIGH",
    )  # fmt: skip
    assert task.due == "Tue 2026-09-08 10:06"
    assert task.owner == "Ada"
    assert story.ended(deal)["test/ask"] == "replied"


@pytest.mark.feature("P03")
def test_out_of_office_is_no_reply_and_holds_the_person_until_they_are_back(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.until("+1h")
    assert story.ended(deal)["test/ask"] == "replied", "as long as nobody says what it is"
    assert story.open(deal) == []
    said(story, deal, "out_of_office", date="2026-09-16")
    assert story.ended(deal)["test/ask"] is None
    assert story.subject(deal)["last_reply_at"] is not None
    story.to("2026-09-17 08:59")
    assert story.open(deal) == []
    story.to("2026-09-17 09:10")
    assert story.titles(deal) == ["First call"]
    (call,) = story.open(deal)
    story.act("complete_task", task=call.id)
    story.to("2026-09-18 17:00")
    assert story.open(deal) == [], "what was two days apart stays two days apart"
    story.to("2026-09-19 17:00")
    story.to("2026-09-21 10:00")
    assert story.titles(deal) == ["Second mail"]


@pytest.mark.feature("X09")
@pytest.mark.feature("G02")
@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("question", "Take over: the prospect asks a question"),
        ("objection", "Take over: the prospect objects"),
        ("frustrated", "Take over: the prospect is annoyed"),
    ],
)
def test_a_person_takes_over_and_says_when_rules_may_act_again(
    story: Story, kind: str, title: str
) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.settle()
    said(story, deal, kind)
    (task,) = story.open(deal)
    assert (task.subject.split(" — ")[0], task.priority, task.owner) == (title, "HIGH", "Ada")
    assert "last reply on 8 September" in task.body, "with the context"
    story.move(deal, "negotiation")
    story.until("+6d")
    assert story.titles(deal) == [title], "whatever begins, nothing automatic comes of it"
    assert story.ended(deal)["test/ask"] is None
    hold = [{"reason": "a_person_is_in_charge", "until_at": None}]
    assert story.subject(deal)["holds"] == hold
    if kind == "frustrated":
        story.control(deal, "pause")
        story.settle()
        story.control(deal, "run")  # the rep says so in the CRM
        story.settle()
    else:
        reasons = story.change("POST", f"/api/subjects/deal/{deal}/go-on")
        assert reasons == {"went_on": ["a_person_is_in_charge"]}
    story.act("complete_task", task=task.id)
    story.until("+1d")
    assert story.titles(deal) == ["First call"]


@pytest.mark.feature("B02")
def test_call_me_next_week_is_a_dated_task_and_everything_waits_for_it(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.settle()
    said(story, deal, "not_now", date="2026-09-19")  # a Saturday
    assert story.lines(deal) == [("Mon 2026-09-21 09:00", "Call as agreed")]
    assert story.ended(deal)["test/ask"] is None
    story.to("2026-09-18 18:00")
    assert story.titles(deal) == ["Call as agreed"]
    assert story.whys(deal, "test/go")[0] != ""
    story.to("2026-09-21 12:00")
    assert story.titles(deal) == ["Call as agreed"], "one open task at a time"
    (call,) = story.open(deal)
    story.act("complete_task", task=call.id)
    story.until("+1h")
    assert story.titles(deal) == ["First call"]


@pytest.mark.feature("B02")
def test_a_date_that_can_be_read_in_two_ways_is_asked_about_and_not_acted_on(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.settle()
    told = said(story, deal, "not_now", date="03/10")
    assert (told["date"], told["readings"]) == (None, ["2026-10-03", "2027-03-10"])
    assert story.titles(deal) == ["Which day did the prospect mean?"]
    (line,) = [one for one in story.subject(deal)["ledger"] if one["code"] == "reply_date_unread"]
    assert "“03/10”" in line["text"]
    said(story, deal, "not_now", date="2026-10-03")
    assert story.lines(deal) == [("Mon 2026-10-05 09:00", "Call as agreed")]
    story.until("+20d")
    assert story.titles(deal) == ["Call as agreed"]


@pytest.mark.feature("B03")
def test_a_promise_restarts_the_clock_of_the_running_step(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.settle()
    said(story, deal, "promise", date="2026-09-10")  # the Thursday
    assert story.open(deal) == []
    story.to("2026-09-11 08:59")
    assert story.open(deal) == []
    story.to("2026-09-11 09:30")
    assert story.lines(deal) == [("Fri 2026-09-11 10:00", "First call")]
    (call,) = story.open(deal)
    story.act("complete_task", task=call.id)
    story.to("2026-09-14 12:00")
    assert story.lines(deal) == [("Mon 2026-09-14 09:00", "Second mail")], "two days later"


@pytest.mark.feature("B03")
def test_a_promise_on_a_record_on_which_nothing_runs_is_asked_for(story: Story) -> None:
    deal = story.deal("proposal")
    story.act("reply", deal=deal)
    story.settle()
    said(story, deal, "promise", date="2026-09-10")
    assert story.lines(deal) == [("Fri 2026-09-11 09:00", "Ask for the answer that was promised")]


@pytest.mark.feature("B03")
def test_who_left_the_company_is_never_addressed_again(story: Story) -> None:
    deal = running(story)
    contact = story.export("deals")["deals"][0]["associations"]["contacts"][0]["id"]
    story.act("reply", deal=deal)
    story.settle()
    said(story, deal, "left_company")
    assert story.titles(deal) == ["Find the new contact"]
    assert story.ended(deal)["test/ask"] in ("replied", "left_company")
    other = story.deal("proposal", contact=contact)
    story.until("+9d")
    assert story.tasks(other) == []
    assert any("suppression list" in line for line in story.whys(other, "test/go"))


@pytest.mark.feature("B03")
@pytest.mark.feature("X04")
def test_an_opt_out_in_words_stops_everything_first_and_then_asks_for_the_crm(
    story: Story,
) -> None:
    deal = running(story)
    said(story, deal, "opt_out")
    assert story.ended(deal)["test/ask"] == "opted_out"
    assert story.titles(deal) == ["Record in the CRM that the contact opted out"]
    story.act("opt_out", deal=deal)
    story.until("+10min")
    assert story.open(deal) == [], "done, so the task is gone"


@pytest.mark.feature("B03")
@pytest.mark.parametrize(
    ("kind", "end"), [("booked", "meeting_booked"), ("bounce", "bounced"), ("positive", "replied")]
)
def test_what_ends_a_follow_up_does_so_before_the_mail_is_seen(
    story: Story, kind: str, end: str
) -> None:
    deal = running(story)
    said(story, deal, kind)
    assert story.ended(deal)["test/ask"] == end


@pytest.mark.feature("P03")
def test_the_word_may_come_before_the_mail_and_holds_the_person_everywhere(story: Story) -> None:
    deal = running(story)
    contact = story.export("deals")["deals"][0]["associations"]["contacts"][0]["id"]
    other = story.deal("proposal", contact=contact, owner=BEN)
    story.until("+1min")
    said(story, deal, "out_of_office", date="2026-09-16")
    story.until("+1min")
    story.act("reply", deal=deal, text="I am away")
    story.until("+1h")
    assert story.ended(deal)["test/ask"] is None
    assert story.ended(other)["test/ask"] is None
    story.to("2026-09-16 18:00")
    assert [task.due for task in story.open()] == ["Thu 2026-09-17 10:00"], "put off with it"
    story.to("2026-09-17 18:00")
    assert "First call" in story.titles(other)


@pytest.mark.feature("P03")
def test_a_manual_pause_outlasts_the_absence(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.settle()
    said(story, deal, "out_of_office", date="2026-09-09")
    story.control(deal, "pause")
    story.to("2026-09-15 12:00")
    assert story.open(deal) == []
    story.control(deal, "run")
    story.until("+1h")
    assert story.titles(deal) == ["First call"]


@pytest.mark.feature("P03")
def test_a_rep_who_knows_better_lets_it_go_on_at_once_and_without_a_burst(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.settle()
    said(story, deal, "out_of_office", date="2026-10-16")
    story.to("2026-09-15 10:00")
    story.change("POST", f"/api/subjects/deal/{deal}/go-on")
    story.until("+1h")
    assert story.titles(deal) == ["First call"]
    (call,) = story.open(deal)
    story.act("complete_task", task=call.id)
    story.to("2026-09-16 18:00")
    assert story.open(deal) == []
    story.to("2026-09-17 18:00")
    assert story.titles(deal) == ["Second mail"]


@pytest.mark.feature("B03")
def test_a_rule_that_names_the_class_gives_the_task_in_place_of_the_usual_one(story: Story) -> None:
    story.live(
        playbook("""
          - id: warm
            when: {replied: [positive, choice_c]}
            then: [{create_tasks: [{id: w, task: call, template: t, subject: Our own way}]}]
          - id: every
            when: {replied: any}
            then: [{create_tasks: [{id: e, task: todo, template: t, subject: Read it}]}]
        """)
    )
    deal = story.deal("qualified")
    story.act("reply", deal=deal)
    story.settle()
    (read,) = story.open(deal)
    assert read.subject == "Read it — Big sale"
    story.act("complete_task", task=read.id)
    said(story, deal, "positive")
    assert story.titles(deal) == ["Our own way"]
    said(story, deal, "positive")
    assert len(story.tasks(deal)) == 2, "said twice, done once"
    other = story.deal("qualified")
    story.act("reply", deal=other)
    story.settle()
    said(story, other, "question")
    assert "Take over: the prospect asks a question" in story.titles(other)


@pytest.mark.feature("P03")
def test_headers_alone_tell_a_machine_and_it_waits_a_week_without_a_date(story: Story) -> None:
    deal = running(story)
    story.act("reply", deal=deal)
    story.settle()
    headers = {"X-Auto-Response-Suppress": "All"}
    path = f"/api/subjects/deal/{deal}/reply"
    assert story.change("POST", path, {"headers": headers})["class"] == "unclassified"
    assert story.ended(deal)["test/ask"] == "replied"
    headers["Auto-Submitted"] = "auto-replied"
    assert story.change("POST", path, {"headers": headers})["class"] == "out_of_office"
    assert story.ended(deal)["test/ask"] is None
    (hold,) = story.subject(deal)["holds"]
    assert story.local(hold["until_at"]) == "Tue 2026-09-15 10:00"


def test_what_cannot_be_read_is_refused_with_what_would_be_right(story: Story) -> None:
    deal = story.deal("qualified")
    story.settle()
    csrf = story.admin.get("/api/session")["csrf"]
    for body, field, hint in (
        ({"class": "postive"}, "class", "positive"),
        ({"class": "positive", "date": "2026-09-10"}, "date", "goes with no date"),
        ({"class": "not_now", "date": "next week"}, "date", "2026-12-31"),
        ({"class": "not_now", "date": "2031-01-01"}, "date", "two years"),
        ({"class": "not_now", "when": "now"}, "when", "date"),
        ({"class": "positive", "contact": "1"}, "contact", "stand"),
    ):
        answer = story.admin.session.post(
            f"{story.url}/api/subjects/deal/{deal}/reply", json=body,
            headers={"X-CSRF-Token": csrf}, timeout=10,
        )  # fmt: skip
        assert answer.status_code == 422
        told = answer.json()
        assert told["problems"][0]["field"] == field
        assert hint in f"{told['message']} {told['next']}"


CHAIN = playbook(
    "- {id: go, when: {stage_entered: proposal}, then: [{enrol: ask}]}",
    """
    - id: ask
      end: {replied: {next: thank, after: AFTER}}
      steps:
        - {id: one, at: 1d, task: call, template: t, subject: First call}
        - {id: two, at: 3d, email: t, subject: Second mail}
    - id: thank
      steps: [{id: thank, at: 1h, task: todo, template: t, subject: Thank them}]
    """,
)


@pytest.mark.feature("B03")
@pytest.mark.feature("X01")
@pytest.mark.parametrize("after", ["0min", "5d"])
def test_what_follows_a_reply_gives_way_where_that_was_no_end(begin: Begin, after: str) -> None:
    story = begin(settings={"merge": False})
    story.live(CHAIN.replace("AFTER", after))
    machine, human = story.deal("proposal"), story.deal("proposal", name="Human")
    story.until("+1d")
    for deal in (machine, human):
        story.act("reply", deal=deal)
    story.until("+2h")
    said(story, machine, "out_of_office", date="2026-09-14")
    said(story, human, "positive")
    story.until("+1h")
    assert story.ended(machine).get("test/thank") in (None, "previous_goes_on")
    assert "Thank them" not in story.titles(machine)
    story.to("2026-09-24 12:00")
    assert "Thank them" not in story.titles(machine)
    assert story.ended(machine)["test/ask"] is None
    assert "Thank them" in story.titles(human)
