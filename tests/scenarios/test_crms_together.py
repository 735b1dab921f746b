"""Accounts of several CRMs in one app: each is followed up in its own CRM, none sees another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.installations.config import Config, from_environment
from demo.admin import Admin
from demo.processes import DemoError
from tests.scenarios.crms import HUBSPOT, PIPEDRIVE, SALESFORCE, Crm
from tests.scenarios.harness import ADA, CLIENT_SECRET, PORTAL, Story, playbook

OTHER = PORTAL + 1
RULE = playbook("""
  - id: sent
    when: {stage_entered: proposal}
    settle: 0min
    then: [{create_tasks: [{id: ring, at: 1d, task: call, template: t, subject: Ring}]}]
""")


class Together(Story):
    """A HubSpot account as in any story, and one of another CRM with people of the same names."""

    def __init__(self, folder: Path, second: Crm) -> None:
        super().__init__(folder)
        self.second = second
        self.their_account = self._account(OTHER, second)

    def _config(self) -> Config:
        super()._config()
        self.environment |= self.second.environment(self.crm.url, CLIENT_SECRET)
        return from_environment(self.environment)

    def _connect(self) -> None:
        super()._connect()
        self.theirs = Admin(self.url)
        self.register(self.second)
        app = self.simulation.world.apps[self.second.app_id]
        self.second.prepare(self.their_account, app)
        self.theirs.install(crm=self.second.name)
        self.theirs.wait_for_import()
        self.theirs.confirm_stages({stage: kind for kind, stage in self.second.kinds.items()})
        self.theirs.settings(self.second.settings)
        for admin in (self.admin, self.theirs):
            admin.activate(admin.save({"text": RULE}), "live")
        self.until("+1min")  # what happens within the second of an activation is before it

    def their_deal(self, name: str) -> str:
        """A deal in proposal in the other CRM, with a person of the same address as ours."""
        vendor = self._flask.extensions["vendors"].by_crm[self.second.name]

        def act(verb: str, **params: str) -> str:
            body = {"portal": OTHER, "verb": verb, **params}
            return str(self.crm.call("POST", "/sandbox/act", body)["id"])

        contact = act(
            "create_contact", firstname="Nora", lastname="Vos", email="nora@prospect.example",
            owner=ADA.owner_id,
        )  # fmt: skip
        deal = act(
            "create_deal", name=name, stage="proposal", amount="5000", contact=contact,
            owner=ADA.owner_id,
        )  # fmt: skip
        return vendor.outer_id(self.their_account, "deals", deal)

    def their_tasks(self) -> list[dict[str, str]]:
        """Our tasks in the other CRM."""
        rows = self.crm.export(OTHER, "tasks")["tasks"]
        return [row["properties"] for row in rows if row["created_by"][0] == "INTEGRATION"]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Together]:
    with Together(tmp_path, SALESFORCE) as made:
        yield made


@pytest.mark.feature("K05")
@pytest.mark.parametrize("second", [SALESFORCE, PIPEDRIVE], ids=lambda crm: crm.name)
def test_each_is_followed_up_in_its_own_crm_and_none_sees_another(
    tmp_path: Path, second: Crm
) -> None:
    with Together(tmp_path, second) as story:
        _none_sees_another(story, second)


def _none_sees_another(story: Together, second: Crm) -> None:
    nora = story.contact("Nora", email="nora@prospect.example")
    ours = story.deal("proposal", contact=nora, name="At HubSpot")
    theirs = story.their_deal("Elsewhere")
    story.until("+2d")
    assert [t.subject for t in story.tasks()] == ["Ring — At HubSpot"]
    assert [t["hs_task_subject"] for t in story.their_tasks()] == ["Ring — Elsewhere"]
    assert {t["subject_id"] for t in story.admin.touches()} == {ours}
    assert {t["subject_id"] for t in story.theirs.touches()} == {theirs}
    for admin, foreign in ((story.admin, theirs), (story.theirs, ours)):
        with pytest.raises(DemoError, match="404"):
            admin.get(f"/api/subjects/deal/{foreign}")
    page = story.browser().get(f"{story.url}/welcome", timeout=10).text
    assert f"/connect/{HUBSPOT.name}" in page
    assert f"/connect/{second.name}" in page
    frames = story.browser().get(f"{story.url}/welcome", timeout=10).headers
    assert "frame-ancestors" in frames["Content-Security-Policy"]


@pytest.mark.feature("K05")
def test_an_opt_out_and_a_stop_in_one_are_none_in_the_other(story: Together) -> None:
    """The same address is two people: what the one firm may do is no matter of the other's."""
    nora = story.contact("Nora", email="nora@prospect.example")
    story.deal("proposal", contact=nora)
    story.their_deal("At Salesforce")
    story.act("opt_out", contact=nora)
    story.change("POST", "/api/stop", {"stopped": True})
    story.until("+2d")
    assert story.tasks() == []
    assert len(story.their_tasks()) == 1


@pytest.mark.feature("K05")
def test_what_an_account_cannot_do_is_told_to_its_own_admin(story: Together) -> None:
    ours = story.admin.session.get(f"{story.url}/", timeout=20).text
    theirs = story.theirs.session.get(f"{story.url}/", timeout=20).text
    assert "Salesforce sends an app of ours no webhooks" in theirs
    assert "Salesforce sends an app of ours no webhooks" not in ours


@pytest.mark.feature("K05")
def test_a_way_back_of_one_crm_connects_no_account_of_another(story: Together) -> None:
    browser = story.browser()
    page = browser.get(f"{story.url}/connect/salesforce", timeout=10)
    state = page.url.partition("state=")[2].partition("&")[0]
    answer = browser.get(f"{story.url}/oauth/hubspot/callback?code=x&state={state}", timeout=10)
    assert answer.status_code == 400
    assert "another browser" in answer.text
