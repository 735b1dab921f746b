"""Who may do what, whose data they see, and the headers around every answer."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest
from werkzeug.routing import Rule

from app.store import people
from tests.web.support import URL, Browser, Served, event, fill, set_role

PUBLIC = {
    "webhooks.receive", "oauth.start", "oauth.callback", "oauth.uninstalled", "oauth.offer",
    "oauth.accept", "oauth.sign_out", "health.alive", "health.ready", "health.metrics",
    "pages.welcome", "pages.result", "static", "events.receive", "cards.card", "cards.act",
    "cards.enter", "cards.framed",
}  # fmt: skip
"""Endpoints that answer somebody who is not signed in: sign_out and result check for themselves,
whoever posts events shows a key, a
card's requests are signed, and a frame is opened by a link that works once."""

EVERYBODY = {
    "api_asking.standing", "why.show",
    "api_replies.classify", "api_replies.go_on",
    "api_overview.session", "api_subjects.search", "api_subjects.subject",
    "api_subjects.decisions", "api_subjects.why", "pages.subjects", "pages.subject", "pages.mine",
    "api_waiting.proposals", "api_waiting.accept", "api_waiting.refuse",
    "api_rescheduling.reschedule", "api_panel.panel", "api_panel.act", "pages.panel",
    "api_panel.queue",
    "pages.next_up",
}  # fmt: skip

MANAGERS = {
    "api_asking.decisions",
    "api_overview.status", "api_overview.result", "api_overview.holdout",
        "api_dashboard.figures", "api_dashboard.table", "api_dashboard.records",
    "dashboard.first", "dashboard.page", "dashboard.records",
    "api_playbooks.index", "api_playbooks.source", "api_foreseeing.backtest",
    "api_versions.index", "api_versions.diff", "api_versions.file", "api_versions.check",
    "playbooks.show", "playbooks.versions", "playbooks.compare", "playbooks.attempt",
    "playbooks.looking_back",
    "api_setup.stop", "pages.rules", "api_dry_run.dry_run", "pages.dry_run",
    "api_reviews.index", "api_reviews.look", "api_reviews.locked", "reviews.show",
}  # fmt: skip

EDITORS = {
    "api_playbooks.save", "api_versions.take", "playbooks.files",
    "editor.start", "editor.edit", "editor.draft", "editor.look_for_people",
}  # fmt: skip
"""Endpoints for admins, and for managers with the right to edit playbooks."""

APPROVERS = {"api_reviews.decide"}
"""Endpoints for admins, and for managers with the right to approve versions."""


def as_role(served: Served, owner_id: str, role: str) -> Browser:
    admin = served.connected()
    inst = served.installation()
    emails = {"1": "ada@example.com", "2": "ben@example.com", "3": "cleo@example.com"}
    link = admin.send("POST", "/api/signin-links", {"email": emails[owner_id]}).get_json()["url"]
    set_role(served, inst, owner_id, role)
    browser = served.browser()
    browser.sign_in(link)
    return browser


def rules(served: Served) -> Iterable[tuple[Rule, str, str]]:
    for rule in served.app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", "deal" if name == "type" else "x")
            path = path.replace(f"<path:{name}>", "x")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, path


def test_nobody_gets_anything_that_is_not_public(served: Served) -> None:
    browser = served.browser()
    for rule, method, path in rules(served):
        if rule.endpoint in PUBLIC:
            continue
        assert browser.send(method, path, {}).status_code == 401, rule


def test_a_rep_gets_only_what_everybody_may(served: Served) -> None:
    rep = as_role(served, "2", "rep")
    for rule, method, path in rules(served):
        if rule.endpoint in PUBLIC:
            continue
        status = rep.send(method, path, {}).status_code
        assert (status == 403) == (rule.endpoint not in EVERYBODY), (rule, status)


def test_a_manager_gets_no_more_than_managers_may(served: Served) -> None:
    manager = as_role(served, "2", "manager")
    for rule, method, path in rules(served):
        if rule.endpoint in PUBLIC:
            continue
        status = manager.send(method, path, {}).status_code
        assert (status == 403) == (rule.endpoint not in EVERYBODY | MANAGERS), (rule, status)


@pytest.mark.parametrize(("right", "more"), [("edits", EDITORS), ("approves", APPROVERS)])
@pytest.mark.parametrize("reach", ["team", "all"])
def test_a_right_opens_what_it_is_for_and_nothing_else(
    served: Served, right: str, more: set[str], reach: str
) -> None:
    manager = as_role(served, "2", "manager")
    with served.store.write() as conn:
        people.change(conn, served.installation(), "2", **{right: reach})
    for rule, method, path in rules(served):
        if rule.endpoint in PUBLIC:
            continue
        status = manager.send(method, path, {}).status_code
        opened = rule.endpoint in EVERYBODY | MANAGERS | more
        assert (status == 403) == (not opened), (rule, status)


def test_no_change_without_the_token(served: Served) -> None:
    browser = served.connected()
    for rule, method, path in rules(served):
        if rule.endpoint in PUBLIC or method == "GET":
            continue
        for token in ("", "x" * 32):
            answer = browser.send(method, path, {}, headers={"X-CSRF-Token": token})
            assert answer.status_code == 403, rule
            if rule.rule.startswith("/api/"):
                assert answer.get_json()["error"] == "csrf"
            else:
                assert "token" in answer.text


def test_a_role_taken_away_works_at_once(served: Served) -> None:
    browser = as_role(served, "2", "admin")
    assert browser.get("/api/settings").status_code == 200
    set_role(served, served.installation(), "2", "rep")
    assert browser.get("/api/settings").status_code == 403


def test_reps_see_their_own_managers_their_teams_admins_all(served: Served) -> None:
    served.connected()
    fill(served, served.installation())  # Acme is Ada's, of the team north; Orphan nobody's

    def seen(browser: Browser) -> list[int]:
        return [browser.get(f"/api/subjects/deal/90{n}").status_code for n in (1, 2)]

    def found(browser: Browser) -> list[str]:
        subjects = browser.get("/api/subjects?q=r").get_json()["subjects"]
        return [row["name"] for row in subjects]

    ben_rep = as_role(served, "2", "rep")
    assert (seen(ben_rep), found(ben_rep)) == ([404, 404], [])
    ben_manager = as_role(served, "2", "manager")  # of the same team
    assert (seen(ben_manager), found(ben_manager)) == ([200, 404], ["Acme renewal"])
    cleo_manager = as_role(served, "3", "manager")
    assert seen(cleo_manager) == [404, 404]
    served.connected().send("PUT", "/api/people/1", {"manager_id": "3"})
    assert seen(cleo_manager) == [200, 404]
    ada = as_role(served, "1", "rep")
    assert seen(ada) == [200, 404]
    admin = served.connected()
    assert (seen(admin), found(admin)) == ([200, 200], ["Acme renewal", "Orphan"])


def test_one_installation_does_not_see_another(served: Served) -> None:
    served.connected("1000")
    fill(served, served.installation("1000"))
    other = served.connected("2000")
    assert other.get("/api/subjects/deal/901").status_code == 404
    assert other.get("/api/why/deal/901?rule=a/b").status_code == 404
    assert other.get("/api/ledger/deal/901").status_code == 404
    assert other.get("/api/touches").get_json() == {"touches": [], "after": None}
    assert other.get("/api/subjects?q=acme").get_json() == {"subjects": []}
    assert other.get("/api/backlog").get_json() == {"rules": []}
    result = other.get("/api/result").get_json()
    assert (result["signals"], result["touches"], result["failed"]) == (0, [], [])
    assert "Acme" not in other.get("/").text


def test_answers_carry_the_headers(served: Served) -> None:
    answer = served.browser().get("/welcome")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self' https://app.hubspot.com https://*.hubspot.com" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Strict-Transport-Security"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_pages_keep_to_the_policy(served: Served) -> None:
    """Nothing inline and nothing from elsewhere: the browser would refuse it silently."""
    browser = served.connected()
    fill(served, served.installation())
    for path in ("/welcome", "/", "/setup", "/rules", "/people", "/health", "/mine",
                 "/subjects?q=acme", "/subjects/deal/901", "/setup?step=playbook", "/settings",
                 "/people/1", "/audit", "/why", "/approvals", "/playbooks/proposal",
                 "/playbooks/proposal/edit",
                 "/playbooks/new", "/playbooks/files", "/playbooks/proposal/try"):
        text = browser.get(path).text
        assert "<style" not in text, path
        assert " style=" not in text, path
        assert " onclick=" not in text, path
        assert text.count("<script") == text.count('<script src="/static/'), path


def test_the_cookie_is_safe(served: Served) -> None:
    answer = served.browser().get("/connect/hubspot")
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "Secure", "SameSite=Lax"):
        assert part in cookie


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere"])
def test_what_is_not_there_says_what_to_do(served: Served, path: str) -> None:
    answer = served.browser().get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "Check the address" in answer.text
    assert answer.is_json == path.startswith("/api/")


def test_a_failure_of_ours_shows_no_insides(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("app.web.summaries.status", broken)
    answer = served.connected().get("/api/status")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.get_json()["next"]


def test_after_a_failure_the_webhook_is_not_acknowledged(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.connected()

    def broken(*_args: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("app.web.webhooks.inbox.insert_events", broken)
    assert served.deliver([event()]).status_code == 500


def test_redirects_stay_on_this_server(served: Served) -> None:
    answer = served.browser().get("/")
    assert urlsplit(answer.location).netloc in ("", urlsplit(URL).netloc)
