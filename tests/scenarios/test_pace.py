"""Sequences as fast as a deal deserves, and a way of its own for a person who is silent."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.records import Link, Property
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook

OWN = {"score": "number", "competitor": "string"}


def with_own(story: Story) -> None:
    for name, type in OWN.items():
        known = Property(name, name, type, "text", "dealinformation")
        story.account.properties["deals"][name] = known


def put(story: Story, deal: str, name: str, value: str) -> None:
    story.act("set_property", kind="deals", record=deal, property=name, value=value)


def complete(story: Story, about: str) -> None:
    for task in story.open(about):
        story.act("complete_task", task=task.id)
    story.settle()


@pytest.fixture
def weighed(begin: Begin) -> Story:
    story = begin(before=with_own, settings={"merge": False})
    mapping = {"deal": {name: name for name in OWN}}
    story.change("PUT", "/api/mapping", {"mapping": mapping})
    return story


@pytest.mark.feature("S07")
@pytest.mark.feature("S09")
def test_score_and_competition_set_the_pace_and_the_number_of_touches(weighed: Story) -> None:
    weighed.live("proposal-pace")
    plain, rival, weak = (weighed.deal("proposal", name=name) for name in ("P", "R", "W"))
    put(weighed, rival, "competitor", "Acme")
    for deal, score in ((plain, "60"), (rival, "60"), (weak, "10")):
        put(weighed, deal, "score", score)
        weighed.act("reply", deal=deal)  # before the follow-up begins: they are not silent
    weighed.to("2026-09-08 12:00")
    assert weighed.lines(rival) == [
        ("Tue 2026-09-08 10:00", "Call about the first reading of the offer")
    ]
    assert weighed.lines(plain) == weighed.lines(weak) == []
    said = [one for one in weighed.whys(rival, "proposal-pace/proposal-weighed") if "× 0.5" in one]
    assert "deal.competitor Acme" in said[0]
    weighed.to("2026-09-21 12:00")
    assert [due for due, _ in weighed.lines(rival)] == [
        "Tue 2026-09-08 10:00", "Thu 2026-09-10 10:00", "Mon 2026-09-14 09:00",
        "Mon 2026-09-14 10:00", "Thu 2026-09-17 10:00",
    ]  # fmt: skip
    assert weighed.lines(weak) == [
        ("Fri 2026-09-11 10:00", "Call about the first reading of the offer"),
        ("Mon 2026-09-21 09:00", "Write what sets the offer apart"),
    ]
    assert len(weighed.lines(plain)) == 4
    assert "Call a second person about the offer" in dict(map(reversed, weighed.lines(plain)))


@pytest.mark.feature("S07")
def test_a_score_that_changes_moves_what_is_ahead_at_once(weighed: Story) -> None:
    weighed.live("proposal-pace")
    deal = weighed.deal("proposal")
    put(weighed, deal, "score", "10")
    weighed.until("+1h")
    ahead = weighed.subject(deal)["next"]
    assert (ahead["step"], weighed.local(ahead["due_at"])) == (
        "first-reading", "Fri 2026-09-11 09:00"
    )  # fmt: skip
    assert "at the present pace" in ahead["what"]
    weighed.to("2026-09-08 09:00")
    put(weighed, deal, "score", "90")
    weighed.to("2026-09-09 12:00")  # a property of the account's own is seen by the reconcile
    assert weighed.lines(deal) == [
        ("Wed 2026-09-09 09:00", "Call about the first reading of the offer")
    ]
    weighed.restart()
    weighed.until("+1h")
    assert len(weighed.tasks(deal)) == 1


@pytest.mark.feature("W06")
def test_whoever_stirs_is_contacted_daily_and_whoever_sleeps_every_two_weeks(
    story: Story,
) -> None:
    story.live("by-engagement")
    asleep, awake = story.deal("qualified"), story.deal("qualified", name="Awake")
    story.to("2026-09-09 10:00")
    (who,) = next(
        row["associations"]["contacts"] for row in story.export("deals")["deals"]
        if row["id"] == awake
    )  # fmt: skip
    for form in ("Prices", "References", "Webinar"):
        email = story.properties("contacts", who["id"])["email"]
        story.act("submit_form", email=email, form=form)
        story.until("+10min")
    story.until("+30min")
    assert story.lines(awake) == [
        ("Wed 2026-09-09 10:20", "By engagement 1 of 6: name their topic")
    ]
    complete(story, awake)
    story.to("2026-09-10 12:00")
    assert story.titles(awake) == [
        "By engagement 2 of 6: call about the topic"
    ]
    complete(story, awake)
    # Two quiet weeks later it is back to what is written, and then to every two weeks.
    story.to("2026-10-20 12:00")
    assert len(story.tasks(awake)) < 6
    assert [due for due, _ in story.lines(asleep)] == ["Mon 2026-09-21 10:00"]


ROLES = playbook(
    """
    - id: alone
      when: {replied: any}
      if:
        all:
          - {field: engagement.14d, of: champion, op: ">=", value: 1}
          - {field: engagement.14d, of: budget holder, op: "==", value: 0}
      then: [{enrol: buyer}]
      again: every_signal
    - {id: usual, when: {stage_entered: qualified}, settle: 0min, then: [{enrol: way}]}
    """,
    """
    - id: buyer
      for: {role: Budget holder}
      steps:
        - {id: write, at: 1d, task: email, template: t, subject: Write the buyer}
        - {id: ring, at: 3d, task: call, template: t, subject: Ring the buyer}
    - id: way
      steps: [{id: usual, at: 20d, task: call, template: t, subject: Usual call}]
    """,
)


def people(story: Story, **roles: str) -> tuple[str, dict[str, str]]:
    """A deal with a contact for each role."""
    ids = {name: story.contact(name, owner=ADA.owner_id) for name in roles}
    first = next(iter(ids.values()))
    deal = story.deal("qualified", contact=first, name=f"Deal of {next(iter(roles))}")
    for name, id in ids.items():
        if id != first:
            with story.simulation.world.lock:
                story.account.associate(("deals", deal), Link("contacts", id), story.by(ADA))
        if roles[name]:
            story.act(
                "set_property", kind="contacts", record=id, property="hs_buying_role",
                value=roles[name],
            )  # fmt: skip
    story.until("+5min")
    return deal, ids


@pytest.mark.feature("S08")
def test_a_silent_buyer_beside_an_engaged_champion_gets_a_way_of_their_own(story: Story) -> None:
    story.live(ROLES)
    deal, who = people(story, Cora="CHAMPION", Bas="BUDGET_HOLDER")
    story.act("reply", contact=who["Cora"], deal=deal)
    story.until("+1h")
    runs = {row["definition"]: row for row in story.subject(deal)["enrolments"]}
    assert runs["test/buyer"]["contact_id"] == who["Bas"]
    assert runs["test/way"]["end_reason"] == "replied"
    story.act("reply", contact=who["Cora"], deal=deal)
    story.until("+1d")
    (task,) = story.open(deal)
    assert task.subject.startswith("Write the buyer")
    assert task.contacts == (who["Bas"],)
    story.act("complete_task", task=task.id)
    story.act("reply", contact=who["Bas"], deal=deal)
    story.until("+5d")
    assert story.ended(deal)["test/buyer"] == "replied"
    assert story.open(deal) == []
    story.act("reply", contact=who["Cora"], deal=deal)
    story.until("+1h")
    assert "engagement.14d of budget holder 1" in story.why(deal, "test/alone")


@pytest.mark.feature("S08")
@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({"Cora": "CHAMPION"}, "it read engagement.14d of budget holder unknown"),
        (
            {"Cora": "CHAMPION", "Bas": "BUDGET_HOLDER", "Bo": "BUDGET_HOLDER"},
            "The sequence is for whoever is Budget holder, and several are",
        ),
    ],
)
def test_without_one_buyer_nothing_begins_and_the_ledger_says_why(
    story: Story, roles: dict[str, Any], said: str
) -> None:
    story.live(ROLES)
    deal, who = people(story, **roles)
    story.act("reply", contact=who["Cora"], deal=deal)
    story.until("+1h")
    assert "test/buyer" not in story.ended(deal)
    assert said in story.why(deal, "test/alone")


@pytest.mark.feature("S08")
def test_the_preset_writes_to_the_buyer_of_an_open_deal(story: Story) -> None:
    story.live("silent-buyer")
    deal, who = people(story, Cora="CHAMPION", Bas="BUDGET_HOLDER")
    story.act("reply", contact=who["Cora"], deal=deal)
    story.to("2026-09-15 12:00")
    assert story.titles(deal) == [
        "Ask the champion to introduce you to the buyer"
    ], "one task at a time"
    complete(story, deal)
    story.until("+1h")
    assert story.titles(deal) == [
        "Write the buyer the one page that matters"
    ]
