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
from tests.scenarios.harness import ADA, CLIENT_SECRET, MIA, OTTO, PORTAL, Story

OTHER = PORTAL + 1
"""A second account, with people of the same names and ids."""


class Unconnected(Story):
    """A CRM with two accounts and the app beside it, which nobody has connected yet."""

    def __init__(self, folder: Path, **more: Any) -> None:
        super().__init__(folder, **more)
        self._account(OTHER)

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
    page.wait_for_url(re.compile("/setup"))
    page.goto("/setup?step=import")
    page.get_by_text("records are known, and kept up to date").wait_for()
    page.goto("/setup")
    page.get_by_role("button", name="Follow this pipeline").click()
    page.get_by_text("done: 1 of 1 followed").wait_for()
    page.get_by_label("Proposal sent").select_option("proposal")
    found = violations(page)
    page.get_by_role("button", name="These meanings are right").click()
    page.get_by_text("done: 7 confirmed").wait_for()
    page.goto("/setup")  # as if the admin came back a day later
    row = page.locator("form.row", has=page.get_by_role("link", name="Mia Firm"))
    row.get_by_label("Role").select_option("manager")
    row.get_by_role("button", name="Save").click()
    page.get_by_text("Saved Mia Firm.").wait_for()
    page.get_by_role("button", name="They are right, go on").click()
    preset = page.locator("article.preset", has_text="Proposal cadence").first
    preset.locator("svg").wait_for()
    found += violations(page)
    preset.get_by_role("button", name="Choose this one").click()
    # What it would have done stands beside what it would owe.
    page.get_by_role("heading", name="Proposal cadence: look before it acts").wait_for()
    owed = page.locator("section", has_text="Already owed: its backlog")
    owed.get_by_role("link", name="Big sale").wait_for()
    page.get_by_text("What would have come of each step").wait_for()
    found += violations(page)
    page.get_by_role("button", name="Let it watch (shadow)").click()
    page.get_by_role("heading", name="What happens next").wait_for()
    page.get_by_text("1 rule watch in shadow").wait_for()
    found += violations(page)
    assert found == []
    fresh.admin.session.cookies.update(
        {one["name"]: one["value"] for one in context.cookies()}
    )
    fresh.settle()
    assert modes(fresh) == {"proposal/proposal-sent": "shadow"}
    assert fresh.tasks() == [], "nothing was created"
    # And on to the first task: live, and the deal that waits is begun.
    page.get_by_role("button", name="Go live").click()
    page.get_by_role("button", name="Go ahead").click()
    page.get_by_role("heading", name="Begin with what is owed already").wait_for()
    page.get_by_role("button", name="Release").click()
    page.get_by_text("Released: the first begin today.").wait_for()
    fresh.settle()
    fresh.until("+4d")
    assert [task.subject for task in fresh.tasks()] == [
        "Call about open questions on the proposal — Big sale"
    ]
    refused_to_others(context, fresh)
    context.close()


def refused_to_others(context: Any, story: Story) -> None:
    """Who signed in for another account finds nothing of this one, whatever the address."""
    other = Admin(story.url)
    other.install(OTHER)
    deal = next(row["id"] for row in story.export("deals")["deals"])
    cookie = other.session.cookies["followthrough"]
    context.add_cookies([{"name": "followthrough", "value": cookie, "url": story.url}])
    page = context.new_page()
    for path, said in (
        (f"/subjects/deal/{deal}", "that you may see"),
        ("/playbooks/proposal/history", "There is no saved playbook"),
        ("/activations/1", "There is no activation"),
    ):
        assert page.goto(path).status == 404, path
        assert page.get_by_text(said).is_visible(), path
    page.goto("/audit")
    assert page.get_by_text("set proposal/proposal-sent").count() == 0
    page.goto("/why?q=Big")
    assert page.get_by_text("Nothing found for").is_visible()


def test_everybody_signs_in_by_their_link_and_finds_what_is_theirs(
    chrome: Any, firm: Firm
) -> None:
    links = {
        OTTO: ["Result", "Rules", "Set-up", "People", "Health"],
        MIA: ["Result", "Rules"],
        ADA: [],
    }
    everywhere = {"Do next", "Mine", "Records"}
    for person, more in links.items():
        context = chrome.new_context(base_url=firm.story.url)
        page = context.new_page()
        link = firm.story.admin.signin_link(person.email)
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        menu = page.get_by_role("navigation", name="Main")
        menu.wait_for()
        shown = set(menu.get_by_role("link").all_inner_texts())
        assert everywhere | set(more) <= shown
        assert not (set(links[OTTO]) - set(more)) & shown, person
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("was used before or is too old").wait_for()
        context.close()


def modes(story: Story) -> dict[str, str]:
    saved = story.admin.get("/api/playbooks")["saved"]
    return {rule["rule"]: rule["mode"] for one in saved for rule in one["rules"]}


def test_an_edit_is_a_version_and_what_runs_is_moved_to_it(firm: Firm, opened: Open) -> None:
    page = opened(OTTO)
    page.goto("/playbooks/test/edit")
    page.locator("summary", has_text="Call about it").click()
    field = page.locator('[name="sequences.0.steps.1.at"]')
    field.fill("4x")
    page.get_by_role("button", name="Save a version").click()
    page.get_by_text("1 mistake", exact=True).wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    assert page.get_by_text("'4x' is not a delay").is_visible()
    assert violations(page) == []
    page.get_by_role("button", name="As YAML").click()
    page.get_by_text(re.compile(r"line \d+, column \d+")).first.wait_for()
    text = page.locator("textarea[name=text]")
    text.fill(text.input_value().replace("at: 4x", "at: 6d"))
    page.get_by_role("button", name="As a form").click()
    page.locator("svg text", has_text="day 6").wait_for()
    page.get_by_role("button", name="What changed").click()
    page.get_by_text("when it is due from 4d to 6d").wait_for()
    page.get_by_role("button", name="Save a version").click()
    page.get_by_text("Version 2 is saved.").wait_for()
    page.get_by_role("link", name="see what changed").click()
    assert page.locator("del").inner_text() == "4d"
    assert page.locator("ins").inner_text() == "6d"

    story, deal = firm.story, firm.deals[BORG]
    story.activate("test", "live")
    page.get_by_role("link", name="Move running ones").click()
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
    page.goto("/playbooks/test/edit")
    assert page.get_by_text("You have no right to edit playbooks.").is_visible()
