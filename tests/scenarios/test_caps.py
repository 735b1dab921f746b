"""How often one person is addressed: by segment, by channel, and by whom else."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world.records import Property
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import BEN, MIA, Story, playbook


def steps(*steps: str) -> str:
    """A rule for qualified deals with one step a line."""
    lines = "".join(f"\n      - {{template: t, {step}}}" for step in steps)
    return playbook(
        "- {id: go, when: {stage_entered: qualified}, then: [{enrol: s}]}",
        f"- id: s\n  steps:{lines}",
    )


RING = steps("id: ring, task: call, subject: Ring")


def rule_line(story: Story, deal: str) -> str:
    """What was last decided about the touch of a deal."""
    return story.whys(deal, "test/go")[0]


@pytest.mark.feature("G01")
@pytest.mark.feature("P10")
def test_touches_of_reps_and_other_tools_count_and_are_told_apart(begin: Begin) -> None:
    story = begin(settings={"cap_7_days": 3})
    busy, calm, fresh = (story.contact(name) for name in ("Nora", "Carl", "Finn"))
    for _ in range(2):
        story.act("log_call", contact=busy, owner=BEN.owner_id)
        story.act("log_call", contact=calm, owner=BEN.owner_id)
    story.act("log_call", contact=busy, owner=MIA.owner_id)
    # What the prospect does moves the CRM's counter too, and is nobody's touch.
    story.act("reply", contact=calm)
    story.act("book_meeting", contact=calm, start=story.at("2026-09-01 10:00"), title="Talk")
    story.until("+2d")
    story.live(RING)
    deals = {who: story.deal("qualified", contact=who) for who in (busy, calm, fresh)}
    story.until("+1h")
    assert [len(story.tasks(deal)) for deal in deals.values()] == [0, 1, 1]
    assert rule_line(story, deals[busy]) == (
        "The contact was touched 3 times in 7 days (in 30 days besides us: Ben Firm 2, Mia Firm "
        "1); the cap is 3."
    )
    calls = story.admin.get("/api/health")["calls"]
    asked = [row["count"] for row in calls if "contacts/calls" in row["endpoint"]]
    assert 0 < sum(asked) < len(deals), "not once for each person"
    story.to("2026-09-14 10:00")
    assert len(story.tasks(deals[busy])) == 1, "the window has rolled on"


@pytest.mark.feature("G01")
def test_a_call_that_carried_out_our_task_is_no_second_touch(begin: Begin) -> None:
    story = begin(settings={"cap_7_days": 2, "merge": False})
    story.live(RING)
    person = story.contact("Nora")
    first = story.deal("qualified", contact=person)
    story.until("+30min")
    (task,) = story.open(first)
    story.act("log_call", deal=first, contact=person, owner="501")
    story.until("+3h")
    story.act("complete_task", task=task.id)
    second = story.deal("qualified", contact=person)
    story.until("+1h")
    assert len(story.tasks(second)) == 1, "one touch so far: the task and its call"
    # Another rep's call at that time carried out nothing of ours.
    story.act("log_call", contact=person, owner=BEN.owner_id)
    third = story.deal("qualified", contact=person)
    story.until("+1h")
    assert story.tasks(third) == []
    assert "touched 3 times in 7 days (in 30 days besides us: Ben Firm 1)" in rule_line(
        story, third
    )


def with_tier(story: Story) -> None:
    known = Property("tier", "Tier", "string", "text", "contactinformation")
    story.account.properties["contacts"]["tier"] = known


@pytest.mark.feature("G01")
def test_each_segment_has_its_caps_and_each_channel_its_own(begin: Begin) -> None:
    story = begin(before=with_tier, settings={"merge": False})
    story.change("PUT", "/api/mapping", {"mapping": {"contact": {"tier": "tier"}}})
    caps: list[dict[str, Any]] = [
        {
            "name": "Key accounts",
            "segment": {"field": "deal.amount", "op": ">=", "value": 50_000},
            "cap_7_days": 1,
        },
        {
            "name": "Gold",
            "segment": {"field": "contact.tier", "op": "==", "value": "gold"},
            "channels": {"call": {"cap_7_days": 1}},
        },
        {"name": "All others", "cap_7_days": 2},
    ]
    story.change("PUT", "/api/settings", {"caps": caps})
    story.live(
        steps(
            "id: a, task: call, subject: A", "id: b, task: email, subject: B",
            "id: c, task: call, subject: C",
        )
    )  # fmt: skip
    key = story.deal("qualified", amount=80_000)
    gil = story.contact("Gil")
    story.act("set_property", kind="contacts", record=gil, property="tier", value="gold")
    gold = story.deal("qualified", contact=gil)
    other = story.deal("qualified")
    story.until("+1h")
    kinds = {deal: sorted(task.type for task in story.open(deal)) for deal in (key, gold, other)}
    assert [len(kinds[key]), kinds[gold], len(kinds[other])] == [1, ["CALL", "EMAIL"], 2]
    waits = "The contact was touched 1 times in 7 days; the cap for Key accounts is 1."
    assert waits in story.whys(key, "test/go")
    waits = "The contact was called 1 times in 7 days; the cap for Gold is 1."
    assert waits in story.whys(gold, "test/go")
    waits = "The contact was touched 2 times in 7 days; the cap for All others is 2."
    assert waits in story.whys(other, "test/go")


@pytest.mark.feature("G01")
def test_a_segment_that_nobody_could_be_in_is_refused(story: Story) -> None:
    def refused(*caps: dict[str, Any]) -> dict[str, str]:
        headers = {"X-CSRF-Token": story.admin.get("/api/session")["csrf"]}
        answer = story.admin.session.put(
            f"{story.url}/api/settings", json={"caps": caps}, headers=headers, timeout=10
        )
        assert answer.status_code == 422, answer.text
        problem: dict[str, str] = answer.json()["problems"][0]
        return problem

    named = {"name": "Key", "cap_7_days": 3}
    told = refused({**named, "segment": {"field": "deal.amout", "op": ">", "value": 1}})
    assert told["field"] == "caps.0.segment.field"
    assert "unknown field `deal.amout`; did you mean `deal.amount`?" in told["message"]
    told = refused({**named, "segment": {"field": "deal.amount", "op": "=>", "value": 1}})
    assert told["field"] == "caps.0.segment.op"
    told = refused(named, {"name": "Later", "cap_7_days": 1})
    assert told["field"] == "caps"
    assert "put it last" in told["message"]
    told = refused(named, {**named, "segment": None})
    assert "two segments are called 'Key'" in told["message"]
    told = refused({"name": "Key", "channels": {"fax": {"cap_7_days": 1}}})
    assert told["field"] == "caps.0.channels.fax.[key]"
