"""The editor's form as people use it: every part open, by keyboard, on a phone, without scripts."""

from __future__ import annotations

import pytest

from app.web.admin.form import persons
from tests.browser.conftest import Open
from tests.browser.test_looks import DESK, violations, wider_than_a_phone
from tests.scenarios.harness import ADA, OTTO

OPEN = "document.querySelectorAll('details').forEach(one => one.open = true)"


def test_the_open_form_has_no_barrier(opened: Open) -> None:
    """With waits, questions, a signal, a condition and all that is folded otherwise."""
    page = opened(OTTO, viewport=DESK)
    page.goto("/playbooks/comeback/edit")
    page.get_by_role("button", name="Add a sequence").click()
    for name in ("Wait for something", "Ask a question", "Add a condition"):
        page.evaluate(OPEN)
        page.get_by_role("button", name=name).first.click()
    page.evaluate(OPEN)
    assert violations(page) == []
    assert wider_than_a_phone(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, only=["color-contrast"]) == []


def test_a_condition_is_added_by_keyboard_and_without_scripts(opened: Open) -> None:
    page = opened(OTTO, viewport=DESK, java_script_enabled=False)
    page.goto("/playbooks/proposal/edit")
    button = page.get_by_role("button", name="Add a condition")
    button.press("Enter")
    field = page.get_by_label("What is looked at")
    assert field.input_value() == "deal.amount"
    field.fill("deal.stage_kind")
    field.press("Enter")
    page.locator('[name="rules.0.if.~0.op"]').select_option("==")
    page.get_by_role("button", name="Check").last.press("Enter")
    choice = page.locator('[name="rules.0.if.~0.value"]')
    assert choice.is_visible(), "what was changed stays open"
    assert "proposal" in choice.locator("option").all_inner_texts()


def test_one_person_of_many_is_looked_for(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed brings those it means; whoever is chosen is named under the field."""
    monkeypatch.setattr(persons, "MANY", 0)
    page = opened(OTTO, viewport=DESK)
    page.goto("/playbooks/proposal/edit")
    page.evaluate(OPEN)
    page.get_by_label("Whose task").first.select_option("rep")
    who = page.locator(f'input[list="{persons.LIST}"][name$="~assign-person"]')
    who.wait_for()
    assert violations(page) == []
    listed = page.locator(f"#{persons.LIST} option")
    assert listed.count() == 0
    with page.expect_response("**/editor/people?q=ad"):
        who.press_sequentially("ad")
    listed.first.wait_for(state="attached")
    assert listed.first.get_attribute("value") == ADA.email
    who.fill(ADA.email)
    who.press("Enter")
    page.wait_for_load_state()
    page.locator('small[id$="~assign-person-said"]', has_text=ADA.first).wait_for()
