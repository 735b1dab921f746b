"""What follows from events: the presets that wait for them, surges, and what is urgent."""

from __future__ import annotations

import pytest

from sandbox.world.records import Link
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook
from tests.scenarios.posting import Tool


def prospect(story: Story, stage: str = "proposal", name: str = "Big sale") -> tuple[str, str]:
    """A deal and the address of its contact."""
    contact = story.contact("Nora", owner=ADA.owner_id)
    deal = story.deal(stage, contact=contact, name=name)
    return deal, story.properties("contacts", contact)["email"]


@pytest.mark.feature("T21")
@pytest.mark.feature("C06")
def test_a_failed_payment_is_followed_until_it_is_made(story: Story) -> None:
    """The billing tells of it: on the won deal and not on the open one; four steps, until it tells
    that the payment was made, which is silent about the prospect and ends everything."""
    story.live("billing-events")
    contact = story.contact("Nora", owner=ADA.owner_id)
    won = story.deal("negotiation", contact=contact, name="Contract")
    more = story.deal("qualified", contact=contact, name="More seats")
    story.move(won, "won")
    story.until("+10min")
    before = story.subject(won)["where"].get("last_activity_at")
    tool = Tool(story, "billing")
    tool.tell("payment_failed", {"amount": 49, "currency": "EUR"}, person={"id": contact})
    story.until("+1h")
    (task,) = story.open(won)
    assert task.subject.startswith("Write how to mend the payment that was refused")
    assert "a payment of 49 EUR" in task.body
    assert story.titles(more) == []
    assert story.subject(won)["where"].get("last_activity_at") == before
    # The second attempt fails too: one follow-up runs, and goes on.
    tool.tell("payment_failed", {"amount": 49}, person={"id": contact})
    assert "same sequence is running" in story.why(won, "billing-events/payment-told")
    story.act("complete_task", task=task.id)
    story.until("+3d")
    assert story.titles(won) == ["Put the refused payment on their screen"]
    tool.tell("payment_recovered", {"amount": 49}, person={"id": contact})
    story.until("+10d")
    assert story.titles(won) == []
    assert story.ended(won) == {"billing-events/until-recovered": "goal_reached"}


@pytest.mark.feature("T13")
@pytest.mark.feature("T04")
def test_a_proposal_is_opened_again_and_again_or_not_at_all(story: Story) -> None:
    story.live("proposal-events")
    read, reader = prospect(story, name="Read")
    ignored, other = prospect(story, name="Ignored")
    story.until("+10min")
    tool = Tool(story, "proposals")
    tool.tell("proposal_sent", {"title": "Offer 12"}, email=reader)
    tool.tell("quote_sent", {"title": "Quote 7"}, email=other)
    for _ in range(3):
        story.until("+4h")
        tool.tell("proposal_viewed", {"page": 3}, email=reader)
    story.until("+3d")
    assert story.titles(read) == ["Call about the page they return to"]
    assert story.titles(ignored) == ["Send what nobody has opened once more"]
    (task,) = story.open(ignored)
    assert "Quote 7: did it reach you?" in task.body
    assert "proposal_viewed came at" in story.why(read, "proposal-events/not-opened")
    tool.tell("proposal_accepted", {"amount": 12000}, email=other)
    tool.tell("demo_scheduled", {"title": "Demo on Friday"}, email=reader)
    story.until("+1h")
    story.until("+1d")
    assert story.titles(ignored)[1:] == ["Send the contract for what was accepted"]
    assert story.titles(read)[1:] == ["Prepare the demo that was booked"]


@pytest.mark.feature("T19")
@pytest.mark.feature("T12")
@pytest.mark.feature("T11")
def test_use_milestones_posts_and_forms_each_have_their_answer(begin: Begin) -> None:
    story = begin(settings={"merge": False})
    story.live("product-events")
    story.live("content-events")
    customer = story.contact("Cleo", owner=ADA.owner_id)
    won = story.deal("negotiation", contact=customer)
    story.move(won, "won")
    deal, email = prospect(story, "qualified")
    story.until("+10min")
    tool = Tool(story, "product")
    tool.tell("usage_dropped", {"feature": "reports", "percent": 60}, person={"id": customer})
    tool.tell("milestone_reached", {"title": "100 orders"}, person={"id": customer})
    tool.tell("social_engaged", {"network": "LinkedIn"}, email=email)
    story.act("submit_form", email=email, form="Autumn webinar")
    story.until("+2d")
    assert story.titles(won) == [
        "Call about what has stopped being used",
        "Write about the milestone they reached",
    ]
    assert "Use of reports has dropped" in story.open(won)[0].body
    assert story.titles(deal) == [
        "Answer their reaction where it was made",
        "Write about the form for a webinar or paper",
    ]
    assert "thank you for Autumn webinar" in story.open(deal)[1].body


@pytest.mark.feature("T16")
def test_news_of_a_company_is_about_all_its_open_deals(story: Story) -> None:
    story.live("company-news")
    deals = [prospect(story, stage, name=stage)[0] for stage in ("qualified", "proposal")]
    lost, _ = prospect(story, "qualified", name="lost")
    story.move(lost, "lost")
    with story.simulation.world.lock:
        company = story.account.create("companies", {"name": "Acme"}, story.by(ADA)).id
        for deal in (*deals, lost):
            story.account.associate(("deals", deal), Link("companies", company), story.by(ADA))
    story.until("+10min")
    quiet = story.subject(deals[0])["where"].get("last_activity_at")
    tool = Tool(story, "news")
    tool.tell("leadership_change", {"person": "Ines Roth"}, company={"id": company})
    story.until("+1h")
    for deal in deals:
        assert story.titles(deal) == ["Call about the change in their leadership"]
        assert "Ines Roth decides there now" in story.open(deal)[0].body
    assert story.titles(lost) == []
    assert story.subject(deals[0])["where"].get("last_activity_at") == quiet
    tool.tell("launch", company={"id": "4711"})
    assert [row["reason"] for row in story.admin.get("/api/events")["refused"]] == [
        "company_without_deal"
    ]


@pytest.mark.feature("B06")
def test_a_spike_of_visits_has_one_answer_and_its_end_another(story: Story) -> None:
    story.live("site-visits")
    deal, email = prospect(story)
    still, more = prospect(story, name="Still reading")
    story.until("+10min")
    tool = Tool(story)
    for _ in range(5):
        for who in (email, more):
            tool.tell("page_viewed", {"url": "/pricing"}, email=who)
        story.until("+1h")
    assert story.titles(deal) == ["Call about what the prices mean for them"]
    (call,) = story.open(deal)
    story.act("complete_task", task=call.id)
    story.until("+4d")
    tool.tell("page_viewed", {"url": "/blog"}, email=more)
    story.until("+4d")
    assert story.titles(deal) == ["Ask what the reading has led to"]
    assert "page_viewed came at" in story.why(still, "site-visits/read-and-gone")


URGENT = playbook(
    """
    - id: cadence
      when: {stage_entered: proposal}
      then: [{create_tasks: [{id: plain, task: call, template: t, subject: The usual call},
                             {id: later, at: 1d, task: todo, template: t, subject: The next step}]}]
    - id: several
      when: {surge: {of: any, persons: 2, within: 1d}}
      then: [{create_tasks: [{id: now, task: call, template: t, subject: Call them now}]}]
      urgent: {hold: 3d}
    """
)


@pytest.mark.feature("T17")
def test_several_people_at_once_are_called_ahead_of_everything_else(begin: Begin) -> None:
    """Neither the open task nor the full day holds the urgent one up; what else was planned waits
    for the stated time, and the reasons stand in the ledger."""
    story = begin(settings={"rep_daily_tasks": 1})
    sequence = """
    - id: usual
      steps:
        - {id: plain, task: call, template: t, subject: The usual call}
        - {id: later, at: 2d, task: todo, template: t, subject: The next step}
    """
    rules = """
    - id: cadence
      when: {stage_entered: proposal}
      then: [{enrol: usual}]
    - id: several
      when: {surge: {of: any, persons: 2, within: 1d}}
      then: [{create_tasks: [{id: now, task: call, template: t, subject: Call them now}]}]
      urgent: {hold: 3d}
    """
    story.live(playbook(rules, sequence))
    deal, email = prospect(story)
    story.until("+1h")
    second = story.contact("Piet", owner=ADA.owner_id)
    story.link(deal, second)
    story.until("+10min")
    assert story.titles(deal) == ["The usual call"]
    tool = Tool(story)
    tool.tell("page_viewed", {"url": "/terms"}, email=email)
    tool.tell("page_viewed", {"url": "/terms"}, email=email)
    assert "of 1 of 2 people" in story.why(deal, "test/several")
    tool.tell("proposal_viewed", person={"id": second})
    assert sorted(story.titles(deal)) == ["Call them now", "The usual call"]
    now = next(task for task in story.open(deal) if task.subject.startswith("Call them now"))
    assert now.priority == "HIGH"
    assert now.contacts == (second,)
    assert now.due == story.local(story.now)
    assert any("It is urgent" in line for line in story.whys(deal, "test/several"))

    usual = next(task for task in story.open(deal) if task.subject.startswith("The usual"))
    for task in (usual, now):
        story.act("complete_task", task=task.id)
    story.to("2026-09-10 09:30")
    assert story.titles(deal) == []
    held = [row for row in story.subject(deal)["touches"] if row["step"] == "later"]
    assert held[0]["reason"] == "held"
    story.to("2026-09-11 12:00")
    assert story.titles(deal) == ["The next step"]


@pytest.mark.feature("T17")
def test_what_is_urgent_waits_for_the_prospects_hours_and_obeys_a_stop(story: Story) -> None:
    story.live(URGENT)
    deal, email = prospect(story)
    second = story.contact("Piet", owner=ADA.owner_id)
    story.link(deal, second)
    story.to("2026-09-07 22:00")
    tool = Tool(story)
    tool.tell("link_clicked", email=email)
    tool.tell("link_clicked", person={"id": second})
    story.settle()
    urgent = [task for task in story.open(deal) if task.subject.startswith("Call them now")]
    assert [task.due for task in urgent] == ["Tue 2026-09-08 09:00"]

    stopped, other = prospect(story, name="Stopped")
    third = story.contact("Jan", owner=ADA.owner_id)
    story.link(stopped, third)
    story.until("+10min")
    story.control(stopped, "stop")
    story.until("+10min")
    tool.tell("link_clicked", email=other)
    tool.tell("link_clicked", person={"id": third})
    story.until("+1d")
    assert "Call them now" not in story.titles(stopped)


@pytest.mark.feature("T09")
def test_a_tool_gone_mad_is_stopped_after_five_actions_in_an_hour(story: Story) -> None:
    rule = """
    - id: tell
      when: {event: custom.ping}
      then: [{notify: {who: owner, template: t}}]
    """
    story.live(playbook(rule))
    deal, email = prospect(story)
    story.until("+10min")
    tool = Tool(story)
    answer = tool.post([tool.event("custom.ping", email=email) for _ in range(8)])
    assert answer.status_code == 202
    story.settle()
    tool.tell("custom.ping", email=email)
    assert len([n for n in story.notices(ADA) if n["data"].get("rule") == "test/tell"]) == 5
    assert "looks like a loop" in story.why(deal, "test/tell")


@pytest.mark.feature("T09")
def test_a_rule_without_its_events_is_never_shown_as_working(story: Story) -> None:
    story.live("site-visits")
    _, email = prospect(story)
    story.until("+10min")

    def lacks() -> dict[str, list[str]]:
        (saved,) = story.admin.get("/api/playbooks")["saved"]
        return {rule["rule"].partition("/")[2]: rule["lacks"] for rule in saved["rules"]}

    def never() -> list[str]:
        found = story.admin.get("/api/doctor")["findings"]
        return [one["what"] for one in found if one["code"] == "event_never_came"]

    assert lacks() == {
        "prices-again": ["page_viewed"],
        "link-back": ["link_clicked"],
        "read-and-gone": ["page_viewed"],
    }
    assert len(never()) == 3
    page = story.signed_in(story.people[0]).get(f"{story.url}/rules", timeout=20).text
    assert "no event page_viewed has come yet" in page
    assert "live, without data" in page
    Tool(story).tell("page_viewed", email=email)
    assert lacks()["prices-again"] == []
    assert len(never()) == 1
    judged = story.admin.get("/api/playbooks/site-visits/backtest")["not_judged"]
    assert {row["rule"] for row in judged} == {
        f"site-visits/{rule}" for rule in ("prices-again", "link-back", "read-and-gone")
    }
