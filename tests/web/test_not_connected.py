"""An account whose access is gone: every page says what to do, none fails."""

from __future__ import annotations

from app.store import installations
from tests.web.support import Browser, Served, fill
from tests.web.test_access import rules


def disconnected(served: Served) -> None:
    inst = served.installation()
    with served.store.write() as conn:
        installations.drop_tokens(conn, inst)
    served.connectors.forget(inst)


def failing(served: Served, browser: Browser) -> set[str]:
    """Addresses of ours at which something fails that should not."""
    return {
        path for _, method, path in rules(served)
        if method == "GET" and browser.get(path).status_code >= 500
    }  # fmt: skip


def test_the_settings_stand_and_lead_to_the_connection(served: Served) -> None:
    browser = served.connected()
    disconnected(served)
    page = browser.get("/settings")
    assert page.status_code == 200
    assert "The account is not connected" in page.text
    assert 'href="/connect/hubspot"' in page.text


def test_no_page_fails_for_want_of_access(served: Served) -> None:
    browser = served.connected()
    fill(served, served.installation())
    before = failing(served, browser)  # what the stand-in for the lanes cannot answer
    disconnected(served)
    assert failing(served, browser) <= before
    refused = browser.get("/api/sequences")
    assert refused.status_code == 409
    assert refused.get_json()["error"] == "not_connected"
    assert "connects the CRM account again" in refused.get_json()["next"]
