"""Rules that an admin has wait: what runs holds, what comes waits, and nothing bursts later."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import Story, playbook
from tests.scenarios.test_flow import complete, waiting
from tests.scenarios.test_migrating import V1, chased, steps

CHASE = "test/chase"


def pause(story: Story, **more: Any) -> None:
    assert story.change("POST", "/api/playbooks/test/pause", more)["paused"]


def resume(story: Story, **more: Any) -> list[dict[str, Any]]:
    return story.change("POST", "/api/playbooks/test/resume", more)["resumed"]


def named(story: Story, deal: str) -> list[tuple[str, str]]:
    return [(task.due, task.subject.split(" — ")[0]) for task in story.tasks(deal)]


@pytest.mark.feature("P30")
def test_what_runs_holds_and_goes_on_by_as_much_later(story: Story) -> None:
    story.live(V1)
    deal, answered = chased(story), chased(story, "Answered")
    story.to("2026-09-08 12:00")
    for one in (deal, answered):
        story.act("complete_task", task=story.open(one)[0].id)
    story.settle()
    pause(story)
    (rule,) = story.admin.get("/api/playbooks")["saved"][0]["rules"]
    assert (rule["paused_at"] is not None, rule["pause_queues"]) == (True, True)
    story.to("2026-09-12 12:00")
    story.act("reply", contact=story.subject(answered)["contacts"][0]["id"])
    late = story.deal("qualified", name="Late")
    story.until("+1h")
    story.move(late, "proposal")
    story.to("2026-09-18 12:00")
    assert named(story, deal) == [("Tue 2026-09-08 11:00", "One")]
    assert story.ended(answered) == {CHASE: "replied"}, "an answer counts in the pause too"
    assert "paused since" in story.why(deal, "test/sent")
    assert "waits in the backlog" in story.why(late, "test/sent")
    told = story.command("why", deal, "--rule", "test/sent")
    assert "paused since" in told.output

    assert resume(story) == [{"rule": "test/sent", "moved": 1}]
    story.to("2026-09-19 12:00")
    assert named(story, deal) == [("Tue 2026-09-08 11:00", "One")], "nothing comes at once"
    story.to("2026-09-21 12:00")
    # The second was owed on Thursday the 10th; ten days of pause later it is Sunday, so Monday.
    assert named(story, deal)[1:] == [("Mon 2026-09-21 09:00", "Two")]
    assert named(story, late) == []
    story.change("POST", "/api/backlog/release", {"rule": "test/sent", "per_day": 5})
    story.to("2026-09-22 18:00")
    assert [name for _, name in named(story, late)] == ["One"]


@pytest.mark.feature("P30")
@pytest.mark.feature("P25")
@pytest.mark.parametrize(("late", "many"), [("shift", 50), ("policy", 20)])
def test_many_deals_paused_for_ten_days_make_no_burst(begin: Begin, late: str, many: int) -> None:
    story = begin(settings={"rep_daily_tasks": 8, "merge": False})
    story.live(steps("one 1d"))
    deals = [story.deal("qualified", name=f"Deal {n}") for n in range(many)]
    story.until("+1h")
    for deal in deals:
        story.move(deal, "proposal")
    story.until("+30min")
    pause(story)
    story.to("2026-09-17 10:00")
    assert story.tasks() == []
    resume(story, late=late)
    story.to("2026-10-02 18:00")
    days = Counter(task.due[:14] for task in story.tasks())
    assert (sum(days.values()), max(days.values())) == (many, 8)
    assert min(task.due_at for task in story.tasks()) >= story.at("2026-09-17 10:00")


def test_without_a_queue_what_comes_in_the_pause_is_not_owed(story: Story) -> None:
    silent = """
    - id: silent
      when: {no_activity_for: 5d}
      then: [{create_tasks: [{id: nudge, task: todo, template: t, subject: Nudge}]}]
    - id: sent
      when: {stage_entered: proposal}
      then: [{create_tasks: [{id: ask, at: 1h, task: todo, template: t, subject: Ask}]}]
    """
    story.live(playbook(silent))
    deal = story.deal("qualified")
    story.until("+1h")
    pause(story, queue=False)
    story.to("2026-09-14 12:00")
    story.move(deal, "proposal")
    story.until("+1d")
    assert story.tasks() == []
    assert "paused since" in story.why(deal, "test/sent")
    resume(story)
    story.until("+1d")
    assert story.tasks() == []
    assert [row["count"] for row in story.admin.get("/api/backlog")["rules"]] == []
    story.act("log_call", deal=deal, owner="501")
    story.until("+7d")
    assert [task.subject.split(" — ")[0] for task in story.tasks()] == ["Nudge"], "a new silence"


@pytest.mark.feature("P13")
def test_off_and_on_again_begins_nothing_twice(story: Story) -> None:
    story.live(V1)
    deal = chased(story)
    story.to("2026-09-08 12:00")
    before = [(touch["id"], touch["due_at"]) for touch in story.touches()]
    for mode in ("live", "off", "live", "live"):
        assert story.activate("test", mode)[0]["backlog"] == 0
    story.until("+10min")
    assert [(touch["id"], touch["due_at"]) for touch in story.touches()] == before
    assert len(story.subject(deal)["enrolments"]) == 1
    story.act("complete_task", task=story.open(deal)[0].id)
    story.to("2026-09-10 12:00")
    assert [name for _, name in named(story, deal)] == ["One", "Two"]


def test_what_cannot_be_paused_or_resumed_is_said(story: Story) -> None:
    story.live(V1)

    def refused(path: str, body: Any) -> str:
        csrf = story.admin.get("/api/session")["csrf"]
        answer = story.admin.session.post(
            f"{story.url}/api/playbooks/{path}", json=body, headers={"X-CSRF-Token": csrf},
            timeout=10,
        )  # fmt: skip
        assert answer.status_code == 422
        return answer.json()["message"]

    assert "none of them is paused" in refused("test/resume", {})
    assert "there are test/sent" in refused("test/pause", {"rules": ["nope"]})
    assert "never activated" in refused("nope/pause", {})
    assert "queue" in refused("test/pause", {"queue": "yes"})
    assert "late" in refused("test/resume", {"late": "now"})
    assert "rules" in refused("test/pause", {"rules": "sent"})


@pytest.mark.feature("P30")
def test_what_waits_has_as_long_after_the_pause_as_it_had_left_before(story: Story) -> None:
    deal = waiting(story)  # for an answer, until Thursday the 10th, 10:10
    answered = story.deal("proposal", name="Answered")
    story.until("+10min")
    complete(story, answered)
    story.to("2026-09-08 12:00")
    pause(story)
    story.to("2026-09-16 12:00")
    story.act("reply", deal=answered)
    story.to("2026-09-18 12:00")
    assert [one["step"] for one in story.subject(deal)["enrolments"][0]["passed"]] == []
    resume(story)
    story.until("+1h")
    assert story.titles(deal) == []
    story.to("2026-09-20 10:00")
    assert [one["step"] for one in story.subject(deal)["enrolments"][0]["passed"]] == []
    story.to("2026-09-21 12:00")
    # Ten days later is Sunday the 20th; the mail it owes then is Monday's work.
    assert story.lines(deal) == [("Mon 2026-09-21 09:00", "Second mail")]
    assert story.titles(answered) == ["Call who replied"], "an answer counts in the pause too"
