"""Leaving an account, coming back, being shut out: ours goes along, theirs stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.installations.settings import parse
from app.lanes.leaving import erase_withdrawn
from app.model.time import DAY
from app.store import installations
from app.store.tables import metadata
from demo.processes import APP_ID
from sandbox.hubspot.grants import Grants
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import PORTAL, Story, playbook

RULES = playbook(
    """
    - id: go
      when: {stage_entered: qualified}
      then:
        - create_tasks:
            - {id: ring, at: 1h, task: call, template: t, subject: Ring}
            - {id: write, at: 2d, task: email, template: t, subject: Write}
        - {set: {field: momentum, value: hot}}
    """
)


def ours(story: Story) -> dict[str, dict[str, str]]:
    """Record → values in our fields on deals and contacts."""
    found: dict[str, dict[str, str]] = {}
    exported = story.export("deals,contacts")
    for kind in ("deals", "contacts"):
        for row in exported[kind]:
            values = {
                name: value for name, value in row["properties"].items()
                if name.startswith("followthrough_") and value
            }  # fmt: skip
            if values:
                found[row["id"]] = values
    return found


def grants(story: Story) -> Grants:
    return Grants.of(story.simulation.world)


def status(story: Story) -> str:
    assert story.parts is not None
    with story.parts.store.read() as conn:
        return installations.read(conn)[0]["status"]


def come_back(story: Story) -> None:
    story.admin.install()
    story.admin.wait_for_import()
    story.settle()


def modes(story: Story) -> dict[str, str]:
    saved = story.admin.get("/api/playbooks")["saved"]
    return {rule["rule"]: rule["mode"] for book in saved for rule in book["rules"]}


def test_leaving_takes_along_what_is_ours_and_coming_back_finds_everything(begin: Begin) -> None:
    story = begin(settings={"merge": False, "rep_daily_tasks": 12})
    story.live(RULES)
    kept, paused = story.deal("qualified", name="Kept"), story.deal("qualified", name="Paused")
    story.until("+10min")
    story.control(paused, "pause", story.now + 86_400_000)
    person = story.contact()
    story.set_control("contacts", person, "stop")
    (mine,) = [t for t in story.open(kept) if t.subject.startswith("Write")]
    story.act("edit_task", task=mine.id, body="my own words")
    story.settle()

    seen = story.admin.get("/api/leave")
    assert seen["counts"] == {
        "running": 2, "archived": 3, "edited": 1, "deals": 2, "contacts": 1,
        "decisions": seen["counts"]["decisions"],
    }  # fmt: skip
    assert "Clean up and leave" in story.admin.session.get(f"{story.url}/leave").text
    lines = story.admin.session.get(f"{story.url}/api/export/ledger").text.splitlines()
    assert len(lines) == seen["counts"]["decisions"]
    first: dict[str, Any] = json.loads(lines[0])
    assert (first["subject"], first["scope"]) == ("Kept", "rule:test/go")
    assert first["text"].startswith("Waits until Mon 7 Sep 2026, 10:05")
    refused = story.admin.session.post(
        f"{story.url}/api/leave", json={"account": "1"},
        headers={"X-CSRF-Token": story.admin.get("/api/session")["csrf"]}, timeout=10,
    )  # fmt: skip
    assert (refused.status_code, status(story)) == (422, "active")

    story.change("POST", "/api/leave", {"account": str(PORTAL)})
    story.until("+1h")
    assert status(story) == "left"
    assert [(t.id, t.open) for t in story.tasks() if not t.archived] == [(mine.id, True)]
    assert ours(story) == {}
    assert grants(story).installed(PORTAL) == {}, "the app uninstalled itself"
    assert story.admin.session.get(f"{story.url}/api/status").status_code == 401

    story.move(kept, "proposal")
    story.move(kept, "qualified")
    late = story.deal("qualified", name="Late")
    story.until("+2d")
    assert len(story.tasks()) == 4, "nothing is done for who has left"
    come_back(story)
    assert modes(story) == {"test/go": "shadow"}
    assert story.admin.get("/api/settings")["rep_daily_tasks"] == 12
    assert story.ended(kept)["test/go"] == "app_left", "history is there"
    story.until("+1h")
    seen_since = story.whys(late, "test/go")
    assert any("would have started test/go" in line for line in seen_since)
    story.activate("test", "live")
    story.until("+3d")
    assert len(story.tasks()) == 4
    new = story.deal("qualified")
    story.until("+1h")
    assert len(story.open(new)) == 2


def test_connecting_again_over_a_live_account_changes_nothing(story: Story) -> None:
    story.live(RULES)
    deal = story.deal("qualified")
    story.until("+1h")
    before = story.touches(), ours(story), modes(story), story.admin.get("/api/settings")
    come_back(story)
    story.until("+1h")
    assert (story.touches(), ours(story), modes(story), story.admin.get("/api/settings")) == before
    new = story.deal("qualified")
    story.until("+1h")
    assert (len(story.tasks(deal)), len(story.tasks(new))) == (2, 2)


def test_who_is_shut_out_stops_says_so_and_goes_on_without_a_burst(begin: Begin) -> None:
    story = begin(settings={"merge": False, "rep_daily_tasks": 2})
    story.live(RULES)
    old = story.deal("qualified")
    story.until("+1h")
    grants(story).uninstall(APP_ID, PORTAL)
    for _ in range(3):
        story.deal("qualified")
    story.until("+10min")
    story.act("complete_task", task=story.open(old)[0].id)
    story.until("+1d")
    assert status(story) == "revoked"
    assert "connects it again" in story.admin.session.get(f"{story.url}/health").text
    health = story.admin.get("/api/health")
    assert health["status"] == "revoked"
    made = len(story.tasks())
    story.until("+2d")
    assert len(story.tasks()) == made
    come_back(story)
    assert status(story) == "active"
    assert modes(story) == {"test/go": "live"}
    story.until("+4h")
    outcomes = [t["outcome"] for t in story.touches() if t["subject_id"] == old]
    assert sorted(map(str, outcomes)) == ["completed", "open"]
    story.until("+10d")
    per_day: dict[str, int] = {}
    for task in story.open():
        per_day[task.due[:14]] = per_day.get(task.due[:14], 0) + 1
    assert sum(per_day.values()) == 7, "nothing was lost"
    assert max(per_day.values()) <= 2, "and nothing came in a burst"


def test_what_is_kept_is_erased_after_the_time_of_grace(story: Story) -> None:
    story.live(RULES)
    story.deal("qualified")
    story.until("+1h")
    story.change("POST", "/api/leave", {"account": str(PORTAL)})
    story.until("+1h")
    assert status(story) == "left"
    assert story.parts is not None
    store, grace = story.parts.store, parse({}).grace_days
    assert erase_withdrawn(store, story.wall() + (grace - 1) * DAY, grace) == []
    assert len(erase_withdrawn(store, story.wall() + grace * DAY, grace)) == 1
    with store.read() as conn:
        left = {
            table.name for table in metadata.sorted_tables
            if "installation_id" in table.c
            and any(row.installation_id for row in conn.execute(table.select()))
        }  # fmt: skip
        assert (left, installations.read(conn)) == (set(), [])
    come_back(story)
    assert modes(story) == {}, "a new account"


@pytest.mark.parametrize("kind", ["500_before", "500_after"])
def test_leaving_through_a_failing_crm_still_cleans_up(story: Story, kind: str) -> None:
    story.live(RULES)
    story.deal("qualified")
    story.until("+1h")
    for call in ("tasks/batch/archive", "tasks/batch/update", "deals/batch/update", "external-"):
        story.hubspot.faults.add({"match": f"* .*{call}", "kind": kind, "times": 1})
    story.change("POST", "/api/leave", {"account": str(PORTAL)})
    story.until("+1h")
    assert status(story) == "left"
    assert story.open() == []
    assert ours(story) == {}
