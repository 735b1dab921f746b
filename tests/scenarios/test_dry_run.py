"""What a playbook would do with one deal: said truly, and nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.harness import PORTAL, Story
from tests.scenarios.test_migrating import V1, steps

NAMED = "'Ask {{ contact.first_name | default: \"them\" }} about {{ deal.name }}.'"
WITH_NAME = V1.replace("Ask for the decision.", NAMED)


def tried(story: Story, deal: str, **words: Any) -> dict[str, Any]:
    return story.admin.change("POST", f"/api/subjects/deal/{deal}/dry-run", words)


def state(story: Story) -> tuple[Any, Any, Any]:
    """What stands in the CRM, and in our database, but what reading and signing in changes."""
    assert story.parts is not None
    tables = ("enrolments", "touches", "timers", "ledger", "holds", "notices", "outcomes",
              "playbook_versions", "rule_states", "subjects", "audit")  # fmt: skip
    with story.parts.store.read() as conn:
        ours = {
            table: [tuple(row) for row in conn.exec_driver_sql(f"select * from {table}")]
            for table in tables
        }
    crm = story.export("tasks,deals,contacts")
    return crm["tasks"], crm["deals"], ours


@pytest.mark.feature("P15")
def test_a_deal_that_would_enter_the_stage_and_the_walk_that_follows(story: Story) -> None:
    deal = story.deal("qualified", name="Acme")
    story.until("+1h")
    before = state(story)
    said = tried(story, deal, text=WITH_NAME, signal="stage_entered:proposal")
    assert [(one["step"], story.local(one["due_at"])) for one in said["touches"]] == [
        ("one", "Tue 2026-09-08 11:00"), ("two", "Thu 2026-09-10 11:00"),
        ("three", "Wed 2026-09-16 11:00"),
    ]  # fmt: skip
    assert said["touches"][0]["guard"]["verdict"] == "do"
    assert "Ask Nora about Acme." in said["touches"][0]["body"]
    assert [one["code"] for one in said["decisions"]] == ["enrolled"]
    assert [(step["step"], step["fate"]) for step in said["walk"]] == [
        ("one", "owed"), ("two", "owed"), ("three", "owed"),
    ]  # fmt: skip
    answered = tried(
        story, deal, text=WITH_NAME, signal="stage_entered:proposal", answer_after=1
    )
    assert [(step["fate"], step["reason"]) for step in answered["walk"]] == [
        ("owed", None), ("stopped", "replied"), ("stopped", "replied"),
    ]  # fmt: skip
    page = story.admin.session.get(
        f"{story.url}/subjects/deal/{deal}/dry-run?playbook=proposal"
        "&signal=stage_entered:proposal", timeout=10,
    )  # fmt: skip
    assert (page.status_code, "nothing was written" in page.text) == (200, True)
    assert state(story) == before

    # And live work does what was said.
    story.live(WITH_NAME)
    story.move(deal, "proposal")
    story.until("+10min")
    planned = {touch["step"]: story.local(touch["due_at"]) for touch in story.touches()}
    assert planned == {"one": "Tue 2026-09-08 11:00", "two": "Thu 2026-09-10 11:00",
                       "three": "Wed 2026-09-16 11:00"}  # fmt: skip


@pytest.mark.feature("P15")
def test_what_stands_now_with_the_guard_and_by_command(story: Story, tmp_path: Path) -> None:
    story.live(V1)
    deal = story.deal("qualified")
    story.until("+1h")
    story.move(deal, "proposal")
    story.to("2026-09-09 12:00")
    story.control(deal, "pause")
    story.settle()
    before = state(story)
    said = tried(story, deal, playbook="test")
    assert [one["code"] for one in said["decisions"]] == ["already_fired"]
    assert said["touches"] == []
    said = tried(story, deal, text=steps("one 1d", "two 3d"), afresh=True)
    assert [one["guard"]["code"] for one in said["touches"]] == ["paused", "paused"]
    file = tmp_path / "mine.yaml"
    file.write_text(steps("quick 2h"), encoding="utf-8")
    told = story.command(
        "dry-run", deal, "--file", str(file), "--afresh", "--account", str(PORTAL), "--json"
    )
    assert told.exit_code == 0, told.output
    assert [step["step"] for step in json.loads(told.output)["walk"]] == ["quick"]
    told = story.command("dry-run", deal, "--playbook", "test", "--signal", "replied")
    assert "The prospect replied." in told.output, told.output
    told = story.command("dry-run", deal, "--playbook", "test", "--signal", "rang")
    assert (told.exit_code, "signal: there is no 'rang'" in told.output) == (1, True)
    assert state(story) == before


def test_what_cannot_be_tried_is_said(story: Story) -> None:
    deal = story.deal("qualified")
    story.settle()

    def refused(**body: Any) -> tuple[int, str]:
        csrf = story.admin.get("/api/session")["csrf"]
        answer = story.admin.session.post(
            f"{story.url}/api/subjects/deal/{deal}/dry-run", json=body,
            headers={"X-CSRF-Token": csrf}, timeout=10,
        )  # fmt: skip
        return answer.status_code, (answer.json()["problems"] or [{}])[0].get("field", "")

    assert refused() == (422, "playbook")
    assert refused(playbook="nope") == (422, "playbook")
    assert refused(playbook="proposal", signal="rang") == (422, "signal")
    assert refused(playbook="proposal", signal="stage_entered:moon") == (422, "signal")
    assert refused(playbook="proposal", at="soon") == (422, "at")
    assert refused(playbook="proposal", answer_after=-1) == (422, "answer_after")
    assert refused(playbook="proposal", version=9) == (422, "version")
    assert refused(text="playbook: [") [0] == 422
    assert refused(playbook="proposal", when=1) == (422, "when")


@pytest.mark.feature("P15")
def test_the_records_page_offers_it_and_shows_what_came_of_it(story: Story) -> None:
    deal = story.deal("proposal")
    story.settle()
    browser = story.admin.session
    page = browser.get(f"{story.url}/subjects/deal/{deal}").text
    assert "<option>proposal-stage-map</option>" in page
    words = {"playbook": "proposal-stage-map", "signal": "stage_entered:proposal"}
    shown = browser.get(f"{story.url}/subjects/deal/{deal}/dry-run", params=words)
    assert shown.status_code == 200, shown.text
    assert "What would be planned" in shown.text
    assert "<strong>Why now:</strong>" in shown.text, "the text as a rep will read it"
    assert story.tasks(deal) == []
