"""One story and one Chromium for all tests of the pages as people see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api as playwright

from demo.screenshots import ARGUMENTS, chromium
from tests.scenarios.harness import OTTO, Person, Story, playbook

CHASE = playbook(
    """
    - id: chased
      title: A proposal was sent
      when: {stage_entered: proposal}
      then: [{enrol: chase}]
    """,
    """
    - id: chase
      title: Chase the decision
      steps:
        - {id: one, task: email, at: 1d, subject: Ask for the date, template: t}
        - {id: two, task: call, at: 4d, subject: Call about it, template: t}
    """,
)
DEALS = ("Acme renewal", "Borg licences", "Cyan rollout", "Delta pilot")
ACME, BORG, CYAN, DELTA = DEALS


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium, or set CHROMIUM=/path/to/it")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass(frozen=True)
class Firm:
    """A story that is under way, with its deals by name."""

    story: Story
    deals: Mapping[str, str]


@pytest.fixture(scope="session")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Four deals of Ada's in Proposal, a day later: three have a task in the CRM, one is paused."""
    folder: Path = tmp_path_factory.mktemp("firm")
    with Story(folder) as story:
        story.live(CHASE)
        deals = [story.deal("proposal", name=name) for name in DEALS]
        story.control(deals[-1], "pause")
        story.until("+10min")
        story.to("2026-09-08 15:00")
        yield Firm(story, dict(zip(DEALS, deals, strict=True)))


Open = Callable[..., Any]


@pytest.fixture
def opened(chrome: Any, firm: Firm) -> Iterator[Open]:
    """Opens a window in which a person is signed in; keyword arguments are the window's."""
    contexts: list[Any] = []

    def window(person: Person | None = OTTO, **more: Any) -> Any:
        context = chrome.new_context(base_url=firm.story.url, reduced_motion="reduce", **more)
        contexts.append(context)
        if person is not None:
            context.add_cookies([_cookie(firm.story, person)])
        page = context.new_page()
        page.said = []
        page.on("console", lambda m: page.said.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.said.append(str(e)))
        return page

    yield window
    for context in contexts:
        context.close()


_SIGNED_IN: dict[tuple[str, str], Any] = {}


def _cookie(story: Story, person: Person) -> Any:
    """The session of a person who opened their link, which works once."""
    key = (story.url, person.owner_id)
    if key not in _SIGNED_IN:
        cookies = story.signed_in(person).cookies
        _SIGNED_IN[key] = {
            "name": "followthrough", "value": cookies["followthrough"], "url": story.url,
        }  # fmt: skip
    return _SIGNED_IN[key]
