"""`bin/followthrough why`: why a rule did, or did not, act on a record."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
import requests

from app.installations.config import ConfigError, from_environment
from app.installations.registry import Connectors
from app.lanes.context import Lanes
from app.lanes.why import TYPES, why
from app.model.time import Business, from_datetime, to_datetime
from app.runtime.clocks import RealClocks
from app.store import installations
from app.store.engine import Store, StoreError

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
    try:
        config = from_environment()
        store = Store(config.database_url)
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    try:
        with store.read() as conn:
            rows = [r for r in installations.read(conn) if account in (None, r["account_id"])]
        if len(rows) != 1:
            known = ", ".join(row["account_id"] for row in rows) or "none that fits"
            raise click.ClickException(f"Name one account with --account; there are: {known}.")
        clocks = RealClocks()
        connectors = Connectors(config, store, clocks)
        with ThreadPoolExecutor(1) as pool:
            lanes = Lanes(store, clocks, connectors.of, pool)
            tenant = lanes.tenant(rows[0]["id"])
            now = _instant(at_, tenant.zone) or _now(config.simulation, clocks)
            found = why(lanes, tenant.id, type_, record, rule, now)
    finally:
        store.close()
    if found is None:
        raise click.ClickException(
            f"There is no {type_} {record} here. Take the CRM's id from the record's address; a "
            "record is known once it was imported."
        )
    if not found["rules"]:
        said = f"The rule {rule} is not" if rule else "No rule is"
        raise click.ClickException(f"{said} switched on; the Rules page shows what there is.")
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else told(found))


def _instant(text: str | None, zone: str) -> Business | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time; write it like 2026-09-21T10:00", param_hint="--at"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return Business(from_datetime(moment))


def _now(simulation: str | None, clocks: RealClocks) -> Business:
    """Under a sandbox business time is its own; it is asked, and without it `--at` says it."""
    if simulation is None:
        return clocks.business()
    try:
        return Business(requests.get(f"{simulation}/time", timeout=5).json()["now"])
    except requests.RequestException as error:
        raise click.ClickException(
            f"The sandbox that owns business time does not answer ({error}); say a time with --at."
        ) from error


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
