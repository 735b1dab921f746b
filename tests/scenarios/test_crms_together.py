"""Accounts of all CRMs in one app: each is followed up in its own CRM, none sees another's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.installations.config import Config, from_environment
from demo.admin import Admin
from demo.processes import DemoError
from sandbox.world.account import Account
from tests.scenarios.crms import CRMS, HUBSPOT, Crm
from tests.scenarios.harness import ADA, CLIENT_SECRET, PORTAL, Story, playbook

RULE = playbook("""
  - id: sent
    when: {stage_entered: proposal}
    settle: 0min
    then: [{create_tasks: [{id: ring, at: 1d, task: call, template: t, subject: Ring}]}]
""")
ADDRESS = "nora@prospect.example"
"""Of a person in each of the CRMs."""

WORDS = {"hubspot": "Huberta", "salesforce": "Salvatore", "pipedrive": "Pipaluk"}
"""A word in the names of an account's people and deals that stands in no other account."""

ARGUMENTS = {"playbook": "test", "page": "today", "type": "deal"}
"""What stands for the parts of an address, where nothing else is meant."""


@dataclass
class Side:
    """One account with its admin. portal: its id in the sandbox's world."""

    story: Together
    crm: Crm
    portal: int
    account: Account
    admin: Admin

    @property
    def word(self) -> str:
        return WORDS[self.crm.name]

    def act(self, verb: str, **params: str) -> str:
        """A deed in this CRM by the world's ids. The record's."""
        body = {"portal": self.portal, "verb": verb, **params}
        return str(self.story.crm.call("POST", "/sandbox/act", body)["id"])

    def deal(self, email: str = ADDRESS) -> tuple[str, str]:
        """A new deal in proposal with a person of the same address as everywhere: the person's id
        in the world, and the deal's as the app knows it."""
        contact = self.act(
            "create_contact", firstname="Nora", lastname=self.word, email=email,
            owner=ADA.owner_id,
        )  # fmt: skip
        deal = self.act(
            "create_deal", name=f"{self.word} rollout", stage="proposal", amount="5000",
            contact=contact, owner=ADA.owner_id,
        )  # fmt: skip
        vendors = self.story._flask.extensions["vendors"].by_crm
        return contact, vendors[self.crm.name].outer_id(self.account, "deals", deal)

    def tasks(self) -> list[dict[str, Any]]:
        """Our live tasks in this CRM."""
        return [
            row
            for row in self.story.crm.export(self.portal, "tasks")["tasks"]
            if row["created_by"][0] == "INTEGRATION" and not row["archived"]
        ]

    def page(self, path: str) -> tuple[int, str]:
        answer = self.admin.session.get(
            f"{self.story.url}{path}", timeout=30, allow_redirects=False
        )
        return answer.status_code, answer.text


class Together(Story):
    """A HubSpot account as in any story, and one of each other CRM, in one app."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sides: dict[str, Side] = {}
        for number, crm in enumerate(CRMS.values()):
            portal = PORTAL + number
            account = self.account if crm is HUBSPOT else self._account(portal, crm)
            self.sides[crm.name] = Side(self, crm, portal, account, Admin(""))

    def _config(self) -> Config:
        super()._config()
        for crm in CRMS.values():
            self.environment |= crm.environment(self.crm.url, CLIENT_SECRET)
        return from_environment(self.environment)

    def _connect(self) -> None:
        super()._connect()
        for side in self.sides.values():
            crm = side.crm
            if crm is HUBSPOT:
                side.admin = self.admin
                continue
            side.admin = Admin(self.url)
            self.register(crm)
            crm.prepare(side.account, self.simulation.world.apps[crm.app_id])
            side.admin.install(crm=crm.name)
            side.admin.wait_for_import()
            side.admin.confirm_stages({stage: kind for kind, stage in crm.kinds.items()})
            side.admin.settings(crm.settings)
        for side in self.sides.values():
            side.admin.activate(side.admin.save({"text": RULE}), "live")
        self.until("+1min")  # what happens within the second of an activation is before it

    def with_same_ids(self, deed: Callable[[Side], str]) -> dict[str, str]:
        """What a deed in each CRM makes has the same ids in the world, as vendors number records
        without a look at each other."""
        world, made = self.simulation.world, dict[str, str]()
        first = world._next_id
        for name, side in self.sides.items():
            world._next_id = first
            made[name] = deed(side)
        world._next_id = first + 1000
        return made

    def addresses(self, deals: Iterable[str]) -> list[str]:
        """Every address of the app that answers a signed-in admin's GET, those of records for each
        of these deals."""
        found: dict[str, None] = {}
        for rule in self.web.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.endpoint.startswith(("static", "oauth")):
                continue
            for deal in deals:
                path = rule.rule.replace("<path:", "<")
                for name in rule.arguments:
                    filled = deal if name == "crm_id" else ARGUMENTS.get(name, "1")
                    path = path.replace(f"<{name}>", filled)
                found[path.replace("/why/deal/" + deal, f"/why/deal/{deal}?rule=test/sent")] = None
        return list(found)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Together]:
    with Together(tmp_path) as made:
        yield made


@pytest.mark.feature("K05")
def test_each_of_three_is_followed_up_in_its_own_crm_and_sees_nothing_of_the_others(
    story: Together, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    deals = story.with_same_ids(lambda side: side.deal()[1])
    assert deals["hubspot"] == deals["pipedrive"], "ids alone do not tell them apart"
    story.until("+2d")
    for name, side in story.sides.items():
        (task,) = side.tasks()
        assert task["properties"]["hs_task_subject"] == f"Ring — {side.word} rollout"
        assert [t["subject_id"] for t in side.admin.touches()] == [deals[name]]
        assert side.admin.get(f"/api/subjects/deal/{deals[name]}")["name"].startswith(side.word)
    _none_shows_another(story, deals)
    assert not any(word in caplog.text for word in WORDS.values()), "nor does the common log"

    browser = story.browser()
    welcome = browser.get(f"{story.url}/welcome", timeout=10)
    assert all(f"/connect/{crm}" in welcome.text for crm in CRMS)
    assert "frame-ancestors" in welcome.headers["Content-Security-Policy"]
    page = browser.get(f"{story.url}/connect/salesforce", timeout=10)
    state = page.url.partition("state=")[2].partition("&")[0]
    answer = browser.get(f"{story.url}/oauth/hubspot/callback?code=x&state={state}", timeout=10)
    assert answer.status_code == 400, "a way back of one CRM connects no account of another"
    assert "another browser" in answer.text


def _none_shows_another(story: Together, deals: Mapping[str, str]) -> None:
    """No page, answer, export or search of an account says a word of another's."""
    paths = story.addresses(set(deals.values()))
    searched = [f"/api/subjects?q={what}" for what in (*WORDS.values(), ADDRESS, "rollout")]
    assert len(paths) > 80
    for side in story.sides.values():
        foreign = [other for other in story.sides.values() if other is not side]
        shown = 0
        for path in (*paths, *searched, *(f"/subjects?q={s.word}" for s in foreign)):
            status, text = side.page(path)
            assert status < 500, (side.crm.name, path)
            for other in foreign:
                said = text
                for echo in ('value="{}"', "q={}", "“{}”"):  # what was searched for itself
                    said = said.replace(echo.format(other.word), "")
                assert other.word not in said, (side.crm.name, path)
                assert str(other.portal) not in said, (side.crm.name, path)
            shown += side.word in text
            if any(f"/deal/{deal}" in path for deal in {*deals.values()} - {deals[side.crm.name]}):
                assert 400 <= status < 500, (side.crm.name, path)
        assert shown > 10, "it does see its own"
    silent = {"salesforce"}
    for name, side in story.sides.items():
        told = "Salesforce sends an app of ours no webhooks" in side.page("/")[1]
        assert told == (name in silent), "what an account cannot do is told to its own admin"


@pytest.mark.feature("K05")
def test_an_opt_out_a_stop_and_an_uninstalled_app_leave_the_others_as_they_are(
    story: Together,
) -> None:
    """The same address is three people: what one firm may do is no matter of the others'."""
    hubspot, salesforce, pipedrive = story.sides.values()
    nora, ours = hubspot.deal()
    theirs = salesforce.deal()[1]
    pipedrive.deal()
    hubspot.act("opt_out", contact=nora)
    story.change("POST", "/api/stop")
    story.until("+2d")
    assert [len(side.tasks()) for side in story.sides.values()] == [0, 1, 1]

    body = {"uninstall": True}
    story.crm.call("POST", f"/sandbox/accounts/{pipedrive.portal}", body)
    story.until("+10min")
    assert pipedrive.admin.get("/api/status")["status"] == "revoked"
    story.change("POST", "/api/resume")
    for side in story.sides.values():
        side.deal("later@prospect.example")
    story.until("+2d")
    assert [len(side.tasks()) for side in story.sides.values()] == [1, 2, 1]
    for side, foreign in ((hubspot, theirs), (salesforce, ours)):
        assert side.admin.get("/api/status")["status"] == "active"
        with pytest.raises(DemoError, match="404"):
            side.admin.get(f"/api/subjects/deal/{foreign}")

    story.change("POST", "/api/leave", {"account": str(hubspot.portal)})
    story.until("+1h")
    salesforce.deal("last@prospect.example")
    story.until("+2d")
    assert [len(side.tasks()) for side in story.sides.values()] == [0, 3, 1]
    assert salesforce.admin.get("/api/status")["status"] == "active"
