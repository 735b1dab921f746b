"""A CRM that fails in every way it can: the same tasks stand in the end, and nobody's work is lost.

One story of three deals makes every kind of call: tasks are created, moved to a new owner, resolved
and read. It is told once undisturbed, then with one kind of failure at one kind of call.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.store import cursors
from demo.processes import APP_ID
from sandbox.hubspot.grants import Grants
from tests.chaos.telling import (
    ARCHIVE,
    CREATE,
    READ_DEALS,
    READ_TASKS,
    SUMMARIES,
    THREE,
    UPDATE,
    Line,
    clear,
    ending,
    fault,
    hits,
    tell,
    wait_for,
)
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import BEN, Story, Task, playbook

NO_UNIQUE = {"unique_properties_on_activities": False}


def test_the_story_makes_every_kind_of_call(undisturbed: Counter[Line]) -> None:
    outcomes = Counter(line[3] for line in undisturbed.elements())
    assert outcomes == {"open": 5, "completed": 1, "resolved": 3}
    assert {line[5] for line in undisturbed} == {"501", BEN.owner_id}


KINDS = ("500_after", "502_before", "reset_after", "reset_before", "timeout_after")
CALLS = {
    "create": CREATE,
    "update": UPDATE,
    "archive": ARCHIVE,
    "read tasks": READ_TASKS,
    "read deals": READ_DEALS,
    "summaries": SUMMARIES,
}


# A read is a read: those of deals are tried with two kinds only.
MATRIX = [(call, kind) for call in CALLS for kind in KINDS[: 2 if call == "read deals" else None]]


@pytest.mark.parametrize(("call", "kind"), MATRIX)
def test_one_kind_of_failure_changes_nothing(
    story: Story, undisturbed: Counter[Line], call: str, kind: str
) -> None:
    id = fault(story, CALLS[call], kind, times=2)
    tell(story)
    assert hits(story, id) >= 1
    assert ending(story) == undisturbed


@pytest.mark.usefixtures("brief_holds")
def test_a_429_is_waited_out(story: Story, undisturbed: Counter[Line]) -> None:
    id = fault(story, CREATE, "429", times=1)
    tell(story)
    assert hits(story, id) == 1
    assert ending(story) == undisturbed


@pytest.mark.parametrize("call", ["create", "update", "archive"])
def test_the_same_holds_without_the_unique_property(
    begin: Begin, undisturbed: Counter[Line], call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the mark in the body, through the deal's associations."""
    monkeypatch.setattr("app.lanes.dispatch.ANSWER_MS", 50)
    story = begin(sandbox_settings=NO_UNIQUE)
    fault(story, CALLS[call], "500_after", times=2)
    tell(story)
    told = Counter({line[:-1]: number for line, number in ending(story).items()})
    assert told == Counter({line[:-1]: number for line, number in undisturbed.items()})


def test_a_crm_that_lags_behind_its_writes_gets_no_second_task(
    begin: Begin, undisturbed: Counter[Line]
) -> None:
    """The look sees nothing yet; the creation is refused by the unique property, and adopted."""
    story = begin(sandbox_settings={"read_lag_seconds": 1.5})
    fault(story, CREATE, "500_after", times=1)
    story.live(THREE)
    deal = story.deal("proposal")
    story.to("2026-09-07 12:00")
    assert len(story.open(deal)) == 3
    assert sorted(t["outcome"] for t in story.touches()) == ["open", "open", "open"]


# --- between a lost answer and the retry ---------------------------------------------------------


class Interrupted:
    """The tasks of a deal are written, the answer is lost, and every look fails until `go_on`."""

    def __init__(self, story: Story) -> None:
        self.story = story
        story.live(THREE)
        created = fault(story, CREATE, "500_after", times=1)
        fault(story, READ_TASKS, "503_before", times=0)
        self.deal = story.deal("proposal")
        story.crm.grant(story.at("2026-09-07 12:00"))
        wait_for(lambda: hits(story, created))
        self.tasks = {task.subject.split(" — ")[0]: task for task in self.all()}

    def all(self) -> list[Task]:
        """All our tasks in the CRM; the app does not know them yet."""
        return self.story.tasks()

    def go_on(self) -> dict[str, dict[str, Any]]:
        """What reps did is told at once, as a CRM would: the app hears of it before it looks."""
        self.story.hubspot.deliveries.flush()
        clear(self.story)
        self.story.to("2026-09-07 12:00")
        return {touch["step"]: touch for touch in self.story.touches()}


@pytest.fixture(params=["unique", "marked"])
def interrupted(
    begin: Begin, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Interrupted:
    monkeypatch.setattr("app.lanes.dispatch.ANSWER_MS", 50)
    return Interrupted(begin(sandbox_settings=NO_UNIQUE if request.param == "marked" else {}))


def test_what_reps_did_meanwhile_stands_and_is_seen(interrupted: Interrupted) -> None:
    story, tasks = interrupted.story, interrupted.tasks
    later = story.at("2026-09-20 15:00")
    story.act("complete_task", task=tasks["First"].id)
    story.act("move_task", task=tasks["Second"].id, due=later)
    story.act("delete_task", task=tasks["Third"].id)
    touches = interrupted.go_on()
    now = {task.id: task for task in interrupted.all()}
    assert set(now) == {task.id for task in tasks.values()}, "none was written again"
    assert now[tasks["First"].id].status == "COMPLETED"
    assert now[tasks["Second"].id].due_at == later
    assert now[tasks["Third"].id].archived
    assert (touches["d1"]["outcome"], touches["d1"]["outcome_why"]) == (
        "completed", "completed_by_rep",
    )  # fmt: skip
    assert (touches["d3"]["outcome"], touches["d3"]["due_at"]) == ("open", later)
    assert touches["d3"]["edited"]
    assert (touches["d7"]["outcome"], touches["d7"]["outcome_why"]) == (
        "deleted", "deleted_by_rep",
    )  # fmt: skip
    for name in ("First", "Second"):
        task = now[tasks[name].id]
        assert (task.deals, len(task.contacts)) == ((interrupted.deal,), 1)


def test_a_deal_that_moved_on_meanwhile_keeps_no_task(interrupted: Interrupted) -> None:
    interrupted.story.move(interrupted.deal, "won")
    touches = interrupted.go_on()
    assert {t["outcome"] for t in touches.values()} == {"resolved"}
    assert {t["outcome_why"] for t in touches.values()} == {"closed_won"}
    assert all(task.archived for task in interrupted.all())


def test_a_rep_who_edited_before_the_deal_moved_on_keeps_the_task(
    interrupted: Interrupted,
) -> None:
    story, edited = interrupted.story, interrupted.tasks["First"]
    story.act("edit_task", task=edited.id, subject="Ring them on Friday")
    story.move(interrupted.deal, "won")
    touches = interrupted.go_on()
    assert touches["d1"]["outcome"] == "left"
    assert [task.id for task in interrupted.all() if not task.archived] == [edited.id]


def test_a_task_written_without_its_deal_gets_it(begin: Begin) -> None:
    interrupted = Interrupted(begin())
    story, task = interrupted.story, interrupted.tasks["First"]
    bare = story.account.need("tasks", task.id)
    with story.simulation.world.lock:
        for kind, id in (("deals", task.deals[0]), ("contacts", task.contacts[0])):
            bare.links[kind].pop(id)
            story.account.need(kind, id).links["tasks"].pop(task.id)
    interrupted.go_on()
    (now,) = [found for found in interrupted.all() if found.id == task.id]
    assert (now.deals, now.contacts) == (task.deals, task.contacts)


def test_what_was_never_written_is_dropped_when_the_deal_moves_on(story: Story) -> None:
    story.live(THREE)
    id = fault(story, CREATE, "502_before", times=0)
    deal = story.deal("proposal")
    story.crm.grant(story.at("2026-09-07 12:00"))
    wait_for(lambda: hits(story, id))
    story.move(deal, "won")
    story.hubspot.deliveries.flush()
    wait_for(lambda: {t["state"] for t in story.touches()} == {"dropped"})
    clear(story)
    story.to("2026-09-07 12:00")
    assert {t["reason"] for t in story.touches()} == {"closed_won"}
    assert story.tasks() == []


@pytest.mark.parametrize("cause", ["resolve", "move"])
def test_what_reps_did_unseen_stands_when_we_would_touch_their_tasks(
    story: Story, cause: str
) -> None:
    """Their events are lost; the look before every write of ours finds what they did."""
    story.live(THREE)
    deal = story.deal("proposal")
    story.to("2026-09-07 12:00")
    done, moved, gone = story.open(deal)
    fault(story, "EVENT object", "drop", times=0)
    story.act("complete_task", task=done.id)
    story.act("move_task", task=moved.id, due=story.at("2026-09-20 15:00"))
    story.act("delete_task", task=gone.id)
    if cause == "resolve":
        story.move(deal, "negotiation")
    else:
        story.act("change_owner", deal=deal, owner=BEN.owner_id)
    story.to("2026-09-07 15:00")
    now = {task.id: task for task in story.tasks()}
    assert (now[done.id].status, now[done.id].archived) == ("COMPLETED", False)
    assert (now[moved.id].due, now[moved.id].archived) == ("Sun 2026-09-20 15:00", False)
    assert [now[id].owner for id in (done.id, gone.id)] == ["Ada", "Ada"]
    outcomes = {touch["task_id"]: touch["outcome"] for touch in story.touches()}
    assert outcomes[done.id] == "completed"
    assert outcomes[gone.id] == "deleted"
    assert outcomes[moved.id] == ("left" if cause == "resolve" else "open")


# --- webhooks ------------------------------------------------------------------------------------


def test_lost_webhooks_are_made_good_at_the_next_midnight(story: Story) -> None:
    story.live(THREE)
    kept, moved, gone = (story.deal("proposal", name=name) for name in ("Kept", "Moved", "Gone"))
    fresh = story.deal("new", name="Fresh")
    story.to("2026-09-07 12:00")
    story.crm.call("POST", "/sandbox/settings", {"webhook_drop": 1.0})
    story.act("delete_task", task=story.open(kept)[0].id)
    story.act("complete_task", task=story.open(kept)[1].id)
    story.move(moved, "lost")
    story.act("delete_deal", deal=gone)
    story.move(fresh, "proposal")
    story.to("2026-09-07 23:59")
    assert story.tasks(fresh) == []
    story.crm.call("POST", "/sandbox/settings", {"webhook_drop": 0.0})
    story.to("2026-09-08 00:10")
    outcomes = Counter((t["subject"], t["outcome"]) for t in story.touches())
    assert outcomes == {
        ("Kept", "deleted"): 1,
        ("Kept", "completed"): 1,
        ("Kept", "open"): 1,
        ("Moved", "resolved"): 3,
        ("Gone", "resolved"): 3,
        ("Fresh", "open"): 3,
    }
    assert story.open(fresh)[0].due == "Tue 2026-09-08 12:00", "counted from the entry"


def test_nothing_is_written_for_a_deal_whose_deletion_was_never_told(story: Story) -> None:
    story.live(
        playbook(
            """
            - id: sent
              when: {stage_entered: proposal}
              then: [{enrol: later}]
            """,
            """
            - id: later
              steps: [{id: ring, at: 2d, task: call, template: t, subject: Ring}]
            """,
        )
    )
    deal, other = story.deal("proposal"), story.deal("proposal", name="Other")
    story.until("+1h")
    story.crm.call("POST", "/sandbox/settings", {"webhook_drop": 1.0})
    story.act("delete_deal", deal=deal)
    story.to("2026-09-07 23:00")
    # Had the daily reconcile not looked, the look before writing would find it gone.
    assert story.parts is not None
    with story.parts.store.write() as conn:
        cursors.put(conn, 1, "reconcile:lost", str(story.hubspot.deliveries.lost()))
    story.to("2026-09-09 12:00")
    reasons = {t["subject"]: t["reason"] for t in story.touches()}
    assert reasons["Big sale"] == "record_deleted"
    assert len(story.open(other)) == 1


def test_without_losses_nothing_is_polled(story: Story) -> None:
    story.live(THREE)
    story.deal("proposal")
    story.until("+1h")

    def searches() -> int:
        calls = story.crm.stats()["calls"]
        return sum(sum(of.values()) for call, of in calls.items() if call.endswith("/search"))

    once = searches()  # the months before the connection are read by searching
    story.until("+3d")
    assert searches() == once


def test_doubled_and_disordered_webhooks_change_nothing(
    begin: Begin, undisturbed: Counter[Line]
) -> None:
    story = begin(sandbox_settings={"webhook_duplicate": 1.0, "webhook_disorder": True})
    tell(story)
    assert ending(story) == undisturbed


# --- an outage -----------------------------------------------------------------------------------

PATIENCE = playbook(
    "- {id: go, when: {stage_entered: proposal}, then: [{enrol: s}]}",
    """
    - id: s
      steps:
        - {id: soon, at: 1d, task: call, template: t, subject: Soon, late: {skip_after: 1d}}
        - {id: patient, at: 2d, task: call, template: t, subject: Patient, late: {skip_after: 9d}}
        - {id: moved, at: 3d, task: email, template: t, subject: Moved, late: shift}
        - {id: later, at: 14d, task: todo, template: t, subject: Later}
    """,
)


@pytest.mark.parametrize("away", ["the app", "the CRM"])
def test_an_outage_longer_than_a_steps_patience_gives_what_its_late_policy_says(
    story: Story, away: str
) -> None:
    """Six days out from Monday noon: one step has expired, two come late one after the other."""
    story.live(PATIENCE)
    deal = story.deal("proposal")
    story.to("2026-09-07 12:00")
    back = story.at("2026-09-13 12:00")
    if away == "the app":
        story.restart(meanwhile=lambda: story.to(back))
    else:
        fault(story, "POST /crm", "503_before", times=0, until=back)
        story.simulation.barrier.begin(back)
    for _ in range(4):
        story.until("+1d")
        for task in story.open(deal):
            story.act("complete_task", task=task.id)
    tasks = sorted(story.tasks(deal), key=lambda task: task.made)
    assert [(task.subject.split(" — ")[0], task.due, task.made) for task in tasks] == [
        ("Patient", "Mon 2026-09-14 09:00", "Mon 2026-09-14 09:00"),
        ("Moved", "Mon 2026-09-14 09:00", "Mon 2026-09-14 12:00"),  # once the other was done
    ]
    assert {t["step"]: t["reason"] for t in story.touches() if t["state"] == "dropped"} == {
        "soon": "too_late"
    }
    story.to("2026-09-22 12:00")
    assert story.lines(deal) == [("Mon 2026-09-21 10:00", "Later")]


# --- access --------------------------------------------------------------------------------------


def test_a_token_that_runs_out_in_the_middle_is_renewed(
    story: Story, undisturbed: Counter[Line]
) -> None:
    expire = Expiring(story)
    tell(story)
    assert expire.times > 2
    assert ending(story) == undisturbed


class Expiring:
    """Every tenth call finds its token run out, whatever the app was told of its life."""

    def __init__(self, story: Story) -> None:
        self.times = 0
        self._calls = 0
        self._known = story.hubspot._authenticate
        story.hubspot._authenticate = self._authenticate  # type: ignore[method-assign]

    def _authenticate(self, call: Any) -> None:
        self._calls += 1
        if self._calls % 10 == 0:
            self.times += 1
            Grants.of(call.hub.world).access[call.token].expires = 0.0
        self._known(call)


def test_a_withdrawn_access_stops_the_installation_and_is_told(story: Story) -> None:
    story.live(THREE)
    story.to("2026-09-07 12:00")
    story.deal("proposal")
    story.settle()
    Grants.of(story.hubspot.world).uninstall(APP_ID, story.account.portal_id)
    story.until("+10min")
    assert story.admin.get("/api/status")["status"] == "revoked"
    page = story.admin.session.get(f"{story.url}/", timeout=10).text
    assert "connect" in page.lower()
    assert story.tasks() == []


# --- two processes -------------------------------------------------------------------------------


def test_a_second_process_on_one_sqlite_file_is_refused_with_advice(
    begin: Begin, tmp_path: Path
) -> None:
    story = begin(database=f"sqlite:///{tmp_path / 'one.db'}")
    env = {
        **os.environ,
        "FOLLOWTHROUGH_URL": "http://127.0.0.1:1",
        "FOLLOWTHROUGH_KEYS": ",".join(story.config.keys),
        "SECRET_KEY": story.config.secret_key,
        "DATABASE_URL": story.config.database_url,
        "HUBSPOT_CLIENT_ID": "x",
        "HUBSPOT_CLIENT_SECRET": "y",
    }
    second = subprocess.run(
        [sys.executable, "-c", "import app.web.server"],
        env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert second.returncode == 4, "gunicorn ends at this status instead of starting it again"
    assert "another Followthrough" in second.stderr
    assert "DATABASE_URL" in second.stderr
    assert "Traceback" not in second.stderr
    story.settle()
