"""Rights on playbooks, versions that wait for approval, locks: what the web lets whom do."""

from __future__ import annotations

import html
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.store import people, playbooks, reading
from app.store.installations import change
from tests.web.support import URL, Browser, Served
from tests.web.test_access import as_role

TEXT = """\
playbook: ours
rules:
  - id: sent
    when: {stage_entered: proposal}
    then: [{enrol: chase}]
    scope: {teams: [north]}
sequences:
  - id: chase
    exits: {replied: off}
    steps:
      - {id: one, at: 1d, task: call, template: t, subject: Call them}
      - id: ask
        wait: {until: {replied: any}, timeout: 5d}
        then:
          - {id: thanks, task: todo, template: u, subject: Say thanks}
templates:
  t: {decides: Is it decided?, body: Ask.}
  u: {decides: What is next?, body: Say thanks.}
"""
WIDER = TEXT.replace("    scope: {teams: [north]}\n", "")
TEAM_AND_REPS = TEXT.replace("{teams: [north]}", "{teams: [south], reps: ['1', '2']}")


def manager(served: Served, owner_id: str = "2", **rights: str) -> Browser:
    """Ben of the team north, with these rights."""
    browser = as_role(served, owner_id, "manager")
    if rights:
        with served.store.write() as conn:
            people.change(conn, served.installation(), owner_id, **rights)
    return browser


def save(browser: Browser, text: str) -> TestResponse:
    return browser.send("POST", "/api/playbooks", {"text": text})


def decide(browser: Browser, version: Any, word: Any = "approve", **more: Any) -> TestResponse:
    body = {"version": version, "word": word, **more}
    return browser.send("POST", "/api/playbooks/ours/review", body)


def refused(answer: TestResponse) -> tuple[int, str]:
    told = answer.get_json()
    assert told["next"]
    return answer.status_code, told["error"]


@pytest.fixture
def admin(served: Served) -> Browser:
    """Ada, where versions need approval, and Cleo may give it."""
    browser = served.connected()
    browser.send("PUT", "/api/people/3", {"role": "manager", "approves": "all"})
    on = browser.send("PUT", "/api/settings", {"approve_versions": True})
    assert on.status_code == 200
    return browser


@pytest.mark.parametrize("text", [TEXT, TEAM_AND_REPS], ids=["team", "reps"])
def test_a_team_editor_saves_what_is_for_their_own_people(served: Served, text: str) -> None:
    ben = manager(served, edits="team")
    assert save(ben, text).status_code == 201
    assert refused(save(ben, text.replace("north", "south").replace("'1'", "'3'"))) == (
        403, "right",
    )  # fmt: skip
    refusal = save(ben, WIDER)
    assert refused(refusal) == (403, "right")
    assert "`scope`" in refusal.get_json()["next"]
    assert "Ada" in refusal.get_json()["next"], "it names who may"
    assert ben.get("/playbooks/ours/edit").status_code == 200


def test_what_stands_beyond_a_team_stays_as_it_is(served: Served) -> None:
    assert save(served.connected(), WIDER).status_code == 201
    ben = manager(served, edits="team")
    assert refused(save(ben, TEXT)) == (403, "right"), "narrowing it takes it from others"
    page = ben.get("/playbooks/ours/edit", headers={"Accept": "text/html"})
    assert (page.status_code, "has a rule that is for others too" in page.text) == (403, True)
    files = [{"name": "a", "text": TEXT.replace("ours", "mine")}, {"name": "b", "text": TEXT}]
    assert refused(ben.send("POST", "/api/import/playbooks", {"files": files})) == (403, "right")
    assert ben.get("/api/playbooks/mine/versions").status_code == 404, "all or none"
    found = {one["playbook"]: one["editable"] for one in ben.get("/api/playbooks").json["saved"]}
    assert found == {"ours": False}
    assert 'scope: {teams: ["north"]}' in html.unescape(ben.get("/playbooks/new").text)


def test_rights_go_with_the_role_of_rep(served: Served) -> None:
    admin = served.connected()
    answer = admin.send("PUT", "/api/people/3", {"edits": "team"})
    assert (answer.status_code, answer.get_json()["problems"][0]["field"]) == (422, "edits")
    assert "manager first" in answer.get_json()["next"]
    assert admin.send("PUT", "/api/people/3", {"edits": "some"}).status_code == 422
    given = admin.send("PUT", "/api/people/3", {"role": "manager", "edits": "team"}).get_json()
    assert (given["edits"], given["approves"]) == ("team", "none")
    assert admin.send("PUT", "/api/people/3", {"role": "rep"}).get_json()["edits"] == "none"
    cleo = as_role(served, "3", "rep")
    with served.store.write() as conn:  # a row that says otherwise changes nothing
        people.change(conn, served.installation(), "3", edits="all", approves="all")
    assert refused(save(cleo, TEXT)) == (403, "right")
    assert cleo.get("/api/session").get_json()["edits"] == "none"


def test_a_persons_page_gives_rights(served: Served) -> None:
    admin = served.connected()
    manager(served)
    data = MultiDict({"csrf": admin.csrf, "edits": "team", "approves": "all"})
    assert admin.client.post("/people/2", data=data, base_url=URL).status_code == 303
    with served.store.read() as conn:
        row = people.read(conn, served.installation())["2"]
    assert (row["edits"], row["approves"]) == ("team", "all")
    assert "May edit playbooks: <strong>all</strong>" in admin.get("/people/1").text
    assert 'name="edits"' not in admin.get("/people/3").text, "Cleo is a rep"


def test_approval_is_asked_for_only_where_somebody_could_give_it(served: Served) -> None:
    admin = served.connected()
    manager(served, approves="team")
    answer = admin.send("PUT", "/api/settings", {"approve_versions": True})
    assert (answer.status_code, answer.get_json()["problems"][0]["field"]) == (
        422, "approve_versions",
    )  # fmt: skip
    assert save(admin, TEXT).get_json()["waits"] is False
    assert refused(decide(admin, 1)) == (409, "not_asked")
    assert admin.get("/api/reviews").get_json() == {"waiting": []}


def test_what_was_saved_before_needs_no_approval_and_what_comes_after_does(
    served: Served, admin: Browser
) -> None:
    admin.send("PUT", "/api/settings", {"approve_versions": False})
    save(admin, TEXT)
    admin.send("PUT", "/api/settings", {"approve_versions": True})
    assert save(admin, TEXT).get_json() | {"rules": 0, "warnings": 0} == {
        "playbook": "ours", "version": 1, "waits": False, "rules": 0, "warnings": 0,
    }  # fmt: skip
    assert save(admin, TEXT.replace("Ask.", "Ask now.")).get_json()["waits"] is True
    (ours,) = admin.get("/api/playbooks").get_json()["saved"]
    assert (ours["version"], ours["acts"], ours["review"]) == (2, 1, "waits")
    answer = admin.send("POST", "/api/playbooks/ours/activate", {"mode": "live"}).get_json()
    assert (answer["version"], "version 2 is not approved" in answer["said"]) == (1, True)
    states = [one["review"] for one in admin.get("/api/playbooks/ours/versions").json["versions"]]
    assert states == ["waits", ""]
    # Off, nothing waits; on again, what was proposed still does.
    admin.send("PUT", "/api/settings", {"approve_versions": False})
    answer = admin.send("POST", "/api/playbooks/ours/activate", {"mode": "live"}).get_json()
    assert answer["version"] == 2
    admin.send("PUT", "/api/settings", {"approve_versions": True})
    assert admin.get("/api/reviews").get_json()["waiting"][0]["version"] == 2


def test_a_preset_is_not_activated_past_approval(served: Served, admin: Browser) -> None:
    answer = admin.send("POST", "/api/playbooks/proposal/activate", {"mode": "live"})
    assert refused(answer) == (422, "activation")
    versions = admin.get("/api/playbooks/proposal/versions")
    assert versions.status_code == 404, "nothing was saved by halves"
    assert admin.send("POST", "/api/playbooks", {"preset": "proposal"}).get_json()["waits"]
    seen = admin.get("/api/playbooks/proposal/review").get_json()
    assert (seen["against"], seen["texts"], seen["differences"]) == ("the preset", [], [])


def test_whose_word_counts(served: Served, admin: Browser) -> None:
    ben = manager(served, edits="team", approves="team")
    cleo = as_role(served, "3", "manager")
    save(admin, WIDER)
    assert refused(decide(admin, 1)) == (403, "own")
    assert refused(decide(ben, 1)) == (403, "right"), "it is for others than his"
    seen = ben.get("/api/playbooks/ours/review").get_json()
    assert (seen["may"], "Those who may: Cleo." in seen["why_not"]) == (False, True)
    assert "Those who may: Cleo." in ben.get("/playbooks/ours/review").text
    assert cleo.get("/api/reviews").get_json()["waiting"][0]["may"]
    save(admin, TEXT)
    assert decide(ben, 2, comment=" fine ").get_json()["review_comment"] == "fine"
    assert refused(decide(cleo, 2)) == (409, "reviewed")
    save(ben, TEXT.replace("Ask.", "Ask now."))
    assert refused(decide(ben, 3)) == (403, "own")
    save(admin, WIDER.replace("Ask.", "Ask now."))
    assert decide(cleo, 4).status_code == 200
    save(admin, TEXT)
    assert refused(decide(ben, 5)) == (403, "right"), "it would take it from others than his"
    admin.send("PUT", "/api/people/2", {"edits": "all"})
    save(ben, TEXT.replace("Ask.", "Ask why."))
    # An author who lost the right to edit leaves a version that others may still approve.
    admin.send("PUT", "/api/people/2", {"role": "rep"})
    assert decide(cleo, 6).status_code == 200


def test_an_installer_without_a_name_approves_nothing(served: Served, admin: Browser) -> None:
    save(manager(served, edits="all"), TEXT)
    with admin.client.session_transaction(base_url=URL) as session:
        session["o"] = ""
    assert refused(decide(admin, 1)) == (403, "right")
    assert "does not list you" in decide(admin, 1).get_json()["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "1"}, "version"), ({"version": True}, "version"), ({}, "version"),
        ({"version": 1, "word": "yes"}, "word"), ({"version": 1, "comment": 5}, "comment"),
        ({"version": 1, "word": "send_back", "comment": "  "}, "comment"),
        ({"version": 1, "comment": "x" * 2001}, "comment"),
    ],
)  # fmt: skip
def test_a_word_that_is_none_is_named(
    served: Served, admin: Browser, body: dict[str, Any], field: str
) -> None:
    save(manager(served, edits="all"), TEXT)
    answer = admin.send("POST", "/api/playbooks/ours/review", {"word": "approve", **body})
    assert (answer.status_code, answer.get_json()["problems"][0]["field"]) == (422, field)
    assert decide(admin, 7).status_code == 404


def test_sent_back_it_may_be_approved_after_all_but_never_the_other_way(
    served: Served, admin: Browser
) -> None:
    ben = manager(served, edits="all")
    save(ben, TEXT)
    assert decide(admin, 1, "send_back", comment="Why?").status_code == 200
    assert save(ben, TEXT).get_json()["waits"] is False, "the same text is no new proposal"
    answer = admin.send("POST", "/api/playbooks/ours/activate", {"mode": "shadow"})
    assert answer.status_code == 200, "the stand-in of the lanes; theirs refuses it"
    assert decide(admin, 1).get_json()["state"] == "approved"
    assert refused(decide(admin, 1, "send_back", comment="No.")) == (409, "reviewed")


def test_who_may_approve_is_told_and_the_author_hears_of_it(served: Served, admin: Browser) -> None:
    ben, inst = manager(served, edits="all"), served.installation()
    save(ben, TEXT)
    decide(admin, 1, "send_back", comment="Why?")

    def told(owner: str | None) -> list[str]:
        with served.store.read() as conn:
            return [one["data"]["text"] for one in reading.notices_of(conn, inst, owner)]

    assert "Version 1, saved by ben@example.com, waits" in told(None)[0]
    assert "waits for approval" in told("3")[0], "Cleo may approve it"
    assert told("2") == ["Ada sent back version 1 of ours. Correct it and save a new version. "
                         "Their words: “Why?”"]  # fmt: skip


def test_all_that_differs_from_what_acts_is_shown(served: Served, admin: Browser) -> None:
    ben = manager(served, edits="all")
    save(ben, TEXT)
    decide(admin, 1)
    save(ben, TEXT.replace("Ask.", "Ask why."))
    save(ben, TEXT.replace("Ask.", "Just checking in.").replace("at: 1d", "at: 2d"))
    seen = admin.get("/api/playbooks/ours/review").get_json()
    (text,) = seen["texts"]
    assert (seen["against"], text["lines"]) == (
        "version 1",
        [" To decide: Is it decided?", " ", "-Ask.", "+Just checking in."],
    )  # fmt: skip
    assert "just checking in" in text["warnings"][0]["message"]
    assert [one["where"][-1] for one in seen["differences"]] == ["step one"]
    old = admin.get("/api/playbooks/ours/review?version=2").get_json()
    assert (old["state"], old["newest"]) == ("superseded", 3)
    assert "Look at version 3" in admin.get("/playbooks/ours/review?version=2").text
    page = html.unescape(admin.get("/playbooks/ours/review").text)
    assert "<b>+</b>Just checking in." in page
    assert page.count("just checking in") == 1, "what is odd stands beside its text alone"


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.replace("Ask.", "Ask now."),
        TEXT.replace("Say thanks.", "Thanks."),
        TEXT.replace("timeout: 5d", "timeout: 6d"),
        TEXT.replace("chase", "hunt"),
    ],
    ids=["its text", "a text of a way", "a step", "gone"],
)
def test_a_locked_sequence_reads_as_it_did(served: Served, changed: str) -> None:
    admin, ben = served.connected(), manager(served, edits="all")
    save(admin, TEXT)
    lock = {"locked": True, "sequence": "chase"}
    assert admin.send("PUT", "/api/playbooks/ours/lock", lock).status_code == 200
    answer = save(ben, changed)
    assert refused(answer) == (403, "locked")
    assert "ada@example.com" in answer.get_json()["message"]
    assert save(ben, TEXT.replace("id: sent", "id: begun")).status_code == 201, "its rules are free"
    assert save(admin, changed).status_code == 201


def test_a_locked_playbook_is_an_admins(served: Served) -> None:
    admin, ben = served.connected(), manager(served, edits="all")
    assert refused(admin.send("PUT", "/api/playbooks/ours/lock", {"locked": True})) == (
        404, "version",
    )  # fmt: skip
    save(admin, TEXT)
    for body in ({}, {"locked": "yes"}, {"locked": True, "sequence": 5}):
        assert admin.send("PUT", "/api/playbooks/ours/lock", body).status_code == 422
    missing = admin.send("PUT", "/api/playbooks/ours/lock", {"locked": True, "sequence": "x"})
    assert missing.get_json()["next"] == "Its sequences are: chase."
    admin.send("PUT", "/api/playbooks/ours/lock", {"locked": True})
    assert refused(save(ben, TEXT.replace("Ask.", "Ask now."))) == (403, "locked")
    assert "Locked for all but admins" in ben.get("/playbooks/ours/edit").text
    assert ben.get("/api/playbooks").get_json()["saved"][0]["locked"] == ["ours"]
    admin.send("PUT", "/api/playbooks/ours/lock", {"locked": False})
    assert save(ben, TEXT.replace("Ask.", "Ask now.")).status_code == 201
    kinds = [one["text"] for one in admin.get("/api/audit").get_json()["changes"]]
    assert {"locked ours for all but admins", "unlocked ours"} <= set(kinds)


def test_a_lock_on_what_is_gone_can_be_taken_away(served: Served) -> None:
    admin = served.connected()
    save(admin, TEXT)
    admin.send("PUT", "/api/playbooks/ours/lock", {"locked": True, "sequence": "chase"})
    save(admin, TEXT.replace("chase", "hunt"))
    assert "The sequence chase, which this version has no more" in admin.get("/playbooks/ours").text
    unlock = {"locked": False, "sequence": "chase"}
    assert admin.send("PUT", "/api/playbooks/ours/lock", unlock).status_code == 200
    assert admin.get("/api/locks").get_json() == {"locks": []}


def test_what_waits_stands_where_an_admin_looks(served: Served, admin: Browser) -> None:
    save(manager(served, edits="all"), TEXT)
    for path in ("/approvals", "/rules"):
        assert "<strong>ours</strong>, version 1" in admin.get(path).text
    with served.store.write() as conn:
        people.change(conn, served.installation(), "3", approves="none")
        change(conn, served.installation(), status="active")
    found = {one["code"]: one for one in admin.get("/api/doctor").get_json()["findings"]}
    assert "ours 1" in found["versions_wait"]["what"]
    assert "under People" in found["too_few_approvers"]["next"]


def test_the_newest_that_waits_for_nobody(served: Served, admin: Browser) -> None:
    ben, inst = manager(served, edits="all"), served.installation()
    for number, words in enumerate(("Ask.", "Ask now.", "Ask why."), 1):
        save(ben, TEXT.replace("Ask.", words))
        if number == 2:
            decide(admin, 2)
    with served.store.read() as conn:
        assert {key: row["version"] for key, row in playbooks.passed(conn, inst).items()} == {
            "ours": 2
        }
        assert playbooks.passed(conn, inst, "none") == {}
