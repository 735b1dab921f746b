"""Quotes that are records of the CRM: sent, accepted, denied, expired, taken back."""

from __future__ import annotations

import pytest

from app.model.time import DAY
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

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
