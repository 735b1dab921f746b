"""From the marketplace's click to a playbook that watches, and an edit whose running follow-ups are
moved, all in the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.admin import Admin
from tests.browser.conftest import BORG, Firm, Open
from tests.browser.test_looks import violations
from tests.scenarios.harness import ADA, CLIENT_SECRET, MIA, OTTO, Story


class Unconnected(Story):
    """A CRM and the app beside it, which nobody has connected yet."""

    def _connect(self) -> None:
        self.admin = Admin(self.url)
        self.admin.register_at(self.crm, CLIENT_SECRET)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Story]:
    with Unconnected(tmp_path, before=lambda story: story.deal("proposal")) as story:
        story.until("+1d")
        yield story


def test_the_whole_set_up(chrome: Any, fresh: Story) -> None:
    context = chrome.new_context(base_url=fresh.url, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Connect HubSpot").click()
    page.get_by_role("button", name=re.compile("Connect|Approve|Allow", re.I)).first.click()
    page.wait_for_url(re.compile("/start"))
    page.goto("/start?step=import")
    page.get_by_text("The import is done").wait_for()
    found = violations(page)
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Follow this pipeline").click()
    page.get_by_text("This pipeline is followed.").wait_for()
    page.get_by_label("Proposal sent").select_option("proposal")
    page.get_by_role("button", name="Confirm these stages").click()
    page.get_by_text("7 of 7 stages confirmed").wait_for()
    found += violations(page)
    page.get_by_role("link", name="Go on").click()
    row = page.locator("form.row", has_text=MIA.email)
    row.get_by_label("Role").select_option("manager")
    row.get_by_role("button", name="Save").click()
    page.get_by_text("1 who manage").wait_for()
    found += violations(page)
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("link", name=re.compile("Look at it.*Proposal cadence")).click()
    page.get_by_text("had it been live for the last 90 days").wait_for()
    found += violations(page)
    page.get_by_role("button", name="Activate in shadow").click()
    page.get_by_role("heading", name="It watches").wait_for()
    found += violations(page)
    assert found == []
    assert page.get_by_role("status").get_by_text("something owed already on 1 record").is_visible()
    context.close()
    fresh.admin.install()
    fresh.settle()
    rules = {r["rule"]: r["mode"] for p in fresh.admin.get("/api/playbooks")["saved"]
             for r in p["rules"]}  # fmt: skip
    assert rules == {"proposal/proposal-sent": "shadow"}
    assert fresh.tasks() == [], "nothing was created"


def test_an_edit_is_a_version_and_what_runs_is_moved_to_it(firm: Firm, opened: Open) -> None:
    page = opened(OTTO)
    page.goto("/playbooks/test")
    field = page.get_by_label("YAML")
    text = field.input_value()
    field.fill(text.replace("at: 4d", "at: 4x"))
    page.get_by_role("button", name="Save a version").click()
    told = page.get_by_role("alert")
    told.wait_for()
    assert re.search(r"line \d+, column \d+", told.inner_text())
    field.fill(text.replace("at: 4d", "at: 6d"))
    page.get_by_role("button", name="Save a version").click()
    page.get_by_text("Saved. Nothing that runs has changed.").wait_for()
    page.get_by_role("link", name="with the one before").first.click()
    changed = page.locator(".diff")
    assert "at: 4d" in changed.locator(".removed").inner_text()
    assert "at: 6d" in changed.locator(".added").inner_text()
    assert violations(page) == []

    story, deal = firm.story, firm.deals[BORG]
    story.activate("test", "live")
    page.goto("/playbooks/test")
    page.get_by_role("link", name="Move running follow-ups…").click()
    page.get_by_role("button", name="Move those ticked").click()
    page.get_by_role("button", name="Go ahead").click()
    page.get_by_text("Nothing runs by another version.").wait_for()
    story.settle()
    # Six days after Monday is a Sunday.
    assert story.local(due(story, deal)) == "Mon 2026-09-14 09:00"


def due(story: Story, deal: str) -> int:
    """When the second step of a deal's follow-up is due."""
    rows = story.subject(deal)["touches"]
    return next(row["due_at"] for row in rows if row["step"] == "two")


def test_a_rep_finds_no_way_to_the_rules(firm: Firm, opened: Open) -> None:
    page = opened(ADA)
    page.goto("/playbooks/test")
    assert page.get_by_text("This is for admins and managers").is_visible()
