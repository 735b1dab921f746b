"""Whose word a version needs before it acts, who may edit what, and what an admin has locked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests

from demo.http import TIMEOUT_S
from demo.processes import DemoError
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, MIA, OTTO, PEOPLE, Person, Story, playbook

CHASE = playbook(
    """
    - id: chased
      when: {stage_entered: proposal}
      then: [{enrol: chase}]
    """,
    """
    - id: chase
      steps:
        - {id: one, task: email, at: 1d, subject: One, template: t}
        - {id: two, task: call, at: 4d, subject: Two, template: t}
    - id: other
      steps:
        - {id: three, task: call, at: 1d, subject: Three, template: u}
    """,
) + "  u: {decides: Which day suits?, body: Offer two days.}\n"
FIRST, SECOND, THIRD = "Ask for the decision.", "Just checking in.", "Ask for a date."


def saying(words: str) -> str:
    """The playbook with other words in its first text."""
    return CHASE.replace(FIRST, words)


class Desk:
    """A person's own session: what they ask for, and are refused."""

    def __init__(self, story: Story, person: Person) -> None:
        self._story, self._browser = story, story.signed_in(person)
        self._csrf = self._browser.get(f"{story.url}/api/session", timeout=TIMEOUT_S).json()["csrf"]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        answer = self._browser.request(
            method, f"{self._story.url}{path}", json=body, headers={"X-CSRF-Token": self._csrf},
            timeout=TIMEOUT_S,
        )  # fmt: skip
        return answer.status_code, answer.json()

    def get(self, path: str) -> dict[str, Any]:
        status, found = self.ask("GET", path)
        assert status == 200, found
        return found

    def page(self, path: str) -> str:
        answer: requests.Response = self._browser.get(
            f"{self._story.url}{path}", timeout=TIMEOUT_S
        )
        assert answer.status_code == 200
        return answer.text

    def save(self, text: str) -> tuple[int, dict[str, Any]]:
        return self.ask("POST", "/api/playbooks", {"text": text})

    def decide(self, version: int, word: str, comment: str = "") -> tuple[int, dict[str, Any]]:
        body = {"version": version, "word": word, "comment": comment}
        return self.ask("POST", "/api/playbooks/test/review", body)


def grant(story: Story, person: Person, **changes: str) -> None:
    story.admin.change("PUT", f"/api/people/{story.owner(person)}", changes)


def words_of(story: Story) -> str:
    """The words of the first task of a deal that enters Proposal now, as they stand in the CRM."""
    deal = story.deal("proposal")
    story.until("+26h")
    (task,) = story.open(deal)
    return next(words for words in (FIRST, SECOND, THIRD) if words in task.body)


def refused(told: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    status, body = told
    assert body["next"], body
    return status, body["error"]


@pytest.mark.feature("P12")
def test_a_version_acts_once_somebody_other_than_its_author_has_approved_it(
    begin: Begin,
) -> None:
    eva = Person("504", "Eva", title="Enablement")
    story = begin(people=(*PEOPLE, eva))
    story.live(CHASE)
    with pytest.raises(DemoError, match="nobody approves their own") as alone:
        story.admin.settings({"approve_versions": True})
    assert "under People" in str(alone.value)
    grant(story, MIA, edits="all", approves="all")
    story.admin.settings({"approve_versions": True})
    mia = Desk(story, MIA)

    status, saved = mia.save(saying(SECOND))
    assert (status, saved["version"], saved["waits"]) == (201, 2, True)
    assert "saved by mia@firm.example, waits" in story.notices(None)[-1]["data"]["text"]
    assert words_of(story) == FIRST, "the version before stays in force"
    again = story.change("POST", "/api/playbooks/test/activate", {"mode": "live"})
    assert (again["version"], "version 2 is not approved" in again["said"]) == (1, True)
    assert words_of(story) == FIRST
    with pytest.raises(DemoError, match="version 2 of test waits for approval"):
        story.admin.get("/api/playbooks/test/migrate?to=2")
    assert refused(mia.decide(2, "approve")) == (403, "own")

    seen = story.admin.get("/api/playbooks/test/review")
    (text,) = seen["texts"]
    assert (seen["against"], seen["state"], seen["may"]) == ("version 1", "waits", True)
    assert {"-Ask for the decision.", "+Just checking in."} <= set(text["lines"])
    assert "just checking in" in text["warnings"][0]["message"]
    otto = Desk(story, OTTO)
    assert refused(otto.decide(2, "send_back")) == (422, "comment")
    assert otto.decide(2, "send_back", "Ask for something.")[0] == 200
    assert "“Ask for something.”" in story.notices(MIA)[-1]["data"]["text"]

    assert mia.save(saying(THIRD))[1]["version"] == 3
    assert refused(otto.decide(2, "approve")) == (409, "superseded")
    command = story.command("review", "test", "--approve", "3", "--as", "mia@firm.example")
    assert (command.exit_code, "yourself" in command.output) == (1, True)
    assert "+Ask for a date." in story.command("review", "test").output
    assert story.command("review").output == "test: version 3, saved by mia@firm.example\n"
    for words, wanted in (
        (("test", "--approve", "3"), "with --as the user who decides"),
        (("test", "--approve", "3", "--as", "zoe@firm.example"), "there are: otto@firm.example"),
        (("test", "--approve", "3", "--send-back", "3"), "not both"),
        (("none",), "no saved playbook 'none'"),
    ):
        told = story.command("review", *words)
        assert (told.exit_code, wanted in told.output) == (2, True), told.output
    grant(story, BEN, role="admin")
    grant(story, eva, role="manager", approves="all")
    desks, at_once = [otto, Desk(story, BEN), Desk(story, eva)], Barrier(3)

    def press(desk: Desk) -> tuple[int, str]:
        at_once.wait()
        status, told = desk.decide(3, "approve")
        return status, told.get("error", "")

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(press, desks)) == [(200, ""), (409, "reviewed"), (409, "reviewed")]
    assert words_of(story) == FIRST, "approved is not yet in force"
    assert story.change("POST", "/api/playbooks/test/activate", {"mode": "live"})["version"] == 3
    assert words_of(story) == THIRD

    page = mia.page("/playbooks/test/history")
    assert "sent back" in page
    assert "“Ask for something.”" in page
    said = [one["text"] for one in story.admin.get("/api/audit")["changes"]]
    assert said.count("approved version 3 of test") == 1
    assert "sent back version 2 of test: Ask for something." in said


@pytest.mark.feature("P12")
def test_a_locked_sequence_is_enrolled_in_and_changed_by_admins_alone(story: Story) -> None:
    story.live(CHASE)
    grant(story, MIA, edits="all")
    mia, ada, otto = Desk(story, MIA), Desk(story, ADA), Desk(story, OTTO)
    assert "no saved 'test/none'" in story.command("lock", "test/none").output
    lock = {"sequence": "chase", "locked": True}
    assert otto.ask("PUT", "/api/playbooks/test/lock", lock)[0] == 200
    assert mia.get("/api/locks")["locks"][0]["what"] == "test/chase"
    gone = CHASE.replace("- id: chase\n", "- id: ours\n").replace("enrol: chase", "enrol: ours")
    for changed in (saying(THIRD), CHASE.replace("at: 4d", "at: 5d"), gone):
        status, told = mia.save(changed)
        assert (status, told["error"]) == (403, "locked"), told
        assert "by otto@firm.example" in told["message"]
    assert mia.save(CHASE.replace("at: 1d, subject: Three", "at: 2d, subject: Three"))[0] == 201

    deal = story.deal("qualified")
    story.settle()
    address = f"/api/panel/deal/{deal}"
    begun = ada.ask("POST", address, {"do": "begin", "sequence": "test/chase"})
    assert begun[0] == 200, "others enrol in it"
    story.until("+26h")
    shown = ada.get(address)
    assert "locked for all but admins" in shown["draft"]["locked"]
    assert "readonly" in ada.page(f"/panel/deal/{deal}")
    rewrite = {"do": "rewrite", "touch": shown["next"]["touch"], "text": "Hi there."}
    status, told = ada.ask("POST", address, rewrite)
    assert (status, told["error"], "Otto" in told["message"]) == (403, "locked", True)
    assert FIRST in story.open(deal)[0].body
    assert otto.ask("POST", address, {**rewrite, "text": "As agreed."})[0] == 200
    assert "As agreed." in story.open(deal)[0].body
    assert ada.ask("POST", address, {"do": "snooze", "touch": rewrite["touch"], "until": "3d"})[0] \
        == 200
    assert "no longer locked" in story.command("unlock", "test/chase").output
    assert ada.ask("POST", address, rewrite)[0] == 200
    assert "Hi there." in story.open(deal)[0].body
    assert story.command("lock", "test").exit_code == 0
    assert refused(mia.save(saying(THIRD))) == (403, "locked")
    assert ada.get(address)["draft"]["locked"], "the whole playbook's lock holds for its texts"
