"""Two records that the CRM's users make one: one subject, one follow-up, one person."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook
from tests.scenarios.telling import BOTH, Tell

CADENCE = "proposal/proposal-cadence"
CALLS = playbook(
    """
    - id: ring-twice
      when: {stage_entered: qualified}
      then: [{create_tasks: [
        {id: a, at: 1d, task: call, template: t, subject: Ring},
        {id: b, at: 4d, task: call, template: t, subject: Ring again}]}]
    """,
    name="calls",
)

@BOTH
def test_merged_deals_are_one_follow_up_with_both_histories(story: Story, tell: Tell) -> None:
    story.live("proposal")
    story.live(CALLS)
    older, other = story.deal("proposal", name="Acme"), story.deal("qualified", name="Acme B.V.")
    story.until("+1d")
    story.move(other, "proposal")
    younger = other
    story.until("+2d")
    (open_before,) = story.open(older)

    deal = tell(story, lambda: story.merge("deals", younger, older))

    merged = story.subject(deal)
    assert {story.subject(id)["id"] for id in (older, younger)} == {deal}, "old ids lead to it"
    ends = {row["id"]: row["end_reason"] for row in merged["enrolments"]
            if row["definition"] == CADENCE}  # fmt: skip
    assert sorted(map(str, ends.values())) == ["None", "merged"]
    (going,) = [key for key, why in ends.items() if why is None]
    starts = {row["id"]: row["started_at"] for row in merged["enrolments"]}
    assert going == min(ends, key=lambda key: starts[key]), "the older goes on"
    assert [t.id for t in story.open()] == [open_before.id], "its task stands, untouched"
    dropped = [t for t in merged["touches"]
               if t["enrolment_id"] != going and t["step"] == "questions"]  # fmt: skip
    assert [(t["state"], t["reason"]) for t in dropped] == [("dropped", "merged")]
    assert "records_merged" in story.codes(deal)
    assert "calls/ring-twice" in story.ended(deal), "what either was followed up with is kept"
    story.act("complete_task", task=open_before.id)
    story.until("+12d")
    steps = [t["step"] for t in story.subject(deal)["touches"]
             if t["definition"] == CADENCE and t["state"] == "performed"]  # fmt: skip
    assert sorted(steps) == sorted(set(steps)), "no step of the cadence twice"


@BOTH
def test_tasks_of_the_deal_that_is_gone_are_about_the_survivor(story: Story, tell: Tell) -> None:
    story.live(CALLS)
    kept = story.deal("new")
    gone = story.deal("qualified")
    story.until("+1h")
    story.move(kept, "qualified")
    story.until("+1h")
    before = {t.id for t in story.open(gone)}
    assert len(before) == len(story.open(kept)) == 2
    deal = tell(story, lambda: story.merge("deals", kept, gone))
    # Both were called about: the same tasks twice for one deal would be one set too many.
    assert {t.id for t in story.open(deal)} == before
    assert {t.deals for t in story.open(deal)} == {(deal,)}
    assert story.subject(deal)["next"]["touch"] in {t.touch_id for t in story.open(deal)}


def test_a_deal_merged_into_one_that_is_won_is_not_followed_up(story: Story) -> None:
    story.live("proposal")
    gone, kept = story.deal("proposal"), story.deal("won")
    story.until("+3d")
    assert len(story.open(gone)) == 1
    deal = story.merge("deals", kept, gone)
    story.until("+10min")
    assert story.ended(deal)[CADENCE] == "closed_won"
    assert story.open() == []


@BOTH
def test_merged_contacts_are_one_person(begin: Begin, tell: Tell) -> None:
    story = begin(settings={"cap_7_days": 2, "rep_daily_tasks": None})
    story.live(CALLS)
    one, two = story.contact("Nora"), story.contact("Nora")
    first, second = story.deal("qualified", contact=one), story.deal("qualified", contact=two)
    story.until("+2h")
    who = tell(story, lambda: story.merge("contacts", two, one))
    for deal in (first, second):
        assert story.subject(deal)["enrolments"][0]["contact_id"] == who
        assert {t["contact_id"] for t in story.subject(deal)["touches"]} == {who}
        assert [c["id"] for c in story.subject(deal)["contacts"]] == [who]
    # Four touches in a week, two each: one person bears two, so the next one has to wait.
    third = story.deal("qualified", contact=who)
    story.until("+1h")
    assert story.open(third) == []
    assert "cap_7_days" in story.codes(third, "touch:")


@pytest.mark.feature("X04")
@pytest.mark.parametrize(
    ("crm", "heard"),
    [("hubspot", True), ("pipedrive", True), ("salesforce", True), ("salesforce", False)],
)
def test_an_opt_out_outlives_a_merge(begin: Begin, crm: str, heard: bool) -> None:
    """Of whoever is left the CRM says that they may be written to. heard: the opt-out was known
    before the merge; else both came between two looks."""
    story = begin(crm=crm, settings={"cap_7_days": None, "cap_30_days": None})
    story.live("proposal")
    gone, kept = story.contact("Nora"), story.contact("Nora")
    story.act(
        "set_property", kind="contacts", record=kept, property="hs_email_optout", value="false"
    )
    theirs, other = (story.deal("proposal", contact=one) for one in (gone, kept))
    story.until("+1h")
    story.act("opt_out", contact=gone)
    if heard:
        story.until("+1h")
    who = story.merge("contacts", kept, gone)
    assert story.properties("contacts", who)["hs_email_optout"] == "false"
    story.until("+4d")
    assert story.open() == []
    for deal in (theirs, other):
        assert story.ended(deal)["proposal/proposal-cadence"] == "opted_out"
        assert {one["id"] for one in story.subject(deal)["contacts"]} == {who}
    late = story.deal("proposal", contact=who)
    story.until("+4d")
    assert story.tasks(late) == []


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_two_inquiries_of_one_person_are_one(begin: Begin, crm: str) -> None:
    """In Salesforce two leads, of which the one that is gone lies in the recycle bin."""
    story = begin(crm=crm)
    story.live("inbound-lead")
    gone, kept = (
        story.act("submit_form", email=f"{who}@prospect.example", form="Demo", owner=ADA.owner_id)
        for who in ("nora", "n.vos")
    )
    story.until("+1h")
    running = [e for who in (gone, kept) for e in story.subject(who, "contact")["enrolments"]]
    assert len(running) == 2
    who = story.merge("contacts", kept, gone)
    story.until("+10min")
    rows = story.subject(who, "contact")["enrolments"]
    assert sorted(str(row["end_reason"]) for row in rows) == ["None", "merged"]
    assert {story.subject(id, "contact")["id"] for id in (gone, kept)} == {who}
