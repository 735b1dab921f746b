"""The lanes, for commands that work on an account beside the running server."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import click
import requests

from app.cli.opened import opened
from app.installations.registry import Connectors
from app.lanes.context import Lanes
from app.model.time import Business, Wall, local_instant
from app.runtime.clocks import RealClocks
from app.store import installations


@dataclass(frozen=True, slots=True)
class _Clocks:
    """Wall time as it is; business time as the server has it, or as the command says."""

    at: Business | None
    simulation: str | None

    def business(self) -> Business:
        if self.at is not None:
            return self.at
        return RealClocks().business() if self.simulation is None else simulated(self.simulation)

    def wall(self) -> Wall:
        return RealClocks().wall()


@contextmanager
def beside(account: str | None, at: str | None = None) -> Generator[tuple[Lanes, int]]:
    """The lanes and one installation's id. at: a local time that the command takes for now.

    Raises click's errors, which say what to do: no server's database, no such account, no time.
    """
    with opened() as (config, store), ThreadPoolExecutor(1) as pool:
        with store.read() as conn:
            rows = [r for r in installations.read(conn) if account in (None, r["account_id"])]
        if len(rows) != 1:
            known = ", ".join(row["account_id"] for row in rows) or "none that fits"
            raise click.ClickException(f"Name one account with --account; there are: {known}.")
        connectors = Connectors(config, store, RealClocks())
        lanes = Lanes(store, _Clocks(None, config.simulation), connectors.of, pool)
        inst = rows[0]["id"]
        if at is not None:
            lanes.clocks = _Clocks(instant(at, lanes.tenant(inst).zone), None)
        yield lanes, inst


def instant(text: str, zone: str, option: str = "--at") -> Business:
    """The instant of a local time in a zone."""
    try:
        return Business(local_instant(text, zone))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def simulated(simulation: str) -> Business:
    """Under a sandbox business time is its own; it is asked, and without it `--at` says it."""
    try:
        return Business(requests.get(f"{simulation}/time", timeout=5).json()["now"])
    except requests.RequestException as error:
        raise click.ClickException(
            f"The sandbox that owns business time does not answer ({error}); say a time with --at."
        ) from error
