"""`bin/followthrough backtest`: what a playbook would have owed, before it is activated."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from app.cli.opened import opened
from app.installations.registry import Connectors
from app.lanes.backtest import DAYS, BacktestError
from app.lanes.backtest.files import backtest_files
from app.lanes.backtest.mirrored import backtest_mirror
from app.lanes.backtest.words import table
from app.lanes.context import Lanes
from app.model.playbook import Playbook
from app.playbooks.loader import load_file
from app.playbooks.presets import preset, preset_ids
from app.playbooks.problems import PlaybookError
from app.runtime.clocks import RealClocks
from app.store import installations
from imports.mapping import ImportProblem

_SHIPPED = Path(__file__).resolve().parents[2] / "imports"


@click.command()
@click.option("--playbook", required=True, metavar="NAME",
              help="A preset, a saved playbook of the account, or a YAML file.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of CSV files that hold a pipeline.")  # fmt: skip
@click.option("--mapping", type=click.Path(path_type=Path, dir_okay=False),
              help="What the files mean; default: mapping.yaml in the folder, else one that is "
              "shipped under the folder's name.")  # fmt: skip
@click.option("--account", help="Without --data: this connected account, by its id in the CRM.")
@click.option("--days", type=click.IntRange(1, 3650), default=DAYS, show_default=True,
              help="How far to look back.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
def backtest(
    playbook: str,
    data: Path | None,
    mapping: Path | None,
    account: str | None,
    days: int,
    as_json: bool,
) -> None:
    """Say what PLAYBOOK would have owed in the last DAYS days, had it been live.

    Steps for each rep and week, steps that would have come after the customer had answered or the
    deal had moved on, steps put off by caps and daily budgets, deals on which nothing happened
    without it. Nothing is written in the CRM and nothing begins; where an account's past is not
    known for so many days, the running server reads it from then on, and the answer says so.
    """
    if data is None:
        found = _over_account(playbook, account, days)
    else:
        found = _over_files(playbook, data, mapping, days)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else table(found))


def _over_files(name: str, data: Path, mapping: Path | None, days: int) -> dict[str, Any]:
    try:
        return backtest_files(_from_file(name), data, mapping or _mapping_of(data), days)
    except (ImportProblem, BacktestError) as error:
        raise click.ClickException(str(error)) from error


def _over_account(name: str, account: str | None, days: int) -> dict[str, Any]:
    """Over the mirror of a connected account, beside the running server."""
    with opened() as (config, store):
        if config.simulation:
            raise click.ClickException(
                "Under a sandbox only the running server knows the time; ask it with "
                "GET /api/playbooks/<id>/backtest."
            )
        with store.read() as conn:
            rows = [row for row in installations.read(conn) if account in (None, row["account_id"])]
        if len(rows) != 1:
            known = ", ".join(row["account_id"] for row in rows) or "none"
            raise click.ClickException(
                f"Say with --account which account is meant (found: {known}), or with --data which "
                "folder of CSV files."
            )
        with ThreadPoolExecutor(1) as pool:
            lanes = Lanes(store, RealClocks(), Connectors(config, store, RealClocks()).of, pool)
            try:
                return backtest_mirror(lanes, rows[0]["id"], name, days)
            except BacktestError as error:
                raise click.ClickException(str(error)) from error


def _mapping_of(data: Path) -> Path:
    """The mapping that goes without saying."""
    beside, shipped = data / "mapping.yaml", _SHIPPED / f"{data.resolve().name}.yaml"
    for file in (beside, shipped):
        if file.exists():
            return file
    raise click.UsageError(
        f"neither {beside} nor {shipped} is there; say with --mapping what the files mean "
        f"({_SHIPPED / 'bpic2012.yaml'} is an example)"
    )


def _from_file(name: str) -> Playbook:
    """A preset by its id, or a playbook from a file."""
    if name in preset_ids():
        return preset(name)
    file = Path(name)
    if not file.exists():
        raise click.BadParameter(
            f"there is neither a preset nor a file {name!r}; presets: {', '.join(preset_ids())}",
            param_hint="--playbook",
        )
    try:
        return load_file(file, trusting=True)
    except PlaybookError as error:
        text = "\n".join(str(problem) for problem in error.problems)
        raise click.ClickException(text) from error
