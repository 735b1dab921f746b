"""`python -m demo.screenshots`: plays the demo and photographs the pages that people work on.

The pictures are of the pages as they are, in Chromium, after four weeks of business time; nothing
in them is drawn by hand. Needs what the browser tests need (`bin/setup --dev`).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from demo.processes import DemoError, Servers
from demo.session import PRESETS, Session, begin

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
DESK, PHONE, FRAME = (1280, 860), (390, 844), (420, 860)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """One picture. where: the address, or a function of the page that finds it by clicking.
    before: what is done to the account first, which the pictures after it show as well."""

    name: str
    role: str
    where: str | Callable[[Any], None]
    size: tuple[int, int] = DESK
    dark: bool = False
    before: Callable[[Session], None] | None = None


def _most_urgent(page: Any) -> None:
    """The record that is due first."""
    page.goto("/subjects")
    page.locator("tbody th a").first.click()
    page.wait_for_load_state()


def _its_panel(page: Any) -> None:
    _most_urgent(page)
    page.goto(page.url.replace("/subjects/", "/panel/"))


_CHANGED = (
    ("at: 14d", "at: 12d"),
    ("which part did you read twice?", "what would you like to go through first?"),
    ("- Who else has seen it, and what did they say about the price?",
     "- Who else decides, and what would they have to see?"),
)  # fmt: skip
"""What somebody changes of the playbook of proposals."""


def _propose(session: Session) -> None:
    """The admin saves a version that the manager is to approve."""
    admin, manager = session.admin, session.default_owner("crm_id")
    admin.change("PUT", f"/api/people/{manager}", {"edits": "all", "approves": "all"})
    admin.settings({"approve_versions": True})
    text = str(admin.get("/api/playbooks/proposal")["text"])
    for before, after in _CHANGED:
        if before not in text:
            raise DemoError(f"the playbook of proposals no longer says {before!r}; choose another")
        text = text.replace(before, after)
    admin.save({"text": text})


SHOTS = (
    Shot("dashboard", "manager", "/dashboard/today"),
    Shot("silence", "manager", "/dashboard/pipeline"),
    Shot("week", "manager", "/dashboard/week"),
    Shot("do-next", "rep", "/next"),
    Shot("do-next-phone", "rep", "/next", PHONE, dark=True),
    Shot("record", "admin", _most_urgent),
    Shot("panel", "admin", _its_panel, FRAME),
    Shot("playbook", "admin", "/playbooks/proposal"),
    Shot("rules", "admin", "/rules", dark=True),
    Shot("set-up", "admin", "/setup?step=playbook"),
    Shot("editor", "admin", "/playbooks/proposal/edit"),
    Shot("result", "admin", "/"),
    Shot("review", "manager", "/playbooks/proposal/review", before=_propose),
)


@click.command()
@click.option("--into", type=click.Path(path_type=Path), default=FOLDER, help="Folder for them.")
@click.option("--deals", default=200, show_default=True, help="Deals to generate.")
@click.option("--seed", default=1, show_default=True, help="Seed of the generated pipeline.")
def main(into: Path, deals: int, seed: int) -> None:
    """Play the demo and photograph its pages."""
    console = Console(highlight=False)
    try:
        with Servers(["--seed", str(seed), "--deals", str(deals)]) as servers:
            session = begin(servers, console, replay=False)
            session.install()
            session.activate([{"preset": preset} for preset in PRESETS])
            session.play()
            taken = photograph(session, into)
    except DemoError as error:
        console.print(f"No pictures: {error}", style="red", markup=False)
        sys.exit(1)
    console.print(f"{len(taken)} pictures in {into}: {', '.join(taken)}")


def photograph(session: Session, into: Path) -> list[str]:
    """Take every picture of `SHOTS`; their names. Raises DemoError for a page that fails."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise DemoError("playwright is not installed; run bin/setup --dev first") from None
    into.mkdir(parents=True, exist_ok=True)
    links = {role: session.admin.signin_link(mail) for role, mail in session.roles.items() if mail}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=_chromium(), args=list(ARGUMENTS))
        known: dict[str, Any] = {}
        for shot in SHOTS:
            _take(browser, session, shot, links, known, into)
        browser.close()
    return [shot.name for shot in SHOTS]


def _take(
    browser: Any,
    session: Session,
    shot: Shot,
    links: dict[str, str],
    known: dict[str, Any],
    into: Path,
) -> None:
    if shot.before is not None:
        shot.before(session)
    wide, high = shot.size
    context = browser.new_context(
        base_url=session.servers.app_url, storage_state=known.get(shot.role),
        viewport={"width": wide, "height": high}, reduced_motion="reduce",
        color_scheme="dark" if shot.dark else "light",
    )  # fmt: skip
    page = context.new_page()
    if shot.role not in known:
        page.goto(links[shot.role])
        page.locator("main button").click()
        page.wait_for_load_state()
        known[shot.role] = context.storage_state()
    if callable(shot.where):
        shot.where(page)
    else:
        answer = page.goto(shot.where)
        if answer is None or answer.status != 200:
            raise DemoError(f"{shot.where} answered {answer and answer.status}; no picture of it")
    page.wait_for_load_state("networkidle")  # what a page asks for when it stands is in it
    page.screenshot(path=into / f"{shot.name}.png")
    context.close()


def chromium() -> str | None:
    """The browser to drive: the one that CHROMIUM names, else the system's; None: there is none."""
    found = (path for name in BROWSERS if (path := shutil.which(name)))
    return os.environ.get("CHROMIUM") or next(found, None)


def _chromium() -> str:
    found = chromium()
    if found is None:
        raise DemoError("there is no Chromium here; install one, or name it in CHROMIUM")
    return found


if __name__ == "__main__":
    main()
