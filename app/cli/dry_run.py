"""`bin/followthrough dry-run`: what a playbook would do with one record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.cli.beside import beside, instant
from app.lanes.backtest import BacktestError
from app.lanes.dry_run import dry_run as tried
from app.lanes.why import TYPES
from app.model.dry_run import Question
from app.model.time import to_datetime
from app.playbooks.loader import load_file
from app.playbooks.problems import PlaybookError


@click.command("dry-run")
@click.argument("record")
@click.option("--playbook", help="A saved playbook, or a preset.")
@click.option("--version", type=int, help="The saved playbook's version; else the newest.")
@click.option("--file", type=click.Path(path_type=Path), help="A playbook file, saved or not.")
@click.option("--signal", help="As if it came: stage_entered:proposal, replied; else what stands.")
@click.option("--at", "at_", help="As of a local time, such as 2026-09-21T10:00; else now.")
@click.option("--answer-after", type=int, help="As if the customer answered after so many steps.")
@click.option("--afresh", is_flag=True, help="Leave aside what the playbook did already.")
@click.option("--type", "type_", type=click.Choice(TYPES), default="deal", show_default=True)
@click.option("--account", help="The account by its id in the CRM, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
def dry_run(
    record: str,
    playbook: str | None,
    version: int | None,
    file: Path | None,
    signal: str | None,
    at_: str | None,
    answer_after: int | None,
    afresh: bool,
    type_: str,
    account: str | None,
    as_json: bool,
) -> None:
    """Say what a playbook would do with the record with the CRM's id RECORD, and write nothing.

    The rules' decisions with their reasons, each touch with its time, the guard's word on it and
    its text; then the whole walk in simulated time.
    """
    if (playbook is None) is (file is None):
        raise click.UsageError("Say either --playbook or --file.")
    with beside(account) as (lanes, inst):
        tenant = lanes.tenant(inst)
        at = None if at_ is None else instant(at_, tenant.zone)
        asked = Question(type_, record, signal, at, afresh, answer_after)
        try:
            book = playbook or load_file(file or Path(), tenant.settings.own_fields())
            found = tried(lanes, inst, book, version, asked)
        except (BacktestError, PlaybookError, OSError) as error:
            raise click.ClickException(str(error)) from error
    if found is None:
        raise click.ClickException(f"There is no {type_} {record} here; it is known once imported.")
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else _told(found))


def _told(found: dict[str, Any]) -> str:
    zone = found["zone"]
    name = found["subject"] or "no name"
    lines = [f"{found['playbook']} on {name} ({found['subject_id']}), as of "
             f"{_local(found['at'], zone)}; nothing was written"]  # fmt: skip
    lines += [f"  {one['scope']}: {one['text']}" for one in found["decisions"]]
    for touch in found["touches"]:
        lines += ["", f"{_local(touch['due_at'], zone)}  {touch['title']} ({touch['step']})",
                  f"  guard: {touch['guard']['verdict']}, {touch['guard']['text']}"]  # fmt: skip
        lines += [f"  | {line}" for line in touch["body"].splitlines()]
    lines += ["", found["assumed"]]
    for step in found["walk"]:
        why = f": {step['why']}" if step["why"] else ""
        lines.append(f"  {_local(step['due_at'], zone)}  {step['step']} {step['fate']}{why}")
    return "\n".join(lines)


def _local(at: int, zone: str) -> str:
    return f"{to_datetime(at).astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M}"
