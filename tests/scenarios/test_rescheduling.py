"""A person changes the times of one running follow-up; the guard still has its say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.harness import BEN, Story
from tests.scenarios.test_flow import complete, waiting
from tests.scenarios.test_migrating import V1, chased


def enrolment(story: Story, deal: str) -> str:
    return story.subject(deal)["enrolments"][0]["id"]


def asked(story: Story, deal: str, **word: Any) -> dict[str, tuple[str, str]]:
    """step → (due, state) after a word on the deal's follow-up."""
    path = f"/api/enrolments/{enrolment(story, deal)}/reschedule"
    rows = story.change("POST", path, word)["touches"]
    return {row["step"]: (story.local(row["due_at"]), row["state"]) for row in rows}


def made(story: Story, deal: str) -> list[str]:
    return [task.subject.split(" — ")[0] for task in story.tasks(deal)]


@pytest.mark.feature("X08")
def test_one_follow_up_is_put_off_moved_and_its_steps_skipped(story: Story) -> None:
    story.live(V1)
    deal, other = chased(story), chased(story, "Other")
    story.to("2026-09-08 10:00")
    assert made(story, deal) == ["One"]
    # Everything later: the task that stands in the CRM, which nobody has touched, goes along.
    asked(story, deal, by="2d")
    story.until("+5min")
    assert story.lines(deal) == [("Thu 2026-09-10 11:00", "One")]
    assert story.lines(other) == [("Tue 2026-09-08 12:10", "One")]
    told = asked(story, deal, to="2026-09-14T15:00")
    assert {step: due for step, (due, _) in told.items()} == {
        "one": "Mon 2026-09-14 15:00", "two": "Wed 2026-09-16 11:00",
        "three": "Tue 2026-09-22 11:00",
    }  # fmt: skip
    assert asked(story, deal, skip="two")["two"][1] == "dropped"
    assert story.subject(deal)["ledger"][0]["text"].endswith(" left out two.")
    told = asked(story, deal, pause_until="2026-10-01T00:00")
    assert told["one"][0] == "Wed 2026-10-07 15:00", "the three weeks do not count"
    story.act("complete_task", task=story.open(deal)[0].id)
    story.to("2026-10-30 12:00")
    assert made(story, deal) == ["One", "Three"]
    assert story.tasks(deal)[1].due == "Thu 2026-10-15 11:00"


def test_on_to_a_later_step_at_once_by_command_and_never_past_the_guard(story: Story) -> None:
    story.live(V1)
    deal = chased(story)
    story.to("2026-09-08 12:00")
    key = enrolment(story, deal)
    told = story.command("reschedule", key, "--jump", "three")
    assert told.exit_code == 0, told.output
    assert "one: open" in told.output
    story.settle()
    story.until("+10min")
    assert [(t.subject.split(" — ")[0], t.open) for t in story.tasks(deal)] == [
        ("One", False), ("Three", True),
    ]  # fmt: skip
    story.act("complete_task", task=story.open(deal)[0].id)
    story.settle()
    assert story.ended(deal) == {"test/chase": "finished"}
    again = story.command("reschedule", key, "--by", "1d")
    assert (again.exit_code, "does not run" in again.output) == (1, True)

    second = chased(story, "Second")
    asked(story, second, by="4d")
    story.control(second, "pause")
    story.to("2026-09-17 12:00")
    assert made(story, second) == [], "a rep's pause holds, whatever time was asked for"


def test_a_restart_between_word_and_task_changes_nothing(story: Story) -> None:
    story.live(V1)
    deal = chased(story)
    asked(story, deal, to="2026-09-10T14:00")
    story.restart()
    story.to("2026-09-10 15:00")
    assert story.lines(deal) == [("Thu 2026-09-10 14:00", "One")]


def test_who_may_not_and_what_is_no_word(story: Story) -> None:
    story.live(V1)
    deal = chased(story)
    path = f"{story.url}/api/enrolments/{enrolment(story, deal)}/reschedule"

    def answer(session: Any, body: Any) -> tuple[int, str]:
        csrf = session.get(f"{story.url}/api/session", timeout=10).json()["csrf"]
        found = session.post(path, json=body, headers={"X-CSRF-Token": csrf}, timeout=10)
        problems = found.json().get("problems") or [{}]
        return found.status_code, problems[0].get("field", "") or found.json()["message"]

    ben = story.signed_in(BEN)
    assert answer(ben, {"by": "3d"})[0] == 404, "not his record"
    admin = story.admin.session
    for body, field in (
        ({}, "by"), ({"by": "3d", "skip": "one"}, "by"), ({"by": "soon"}, "by"),
        ({"to": "yesterday"}, "to"), ({"pause": True}, "pause"), ({"skip": 3}, "skip"),
    ):  # fmt: skip
        assert answer(admin, body) == (422, field)
    assert "there are one, two, three" in answer(admin, {"skip": "four"})[1]
    assert "past" in answer(admin, {"to": "2026-09-01T10:00"})[1]


@pytest.mark.feature("X08")
def test_a_wait_is_put_off_and_nothing_comes_of_it_before(story: Story) -> None:
    deal = waiting(story)
    other = story.deal("proposal", name="Other")
    story.until("+10min")
    complete(story, other)
    told = asked(story, deal, pause_until="2026-09-14T00:00")
    assert told["first"][1] == "performed"
    ahead = story.subject(deal)["next"]
    assert (ahead["step"], story.local(ahead["due_at"])) == ("heard", "Thu 2026-09-17 10:10")
    line = story.subject(deal)["ledger"][0]["text"]
    assert "put it off until Mon 14 Sep 2026" in line
    assert "heard" in line
    story.to("2026-09-17 10:00")
    assert (story.titles(deal), story.titles(other)) == ([], ["Second mail"])
    story.to("2026-09-17 10:30")
    assert story.lines(deal) == [("Thu 2026-09-17 10:10", "Second mail")]
