"""The editor's form as people use it: every part open, by keyboard, on a phone, without scripts."""

from __future__ import annotations

from tests.browser.conftest import Open
from tests.browser.test_looks import DESK, violations, wider_than_a_phone
from tests.scenarios.harness import OTTO

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
