"""`python -m demo`: the main job from two commands, played and checked."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from demo import report
from demo.figures import Figures
from demo.processes import DemoError, Servers
from demo.session import PRESETS, REPLAYED, Session, begin
from demo.vendors import CRMS

DEALS = 200
WIDTH = 110
"""Columns of what is written to a file."""


@click.command()
@click.option("--exit", "leave", is_flag=True, help="End when played; else serve until Ctrl-C.")
@click.option("--crm", type=click.Choice(list(CRMS)), default="hubspot", show_default=True,
              help="Whose sandbox is played on.")
@click.option("--seed", default=1, show_default=True, help="Seed of the generated pipeline.")
@click.option("--deals", type=click.IntRange(1), help=f"Deals to generate (default {DEALS}).")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of an imported pipeline.")
@click.option("--mapping", type=click.Path(path_type=Path), help="YAML that says how to read it.")
@click.option("--playbook", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help=f"YAML to replay with --data instead of the preset {REPLAYED}.")
@click.option("--har", type=click.Path(path_type=Path), help="File for all calls, as HTTP Archive.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one last line of JSON.")
@click.option("--export", type=click.Path(path_type=Path), help="File for the CRM's contents.")
def main(
    leave: bool,
    crm: str,
    seed: int,
    deals: int | None,
    data: Path | None,
    mapping: Path | None,
    playbook: Path | None,
    har: Path | None,
    as_json: bool,
    export: Path | None,
) -> None:
    """Play the main job: install, import, activate, four weeks of business time, and a check.

    Ends with 0 only if the checker found nothing twice, missing or broken, and no call was refused
    for its rate.
    """
    if (data is None) != (mapping is None):
        raise click.UsageError("--data and --mapping belong together: give both or neither.")
    if playbook is not None and data is None:
        raise click.UsageError("--playbook is for replays; give --data and --mapping with it.")
    if data is not None and deals is not None:
        raise click.UsageError("--deals is for generated pipelines; leave it out with --data.")
    signal.signal(signal.SIGTERM, _stop)
    # Figures go to the output alone, so that a program can read them; people read the rest.
    console = Console(stderr=as_json, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    begun = time.monotonic()
    options = ["--seed", str(seed), "--deals", str(deals or DEALS)]
    if data is not None:
        options = ["--data", str(data.resolve()), "--mapping", str(mapping.resolve())]  # type: ignore[union-attr]
    servers = Servers(options, har=har is not None, crm=CRMS[crm])
    try:
        with servers:
            session = begin(servers, console, replay=data is not None)
            figures = _run(session, playbook, begun)
            report.show(console, figures)
            _files(session, har, export)
            servers.keep = bool(figures.problems)
            if not leave:
                _serve(session, figures)
    except DemoError as error:
        console.print(f"The demo failed: {error}", style="red", markup=False)
        _logs(console, servers)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    if figures.problems:
        _logs(console, servers)
    if as_json:
        print(json.dumps(figures.as_json()), flush=True)
    sys.exit(1 if figures.problems else 0)


def _run(session: Session, playbook: Path | None, begun: float) -> Figures:
    session.install()
    if playbook is not None:
        session.activate([{"text": playbook.read_text(encoding="utf-8")}], ["live"])
    elif session.replay:
        session.activate([{"preset": REPLAYED}], ["live"])
    else:
        session.activate([{"preset": preset} for preset in PRESETS])
    session.play()
    verdict = session.check()
    return Figures(
        deals=len(session.sandbox.export(session.portal, "deals")["deals"]),
        result=session.admin.get("/api/result"),
        touches=session.admin.touches(),
        stats=session.sandbox.stats(),
        verdict=verdict,
        seconds=time.monotonic() - begun,
    )


def _files(session: Session, har: Path | None, export: Path | None) -> None:
    if har is not None:
        har.write_text(json.dumps(session.sandbox.get("/sandbox/har")))
        session.console.print(f"Every call between app and CRM is in {har}; secrets are masked.")
    if export is not None:
        export.write_text(json.dumps(session.sandbox.export(session.portal)))
        session.console.print(f"The CRM's contents are in {export}.")


def _serve(session: Session, figures: Figures) -> None:
    report.addresses(session.console, session, figures)
    try:
        while True:
            time.sleep(1)
            session.servers.check()
    except KeyboardInterrupt:
        session.console.print("Ending.")


def _logs(console: Console, servers: Servers) -> None:
    console.print(f"Logs and database are kept in {servers.folder}", markup=False)


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
