"""Quotes that are records of the CRM: sent, accepted, denied, expired, taken back."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.model.time import DAY
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook
from tests.scenarios.posting import Tool
from tests.scenarios.test_doctor import report

QUOTED = playbook(
    """
    - id: sent
      when: {event: quote_sent}
      then: [{enrol: after-quote}]
    - id: accepted
      when: {event: quote_accepted}
      then: [{create_tasks: [{id: order, task: todo, template: t, subject: Send the order form}]}]
    - id: expired
      when: {event: quote_expired}
      then: [{create_tasks: [{id: late, task: call, template: t, subject: It ran out}]}]
    """,
    """
    - id: after-quote
      goal: {event: [quote_accepted, quote_rejected, quote_withdrawn, quote_expired]}
      steps:
        - {id: read, task: call, template: t, subject: Ask how the quote reads}
        - {id: decide, at: 3d, task: call, template: t, subject: Ask what is missing for a yes}
    """,
)


def quoted(story: Story, name: str = "Big sale") -> str:
    """A deal at a stage that says nothing of quotes, with its person."""
    contact = story.contact("Nora", owner=ADA.owner_id)
    return story.deal("meeting_done", contact=contact, name=name)


@pytest.mark.feature("T04")
def test_a_quote_that_was_sent_is_followed_until_it_is_signed(begin: Begin) -> None:
    story = begin(settings={"merge": False})
    story.live(QUOTED)
    deal = quoted(story)
    quote = story.act("create_quote", deal=deal, title="Quote 7", amount="12000")
    story.until("+1h")
    assert story.titles(deal) == []  # a draft is nobody's business yet
    story.act("send_quote", quote=quote)
    story.until("+1h")
    assert story.titles(deal) == ["Ask how the quote reads"]
    story.act("accept_quote", quote=quote)
    story.until("+1h")
    assert story.titles(deal) == ["Send the order form"]
    assert story.ended(deal)["test/after-quote"] == "goal_reached"


@pytest.mark.feature("T04")
def test_quotes_of_salesforce_are_sent_denied_accepted_and_expire(begin: Begin) -> None:
    """What was approved inside is not out yet, and rejected inside is no answer of the buyer's."""
    story = begin(crm="salesforce", settings={"merge": False})
    story.live(QUOTED)
    denied, accepted = quoted(story, "Denied"), quoted(story, "Accepted")
    story.until("+10min")
    first, second = (
        story.act("create_quote", deal=deal, title="Quote 7", expires=story.now + 10 * DAY)
        for deal in (denied, accepted)
    )
    story.act("review_quote", quote=first, verdict="refused")
    story.act("review_quote", quote=second, verdict="approved")
    story.until("+1h")
    assert story.titles(denied) == story.titles(accepted) == []
    for quote in (first, second):
        story.act("send_quote", quote=quote)
    story.until("+1h")
    assert story.titles(denied) == story.titles(accepted) == ["Ask how the quote reads"]
    story.act("deny_quote", quote=first)
    story.act("accept_quote", quote=second)
    story.until("+1h")
    assert story.titles(denied) == []
    assert story.titles(accepted) == ["Send the order form"]
    assert story.ended(denied) == {"test/after-quote": "goal_reached"}


@pytest.mark.feature("T04")
def test_a_quote_expires_is_prolonged_taken_back_or_signed_in_time(begin: Begin) -> None:
    """The preset, on four deals: each quote is valid for eight days."""
    story = begin(settings={"merge": False})
    story.live("quotes")
    names = ("Signed", "Over", "Longer", "Back")
    deals = {name: quoted(story, name) for name in names}
    story.until("+10min")
    quotes: dict[str, str] = {}
    for name, deal in deals.items():
        ends = story.now + 8 * DAY
        quotes[name] = story.act("create_quote", deal=deal, title=f"Quote {name}", expires=ends)
        story.act("send_quote", quote=quotes[name])
    story.until("+1d")
    story.act("recall_quote", quote=quotes["Back"])
    story.until("+2h")
    assert story.ended(deals["Back"]) == {"quotes/until-signed": "goal_reached"}
    story.until("+5d")
    assert story.titles(deals["Back"]) == []
    story.act("send_quote", quote=quotes["Back"])  # changed, and out again
    before = "Call before the quote expires"
    for name in ("Signed", "Over", "Longer"):
        assert before in story.titles(deals[name]), name
    (call,) = [one for one in story.open(deals["Signed"]) if one.subject.startswith(before)]
    assert "valid until 15 September 2026" in call.body
    story.act("accept_quote", quote=quotes["Signed"], how="by_hand")
    story.act("extend_quote", quote=quotes["Longer"], expires=story.now + 30 * DAY)
    story.until("+3h")
    assert story.titles(deals["Signed"]) == ["Start what the accepted quote promises"]
    assert before not in story.titles(deals["Longer"])
    story.until("+5d")
    enrolments = story.subject(deals["Back"])["enrolments"]
    assert len([one for one in enrolments if one["definition"] == "quotes/until-signed"]) == 2
    assert story.titles(deals["Over"])[-1:] == ["Call about the quote that has expired"]
    assert story.ended(deals["Over"])["quotes/until-signed"] == "goal_reached"
    assert story.ended(deals["Longer"])["quotes/until-signed"] is None


@pytest.mark.feature("T04")
@pytest.mark.parametrize(
    ("crm", "without"),
    [
        ("pipedrive", {}),
        ("salesforce", {"salesforce": {"hidden_objects": ["Quote"]}}),
        pytest.param(
            "hubspot", {"withdraw_scopes": ["crm.objects.quotes.read"]}, marks=pytest.mark.long
        ),
    ],
)
def test_an_account_without_quotes_says_so_and_a_tool_may_tell_of_them(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, crm: str, without: dict[str, Any]
) -> None:
    story = begin(crm=crm, settings={"merge": False})
    if without:
        story.change_account(**without)
    story.live(QUOTED)
    deal = quoted(story)
    if crm != "pipedrive":
        quote = story.act("create_quote", deal=deal, title="Quote 7")
        story.act("send_quote", quote=quote)
    told = report(story, monkeypatch)
    found = {one["code"]: one for one in told["findings"]}
    assert "`quote_sent` of the tool" in found["cannot_quotes"]["why"]
    story.until("+1h")
    assert story.titles(deal) == []
    Tool(story).tell("quote_sent", {"title": "Quote 7"}, deal={"id": deal})
    story.until("+1h")
    assert story.titles(deal) == ["Ask how the quote reads"]


@pytest.mark.long
@pytest.mark.feature("T04")
def test_without_webhooks_of_quotes_the_reconcile_finds_them(begin: Begin) -> None:
    story = begin(settings={"merge": False}, sandbox_settings={"quote_events": False})
    story.live(QUOTED)
    deal = quoted(story)
    quote = story.act("create_quote", deal=deal, title="Quote 7")
    story.act("send_quote", quote=quote)
    story.until("+1h")
    assert story.titles(deal) == []
    story.until("+1d")
    assert story.titles(deal) == ["Ask how the quote reads"]


@pytest.mark.long
@pytest.mark.feature("T04")
def test_an_account_says_by_which_status_its_quotes_are_out(begin: Begin) -> None:
    """What was so before is no news by that, and begins nothing."""
    story = begin(crm="salesforce", settings={"merge": False})
    story.live(QUOTED)
    before, after = quoted(story, "Before"), quoted(story, "After")
    first, second = (
        story.act("create_quote", deal=deal, title="Quote 7") for deal in (before, after)
    )
    story.act("review_quote", quote=first, verdict="approved")
    story.until("+1h")
    values = {"Approved": "sent", "Accepted": "accepted"}
    status = {"property": "Status", "type": "choice", "values": values}
    story.change("PUT", "/api/mapping", {"mapping": {"quote": {"status": status}}})
    story.until("+1d")
    story.act("review_quote", quote=second, verdict="approved")
    story.until("+1h")
    assert story.titles(before) == []
    assert story.titles(after) == ["Ask how the quote reads"]
    story.act("accept_quote", quote=first)
    story.until("+1h")
    assert story.titles(before) == ["Send the order form"]



@pytest.mark.long
@pytest.mark.feature("T04")
def test_a_quote_waits_while_its_deal_is_hidden(begin: Begin) -> None:
    story = begin(settings={"merge": False})
    story.live(QUOTED)
    deal = quoted(story)
    quote = story.act("create_quote", deal=deal, title="Quote 7")
    story.until("+10min")
    story.change_account(withdraw_scopes=["crm.objects.deals.read"])
    story.act("send_quote", quote=quote)
    story.crm.grant(story.now + 1)
    deadline = time.monotonic() + 20
    while not (waiting := story.admin.get("/api/failed")["events"]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert {event["object_id"] for event in waiting} == {quote}
    assert "crm.objects.deals.read" in waiting[0]["error"]
    story.admin.install()  # whoever connects again grants it again
    for event in story.admin.get("/api/failed")["events"]:
        story.admin.change("POST", f"/api/failed/events/{event['id']}", {"word": "retry"})
    story.until("+1h")
    assert story.titles(deal) == ["Ask how the quote reads"]


@pytest.mark.long
@pytest.mark.feature("T04")
def test_a_quote_is_sent_once_though_its_deal_is_merged(begin: Begin) -> None:
    story = begin(settings={"merge": False})
    story.live(QUOTED)
    deal, other = quoted(story, "Quoted"), quoted(story, "Twin")
    story.until("+10min")
    quote = story.act("create_quote", deal=deal, title="Quote 7")
    story.act("send_quote", quote=quote)
    story.until("+1h")
    story.act("reply", deal=deal)
    story.until("+1h")
    kept = story.merge("deals", other, deal)
    story.until("+1h")
    story.act("extend_quote", quote=quote, expires=story.now + 60 * DAY)
    story.until("+1h")
    enrolments = story.subject(kept)["enrolments"]
    begun = [one for one in enrolments if one["definition"] == "test/after-quote"]
    assert [one["end_reason"] for one in begun] == ["replied"]
    story.act("accept_quote", quote=quote)
    story.until("+1h")
    assert story.titles(kept) == ["Send the order form"]
