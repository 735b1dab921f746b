"""Every page, as it is drawn: no barrier that axe finds, no error, nothing wider than a phone."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH

from app.feedback.board import TITLES
from app.web.factory import create_app
from tests.browser.conftest import DEALS, Firm, Open
from tests.scenarios.harness import ADA, MIA, OTTO

AXE = AXE_FILE_PATH.read_text()
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NO_PAGES = {"webhooks", "events", "oauth", "cards", "health", "static"}
PARTS = {"playbooks.looking_back", "playbooks.already_owed", "editor.look_for_people"}
"""Parts of pages, which are no documents by themselves."""
ASKED = {"dry-run": "?playbook=test", "/dashboard/records": "?source=overdue"}
FURTHER = {
    "/setup?step=stages", "/setup?step=playbook", "/playbooks/test/edit?view=yaml", "/why?q=Acme",
    "/why?rule=test/chased",
}  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
IN_THE_DARK = {"/", "/setup", "/rules", "/playbooks/test", "/dashboard/today"}
"""Pages that together show every component in both palettes."""


def addresses(firm: Firm) -> list[str]:
    """Every page that somebody who is signed in can open; a new one is among them."""
    values = {
        "type": "deal", "crm_id": firm.deals[DEALS[0]], "playbook": "test", "id": "1",
        "page": "{page}", "owner_id": ADA.owner_id,
    }  # fmt: skip
    assert firm.story.parts is not None
    found = set(FURTHER)
    for rule in create_app(firm.story.parts).url_map.iter_rules():
        part = rule.endpoint.partition(".")[0]
        if "GET" not in (rule.methods or ()) or part in NO_PAGES or part.startswith("api_"):
            continue
        if rule.endpoint in PARTS:
            continue
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", values[name])
        path += next((more for end, more in ASKED.items() if path.endswith(end)), "")
        found.update(path.replace("{page}", page) for page in TITLES)
    return sorted(found)


def violations(page: Any, *, only: list[str] | None = None) -> list[str]:
    page.evaluate(AXE)
    asked = {"type": "rule", "values": only} if only else {"type": "tag", "values": LEVELS}
    run = {"runOnly": asked, "resultTypes": ["violations"]}
    found = page.evaluate("run => axe.run(document, run)", run)["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found
    ]


def wider_than_a_phone(page: Any) -> list[str]:
    page.set_viewport_size(PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(DESK)
    return [f"{wide} pixels wide on a phone"] if wide > PHONE["width"] else []


def test_no_page_has_a_barrier_an_error_or_more_than_a_phones_width(
    firm: Firm, opened: Open
) -> None:
    page = opened(OTTO, viewport=DESK)
    found: dict[str, list[str]] = {}
    for path in addresses(firm):
        answer = page.goto(path)
        assert answer.status == 200, path
        found[path] = wider_than_a_phone(page)
        found[path] += page.said  # before axe, whose own styles the policy refuses as well
        found[path] += violations(page)
        if path in IN_THE_DARK:
            page.emulate_media(color_scheme="dark")
            found[f"{path} dark"] = violations(page, only=["color-contrast"])
            page.emulate_media(color_scheme="light")
        page.said.clear()
    assert found.keys() >= IN_THE_DARK
    assert [f"{path}: {line}" for path, said in found.items() for line in said] == []


def test_a_reps_queue_and_panel_in_the_dark_on_a_phone(firm: Firm, opened: Open) -> None:
    page = opened(ADA, viewport=PHONE, color_scheme="dark")
    for path in ("/next", f"/panel/deal/{firm.deals[DEALS[0]]}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert violations(page) == []


@pytest.mark.parametrize("path", ["/welcome", "/signin/x", "/nothing/here"])
def test_what_strangers_see_has_no_barrier(opened: Open, path: str) -> None:
    page = opened(None)
    page.goto(path)
    assert violations(page) == []
    assert page.get_by_role("heading", level=1).count() == 1


def test_what_is_empty_or_refused_says_what_to_do(opened: Open) -> None:
    page = opened(MIA)
    page.goto("/next")
    assert page.get_by_text("Nothing is waiting for you.").is_visible()
    assert violations(page) == []
    page.goto("/subjects?q=zzz")
    assert violations(page) == []
    page.goto("/people")
    assert page.get_by_text("This is for admins; you are signed in as manager.").is_visible()
    assert violations(page) == []
