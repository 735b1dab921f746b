"""Every page, as it is drawn: no barrier that axe finds, no error, nothing wider than a phone."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH

from app.web.factory import create_app
from tests.browser.conftest import DEALS, Firm, Open
from tests.scenarios.harness import ADA, MIA, OTTO

AXE = AXE_FILE_PATH.read_text()
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WHOLE = ("pages", "guide", "playbooks", "editor", "people", "account", "audit")
"""Blueprints of pages."""
PARTS = ("playbooks.looking_back", "playbooks.already_owed")
"""Parts of pages, which are no documents by themselves."""
PHONE = {"width": 390, "height": 844}


def addresses(firm: Firm) -> list[str]:
    """Every page that there is, the panel and the records filled in; a new one is among them."""
    values = {
        "type": "deal", "crm_id": firm.deals[DEALS[0]], "playbook": "test", "id": "1",
        "owner_id": ADA.owner_id,
    }  # fmt: skip
    assert firm.story.parts is not None
    found: set[str] = set()
    for rule in create_app(firm.story.parts).url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if blueprint in WHOLE and rule.endpoint not in PARTS and "GET" in (rule.methods or ()):
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<{name}>", values[name])
            found.add(path + ("?playbook=test" if "dry-run" in path else ""))
    found |= {"/setup?step=stages", "/setup?step=playbook", "/playbooks/test/edit?view=yaml"}
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


def test_no_page_has_a_barrier_or_an_error(firm: Firm, opened: Open) -> None:
    page = opened(OTTO)
    found: dict[str, list[str]] = {}
    for path in addresses(firm):
        answer = page.goto(path)
        assert answer.status == 200, path
        found[path] = list(page.said)  # before axe, whose own styles the policy refuses as well
        found[path] += violations(page)
        page.emulate_media(color_scheme="dark")
        found[f"{path} dark"] = violations(page, only=["color-contrast"])
        page.emulate_media(color_scheme="light")
        page.said.clear()
    assert [f"{path}: {line}" for path, said in found.items() for line in said] == []


def test_no_page_is_wider_than_a_phone(firm: Firm, opened: Open) -> None:
    page = opened(OTTO, viewport=PHONE)
    wide: list[str] = []
    for path in addresses(firm):
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            wide.append(path)
    assert wide == []
    rep = opened(ADA, viewport=PHONE)
    rep.goto("/next")
    assert rep.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(rep) == []


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
