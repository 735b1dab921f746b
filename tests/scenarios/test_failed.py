"""Failed work is listed and decided on by a person: tried again, or settled by hand."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import app.lanes.observe
from app.store import inbox
from app.store.tables import touches
from tests.scenarios.harness import Story, playbook

CREATE = "POST /crm/objects/.*/tasks/batch/create"
ONE = playbook("""
  - id: go
    when: {stage_entered: qualified}
    settle: 0min
    then: [{create_tasks: [{id: ring, at: 1h, task: call, template: t, subject: Ring}]}]
""")
CHAIN = playbook(
    "- {id: go, when: {stage_entered: qualified}, then: [{enrol: chain}]}",
    """
    - id: chain
      steps:
        - {id: one, at: 1d, task: call, template: t, subject: First}
        - {id: two, at: 1d, after: previous_done, task: call, template: t, subject: Second}
    """,
)


@pytest.mark.feature("P22")
@pytest.mark.parametrize("all_of_them", [False, True])
def test_a_refused_touch_is_tried_again_by_an_admins_word(story: Story, all_of_them: bool) -> None:
    story.live(ONE)
    story.hubspot.faults.add({"match": CREATE, "kind": "400", "times": 0})
    deal = story.deal("qualified")
    story.until("+10min")
    (failed,) = story.admin.get("/api/failed")["touches"]
    assert (failed["state"], failed["crm_id"]) == ("failed", deal)
    path = "/api/failed/retry" if all_of_them else f"/api/failed/touches/{failed['id']}"
    page = story.admin.session.get(f"{story.url}/health").text
    assert f"POST {path}" in page
    story.hubspot.faults.clear()
    said = story.change("POST", path)
    assert said == ({"retried": 1} if all_of_them else {"touch": failed["id"], "word": "retry"})
    story.until("+10min")
    assert [t.subject for t in story.tasks(deal)] == ["Ring — Big sale"]
    assert story.admin.get("/api/failed") == {"touches": [], "events": []}
    if not all_of_them:
        assert "otto@firm.example asked for another try." in story.whys(deal, "test/go")


@pytest.mark.feature("P22")
@pytest.mark.parametrize("word", ["retry", "drop"])
def test_an_event_that_cannot_be_worked_off_is_tried_again_or_dropped(
    story: Story, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    story.live(ONE)
    compare, broken = app.lanes.observe.deal_change, [True]

    def fails(*parts: Any) -> Any:
        if broken:
            raise ZeroDivisionError("a value nobody thought of")
        return compare(*parts)

    monkeypatch.setattr(app.lanes.observe, "deal_change", fails)
    deal = story.deal("qualified")
    story.crm.grant(story.now + 1)
    deadline = time.monotonic() + 20
    events: list[dict[str, Any]] = []
    while not events:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        health = story.admin.get("/api/health")
        if health["inbox"] == len(health["failing_events"]):
            events = story.admin.get("/api/failed")["events"]
    assert {event["object_id"] for event in events} == {deal}
    broken.clear()
    for event in events:
        story.admin.change("POST", f"/api/failed/events/{event['id']}", {"word": word})
    story.until("+10min")
    assert len(story.tasks(deal)) == (1 if word == "retry" else 0)
    assert story.admin.get("/api/failed")["events"] == []


@pytest.mark.feature("P22")
@pytest.mark.parametrize(("word", "state"), [("done", "performed"), ("not_done", "dropped")])
def test_what_may_have_gone_out_is_settled_by_hand_and_never_sent_again(
    story: Story, word: str, state: str
) -> None:
    story.live(CHAIN)
    deal = story.deal("qualified")
    story.until("+1h")
    (touch,) = story.subject(deal)["touches"]
    assert story.parts is not None
    with story.parts.store.write() as conn:
        conn.execute(touches.update().where(touches.c.id == touch["id"]).values(state="unknown"))
    story.until("+3d")
    assert story.tasks(deal) == []
    assert "It did not" in story.admin.session.get(f"{story.url}/health").text
    story.change("POST", f"/api/failed/touches/{touch['id']}", {"word": word})
    settled = next(t for t in story.subject(deal)["touches"] if t["id"] == touch["id"])
    assert settled["state"] == state
    assert story.admin.get("/api/failed")["touches"] == []
    story.until("+3d")
    assert story.titles(deal) == ["Second"], "the follow-up goes on"


@pytest.mark.feature("P22")
def test_a_withdrawn_scope_holds_up_only_what_it_hides(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live(ONE)
    contact, deal = story.contact(), story.deal("new")
    story.settle()
    due, gone = inbox.due, threading.Event()
    monkeypatch.setattr(inbox, "due", lambda *parts: due(*parts) if gone.is_set() else [])
    story.move(deal, "qualified")
    story.act("opt_out", contact=contact)
    story.crm.grant(story.now + 1)
    deadline = time.monotonic() + 20
    while not story.admin.get("/api/health")["inbox"]:  # the other one may come with it or later
        assert time.monotonic() < deadline
        time.sleep(0.01)
    story.change_account(withdraw_scopes=["crm.objects.deals.read"])
    gone.set()
    deadline = time.monotonic() + 60
    waiting: list[dict[str, Any]] = []
    while not waiting:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        story.crm.grant(story.now + 1)  # what is to be heard may be told a moment later
        if story.subject(contact, "contact")["contacts"][0]["opted_out"]:
            waiting = story.admin.get("/api/failed")["events"]
    assert {event["object_id"] for event in waiting} == {deal}
    assert "crm.objects.deals.read" in waiting[0]["error"]
    assert story.tasks(deal) == []
    story.admin.install()  # whoever connects again grants it again
    for event in story.admin.get("/api/failed")["events"]:
        story.admin.change("POST", f"/api/failed/events/{event['id']}", {"word": "retry"})
    story.until("+10min")
    assert [task.subject for task in story.tasks(deal)] == ["Ring — Big sale"]
