"""`bin/followthrough migrate`: running follow-ups to another version of their playbook."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.cli.beside import beside
from app.lanes.activation import ActivationError
from app.lanes.migrating import move, preview
from app.model.migration import Wanted
from app.model.time import to_datetime
from app.model.vocabulary import NewSteps


@click.command()
@click.argument("playbook")
@click.option("--to", "to", type=int, help="The version's number; else the newest.")
@click.option("--from", "since", type=int, help="Only follow-ups of this version.")
@click.option(
    "--new-steps",
    type=click.Choice([choice.value for choice in NewSteps]),
    default=NewSteps.AHEAD.value,
    show_default=True,
    help="Which follow-ups get steps that only the new version has: none, those that have not come "
    "to them yet, those that are past them, or all.",
)
@click.option("--only", multiple=True, metavar="ID", help="Only this follow-up; any number.")
@click.option("--apply", "apply_", is_flag=True, help="Move them; else only show it.")
@click.option("--account", help="The account by its id in the CRM, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
def migrate(
    playbook: str,
    to: int | None,
    since: int | None,
    new_steps: str,
    only: tuple[str, ...],
    apply_: bool,
    account: str | None,
    as_json: bool,
) -> None:
    """Show what moving the running follow-ups of PLAYBOOK to another version would do to each, step
    by step; with --apply, move them. May run beside the server.

    What is done is never repeated. A task that a rep edited is left alone. Moving back is the same
    command with the former version.
    """
    wanted = Wanted(playbook, to, NewSteps(new_steps), since, only or None)
    with beside(account) as (lanes, inst):
        zone = lanes.tenant(inst).zone
        try:
            found = _all(lanes, inst, wanted)
            chosen = {r["id"]: r["revision"] for r in found["enrolments"] if not r["blocked"]}
            if apply_ and chosen:
                found["done"] = move(lanes, inst, wanted, chosen, "cli")
        except ActivationError as error:
            raise click.ClickException(str(error)) from error
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else _told(found, zone))


def _all(lanes: Any, inst: int, wanted: Wanted) -> dict[str, Any]:
    found = preview(lanes, inst, wanted)
    while found["after"] is not None:
        more = preview(lanes, inst, wanted, found["after"])
        found["enrolments"] += more["enrolments"]
        found["after"] = more["after"]
    return found


def _told(found: dict[str, Any], zone: str) -> str:
    lines = [f"{found['playbook']} to version {found['to']}: {len(found['enrolments'])} follow-ups"]
    for row in found["enrolments"]:
        name = row["subject"] or row["subject_id"]
        lines.append(f"{row['definition']} of {name}, version {row['version']} ({row['id']})")
        lines += [f"  {said}" for said in (row["blocked"], row["ends_why"]) if said]
        lines += [f"  {step['step']}: {_step(step, zone)}" for step in row["steps"]]
    done = found.get("done")
    if done:
        lines.append(
            f"Moved {len(done['migrated'])}, ended {len(done['ended'])}, "
            f"left as they are {len(done['changed'])}."
        )
    return "\n".join(lines)


def _step(step: dict[str, Any], zone: str) -> str:
    was, due = _local(step["was_due_at"], zone), _local(step["due_at"], zone)
    times = f" from {was} to {due}" if step["fate"] == "moves" else f" {due or was}".rstrip()
    late, crm = ", late" if step["late"] else "", ", in the CRM" if step["in_crm"] else ""
    return f"{step['fate'].replace('_', ' ')}{times}{late}{crm}"


def _local(at: int | None, zone: str) -> str:
    return "" if at is None else f"{to_datetime(at).astimezone(ZoneInfo(zone)):%a %-d %b %Y %H:%M}"
