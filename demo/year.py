"""`python -m demo.year`: a firm's year, played and audited by what stands in the CRM.

    python -m demo.year --deals 2000 --weeks 52 --seed 1

Several presets are live at once. Besides what prospects and reps do by themselves, a few times a
week something happens to the firm (`demo.upheaval`). At the end `demo.year_checks` reads the CRM's
export; the app's own account is told beside it and trusted in nothing.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from demo.calendars import DAY
from demo.play import play
from demo.processes import DemoError, Servers
from demo.session import Session, begin
from demo.upheaval import Upheaval
from demo.year_checks import Audit, audit, outcomes

PRESETS = (
    "proposal", "inbound-lead", "post-meeting", "idle-deal", "negotiation", "closed-lost",
    "post-sale", "proposal-ways", "momentum", "owner-change", "next-step", "two-answers",
    "comeback",
)  # fmt: skip
"""Live together. Those that need a field of the account's own have nothing to decide on here."""

_SHOWN = 30


@click.command()
@click.option("--deals", type=click.IntRange(30), default=2_000, show_default=True)
@click.option("--weeks", type=click.FloatRange(1), default=52, show_default=True)
@click.option("--seed", default=1, show_default=True, help="Of the people and of the upheavals.")
@click.option("--days-between", type=click.IntRange(1), default=2, show_default=True,
              help="Business days between two upheavals.")
@click.option("--deeds", type=click.IntRange(0), default=6, show_default=True,
              help="What happens at each of them.")
@click.option("--export", type=click.Path(path_type=Path), help="File for the CRM's contents.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one last line of JSON.")
def main(
    deals: int,
    weeks: float,
    seed: int,
    days_between: int,
    deeds: int,
    export: Path | None,
    as_json: bool,
) -> None:
    """Play a year and audit it. Ends with 0 only if no check found anything or looked at nothing.
    """
    signal.signal(signal.SIGTERM, _stop)
    console = Console(stderr=True, highlight=False, width=110)
    servers = Servers(["--seed", str(seed), "--deals", str(deals), "--weeks", str(weeks)])
    begun = time.monotonic()
    try:
        with servers:
            session = begin(servers, console, replay=False)
            upheaval = _play(session, seed, days_between, deeds)
            held = session.sandbox.export(session.portal)
            if export is not None:
                export.write_text(json.dumps(held))
            figures, problems = _figures(session, upheaval, held)
            figures["seconds"] = round(time.monotonic() - begun, 1)
            servers.keep = bool(problems)
    except DemoError as error:
        console.print(f"The year failed: {error}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    for name, value in figures.items():
        console.print(f"{name}: {value}", markup=False)
    for said in problems[:_SHOWN]:
        console.print(said, style="red", markup=False)
    if problems:
        console.print(f"{len(problems)} findings; logs and database: {servers.folder}")
    if as_json:
        print(json.dumps(figures), flush=True)
    sys.exit(1 if problems else 0)


def _play(session: Session, seed: int, days_between: int, deeds: int) -> Upheaval:
    session.install()
    session.activate([{"preset": preset} for preset in PRESETS], ["live"])
    upheaval = Upheaval(session.sandbox, session.portal, seed, session.kinds)
    rng = random.Random(f"{seed} instants")
    ends = int(session.account["ends_at"])
    now = int(session.sandbox.time()["now"])
    while now < ends:
        now = min(ends, now + round(rng.uniform(0.5, 1.5) * days_between * DAY))
        play(
            session.sandbox, now, session.account["timezone"], Console(quiet=True),
            check=session.servers.check,
        )  # fmt: skip
        if now < ends - DAY:
            upheaval.strike(deeds)
    return upheaval


def _figures(
    session: Session, upheaval: Upheaval, export: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    found: Audit = audit(export, session.kinds)
    result = session.admin.get("/api/result")
    states = Counter(touch["state"] for touch in session.admin.touches())
    problems = [*found.broken, *(f"{name}: looked at nothing" for name in found.idle)]
    if result["failed"]:
        problems.append(f"{len(result['failed'])} failed, first: {result['failed'][0]['error']}")
    figures: dict[str, Any] = {
        "deals": len(export["deals"]),
        "presets": list(PRESETS),
        "upheavals": dict(upheaval.done.most_common()),
        "touches": dict(states.most_common()),
        "tasks": outcomes(export),
        "stopped": result["stopped"],
        "checked": dict(found.looked),
        "broken": len(problems),
        "app_memory_mb": session.servers.memory_mb(),
    }
    return figures, problems


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
