"""What an admin sees and does by the pages: looking before acting, editing, files, versions."""

from __future__ import annotations

import re

import pytest
import requests

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, MIA, Story


def page(story: Story, path: str) -> str:
    answer = story.admin.session.get(f"{story.url}{path}", timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.text


def figures(text: str) -> dict[str, str]:
    """The tiles of a page: what → figure."""
    found = re.findall(r"<dt>([^<]+)</dt><dd>\s*([^<]+)<", text)
    return {what: figure.strip() for what, figure in found}


def three_deals(story: Story) -> None:
    names = ("Left alone", "Lost early", "Moved on")
    deals = {name: story.deal("qualified", name=name) for name in names}
    story.until("+1h")
    for deal in deals.values():
        story.move(deal, "proposal")
    story.until("+5d")
    story.move(deals["Lost early"], "lost")
    story.move(deals["Moved on"], "negotiation")
    story.until("+5d")


@pytest.mark.feature("P16")
@pytest.mark.feature("P25")
def test_what_it_would_have_owed_stands_beside_what_it_owes_already(begin: Begin) -> None:
    story = begin(before=three_deals)
    story.admin.save({"preset": "proposal"})
    before = story.export("tasks")["tasks"]
    text = page(story, "/setup?step=watch")
    parts = re.findall(r'data-load="([^"]+)"', text)
    assert parts == ["/playbooks/proposal/looking-back", "/playbooks/proposal/already-owed"]
    back, owed = (page(story, part) for part in parts)

    said = story.admin.get("/api/playbooks/proposal/backtest")
    assert said["owed"] > 0
    assert figures(back)["Steps owed"] == str(said["owed"])
    assert figures(back)["Records followed up"] == str(said["followed_up"]) == "3"
    assert story.export("tasks")["tasks"] == before
    assert story.touches() == []

    # Only the deal that still stands with its proposal is owed anything today.
    told = story.admin.get("/api/playbooks/proposal/backlog")
    (rule,) = told["rules"]
    assert (told["count"], told["whole"]) == (1, True)
    assert [row["subject"] for row in rule["subjects"]] == ["Left alone"]
    assert figures(owed)["Records in the backlog"] == "1"
    assert "Left alone" in owed
    assert "Lost early" not in owed
    story.activate("proposal", "shadow")
    (state,) = story.activate("proposal", "live")
    assert state["backlog"] == told["count"], "the activation leaves what the page had said"
    again = story.admin.get("/api/playbooks/proposal/backlog")
    assert again["count"] == 0, "what waits already does not count twice"


@pytest.mark.feature("P23")
def test_an_edited_file_goes_out_and_comes_back(story: Story) -> None:
    story.live("proposal")
    text = page(story, "/api/playbooks/proposal/file")
    given = [("files", ("proposal.yaml", text.replace("at: 3d", "at: 4d").encode()))]
    token = story.admin.get("/api/session")["csrf"]
    answer = story.admin.session.post(
        f"{story.url}/playbooks/files", data={"csrf": token}, files=given, timeout=20
    )
    assert "saved as version 2" in answer.text
    (one,) = story.admin.get("/api/playbooks/proposal/diff")["differences"]
    assert (one["where"][-1], one["before"], one["after"]) == ("step questions", "3d", "4d")
    deal = story.deal("qualified")
    story.until("+1h")
    story.move(deal, "proposal")
    story.until("+10min")
    due = {touch["step"]: story.local(touch["owed_at"]) for touch in story.touches()}
    assert due["questions"] == "Thu 2026-09-10 11:00", "what is only saved does not act"


def test_a_text_is_read_as_a_rep_will_read_it(story: Story) -> None:
    story.deal("proposal", name="Harbour crane")
    story.settle()
    text = page(story, "/playbooks/proposal/edit")
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
    sent["text"] = page(story, "/api/playbooks/proposal/file").replace(
        "Counting back from there", "Counting on from {{ deal.stage }}"
    )
    sent |= {"do": "preview:proposal-timeline", "record": "harbour", "view": "form"}
    before = story.touches()
    answer = story.admin.session.post(f"{story.url}/playbooks/draft", data=sent, timeout=20)
    assert "Harbour crane" in answer.text
    assert "Hello Nora" in answer.text
    assert "Counting on from" in answer.text
    assert story.touches() == before
    sent["record"] = "nowhere"
    answer = story.admin.session.post(f"{story.url}/playbooks/draft", data=sent, timeout=20)
    assert "There is no record “nowhere” here" in answer.text


@pytest.mark.feature("P14")
@pytest.mark.feature("P13")
def test_a_step_is_moved_in_the_form_and_chosen_follow_ups_with_it(story: Story) -> None:
    story.live("proposal")
    deal = story.deal("qualified", name="Chosen")
    story.until("+1h")
    story.move(deal, "proposal")
    story.until("+10min")
    text = page(story, "/playbooks/proposal/edit")
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
    sent["text"] = page(story, "/api/playbooks/proposal/file")
    sent |= {"do": "save", "view": "form", "sequences.0.steps.0.at": "5d"}
    answer = story.admin.session.post(f"{story.url}/playbooks/draft", data=sent, timeout=20)
    assert "Version 2 is saved" in answer.text
    assert "move chosen ones" in answer.text
    history = page(story, "/playbooks/proposal/history")
    assert re.search(r"version=1[^\n]*\n[^\n]*", history)
    rows = story.admin.get("/api/playbooks/proposal/versions")["versions"]
    assert [(row["version"], row["running"]) for row in rows] == [(2, 0), (1, 1)]
    move = page(story, "/playbooks/proposal/migrate")
    assert "Chosen" in move
    (row,) = story.admin.get("/api/playbooks/proposal/migrate")["enrolments"]
    chosen = [{"id": row["id"], "revision": row["revision"]}]
    story.change("POST", "/api/playbooks/proposal/migrate", {"to": 2, "enrolments": chosen})
    rows = story.admin.get("/api/playbooks/proposal/versions")["versions"]
    assert [(row["version"], row["running"]) for row in rows] == [(2, 1), (1, 0)]
    story.to("2026-09-12 12:00")
    assert story.open(deal) == []
    story.to("2026-09-14 12:00")
    assert [task.due for task in story.open(deal)] == ["Mon 2026-09-14 09:00"]


def test_a_manager_looks_and_a_rep_does_not(story: Story) -> None:
    story.admin.save({"preset": "proposal"})
    manager, rep = story.signed_in(MIA), story.signed_in(ADA)

    def seen(browser: requests.Session, path: str) -> int:
        return browser.get(f"{story.url}{path}", timeout=20).status_code

    for path in ("/playbooks/proposal", "/playbooks/proposal/history", "/playbooks/proposal/try",
                 "/playbooks/proposal/looking-back"):
        assert (seen(manager, path), seen(rep, path)) == (200, 403), path
    for path in ("/setup", "/settings", "/audit", "/people", "/playbooks/proposal/edit",
                 "/playbooks/proposal/already-owed"):
        assert (seen(manager, path), seen(rep, path)) == (403, 403), path
