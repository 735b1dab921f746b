"""Every preset beside those that other stories tell: what it owes, when, computed by hand.

The presets contradict each other, so an account that has several in force gets them side by side;
merging, caps and daily budgets are off here, that each may show its own days.
"""

from __future__ import annotations

import pytest

from sandbox.world.records import Property
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, MIA, Story

UNLIMITED = {"merge": False, "cap_7_days": None, "cap_30_days": None, "rep_daily_tasks": None}
OWN = {"proposal_due": "date", "payment_failed": "date", "proposal_views": "number"}
MAPPED = {
    "deal": {name: name for name in OWN},
    "contact": {"last_form": "recent_conversion_event_name"},
}

Lines = list[tuple[str, str]]


def with_own(story: Story) -> None:
    """Properties that the customer made, before anybody connects the app."""
    for name, type in OWN.items():
        known = Property(name, name, type, type, "dealinformation")
        story.account.properties["deals"][name] = known


@pytest.fixture
def free(begin: Begin) -> Story:
    """A story without limits, in which everything that presets need is mapped."""
    story = begin(before=with_own, settings=UNLIMITED)
    story.change("PUT", "/api/mapping", {"mapping": MAPPED})
    return story


def live(story: Story, *presets: str) -> None:
    for preset in presets:
        story.live(preset)


def put(story: Story, deal: str, name: str, value: str) -> None:
    story.act("set_property", kind="deals", record=deal, property=name, value=value)


def owed(story: Story, about: str, expected: Lines) -> None:
    """The CRM has exactly these of the texts named; other presets have tasks of their own."""
    texts = {text for _, text in expected}
    found = [line for line in story.lines(about) if line[1] in texts]
    assert found == expected


@pytest.mark.feature("T22")
@pytest.mark.feature("W05")
@pytest.mark.feature("I01")
def test_a_deal_gets_what_each_preset_owes_its_stage(free: Story) -> None:
    live(
        free, "outreach", "outreach-long", "email-cadence", "email-silence", "idle-re-engagement",
        "stage-sla",
    )  # fmt: skip
    new, large = free.deal("new"), free.deal("new", amount=25_000)
    qualified = free.deal("qualified")
    free.to("2026-10-22 12:00")
    owed(free, new, [
        ("Mon 2026-09-07 14:00", "New deal: make the first contact"),
        ("Tue 2026-09-08 10:00", "Open the conversation with one observation"),
        ("Tue 2026-09-08 10:00", "Write to the prospect why you chose them"),
        ("Wed 2026-09-09 10:00", "Call while the observation is fresh"),
        ("Thu 2026-09-10 10:00", "Call the prospect about one problem of theirs"),
        ("Fri 2026-09-11 10:00", "Send the proof behind the observation"),
        ("Mon 2026-09-14 10:00", "Write to the prospect from a different angle"),
        ("Tue 2026-09-15 10:00", "Name a peer of theirs on LinkedIn"),
        ("Mon 2026-09-21 10:00", "Write the prospect the last word for now"),
        ("Mon 2026-09-21 10:00", "Write what waiting costs them"),
        ("Mon 2026-09-28 10:00", "Call to ask what would have to change"),
        ("Wed 2026-10-07 10:00", "Decide whether the prospect goes to nurture"),
        ("Wed 2026-10-07 10:00", "End the outreach with an open door"),
    ])  # fmt: skip
    assert len(free.open(new)) == 13
    owed(free, large, [
        ("Tue 2026-09-08 10:00", "Open with what you know of their plans"),
        ("Wed 2026-09-09 10:00", "Call to learn how such a decision is made there"),
        ("Fri 2026-09-11 10:00", "Find the three people around this decision"),
        ("Tue 2026-09-15 10:00", "Approach the second person around the decision"),
        ("Mon 2026-09-21 10:00", "Send two pages that can be passed on"),
        ("Mon 2026-09-28 10:00", "Offer a talk between your expert and theirs"),
        ("Wed 2026-10-07 10:00", "Propose a small first step without a contract"),
        ("Thu 2026-10-22 10:00", "Ask for the quarter in which to come back"),
    ])  # fmt: skip
    assert len(free.open(large)) == 14, "thirty days are for deals of usual value"
    owed(free, qualified, [
        ("Tue 2026-09-08 10:00", "Mail 1 of 4: propose times for the first meeting"),
        ("Tue 2026-09-08 10:00", "Qualified deal: offer two times for the meeting"),
        ("Wed 2026-09-09 10:00", "Add one thing to the mail that nobody answered"),
        ("Thu 2026-09-10 10:00", "Call instead of writing a third mail"),
        ("Thu 2026-09-10 10:00", "Mail 2 of 4: ask for less than a meeting"),
        ("Thu 2026-09-10 10:00", "Qualified deal: book the meeting by phone"),
        ("Mon 2026-09-14 10:00", "Mail 3 of 4: take a different angle"),
        ("Mon 2026-09-21 10:00", "Bring the idle deal a new reason to talk"),
        ("Mon 2026-09-21 10:00", "Mail 4 of 4: say that it is the last"),
        ("Thu 2026-09-24 10:00", "Call to find out why the deal stands still"),
        ("Thu 2026-10-01 10:00", "Ask for a yes or a no on the idle deal"),
    ])  # fmt: skip
    (notice,) = [n for n in free.notices(MIA) if n["code"] == "sla-no-meeting"]
    assert free.local(notice["noticed_at"]) == "Thu 2026-09-10 10:00"


@pytest.mark.feature("B06")
@pytest.mark.feature("T13")
@pytest.mark.feature("T22")
@pytest.mark.feature("W07")
def test_proposals_and_negotiations_side_by_side(free: Story) -> None:
    live(
        free, "post-discovery", "proposal-three-days", "proposal-silence", "proposal-views",
        "negotiation", "two-answers", "stage-sla",
    )  # fmt: skip
    discovered, sent = free.deal("meeting_done"), free.deal("proposal")
    read = free.deal("proposal")
    small, large = free.deal("negotiation"), free.deal("negotiation", amount=10_000)
    put(free, discovered, "proposal_due", "2026-09-17")
    free.until("+1h")
    put(free, read, "proposal_views", "2")
    free.to("2026-09-09 12:00")
    for deal in (small, large):
        owed(free, deal, [
            ("Thu 2026-09-10 10:00", "Call to move the negotiation by one point"),
            ("Thu 2026-09-10 10:00", "Negotiation: settle the next point"),
        ])  # fmt: skip
        assert {task.made for task in free.open(deal)} == {"Wed 2026-09-09 10:00"}
    assert free.lines(read) == [], "two views are neither none nor many"
    owed(free, sent, [("Wed 2026-09-09 10:00", "Send the unopened proposal in another form")])
    put(free, read, "proposal_views", "3")
    free.to("2026-09-10 09:30")
    assert "Call while they read the proposal again" in dict(map(reversed, free.lines(read)))
    free.act("reply", deal=read)
    free.to("2026-09-21 12:00")
    owed(free, discovered, [
        ("Mon 2026-09-07 14:00", "Send the summary of the discovery"),
        ("Tue 2026-09-08 10:00", "Meeting done: send the summary within the day"),
        ("Wed 2026-09-16 09:00", "Prepare the proposal for the agreed date"),
    ])  # fmt: skip
    owed(free, sent, [
        ("Thu 2026-09-10 10:00", "Call about the proposal that nobody answered"),
        ("Thu 2026-09-10 10:00", "Check what in the proposal raises questions"),
        ("Thu 2026-09-10 10:00", "Proposal out: clear up its questions"),
        ("Mon 2026-09-14 09:00", "Send the unanswered proposal again as five lines"),
        ("Mon 2026-09-14 09:00", "Write into the silence after the proposal"),
        ("Mon 2026-09-14 10:00", "Call into the silence after the proposal"),
        ("Mon 2026-09-14 10:00", "Follow up on the decision about the proposal"),
        ("Mon 2026-09-14 10:00", "Proposal out: agree on the timeline"),
        ("Thu 2026-09-17 10:00", "Ask whether to withdraw the unanswered proposal"),
        ("Mon 2026-09-21 10:00", "Proposal out: call for the decision"),
    ])  # fmt: skip
    assert "unanswered-proposal" not in str(free.ended(read)), "it was answered within three days"
    owed(free, small, [("Mon 2026-09-14 09:00", "Offer a smaller scope for a smaller price")])
    owed(free, large, [("Mon 2026-09-14 09:00", "Call the signer together with your manager")])
    (told,) = [n["subject_id"] for n in free.notices(MIA) if n["code"] == "answers-manager"]
    assert told == large

    # A step that counts from the one before, and a negotiation that goes on until it is left.
    (decision,) = [t for t in free.open(sent) if t.subject.startswith("Follow up on the decision")]
    free.act("complete_task", task=decision.id)
    for task in free.open(small):
        free.act("complete_task", task=task.id)
    free.to("2026-09-28 12:30")
    owed(free, sent, [("Mon 2026-09-28 12:00", "Write a week after the talk about the decision")])
    owed(free, small, [("Thu 2026-09-24 12:00", "Call to move the negotiation by one point")])
    free.move(small, "won")
    free.until("+1h")
    assert [t for t in free.open(small) if "negotiation" in t.subject.lower()] == []


@pytest.mark.feature("T19")
@pytest.mark.feature("T20")
@pytest.mark.feature("T21")
@pytest.mark.feature("X05")
@pytest.mark.feature("M06")
def test_won_and_lost_deals_get_their_own(free: Story) -> None:
    live(free, "post-sale", "payment-failed", "closed-lost", "small-team", "stage-sla")
    won, lost = free.deal("negotiation"), free.deal("lost")
    put(free, lost, "closedate", str(free.at("2026-06-10 12:00")))
    free.move(won, "won")
    put(free, won, "payment_failed", "2026-09-09")
    free.to("2026-09-14 12:00")
    owed(free, won, [
        ("Wed 2026-09-09 09:00", "Write that a payment failed and how to mend it"),
        ("Mon 2026-09-14 09:00", "Show the failed payment inside the product"),
        ("Mon 2026-09-14 10:00", "Call the new customer after the first week"),
        ("Mon 2026-09-14 10:00", "Won deal: check the start after a week"),
        ("Wed 2026-10-07 10:00", "Call the customer after the first month"),
    ])  # fmt: skip
    free.act("reply", deal=won)
    free.to("2026-09-16 12:00")
    text = ("Wed 2026-09-16 09:00", "Text the customer about the failed payment")
    assert text in free.lines(won), "an answer is no payment"
    put(free, won, "payment_failed", "")
    free.to("2026-10-08 12:00")
    assert free.ended(won)["payment-failed/until-paid"] == "date_emptied"
    owed(free, won, [
        ("Mon 2026-09-14 10:00", "Call the new customer after the first week"),
        ("Mon 2026-09-14 10:00", "Won deal: check the start after a week"),
        ("Wed 2026-10-07 10:00", "Call the customer after the first month"),
    ])  # fmt: skip
    assert len(free.open(won)) == 3
    stories = [
        ("Tue 2026-09-08 12:00", "Lost deal, story 1: one who had the same reason"),
        ("Mon 2026-09-14 09:00", "Lost deal, story 2: ask what became of it"),
        ("Fri 2026-09-18 12:00", "Lost deal, story 3: what we can do now"),
        ("Wed 2026-09-23 12:00", "Lost deal, story 4: who is in charge today"),
        ("Tue 2026-09-29 12:00", "Lost deal, story 5: a small step, then silence"),
    ]
    owed(free, lost, stories)
    owed(free, lost, [
        ("Tue 2026-09-08 10:00", "Lost deal: ask what decided it"),
        ("Mon 2026-09-14 10:00", "Lost deal: put it into nurture or leave it"),
    ])  # fmt: skip
    owed(free, lost, [
        ("Tue 2026-09-08 12:00", "Lost 1 of 6: write what is new"),
        ("Mon 2026-09-14 09:00", "Lost 2 of 6: call about the old reason"),
        ("Thu 2026-09-17 12:00", "Lost 3 of 6: send the story of a customer"),
        ("Tue 2026-09-22 12:00", "Lost 4 of 6: see who is there now"),
        ("Mon 2026-09-28 09:00", "Lost 5 of 6: propose a small beginning"),
        ("Mon 2026-10-05 09:00", "Lost 6 of 6: call one last time"),
    ])  # fmt: skip
    for task in free.open(lost):
        free.act("complete_task", task=task.id)
    free.until("+10d")
    assert free.open(lost) == [], "five touches, and not one more"
    assert free.ended(lost)["closed-lost/five-stories"] == "finished"


@pytest.mark.feature("M06")
@pytest.mark.feature("T01")
@pytest.mark.feature("X05")
def test_leads_get_minutes_days_or_twelve_touches(free: Story) -> None:
    live(free, "inbound-fast", "small-team")
    lead = free.contact("Nora", owner=ADA.owner_id)
    free.until("+1min")
    assert free.open(lead)[0].made == "Mon 2026-09-07 10:00", "no settling for an inquiry"
    live(free, "demo-request")
    free.act("submit_form", email="d@prospect.example", form="Request a demo", owner="501")
    free.act("submit_form", email="n@prospect.example", form="Newsletter", owner="501")
    free.to("2026-09-25 12:00")
    owed(free, lead, [
        ("Mon 2026-09-07 10:01", "Answer the inquiry within the minute"),
        ("Mon 2026-09-07 10:05", "Text the inquirer who has not answered the mail"),
        ("Mon 2026-09-07 11:00", "Inbound 1 of 6: answer within the hour"),
        ("Tue 2026-09-08 10:00", "Inbound 2 of 6: call about what they need"),
        ("Tue 2026-09-08 10:00", "Send the inquirer the page that answers their question"),
        ("Thu 2026-09-10 10:00", "Ask the inquirer which result they are after"),
        ("Thu 2026-09-10 10:00", "Inbound 3 of 6: send one example"),
        ("Mon 2026-09-14 09:00", "Inbound 4 of 6: meet on LinkedIn"),
        ("Mon 2026-09-14 09:00", "Leave the inquirer a text or a voice message"),
        ("Tue 2026-09-15 10:00", "Tell the inquirer that the inquiry is being closed"),
        ("Wed 2026-09-16 10:00", "Inbound 5 of 6: call for a yes or a no"),
        ("Mon 2026-09-21 10:00", "Inbound 6 of 6: write the last mail"),
    ])  # fmt: skip
    asked = {task.contacts[0] for task in free.tasks() if "demo" in task.subject}
    (demo,) = asked
    owed(free, demo, [
        ("Mon 2026-09-07 10:06", "Confirm the request for a demo with two times"),
        ("Mon 2026-09-07 10:16", "Call about the request for a demo"),
        ("Tue 2026-09-08 10:01", "Connect with the person who asked for a demo"),
        ("Wed 2026-09-09 10:01", "Send the agenda of the demo"),
        ("Fri 2026-09-11 10:01", "Call to find the hour for the demo"),
        ("Mon 2026-09-14 09:00", "Send a recording instead of the demo"),
        ("Tue 2026-09-15 10:01", "Ask on LinkedIn who else should see the demo"),
        ("Thu 2026-09-17 10:01", "Call with the answer to their likeliest objection"),
        ("Mon 2026-09-21 09:00", "Send the result of a company like theirs"),
        ("Mon 2026-09-21 10:01", "Call to ask whether the demo is still wanted"),
        ("Wed 2026-09-23 10:01", "Answer something that the person has published"),
        ("Fri 2026-09-25 10:01", "Withdraw the offer of a demo"),
    ])  # fmt: skip
    free.act("reply", contact=demo)
    free.until("+10min")
    handed = "Hand the lead that answered to an account executive"
    owed(free, demo, [("Fri 2026-09-25 12:15", handed)])
    assert free.ended(demo, "contact")["demo-request/to-the-demo"] == "replied"
    (last,) = [t for t in free.open(lead) if t.subject.startswith("Tell the inquirer")]
    free.act("complete_task", task=last.id)
    free.to("2026-09-28 12:00")
    owed(free, lead, [("Mon 2026-09-28 09:00", "Review the silent inquiry: keep or archive")])


@pytest.mark.feature("B06")
@pytest.mark.feature("I05")
@pytest.mark.feature("M06")
@pytest.mark.feature("S05")
def test_after_a_meeting_and_by_behaviour_alone(free: Story) -> None:
    live(free, "meeting-recap-fast", "small-team", "two-answers", "behaviour")
    deal, pair = free.deal("qualified"), free.deal("qualified")
    free.link(pair, free.contact("Piet"))
    idle = free.deal("qualified")
    start = free.at("2026-09-08 10:00")
    meetings = [free.act("book_meeting", deal=one, start=start) for one in (deal, pair)]
    free.until("+10min")
    for one in (deal, pair):
        owed(free, one, [("Mon 2026-09-07 10:00", "Get ready for the meeting they booked")])
        assert free.properties("deals", one)["followthrough_momentum"] == "hot"
    free.to("2026-09-08 11:00")
    for meeting in meetings:
        free.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")
    free.to("2026-09-22 12:00")
    owed(free, deal, [
        ("Tue 2026-09-08 12:00", "Send the recap while the meeting is fresh"),
        ("Tue 2026-09-08 15:00", "Demo 1 of 6: send the recap"),
        ("Wed 2026-09-09 11:00", "Ask who else was to hear about the talk"),
        ("Wed 2026-09-09 11:00", "Send the next steps with a name and a date each"),
        ("Thu 2026-09-10 11:00", "Demo 2 of 6: call for the reaction"),
        ("Fri 2026-09-11 11:00", "Call about what the recap left unclear"),
        ("Mon 2026-09-14 09:00", "Demo 3 of 6: equip the colleagues"),
        ("Tue 2026-09-15 11:00", "Demo 4 of 6: ask whether to make an offer"),
        ("Tue 2026-09-15 11:00", "Offer another way than the one discussed"),
        ("Fri 2026-09-18 11:00", "Demo 5 of 6: propose a trial"),
        ("Tue 2026-09-22 11:00", "Demo 6 of 6: ask for the end or a date"),
    ])  # fmt: skip
    owed(free, pair, [("Wed 2026-09-09 11:00", "Call the other person on the deal about the talk")])
    free.act("reply", deal=deal)
    missed = free.act("book_meeting", deal=pair, start=free.at("2026-09-22 12:00"))
    free.until("+1h")
    free.act("meeting_outcome", meeting=missed, outcome="NO_SHOW")
    free.until("+10min")
    owed(free, deal, [("Tue 2026-09-22 12:00", "Answer what the prospect wrote")])
    owed(free, pair, [("Tue 2026-09-22 13:00", "Call whoever missed the meeting")])
    assert free.properties("deals", pair)["followthrough_momentum"] == "warm"
    assert free.tasks(idle) == [], "who does nothing gets nothing"
