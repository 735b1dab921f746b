"""What people do on the pages, with mouse and keyboard, as the CRM then shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from app.installations.config import Config
from connectors.hubspot.webhooks import signature_v3
from tests.browser.conftest import ACME, BORG, CYAN, DELTA, Firm, Open
from tests.scenarios.harness import ADA, BEN, CLIENT_SECRET, MIA, OTTO, PORTAL, Story


def control(firm: Firm, name: str) -> str:
    return firm.story.properties("deals", firm.deals[name]).get("followthrough_control", "")


def test_each_role_is_led_to_what_it_may_see(firm: Firm, opened: Open) -> None:
    links = {}
    for person in (OTTO, MIA, ADA):
        page = opened(None)
        page.goto(firm.story.admin.signin_link(person.email))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(r"/(next)?$"))
        nav = page.get_by_role("navigation", name="Main").get_by_role("link")
        links[person] = nav.all_inner_texts()
    assert links[ADA] == ["Do next", "Mine", "Records"]
    assert "Rules" in links[MIA]
    assert "Set-up" not in links[MIA]
    assert {"Rules", "Set-up", "People", "Health"} <= set(links[OTTO])
    page = opened(BEN)
    page.goto(f"/subjects/deal/{firm.deals[ACME]}")
    assert page.get_by_text("that you may see").is_visible(), "Ada's records are not Ben's"


def test_a_rep_works_through_the_queue_by_keyboard(firm: Firm, opened: Open) -> None:
    page = opened(ADA)
    page.goto("/next")
    first = page.get_by_role("heading", level=2).first.inner_text()
    before = len(firm.story.open(firm.deals[first]))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for key in "jk":
        with page.expect_navigation(url=re.compile(r"touch=")):
            page.keyboard.press(key)
    assert page.get_by_role("heading", level=2).first.inner_text() == first
    page.keyboard.press("d")
    page.get_by_text("Done: the task is completed in the CRM.").wait_for()
    assert page.get_by_role("heading", level=2).first.inner_text() != first
    assert (before, firm.story.open(firm.deals[first])) == (1, [])
    assert page.said == []


def test_typing_words_is_no_command_and_they_stand_in_the_crm(firm: Firm, opened: Open) -> None:
    page = opened(ADA)
    page.goto(f"/panel/deal/{firm.deals[CYAN]}")
    (task,) = firm.story.open(firm.deals[CYAN])
    field = page.get_by_label("The words")
    field.fill("")
    field.press_sequentially("dwstp: shall we decide?")
    page.get_by_role("button", name="Save the words").click()
    page.get_by_text("The text is saved.").wait_for()
    assert "<p>dwstp: shall we decide?</p>" in firm.story.open(firm.deals[CYAN])[0].body
    assert task.open


def test_a_locked_sequence_is_read_and_copied_but_not_rewritten(firm: Firm, opened: Open) -> None:
    admin = opened(OTTO)
    admin.goto("/playbooks/test")
    admin.get_by_role("button", name="Lock The sequence Chase the decision").click()
    admin.get_by_text("test/chase is locked for all but admins.").wait_for()
    page = opened(ADA)
    page.goto(f"/panel/deal/{firm.deals[BORG]}")
    assert page.get_by_label("The words (locked)").get_attribute("readonly") is not None
    assert page.get_by_text("An admin may unlock them (Otto Firm).").is_visible()
    assert page.get_by_role("button", name="Save the words").count() == 0
    admin.get_by_role("button", name="Unlock The sequence Chase the decision").click()
    admin.get_by_text("test/chase is no longer locked.").wait_for()
    page.reload()
    assert page.get_by_role("button", name="Save the words").count() == 1
    assert page.said == admin.said == []


def test_a_pause_from_the_panel_is_seen_in_the_crm(firm: Firm, opened: Open) -> None:
    page = opened(ADA)
    page.goto(f"/panel/deal/{firm.deals[DELTA]}")
    assert page.get_by_text("Paused, by the rep. The CRM shows the same.").is_visible()
    page.get_by_role("button", name="Let follow-up go on").click()
    page.get_by_text("Automatic follow-up goes on.").wait_for()
    assert control(firm, DELTA) == "run"
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Leave it").click()
    assert control(firm, DELTA) == "run", "asked first, and left"
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused, by the rep.").wait_for()
    assert control(firm, DELTA) == "pause"


def test_a_refusal_stands_beside_the_button(firm: Firm, opened: Open) -> None:
    page = opened(ADA)
    page.goto(f"/panel/deal/{firm.deals[BORG]}")
    page.get_by_role("button", name="Begin").click()
    told = page.get_by_role("alert")
    told.wait_for()
    assert "The same sequence is running" in told.inner_text()


def signed(story: Story, path: str, user: int) -> dict[str, Any]:
    """What HubSpot's proxy brings a card of this user."""
    address = f"{path}?portalId={PORTAL}&userId={user}&appId=1"
    stamp = str(story.wall())
    signature = signature_v3(CLIENT_SECRET, "GET", story.url + address, b"", stamp)
    headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}
    return requests.get(story.url + address, headers=headers, timeout=10).json()


class Elsewhere(Story):
    """The CRM's pages stand on another site than ours, as they do in life."""

    def _config(self) -> Config:
        self._environment["HUBSPOT_APP_BASE"] = self.crm.url.replace("127.0.0.1", "localhost")
        return super()._config()


@pytest.fixture
def elsewhere(chrome: Any, tmp_path: Path) -> Any:
    """A story with its CRM elsewhere, a deal of Ada's, and a window of nobody's."""
    with Elsewhere(tmp_path) as story:
        deal = story.deal("proposal", name="Framed")
        story.settle()
        context = chrome.new_context()
        page = context.new_page()
        yield story, deal, page
        context.close()


def framed(page: Any, address: str) -> None:
    """The page that stands there gets a frame with that address."""
    page.evaluate(
        """src => document.body.append(
            Object.assign(document.createElement("iframe"), {src, width: 600, height: 800}))""",
        address,
    )


def test_the_panel_works_in_a_frame_of_the_crm(elsewhere: Any) -> None:
    story, deal, page = elsewhere
    ada = 9000 + story.people.index(ADA)
    found = signed(story, f"/card/hubspot/deal/{deal}", ada)
    crm = story.config.vendor("hubspot").app_base
    page.goto(f"{crm}/crm/")
    framed(page, found["open"])
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="Framed").wait_for()
    frame.get_by_role("button", name="Pause").click()
    frame.get_by_text("Paused, by the rep.").wait_for()
    assert story.properties("deals", deal)["followthrough_control"] == "pause"
    (cookie,) = page.context.cookies(story.url)
    assert (cookie["name"], cookie["sameSite"], cookie["secure"]) == (
        "followthrough_frame", "None", True
    )  # fmt: skip
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(story.crm.url.replace("127.0.0.1", "foreign.localhost") + "/crm/")
    framed(page, f"{story.url}/welcome")
    page.wait_for_timeout(300)
    assert any("frame-ancestors" in line for line in said), "nobody else frames us"


def test_who_leads_and_covers_is_chosen_among_the_others(opened: Open) -> None:
    page = opened(OTTO)
    page.goto("/people")
    row = page.locator("form.row", has=page.get_by_role("link", name="Ben Firm"))
    offered = {"none", "Otto Firm", "Mia Firm", "Ada Firm"}
    manager, cover = (row.locator(f"select[name^={name}]") for name in ("manager_id", "cover_id"))
    for field in (manager, cover):
        options = field.locator("option").all_inner_texts()
        assert (set(options), len(options)) == (offered, 4)
    led = manager.input_value()
    for name, kept in (("Ada Firm", ADA.owner_id), ("none", "")):
        cover.select_option(label=name)
        row.get_by_role("button", name="Save").click()
        page.get_by_text("Saved Ben Firm.").wait_for()
        page.goto("/people")
        assert cover.input_value() == kept
        assert manager.input_value() == led
    assert page.said == []
