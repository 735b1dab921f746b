"""Switching rules on, changing them, and the log of why they did or did not act."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import BEN, Story, playbook

RING = """
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
"""
GO = playbook(RING)


# --- activation ----------------------------------------------------------------------------------


def three_old_deals(story: Story) -> None:
    for _ in range(3):
        story.deal("qualified")
    story.to("2026-09-21 10:00")


@pytest.mark.feature("P25")
def test_switching_on_creates_nothing_for_what_is_there_already(begin: Begin) -> None:
    story = begin(before=three_old_deals)
    assert [(r["rule"], r["backlog"]) for r in story.live(GO)] == [("test/go", 3)]
    silent = {r["rule"]: r["backlog"] for r in story.live("idle-deal")}
    assert silent == {"idle-deal/idle-7": 3, "idle-deal/idle-14": 3}
    story.until("+10d")
    assert [t for t in story.tasks() if t.owner == "Ada"] == []


@pytest.mark.feature("P25")
@pytest.mark.feature("P30")
def test_a_backlog_starts_only_when_released_and_then_a_few_a_day(begin: Begin) -> None:
    story = begin(before=three_old_deals)
    story.live(GO)
    (backlog,) = story.admin.get("/api/backlog")["rules"]
    assert (backlog["rule"], backlog["count"]) == ("test/go", 3)
    story.change("POST", "/api/backlog/release", {"rule": "test/go", "per_day": 2})
    story.until("+1h")
    assert [t.due for t in story.open()] == ["Mon 2026-09-21 11:00"] * 2
    story.to("2026-09-21 23:00")
    assert len(story.open()) == 2
    story.to("2026-09-22 12:00")
    assert [t.due for t in story.open()][2:] == ["Tue 2026-09-22 09:00"]


@pytest.mark.feature("P25")
def test_switching_on_twice_changes_nothing(story: Story) -> None:
    story.live(GO)
    deal = story.deal("qualified")
    story.until("+10min")
    story.activate("test", "live")
    story.until("+1d")
    assert story.titles(deal) == ["Ring"]
    assert len(story.tasks(deal)) == 1


@pytest.mark.feature("P15")
def test_shadow_decides_and_writes_nothing_to_the_crm(story: Story) -> None:
    story.live(GO, "shadow")
    story.live("proposal", "shadow")
    deal = story.deal("qualified")
    story.until("+10min")
    story.move(deal, "proposal")
    story.until("+30d")
    assert story.tasks() == []
    assert "followthrough_sequence" not in story.properties("deals", deal)
    assert any("would have started test/go" in line for line in story.whys(deal, "test/go"))
    (line,) = [x for x in story.subject(deal)["ledger"] if "proposal-cadence" in x["text"]]
    assert story.local(line["values"]["due"]["questions"]) == "Thu 2026-09-10 10:10"


@pytest.mark.feature("P25")
def test_from_shadow_to_live_is_an_activation(story: Story) -> None:
    story.live(GO, "shadow")
    seen = story.deal("qualified")
    story.until("+1d")
    assert story.activate("test", "live") == [{"rule": "test/go", "mode": "live", "backlog": 1}]
    assert story.ended(seen) == {"test/go": None}, "waits for its release"
    new = story.deal("qualified")
    story.until("+1d")
    assert (story.tasks(seen), story.titles(new)) == ([], ["Ring"])


@pytest.mark.feature("T25")
def test_manual_mode_proposes_and_writes_nothing(story: Story) -> None:
    story.live(GO, "manual")
    deal = story.deal("qualified")
    story.until("+1d")
    assert story.tasks() == []
    (enrolment,) = story.subject(deal)["enrolments"]
    assert (enrolment["state"], enrolment["mode"]) == ("proposed", "manual")
    assert story.why(deal, "test/go") == "Proposed; a rep decides whether test/go starts."


def test_switching_off_drops_what_was_planned(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+1d")
    story.activate("proposal", "off")
    story.until("+30d")
    assert story.tasks(deal) == []


# --- versions ------------------------------------------------------------------------------------

CHAIN = """
- id: chain
  steps:
    - {id: one, at: 1d, task: call, template: t, subject: First}
    - {id: two, at: %s, task: call, template: t, subject: %s}
"""
ENROL = "- {id: go, when: {stage_entered: qualified}, then: [{enrol: chain}]}"


@pytest.mark.feature("P13")
def test_what_runs_keeps_its_version_and_what_begins_takes_the_new_one(begin: Begin) -> None:
    story = begin(settings={"merge": False})
    story.live(playbook(ENROL, CHAIN % ("4d", "Old second")))
    old = story.deal("qualified")
    story.until("+1h")
    story.live(playbook(ENROL, CHAIN % ("2d", "New second")))
    new = story.deal("qualified")
    story.until("+1h")
    story.until("+7d")
    assert [(d[:14], s) for d, s in story.lines(old)] == [
        ("Tue 2026-09-08", "First"), ("Fri 2026-09-11", "Old second"),
    ]  # fmt: skip
    assert [(d[:14], s) for d, s in story.lines(new)] == [
        ("Tue 2026-09-08", "First"), ("Wed 2026-09-09", "New second"),
    ]  # fmt: skip


@pytest.mark.feature("P23")
def test_a_playbook_leaves_as_the_yaml_it_came_as(story: Story) -> None:
    story.live(GO)
    saved = story.admin.get("/api/playbooks/test")
    assert (saved["text"], saved["version"]) == (GO, 1)
    story.live(saved["text"].replace("Ring", "Call"))
    assert story.admin.get("/api/playbooks/test")["version"] == 2


# --- again, and settling -------------------------------------------------------------------------


def test_a_stage_entered_again_on_the_way_forward_does_not_act_twice_by_default(
    story: Story,
) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+1h")
    story.move(deal, "qualified")
    story.until("+1h")
    story.move(deal, "proposal")
    story.until("+4d")
    assert len(story.tasks(deal)) == 0
    assert "moved back into the stage" in story.why(deal, "proposal/proposal-sent")


def test_every_entry_acts_anew_where_the_rule_says_so(story: Story) -> None:
    story.live("proposal-stage-map")
    deal = story.deal("proposal")
    story.to("2026-09-10 12:00")
    assert len(story.open(deal)) == 1
    story.move(deal, "negotiation")
    story.until("+2h")
    story.move(deal, "proposal")
    story.to("2026-09-13 12:00")
    assert story.open(deal) == [], "withdrawn with the first stay"
    story.to("2026-09-14 12:00")
    assert [(t.due, t.archived) for t in story.tasks(deal)] == [
        ("Thu 2026-09-10 10:00", True),
        ("Mon 2026-09-14 09:00", False),
    ]
    anchors = {e["anchor"] for e in story.subject(deal)["enrolments"]}
    assert len(anchors) == 2


def test_a_deal_dragged_through_stages_fires_only_where_it_stays(story: Story) -> None:
    story.live(GO)
    story.live("proposal")
    deal = story.deal("new")
    story.until("+1h")
    for stage in ("qualified", "meeting_done", "proposal", "negotiation"):
        story.move(deal, stage)
        story.until("+1min")
    story.until("+5d")
    assert story.tasks(deal) == []
    assert story.why(deal, "test/go") == "The stage was left again before the change settled."


@pytest.mark.feature("P09")
def test_an_exclusive_sequence_lets_no_other_beside_it(story: Story) -> None:
    text = playbook(
        """
        - {id: first, when: {stage_entered: qualified}, then: [{enrol: alone}]}
        - {id: second, when: {meeting_held: any}, then: [{enrol: other}]}
        """,
        """
        - id: alone
          exclusive: true
          steps: [{id: a, at: 9d, task: call, template: t, subject: A}]
        - {id: other, steps: [{id: b, at: 1h, task: call, template: t, subject: B}]}
        """,
    )
    story.live(text)
    deal = story.deal("qualified")
    story.to("2026-09-08 11:00")
    meeting = story.act("book_meeting", deal=deal, start=story.at("2026-09-08 10:00"))
    story.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")  # logged when it was over
    story.until("+1h")
    assert story.why(deal, "test/second") == (
        "A sequence is running that allows no other beside it."
    )
    assert story.tasks(deal) == []


# --- why -----------------------------------------------------------------------------------------


@pytest.mark.feature("P17")
def test_the_log_says_why_it_fired_for_whom_and_when_what_is_due(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("proposal")
    story.until("+1h")
    assert story.why(deal, "proposal/proposal-sent").startswith(
        "Enrolled in proposal/proposal-cadence; contact: the only one"
    )
    line = next(x for x in story.subject(deal)["ledger"] if x["code"] == "enrolled")
    assert [story.local(at) for at in line["values"]["due"].values()] == [
        "Thu 2026-09-10 10:00",
        "Mon 2026-09-14 10:00",
        "Mon 2026-09-21 10:00",
        "Mon 2026-09-28 10:00",
    ]


@pytest.mark.feature("P18")
def test_the_log_says_why_it_did_not_fire_and_what_it_read(story: Story) -> None:
    story.live(
        playbook("""
          - id: big
            when: {stage_entered: qualified}
            if: {field: deal.amount, op: ">=", value: 1000}
            then: [{create_tasks: [{id: ring, task: call, template: t, subject: Ring}]}]
            scope: {reps: ["501"]}
        """)
    )
    small = story.deal("qualified", amount=50)
    foreign = story.deal("qualified", owner=BEN)
    idle = story.deal("new")
    story.until("+10min")
    assert story.why(small, "test/big") == (
        "The rule's condition is not met; it read deal.amount 50.0."
    )
    assert story.why(foreign, "test/big") == "The rule does not act on rep 502."
    assert story.why(idle, "test/big").startswith("Nothing was decided yet: no signal")
    assert story.tasks() == []


# --- loops ---------------------------------------------------------------------------------------


@pytest.mark.feature("P19")
def test_our_own_writes_are_no_signals(story: Story) -> None:
    story.live("proposal")
    story.live(
        playbook(
            """
            - id: edited
              when: {task_edited: any}
              then: [{notify: {who: owner, template: t}}]
            - id: deleted
              when: {task_deleted: any}
              then: [{notify: {who: owner, template: t}}]
            - id: done
              when: {task_completed: any}
              then: [{notify: {who: owner, template: t}}]
            - id: moved
              when: {owner_changed: any}
              then: [{notify: {who: owner, template: t}}]
            """,
            name="watch",
        )
    )
    deal = story.deal("proposal")
    story.until("+3d")
    story.act("change_owner", deal=deal, owner=BEN.owner_id)  # we move its task, and hear of it
    story.until("+1h")
    story.move(deal, "lost")  # we archive it, and hear of that
    story.until("+1d")
    rules = [line["scope"] for line in story.subject(deal)["ledger"] if line["code"] == "notified"]
    assert rules == ["rule:watch/moved"], "the change that a person made"


@pytest.mark.feature("P19")
def test_a_rule_that_goes_round_in_circles_is_stopped(story: Story) -> None:
    story.live(
        playbook("""
          - id: round
            when: {stage_entered: any}
            then: [{create_tasks: [{id: ring, task: todo, template: t, subject: Again}]}]
            again: every_entry
            settle: 0min
        """)
    )
    deal = story.deal("new")
    for number in range(8):
        story.until("+1min")
        story.move(deal, "qualified" if number % 2 == 0 else "new")
    story.until("+1min")
    assert len(story.tasks(deal)) == 5
    assert "looks like a loop" in story.why(deal, "test/round")
