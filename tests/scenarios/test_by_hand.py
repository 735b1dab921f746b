"""What a person does in the deal panel stands in the CRM, once, and holds as if done there."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.actions import drafts
from app.model.time import DAY
from app.store import erasure, installations
from app.store.tables import touches
from demo.processes import DemoError
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, Story, playbook

CHASE = playbook(
    """
    - id: chased
      when: {stage_entered: proposal}
      then: [{enrol: chase}]
    """,
    """
    - id: chase
      steps:
        - {id: one, task: email, at: 1d, subject: One, template: t}
        - {id: two, task: call, at: 4d, subject: Two, template: t}
        - {id: three, task: todo, at: 9d, subject: Three, template: t}
    """,
)


@pytest.fixture(params=["hubspot", "salesforce"])
def anywhere(begin: Begin, request: pytest.FixtureRequest) -> Story:
    """A story on each CRM: the panel is one."""
    return begin(crm=request.param)


def panel(story: Story, deal: str, type: str = "deal") -> dict[str, Any]:
    return story.admin.get(f"/api/panel/{type}/{deal}")


def do(story: Story, deal: str, what: str, type: str = "deal", **more: Any) -> dict[str, Any]:
    return story.change("POST", f"/api/panel/{type}/{deal}", {"do": what, **more})


def refused(story: Story, deal: str, what: str, **more: Any) -> str:
    """What the panel says where it does not do it."""
    with pytest.raises(DemoError) as told:
        story.admin.change("POST", f"/api/panel/deal/{deal}", {"do": what, **more})
    return str(told.value)


def heading(page: str) -> str:
    """What the page says is next."""
    return page.partition('id="next-what">')[2].partition("<")[0]


def chased(story: Story, name: str = "Big sale") -> str:
    deal = story.deal("proposal", name=name)
    story.until("+10min")
    return deal


def started(story: Story) -> str:
    """A deal whose first task stands in the CRM, at ten o'clock on Tuesday."""
    story.live(CHASE)
    deal = chased(story)
    story.to("2026-09-08 10:00")
    assert [task.subject for task in story.open(deal)] == ["One — Big sale"]
    return deal


@pytest.mark.feature("X08")
def test_a_pause_from_the_panel_is_seen_in_the_crm_and_holds(anywhere: Story) -> None:
    story = anywhere
    story.live(CHASE)
    deal, other = chased(story), chased(story, "Other")
    until = story.at("2026-09-11 00:00")
    answer = do(story, deal, "pause", until="2026-09-11")
    assert answer["done"]
    assert answer["said"] == "Paused until Fri 11 Sep, 00:00."
    story.settle()  # a busy machine may answer before it has read the change back
    fields = story.properties("deals", deal)
    assert fields["followthrough_control"] == "pause"
    assert int(fields["followthrough_pause_until"]) == until
    shown = panel(story, deal)
    assert (shown["control"], shown["pause_until"]) == ("pause", until)
    story.to("2026-09-10 18:00")
    assert (story.tasks(deal), len(story.tasks(other))) == ([], 1), "the other one goes on"
    story.to("2026-09-11 18:00")
    assert [task.subject for task in story.tasks(deal)] == ["One — Big sale"]

    do(story, deal, "pause")
    do(story, deal, "go_on")
    fields = story.properties("deals", deal)
    assert (fields["followthrough_control"], fields["followthrough_pause_until"]) == ("run", "")


def test_a_pause_in_the_crm_is_seen_in_the_panel_and_lifted_from_there(story: Story) -> None:
    story.live(CHASE)
    deal = chased(story)
    story.control(deal, "pause")
    story.settle()
    assert panel(story, deal)["control"] == "pause"
    do(story, deal, "go_on")
    story.to("2026-09-08 18:00")
    assert len(story.tasks(deal)) == 1


def test_a_stop_from_the_panel_ends_what_runs(story: Story) -> None:
    deal = started(story)
    do(story, deal, "stop")
    assert story.properties("deals", deal)["followthrough_control"] == "stop"
    assert story.ended(deal) == {"test/chase": "stopped_by_rep"}
    story.to("2026-10-01 10:00")
    assert story.open(deal) == []


@pytest.mark.feature("P02")
def test_done_is_the_reps_own_completion_in_the_crm(anywhere: Story) -> None:
    story = anywhere
    deal = started(story)
    touch = panel(story, deal)["next"]["touch"]
    answer = do(story, deal, "complete", touch=touch, request_id="r-1")
    assert answer["said"] == "Done: the task is completed in the CRM."
    (task,) = story.tasks(deal)
    assert task.status == "COMPLETED"
    row = next(t for t in story.touches() if t["id"] == touch)
    assert (row["outcome"], row["outcome_why"]) == ("completed", "completed_by_rep")
    # The same request again, as a card's proxy makes it when an answer is lost, does nothing.
    assert do(story, deal, "complete", touch=touch, request_id="r-1") == answer
    assert len(story.tasks(deal)[0].history["hs_task_status"]) == 2
    assert panel(story, deal)["next"]["step"] == "two"


@pytest.mark.feature("P02")
def test_the_queue_is_in_the_order_of_what_matters_and_moves_on(story: Story) -> None:
    story.live(playbook(
        """
        - id: usual
          when: {stage_entered: proposal}
          then:
            - create_tasks:
                - {id: call, task: call, at: 1d, subject: Usual, template: t}
        - id: pressing
          when: {stage_entered: negotiation}
          then:
            - create_tasks:
                - {id: now, task: call, at: 1d, subject: Pressing, priority: high, template: t}
        """
    ))  # fmt: skip
    deals = {
        "small": story.deal("proposal", amount=100, name="Small"),
        "large": story.deal("proposal", amount=90_000, name="Large"),
        "unknown": story.deal("proposal", amount=None, name="Unknown"),
        "pressing": story.deal("negotiation", amount=10, name="Pressing"),
    }
    story.deal("negotiation", owner=BEN, name="Of Ben's")
    story.until("+10min")
    story.to("2026-09-08 15:00")
    ada = story.signed_in(ADA)

    def queue() -> list[str]:
        found = ada.get(f"{story.url}/api/queue", timeout=10).json()
        return [row["subject_id"] for row in (found["item"], *found["ahead"])]

    assert queue() == [deals[name] for name in ("pressing", "large", "small", "unknown")]
    first = ada.get(f"{story.url}/api/queue", timeout=10).json()["item"]
    assert first["reasons"] == ["urgent", "due today"]
    do(story, deals["pressing"], "complete", touch=first["id"])
    assert queue() == [deals[name] for name in ("large", "small", "unknown")]
    # What was just dealt with is not shown again, even where the lanes have not taken it in.
    second = ada.get(f"{story.url}/api/queue", timeout=10).json()["item"]
    assert "Usual — Large" in heading(ada.get(f"{story.url}/next", timeout=10).text)
    page = ada.get(f"{story.url}/next?done={second['id']}", timeout=10).text
    assert "Usual — Small" in heading(page)


def test_an_empty_queue_says_when_the_next_task_comes(story: Story) -> None:
    story.live(CHASE)
    deal = chased(story)
    ada, mia = story.signed_in(ADA), story.signed_in(MIA)
    found = ada.get(f"{story.url}/api/queue", timeout=10).json()
    assert (found["item"], found["coming"]) == (None, panel(story, deal)["next"]["due_at"])
    assert mia.get(f"{story.url}/api/queue", timeout=10).json()["coming"] is None


def test_a_request_id_is_for_one_thing_alone(story: Story) -> None:
    deal = started(story)
    do(story, deal, "pause", request_id="same")
    assert "refused with 409: request_id: it was used" in refused(
        story, deal, "stop", request_id="same"
    )
    assert story.properties("deals", deal)["followthrough_control"] == "pause"


def test_a_request_that_is_repeated_late_undoes_nothing(story: Story) -> None:
    deal = started(story)
    do(story, deal, "pause", request_id="lost-answer")
    story.control(deal, "run")
    story.settle()
    assert do(story, deal, "pause", request_id="lost-answer")["done"]
    assert story.properties("deals", deal)["followthrough_control"] == "run"


def test_a_word_to_a_prospect_is_erased_with_the_prospect(story: Story) -> None:
    story.live(CHASE)
    deal = chased(story)
    shown = panel(story, deal)
    do(story, deal, "rewrite", touch=shown["next"]["touch"], text="Dear Nora Vos")
    assert story.parts is not None
    (person,) = story.subject(deal)["contacts"]
    with story.parts.store.write() as conn:
        (installation,) = installations.read(conn)
        erasure.erase(conn, installation["id"], {person["id"]}, story.now)
        assert set(conn.execute(select(touches.c.draft)).scalars()) == {None}


def test_skipped_and_snoozed(story: Story) -> None:
    deal = started(story)
    one = panel(story, deal)["next"]
    before = {row["step"]: row["due_at"] for row in story.subject(deal)["touches"]}
    do(story, deal, "snooze", touch=one["touch"], until="2026-09-10T15:00")
    after = {row["step"]: row["due_at"] for row in story.subject(deal)["touches"]}
    assert after["two"] - before["two"] >= 2 * DAY, "what follows keeps its distance"
    story.until("+5min")
    assert story.lines(deal) == [("Thu 2026-09-10 15:00", "One")], "moved in the CRM"
    assert panel(story, deal)["next"]["due_at"] == story.at("2026-09-10 15:00")
    do(story, deal, "skip", touch=one["touch"])
    story.until("+5min")
    assert story.open(deal) == [], "its task is gone"
    two = panel(story, deal)["next"]
    assert (two["step"], two["in_crm"]) == ("two", False)
    do(story, deal, "skip", touch=two["touch"])
    story.to("2026-09-30 10:00")
    assert [task.subject for task in story.open(deal)] == ["Three — Big sale"]


def test_a_task_that_the_rep_made_theirs_is_theirs_to_move_and_to_drop(story: Story) -> None:
    deal = started(story)
    (task,) = story.open(deal)
    story.act("edit_task", task=task.id, subject="My own words")
    story.settle()
    touch = panel(story, deal)["next"]["touch"]
    do(story, deal, "snooze", touch=touch, until="2026-09-10T15:00")
    assert story.open(deal)[0].due == "Thu 2026-09-10 15:00"
    do(story, deal, "skip", touch=touch)
    assert story.open(deal) == []
    row = next(t for t in story.touches() if t["id"] == touch)
    assert (row["outcome"], row["outcome_why"]) == ("deleted", "deleted_by_rep")


def test_other_words_for_a_step_to_come_and_for_a_task_that_stands(anywhere: Story) -> None:
    story = anywhere
    story.live(CHASE)
    deal = chased(story)
    ahead = panel(story, deal)
    assert (ahead["next"]["in_crm"], ahead["draft"]["text"]) == (False, "Ask for the decision.")
    assert (ahead["draft"]["decides"], ahead["draft"]["own"]) == ("Is this decided?", False)
    words = "Dear Nora,\n\n<ours> & yours?"
    do(story, deal, "rewrite", touch=ahead["next"]["touch"], text=words)
    draft = panel(story, deal)["draft"]
    assert (draft["text"], draft["own"]) == (words, True)
    story.to("2026-09-08 10:00")
    (task,) = story.open(deal)
    assert drafts.read(task.body).draft == words
    assert drafts.read(task.body).decides == "Is this decided?"

    shown = panel(story, deal)
    assert (shown["next"]["in_crm"], shown["draft"]["text"]) == (True, words)
    do(story, deal, "rewrite", touch=shown["next"]["touch"], text="Shorter.")
    (task,) = story.open(deal)
    assert drafts.read(task.body).draft == "Shorter."
    assert "Dear Nora" not in task.body
    story.act("reply", deal=deal)
    story.until("+5min")
    assert len(story.open(deal)) == 1, "what the rep edited stays theirs when an answer comes"


@pytest.mark.feature("T25")
def test_a_record_is_enrolled_by_hand_once(story: Story) -> None:
    story.live(CHASE, "manual")
    deal = story.deal("qualified")
    story.until("+10min")
    offers = panel(story, deal)["offers"]
    assert [one["sequence"] for one in offers] == ["test/chase"]
    for _ in range(2):
        do(story, deal, "begin", sequence="test/chase", request_id="by-hand")
    (row,) = story.subject(deal)["enrolments"]
    assert (row["state"], row["anchor"]) == ("active", "request:by-hand")
    assert "begun_by_hand" in story.codes(deal)
    story.to("2026-09-08 18:00")
    assert [task.subject for task in story.open(deal)] == ["One — Big sale"]
    assert "The same sequence is running" in refused(story, deal, "begin", sequence="test/chase")


def test_what_is_over_or_stopped_is_not_begun_by_hand(story: Story) -> None:
    story.live(CHASE)
    closed, stopped = story.deal("lost"), story.deal("qualified", name="Stopped")
    story.control(stopped, "stop")
    story.settle()
    for deal, why in ((closed, "is closed"), (stopped, "Stopped by the rep")):
        assert why in refused(story, deal, "begin", sequence="test/chase")
        assert story.subject(deal)["enrolments"] == []


def test_the_record_is_handed_to_somebody_else(story: Story) -> None:
    deal = started(story)
    ben = next(p["owner_id"] for p in panel(story, deal)["people"] if p["name"].startswith("Ben"))
    do(story, deal, "hand_to", owner=ben)
    assert story.properties("deals", deal)["hubspot_owner_id"] == BEN.owner_id
    assert panel(story, deal)["who"]["owner_id"] == ben
    story.until("+10min")
    assert [task.owner for task in story.open(deal)] == ["Ben"]


def test_while_everything_is_stopped_nothing_is_written_and_the_person_is_told(
    story: Story,
) -> None:
    deal = started(story)
    story.change("POST", "/api/stop")
    assert "stopped" in refused(story, deal, "pause", until=story.now + DAY).lower()
    assert "followthrough_control" not in story.properties("deals", deal)
