"""`bin/followthrough stop` and `start`: the stop switch, beside the running server."""

from __future__ import annotations

from typing import Any

import click

from app.cli.opened import opened
from app.installations.switch import set_stopped
from app.runtime.clocks import RealClocks
from app.store import installations
from app.store.engine import Store

_ACCOUNT = click.option("--account", help="Only this account, by its id in the CRM.")


@click.command()
@_ACCOUNT
def stop(account: str | None) -> None:
    """Stop everything: nothing more is written to the CRM from the next call on.

    What falls due meanwhile waits. The running server obeys at once; run this in its environment.
    """
    _switch(account, stopped=True)


@click.command()
@_ACCOUNT
def start(account: str | None) -> None:
    """Go on after a stop: late work is shifted or expires by each step's late policy."""
    _switch(account, stopped=False)


def _switch(account: str | None, *, stopped: bool) -> None:
    with opened() as (_, store):
        for row in chosen(store, account):
            with store.write() as conn:
                changed = set_stopped(conn, row["id"], stopped, "cli", RealClocks().wall())
            state = "stopped" if stopped else "runs"
            was = "" if changed else " already"
            click.echo(f"{row['name'] or row['account_id']} ({row['account_id']}): {state}{was}")


def chosen(store: Store, account: str | None) -> list[dict[str, Any]]:
    """The connected accounts, or the one named. Raises click's error where there is none."""
    with store.read() as conn:
        rows = [row for row in installations.read(conn) if row["status"] != "left"]
    chosen = [row for row in rows if account in (None, row["account_id"])]
    if not chosen:
        known = ", ".join(row["account_id"] for row in rows) or "none"
        raise click.ClickException(
            f"No connected account has the id {account!r}; there are: {known}."
            if account
            else "No account is connected; there is nothing to stop or start."
        )
    return chosen
