"""What needs attention, on the pages and in the API."""

from __future__ import annotations

import pytest

from app.store import installations
from tests.web.support import NOW, Browser, Served, confirm_all, event
from tests.web.test_access import as_role


def codes(browser: Browser, path: str) -> tuple[list[str], list[str]]:
    told = browser.get(path).get_json()
    return [one["code"] for one in told["findings"]], [one["code"] for one in told["limits"]]


@pytest.fixture
def browser(served: Served) -> Browser:
    """Connected, imported, stages confirmed; nothing is activated."""
    browser = served.connected()
    inst = served.installation()
    confirm_all(served, inst)
    with served.store.write() as conn:
        installations.change(conn, inst, status="active")
    return browser


def test_the_result_tells_what_needs_attention_and_what_is_not_allowed(browser: Browser) -> None:
    findings, limits = codes(browser, "/api/result")
    assert findings == ["no_manager", "no_rule", "property_refused"]
    assert limits == ["cannot_working_hours"]
    page = browser.get("/").text
    for shown in (
        "No rule is active.", "Activate a playbook", "Followthrough cannot read reps",
        "Instead: those entered here count", "Connect the app again.",
    ):  # fmt: skip
        assert shown in page


def test_the_account_is_asked_only_on_demand(browser: Browser) -> None:
    assert "own_property" not in codes(browser, "/api/doctor")[0]
    assert "own_property" in codes(browser, "/api/doctor?live=true")[0]
    page = browser.get("/health").text
    assert "Check the connection now" in page
    assert "deals.followthrough_control is missing" not in page
    checked = browser.get("/health?check=1").text
    assert "deals.followthrough_control is missing" in checked
    assert "No rule is active." in checked


def test_an_account_that_does_not_answer_is_told_and_breaks_no_page(served: Served) -> None:
    browser = served.connected("1429")
    assert "rate_limited" in codes(browser, "/api/doctor?live=true")[0]
    assert browser.get("/health?check=1").status_code == 200


def test_a_webhook_is_remembered_with_the_next_flush(served: Served, browser: Browser) -> None:
    with served.store.write() as conn:
        installations.change(conn, served.installation(), installed_wall=1)
    assert "no_webhook" in codes(browser, "/api/doctor")[0]
    assert served.deliver([event()]).status_code == 204
    assert browser.get("/api/health").get_json()["last_webhook_wall"] == NOW
    assert "no_webhook" not in codes(browser, "/api/doctor?live=true")[0]


def test_a_manager_sees_the_result_and_not_the_server(served: Served, browser: Browser) -> None:
    manager = as_role(served, "2", "manager")  # which connects once more
    with served.store.write() as conn:
        installations.change(conn, served.installation(), status="active")
    assert "no_rule" in codes(manager, "/api/result")[0]
    assert manager.get("/api/doctor").status_code == 403


def test_findings_of_another_account_are_not_shown(served: Served, browser: Browser) -> None:
    other = served.connected("2000")
    inst = served.installation("2000")
    with served.store.write() as conn:
        installations.change(conn, inst, status="revoked")
    assert "revoked" in codes(other, "/api/doctor")[0]
    assert "revoked" not in codes(browser, "/api/doctor")[0]
