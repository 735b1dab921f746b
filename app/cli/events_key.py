"""`bin/followthrough events-key`: keys by which a customer's own tools may post events."""

from __future__ import annotations

from datetime import datetime

import click

from app.cli.opened import opened
from app.cli.switch import chosen
from app.model.time import HOUR, Wall, to_datetime
from app.runtime.clocks import RealClocks
from app.store import audit, event_keys
from app.store.engine import Store

_ACCOUNT = click.option("--account", help="Only this account, by its id in the CRM.")


@click.group("events-key")
def events_key() -> None:
    """Keys for POST /events. Each belongs to one connected account, and is shown once.

    Run it in the server's environment, with the server running or not.
    """


@events_key.command()
@click.argument("name")
@_ACCOUNT
def create(name: str, account: str | None) -> None:
    """Make a key and print it; NAME says what it is for, such as website."""
    name = name.strip()
    if not 0 < len(name) <= 64:
        raise click.BadParameter("1 to 64 characters must stand here", param_hint="NAME")
    wall = RealClocks().wall()
    with opened() as (_, store):
        inst = _one(store, account)
        with store.write() as conn:
            id, key = event_keys.issue(conn, inst, name, "cli", wall)
            audit.write(conn, inst, "cli", "event_key_created", wall, {"key": id, "name": name})
    click.echo(key)


@events_key.command("list")
@_ACCOUNT
def list_(account: str | None) -> None:
    """The keys that work: number, name, last characters, when each was last used."""
    wall = RealClocks().wall()
    with opened() as (_, store):
        inst = _one(store, account)
        with store.read() as conn:
            rows = event_keys.listed(conn, inst, wall)
    for row in rows:
        until = f", until {_time(row['until_wall'])}" if row["until_wall"] else ""
        used = f"last used {_time(row['used_wall'])}" if row["used_wall"] else "never used"
        click.echo(f"{row['id']:>5}  {row['name']}  …{row['hint']}  {used}{until}")
    if not rows:
        click.echo("There is no key; `events-key create NAME` makes one.")


@events_key.command()
@click.argument("id", type=int)
@click.option("--hours", default=24, show_default=True, help="How long the old key still works.")
@_ACCOUNT
def rotate(id: int, hours: int, account: str | None) -> None:
    """Print a new key in place of the key with the number ID."""
    if not 0 <= hours <= 720:
        raise click.BadParameter("from 0 to 720", param_hint="--hours")
    wall = RealClocks().wall()
    with opened() as (_, store):
        inst = _one(store, account)
        with store.write() as conn:
            name = event_keys.name_of(conn, inst, id, wall)
            if name is None:
                raise click.ClickException(f"There is no key {id}; `events-key list` shows them.")
            event_keys.end(conn, inst, id, Wall(wall + hours * HOUR))
            new, key = event_keys.issue(conn, inst, name, "cli", wall)
            data = {"key": new, "name": name, "old": id, "hours": hours}
            audit.write(conn, inst, "cli", "event_key_rotated", wall, data)
    click.echo(key)


@events_key.command()
@click.argument("id", type=int)
@_ACCOUNT
def revoke(id: int, account: str | None) -> None:
    """End the key with the number ID at once."""
    with opened() as (_, store):
        inst = _one(store, account)
        with store.write() as conn:
            if not event_keys.revoke(conn, inst, id):
                raise click.ClickException(f"There is no key {id}; `events-key list` shows them.")
            wall = RealClocks().wall()
            audit.write(conn, inst, "cli", "event_key_revoked", wall, {"key": id})
    click.echo(f"The key {id} works no more.")


def _one(store: Store, account: str | None) -> int:
    rows = chosen(store, account)
    if len(rows) > 1:
        known = ", ".join(row["account_id"] for row in rows)
        raise click.ClickException(f"Name one account with --account; there are: {known}.")
    return int(rows[0]["id"])


def _time(wall: int) -> datetime:
    return to_datetime(wall).replace(microsecond=0)
