"""`bin/followthrough why`: why a rule did, or did not, act on a record."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.cli.beside import beside
from app.lanes.why import TYPES, why
from app.model.time import to_datetime

_MARKS = {True: "yes", False: "NO ", None: "?  "}


@click.command("why")
@click.argument("record")
@click.option("--type", "type_", type=click.Choice(TYPES), default="deal", show_default=True)
@click.option("--rule", help="Only this rule, as playbook/rule.")
@click.option("--at", "at_", help="As of a local time, such as 2026-09-21T10:00; else now.")
@click.option("--account", help="The account by its id in the CRM, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
def explain(
    record: str,
    type_: str,
    rule: str | None,
    at_: str | None,
    account: str | None,
    as_json: bool,
) -> None:
    """Say for the record with the CRM's id RECORD how each rule stands to it, check by check, what
    would have to change, and what was decided so far.

    Reads only the database, and may run beside the server. Checks look at the record as it was last
    read; with --at, time is another and decisions after it are left out.
    """
    with beside(account, at_) as (lanes, inst):
        found = why(lanes, inst, type_, record, rule, lanes.now())
    if found is None:
        raise click.ClickException(
            f"There is no {type_} {record} here. Take the CRM's id from the record's address; a "
            "record is known once it was imported."
        )
    if not found["rules"]:
        said = f"The rule {rule} is not" if rule else "No rule is"
        raise click.ClickException(f"{said} switched on; the Rules page shows what there is.")
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else told(found))


def told(found: dict[str, Any]) -> str:
    """The answer as a rep reads it."""
    zone = found["zone"]
    name = found["name"] or "no name"
    lines = [
        f"{name} ({found['type']} {found['id']}), stage {found['stage'] or 'none'}, "
        f"owner {found['owner'] or 'nobody'}, as of {_local(found['at'], zone)}"
    ]
    for rule in found["rules"]:
        lines += ["", f"{rule['rule']} ({rule['mode']}): {rule['title']}"]
        for check in rule["checks"]:
            lines.append(f"  {_MARKS[check['passed']]} {check['name']}: {check['found']}")
        changes = [check["change"] for check in rule["checks"] if check["change"]]
        if changes:
            lines.append(f"  for it to act: {'; '.join(changes)}")
        lines += [
            f"  {_local(entry['last_at'], zone)}  {entry['text']}" for entry in rule["decisions"]
        ] or ["  Nothing was decided yet."]
    return "\n".join(lines)


def _local(instant: int, zone: str) -> str:
    return f"{to_datetime(instant).astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M}"
