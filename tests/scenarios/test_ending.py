"""What comes after the last step, or after another end; and when a sequence may begin again."""

from __future__ import annotations

import pytest

from tests.scenarios.harness import ADA, Story, playbook

ASK = "{id: a, at: 1h, task: call, template: t, subject: Ask}"


def chain(end: str, more: str = "") -> str:
    return playbook(
        """
        - id: go
          when: {stage_entered: qualified}
          settle: 0min
          again: every_entry
          then: [{enrol: ask}]
        """,
        f"""
        - id: ask
          goal: {{stage_entered: negotiation}}
          end: {end}
          {more}
          steps: [{ASK}]
        - id: nurture
          steps: [{{id: n, at: 2d, task: email, template: t, subject: Nurture}}]
        """,
    )


def complete(story: Story, deal: str) -> None:
    (task,) = story.open(deal)
    story.act("complete_task", task=task.id)
    story.settle()


@pytest.mark.feature("X03")
def test_after_the_last_step_comes_the_next_sequence_at_once_or_later(story: Story) -> None:
    story.live(chain("{next: nurture, after: 10d}"))
    quiet, answered, closed, stopped = (story.deal("qualified") for _ in range(4))
    story.until("+10min")
    for deal in (quiet, answered, closed, stopped):
        complete(story, deal)
    assert "After it comes nurture, at Thu 17 Sep 2026, 10:10." in [
        line["text"] for line in story.subject(quiet)["ledger"]
    ]
    story.until("+1d")
    story.act("reply", deal=answered, text="Not now, thanks")
    story.move(closed, "lost")
    story.control(stopped, "stop")
    story.to("2026-09-19 12:00")
    # Two days after the 17th is a Saturday.
    assert story.lines(quiet) == []
    story.to("2026-09-21 12:00")
    assert story.lines(quiet) == [("Mon 2026-09-21 09:00", "Nurture")]
    for deal in (answered, closed, stopped):
        assert [t.subject for t in story.tasks(deal)] == ["Ask — Big sale"]
    assert "came at" in story.why(answered, "test/go")
    rows = {row["definition"]: row for row in story.subject(quiet)["enrolments"]}
    assert rows["test/nurture"]["follows"] == rows["test/ask"]["id"]
    assert rows["test/nurture"]["rule"] == "test/go"
    assert rows["test/ask"]["end_reason"] == "finished"


@pytest.mark.feature("X03")
def test_other_ends_have_other_endings(story: Story) -> None:
    story.live(chain(
        "{finished: archive, goal_reached: {next: nurture},\n"
        "        replied: {review: {template: t, subject: Read and decide, assign: manager}},\n"
        "        closed_lost: {recycle: 30d}}"
    ))
    done, won_over, answered, lost, left = (story.deal("qualified") for _ in range(5))
    story.until("+10min")
    complete(story, done)
    story.move(won_over, "negotiation")
    story.act("reply", deal=answered, text="What does it cost?")
    story.move(lost, "lost")
    story.move(left, "proposal")
    story.until("+3d")
    assert story.lines(done) == story.lines(left) == story.lines(lost) == []
    assert story.lines(won_over) == [("Wed 2026-09-09 10:10", "Nurture")]
    (review,) = story.open(answered)
    assert (review.subject.split(" —")[0], review.owner) == ("Read and decide", "Mia")
    assert "Nothing follows: the sequence says that this end is the last word." in [
        line["text"] for line in story.subject(done)["ledger"]
    ]
    assert story.ended(answered)["test/ask"] == "replied"
    (gone,) = story.subject(lost)["enrolments"]
    assert story.local(gone["recycle_at"]) == "Wed 2026-10-07 10:10"


@pytest.mark.feature("X03")
def test_a_review_asks_a_person_and_is_over_with_the_task(story: Story) -> None:
    story.live(chain("{review: {template: t, at: 1d, subject: Look at it, priority: low}}"))
    deal = story.deal("qualified")
    story.until("+10min")
    complete(story, deal)
    story.until("+2d")
    assert story.lines(deal) == [("Tue 2026-09-08 10:10", "Look at it")]
    complete(story, deal)
    assert set(story.ended(deal).values()) == {"finished"}
    assert story.open(deal) == []


@pytest.mark.feature("X03")
def test_deciding_twice_and_a_restart_follow_once(story: Story) -> None:
    story.live(chain("{next: nurture}"))
    deal = story.deal("qualified")
    story.until("+10min")
    (task,) = story.open(deal)
    story.restart(lambda: story.act("complete_task", task=task.id))
    story.until("+5d")
    assert story.lines(deal) == [("Wed 2026-09-09 10:10", "Nurture")]
    assert len(story.subject(deal)["enrolments"]) == 2


# --- beginning again -----------------------------------------------------------------------------


def again(story: Story, deal: str) -> None:
    """The deal leaves the stage and comes back into it."""
    story.move(deal, "new")
    story.until("+10min")
    story.move(deal, "qualified")
    story.until("+10min")


def runs(story: Story, deal: str) -> list[str | None]:
    """Why each run of the sequence ended, the first first."""
    return [row["end_reason"] for row in reversed(story.subject(deal)["enrolments"])]


def test_a_sequence_that_runs_once_says_so(story: Story) -> None:
    story.live(chain("archive", "again: once"))
    deal = story.deal("qualified")
    story.until("+10min")
    again(story, deal)
    assert runs(story, deal) == ["stage_left"]
    assert story.why(deal, "test/go") == "test/ask runs once for each record, and has."


def test_a_sequence_may_begin_again_after_its_cool_down(story: Story) -> None:
    story.live(chain("archive", "again: {after: 30d}"))
    deal = story.deal("qualified")
    story.until("+10min")
    again(story, deal)
    assert runs(story, deal) == ["stage_left"]
    said = story.why(deal, "test/go")
    assert said == (
        "test/ask ended at Mon 7 Sep 2026, 10:10; it may begin again 30d later, at "
        "Wed 7 Oct 2026, 10:10."
    )
    story.until("+31d")
    again(story, deal)
    assert runs(story, deal) == ["stage_left", None]


def test_a_signal_during_a_run_is_ignored_or_begins_it_anew(story: Story) -> None:
    text = playbook(
        """
        - {id: go, when: {form_submitted: any}, then: [{enrol: ask}], again: every_signal}
        """,
        """
        - id: ask
          if_running: restart
          steps:
            - {id: a, at: 1h, task: call, template: t, subject: Ask}
            - {id: b, at: 3d, task: call, template: t, subject: Ask again}
        """,
    )
    story.live(text)
    contact = story.contact(owner=ADA.owner_id, email="nora@prospect.example")
    story.until("+10min")
    story.act("submit_form", email="nora@prospect.example", form="Demo")
    story.until("+1d")
    assert story.lines(contact) == [("Mon 2026-09-07 11:10", "Ask")]
    story.act("submit_form", email="nora@prospect.example", form="Demo")
    story.until("+10min")
    assert story.lines(contact) == [("Tue 2026-09-08 11:10", "Ask")]
    assert [(t.archived, t.due) for t in story.tasks(contact)] == [
        (True, "Mon 2026-09-07 11:10"), (False, "Tue 2026-09-08 11:10"),
    ]  # fmt: skip
    rows = story.subject(contact, "contact")["enrolments"]
    assert [row["end_reason"] for row in reversed(rows)] == ["restarted", None]
