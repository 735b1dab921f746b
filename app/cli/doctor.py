"""`bin/followthrough doctor`: what is missing or wrong, and what to do next."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from app.installations import doctor as checks
from app.installations.config import Config
from app.installations.doctor import Finding
from app.installations.registry import WEBHOOK, Connectors
from app.installations.settings import parse
from app.model.time import Business, iso
from app.runtime.clocks import RealClocks
from app.store import cursors, installations
from app.store.engine import Store, StoreError

_MARKS = {"wrong": ("WRONG", "red"), "attention": ("LOOK ", "yellow"), "note": ("note ", None)}


@click.command()
@click.option("--account", help="Only this account, by its id in the CRM.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
@click.option("--offline", is_flag=True, help="Ask neither the CRM nor the public address.")
def doctor(account: str | None, as_json: bool, offline: bool) -> None:
    """Say what is missing or wrong, why it matters, and what to do next.

    Looks at the configuration, the database, and each connected CRM account: access, grant,
    fields, clock, rate limit, webhooks, stages, people, rules, failed work. It changes nothing in
    the CRM, and may run beside the server.

    Exit status: 0 nothing to do (notes may be printed), 1 something to look at, 2 something is
    wrong.
    """
    findings, seen = _examine(account, offline)
    findings = checks.ordered(findings)
    status = checks.exit_status(findings)
    if as_json:
        told = {
            "status": status, "accounts": seen, "findings": [asdict(one) for one in findings],
        }  # fmt: skip
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _print(findings, seen)
    sys.exit(status)


def _examine(account: str | None, offline: bool) -> tuple[list[Finding], list[dict[str, Any]]]:
    config, findings = checks.environment()
    if config is None:
        return findings, []
    if not offline:
        findings += checks.reachable(config)
    try:
        store = Store(config.database_url)
    except StoreError as error:
        return [*findings, _no_store(error)], []
    try:
        trouble = checks.database(store)
        if trouble:
            return [*findings, *trouble], []
        found, seen = _accounts(config, store, account, offline)
        return [*findings, *found], seen
    finally:
        store.close()


def _no_store(error: StoreError) -> Finding:
    return Finding(
        "database", "wrong", f"{error}.", "Nothing can be stored without a database.",
        "Correct DATABASE_URL; docs/settings.md says how it is written.",
    )  # fmt: skip


def _accounts(
    config: Config, store: Store, account: str | None, offline: bool
) -> tuple[list[Finding], list[dict[str, Any]]]:
    clocks = RealClocks()
    connectors = Connectors(config, store, clocks)
    # Under a sandbox business time is its own, and only the running server knows it.
    now: Business | None = None if config.simulation else clocks.business()
    with store.read() as conn:
        rows = installations.read(conn)
        chosen = [row for row in rows if account in (None, row["account_id"])]
        heard = {row["id"]: cursors.number(conn, row["id"], WEBHOOK) or None for row in chosen}
        findings = [] if chosen else [_none(config, account, [row["account_id"] for row in rows])]
        settings = {row["id"]: parse(installations.get_settings(conn, row["id"])) for row in chosen}
        for row in chosen:
            findings += checks.standing(conn, config, row, now, clocks.wall())
    for row in chosen:
        if row["status"] in ("active", "importing"):
            connector = connectors.of(row["id"])
            about = row["name"] or row["account_id"]
            findings += (
                checks.limits(connector, about)
                if offline
                else checks.connection(connector, row, settings[row["id"]])
            )
    connectors.flush_calls()
    seen = [
        {
            "crm": row["crm"], "id": row["account_id"], "name": row["name"],
            "status": row["status"], "last_webhook_wall": heard[row["id"]],
        }
        for row in chosen
    ]  # fmt: skip
    return findings, seen


def _none(config: Config, account: str | None, known: Sequence[str]) -> Finding:
    if account is None:
        return Finding(
            "no_account", "attention", "No CRM account is connected.",
            "There is nothing to follow up yet.",
            f"Open {config.url}/welcome as an admin of the CRM account, and connect it.",
        )  # fmt: skip
    listed = f"there are: {', '.join(known)}" if known else "none is connected"
    return Finding(
        "unknown_account", "wrong", f"No account {account} is connected here.",
        "Nothing was checked.", f"Give --account the id of one that is; {listed}.",
    )  # fmt: skip


def _when(wall: int | None) -> str:
    return iso(wall) if wall else "never"


def _print(findings: Sequence[Finding], seen: Sequence[dict[str, Any]]) -> None:
    for one in seen:
        name = one["name"] or one["id"]
        click.echo(
            f"{name}: {one['crm']} account {one['id']}, {one['status']}, "
            f"last webhook {_when(one['last_webhook_wall'])}"
        )
    if seen:
        click.echo()
    for one in findings:
        mark, colour = _MARKS[one.level]
        about = f"{one.about}: " if len(seen) > 1 and one.about else ""
        click.echo(f"{click.style(mark, fg=colour)} {about}{one.what}")
        click.echo(f"      {one.why}")
        if one.level != "note":
            click.echo(f"      Next: {one.next}")
        click.echo()
    if not any(one.level != "note" for one in findings):
        click.echo("Everything that was checked is in order.")
