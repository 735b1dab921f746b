"""The server itself: its configuration, its public address, its database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests

from app.installations.config import Config, ConfigError, from_environment
from app.installations.doctor.findings import Finding
from app.store.engine import Store
from app.store.migrations import Schema, schema_of
from connectors.config import NAMES

_REACH_S = 5.0


def environment(
    environ: Mapping[str, str] | None = None,
) -> tuple[Config | None, list[Finding]]:
    """The configuration, None where no process could start with it, and what is to be said of it.
    environ None: this process's own."""
    try:
        config = from_environment(environ)
    except ConfigError as error:
        return None, [
            Finding(
                "configuration", "wrong", f"{problem}.",
                "No process of Followthrough starts without it.",
                "Put it into the environment of bin/serve; docs/settings.md explains each "
                "variable.",
            )
            for problem in error.problems
        ]  # fmt: skip
    return config, server(config)


def server(config: Config) -> list[Finding]:
    """What is to be said of a configuration with which the server starts."""
    return [*_address(config), *_sandbox(config)]


def _address(config: Config) -> Iterator[Finding]:
    parts = urlsplit(config.url)
    real = _named(config, simulated=False)
    if not real:
        return  # a sandbox on this machine reaches any address
    if _local(parts.hostname or ""):
        yield Finding(
            "address_local", "wrong",
            f"FOLLOWTHROUGH_URL is {config.url}, which is this machine alone.",
            f"{real} cannot send webhooks there, so changes would be noticed once an hour.",
            "Put the server behind a public https address and set FOLLOWTHROUGH_URL to it.",
        )  # fmt: skip
    elif parts.scheme != "https":
        yield Finding(
            "address_not_https", "wrong", f"FOLLOWTHROUGH_URL is {config.url}, which is not https.",
            f"{real} sends browsers and webhooks to https addresses only.",
            "Put a proxy with a certificate in front, set FOLLOWTHROUGH_URL to its https address "
            f"and give {real} that address as the app's.",
        )  # fmt: skip


def _named(config: Config, *, simulated: bool) -> str:
    """The CRMs that are called at their vendor's own address, as people call them.

    simulated: also where a sandbox owns the time, which is wrong in itself.
    """
    if config.simulation is not None and not simulated:
        return ""
    return " and ".join(NAMES[crm] for crm in config.vendors if config.real(crm))


def _local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def _sandbox(config: Config) -> Iterator[Finding]:
    real = _named(config, simulated=True)
    if not real:
        return
    if config.simulation is not None:
        yield Finding(
            "simulation_on_real_crm", "wrong",
            f"FOLLOWTHROUGH_SIMULATION is set while {real} is called itself, no sandbox.",
            "Due times would follow a sandbox's clock and not the real one.",
            "Unset FOLLOWTHROUGH_SIMULATION and start again.",
        )  # fmt: skip
    multiplier = max(vendor.rate_multiplier for vendor in config.vendors.values())
    if multiplier != 1:
        yield Finding(
            "rate_multiplier_on_real_crm", "wrong",
            f"RATE_MULTIPLIER is {multiplier:g} with {real} itself.",
            "Calls above the account's limit are refused, and hold up its other apps.",
            "Unset RATE_MULTIPLIER and start again.",
        )  # fmt: skip


def reachable(config: Config) -> list[Finding]:
    """Whether the public address leads to a server of ours, asked from here."""
    said = ""
    try:
        found = requests.get(f"{config.url}/healthz", timeout=_REACH_S, allow_redirects=False)
        if found.status_code == 200 and found.headers.get("Content-Type", "").startswith(
            "application/json"
        ):
            return []
        said = f"it answers with status {found.status_code}"
    except requests.RequestException as error:
        said = type(error).__name__
    return [
        Finding(
            "unreachable", "wrong", f"No Followthrough answers at {config.url} ({said}).",
            "Nothing is done while no server runs, and the CRM's webhooks reach nobody.",
            "Start bin/serve, or correct FOLLOWTHROUGH_URL or the proxy in front of it. If only "
            "this machine cannot reach its own public address, that is no fault.",
        )
    ]  # fmt: skip


def database(store: Store) -> list[Finding]:
    """Whether the database is there and of this program's version."""
    if store.path is not None and not store.path.exists():
        return [_unused(f"There is no database at {store.path} yet.")]
    try:
        schema = schema_of(store)
    except Exception as error:
        return [
            Finding(
                "database_unreadable", "wrong",
                f"The database {store.url} cannot be read ({type(error).__name__}).",
                "Nothing can be stored: webhooks are refused and nothing is done.",
                "Check DATABASE_URL, and that the database server or file is there.",
            )
        ]  # fmt: skip
    if schema is Schema.CURRENT:
        return []
    if schema is Schema.EMPTY:
        return [_unused(f"The database {store.url} is empty.")]
    newer = schema is Schema.NEWER
    return [
        Finding(
            f"database_{schema.value}", "wrong" if newer else "attention",
            f"The database {store.url} was written by {'a newer' if newer else 'an older'} version "
            "of Followthrough.",
            "This version would not start on it." if newer else "Its tables are brought up to date "
            "when the server starts.",
            "Start the newer version." if newer else "Start bin/serve once, then look again.",
        )
    ]  # fmt: skip


def _unused(what: str) -> Finding:
    return Finding(
        "database_missing", "attention", what, "Nothing was ever connected on this database.",
        "Start bin/serve, which makes its tables; or set DATABASE_URL to the one that is meant.",
    )  # fmt: skip
