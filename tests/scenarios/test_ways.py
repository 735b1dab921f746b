"""Presets whose way follows from what people do, and what comes after their last step."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story


def complete(story: Story, about: str) -> None:
    (task,) = story.open(about)
    story.act("complete_task", task=task.id)
    story.settle()


@pytest.fixture
def seen(begin: Begin) -> Story:
    """A CRM that tells at once of mail opened and links clicked."""
    story = begin(sandbox_settings={"calculated_events": True})
    story.live("proposal-ways")
    return story


@pytest.mark.feature("B01")
@pytest.mark.feature("T10")
def test_opened_mail_chooses_the_way_and_a_click_brings_a_call(seen: Story) -> None:
    read, unread = seen.deal("proposal"), seen.deal("proposal", amount=20_000)
    seen.to("2026-09-08 10:30")
    assert seen.titles(read) == seen.titles(unread) == ["Guide the prospect through the proposal"]
    # Opened before the rep had written: that is about another mail, and answers nothing.
    seen.act("open_mail", deal=unread)
    seen.until("+1h")
    for deal in (read, unread):
        complete(seen, deal)
    seen.until("+1h")
    seen.act("open_mail", deal=read)
    seen.to("2026-09-11 10:00")
    assert seen.titles(read) == [], "that it was opened hastens nothing"
    seen.to("2026-09-11 13:00")
    assert seen.titles(read) == ["Call the prospect who opened the guide"]
    assert seen.titles(unread) == ["Reach the prospect who opened no mail"]
    told = "\n".join(seen.whys(read, "proposal-ways/proposal-on-its-way"))
    assert "opened" in told
    assert "Not planned, because on the other path: other-road." in told
    for deal in (read, unread):
        complete(seen, deal)
    seen.until("+1h")
    assert "waits until clicked" in seen.subject(read)["next"]["what"]
    seen.to("2026-09-14 11:00")
    seen.act("click_link", deal=read)
    seen.until("+1h")
    assert seen.titles(read) == ["Call while the prospect looks at the offer"]
    seen.to("2026-09-17 12:00")
    (large,) = seen.open(unread)
    assert large.subject.startswith("Call the prospect's manager about a large offer")
    assert large.owner == "Mia", "the manager's, not the rep's"


@pytest.mark.feature("B05")
@pytest.mark.feature("B01")
def test_a_small_offer_without_a_click_is_decided_by_a_letter(seen: Story) -> None:
    deal = seen.deal("proposal", amount=900)
    for day in ("2026-09-08 11:00", "2026-09-11 13:00", "2026-09-16 15:00"):
        seen.to(day)
        complete(seen, deal)
    assert [task.subject.split(" — ")[0] for task in seen.tasks(deal)][-1] == (
        "Ask for one letter about the offer"
    )
    assert seen.ended(deal) == {"proposal-ways/by-what-they-do": "finished"}
    assert "recycle" in seen.properties("deals", deal)["followthrough_momentum"]


@pytest.mark.feature("X03")
def test_a_silent_lead_goes_to_nurture_on_the_twentieth_day(story: Story) -> None:
    story.live("inbound-lead")
    lead, stopped = story.contact("Nora", owner=ADA.owner_id), story.contact("Piet")
    for day in ("2026-09-07 15:00", "2026-09-09 11:00", "2026-09-14 11:00", "2026-09-21 11:00"):
        story.to(day)
        for one in (lead, stopped):
            complete(story, one)
    story.to("2026-09-28 11:00")
    assert story.titles(lead) == ["Decide whether the silent lead goes to nurture"]
    story.set_control("contacts", stopped, "stop")
    story.until("+10min")
    complete(story, lead)
    assert [t.status for t in story.tasks(stopped) if t.archived] == ["NOT_STARTED"]
    assert story.ended(lead, "contact")["inbound-lead/inbound-cadence"] == "finished"
    story.to("2026-10-28 12:00")
    assert story.lines(lead) == [
        ("Wed 2026-10-28 11:10", "Send the quiet lead the story of one customer")
    ]
    rows = {row["definition"]: row for row in story.subject(lead, "contact")["enrolments"]}
    assert rows["inbound-lead/inbound-nurture"]["follows"] == (
        rows["inbound-lead/inbound-cadence"]["id"]
    )
    assert story.open(stopped) == []
    story.act("reply", contact=lead)
    story.until("+10min")
    assert story.ended(lead, "contact")["inbound-lead/inbound-nurture"] == "replied"


@pytest.mark.feature("X03")
def test_a_silent_prospect_goes_to_nurture_on_the_thirtieth_day(story: Story) -> None:
    story.live("outreach")
    deal = story.deal("new")
    for day in ("2026-09-08", "2026-09-10", "2026-09-14", "2026-09-21", "2026-10-07"):
        story.to(f"{day} 11:00")
        complete(story, deal)
    story.to("2026-11-23 12:00")
    # Forty-five days after the decision of 7 October is a Saturday.
    assert story.lines(deal) == [
        ("Mon 2026-11-23 09:00", "Write the dormant prospect what has changed")
    ]
    story.move(deal, "qualified")
    story.until("+1h")
    assert story.ended(deal)["outreach/outreach-nurture"] == "goal_reached"
    assert story.open(deal) == []
