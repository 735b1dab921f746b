"""The process's configuration, read once from the environment.

Everything here is the operator's; what a customer may change is in `settings`. Every problem is
reported at once, because starting a server once per missing variable wastes an afternoon.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from connectors.config import VendorConfig

HUBSPOT_API_VERSION = "2026-03"
"""HubSpot's dated API that the product is written for; `HUBSPOT_API_VERSION` overrides it."""

_MAKE = "bin/followthrough keys"

DEFAULT_DATABASE = "sqlite:///var/followthrough.db"

VARIABLES: Mapping[str, str] = {
    "FOLLOWTHROUGH_URL": "public address of this server, as the CRM and browsers reach it",
    "FOLLOWTHROUGH_KEYS": "Fernet keys that encrypt tokens, newest first, separated by commas",
    "SECRET_KEY": "random text that signs cookies and OAuth states, 32 characters or more",
    "DATABASE_URL": "SQLAlchemy address of the database; SQLite in var/ unless given",
    "HUBSPOT_CLIENT_ID": "client id of the HubSpot app",
    "HUBSPOT_CLIENT_SECRET": "client secret of the HubSpot app; it also signs webhooks",
    "HUBSPOT_API_BASE": "address of HubSpot's API",
    "HUBSPOT_APP_BASE": "address of HubSpot's web application, for the consent page",
    "HUBSPOT_API_VERSION": "dated version of HubSpot's API",
    "FOLLOWTHROUGH_SIMULATION": "control address of a sandbox that owns business time; unset: none",
    "RATE_MULTIPLIER": "factor on the vendor's rate limits, for a sandbox; 1 everywhere else",
}
"""Every variable that is read, with its meaning; `docs/settings.md` lists the same."""


class ConfigError(Exception):
    """The environment does not describe a server that could run; the text lists every problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the configuration is not complete:\n- " + "\n- ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of one process. Addresses carry no trailing slash.

    simulation: control address of the sandbox that owns business time, or None for real time.
    """

    url: str
    keys: tuple[str, ...] = field(repr=False)
    secret_key: str = field(repr=False)
    database_url: str
    hubspot: VendorConfig = field(repr=False)
    simulation: str | None = None

    def vendor(self, crm: str) -> VendorConfig:
        """The registration with one CRM. Raises KeyError for a CRM that is not configured."""
        return {"hubspot": self.hubspot}[crm]

    def redirect_uri(self, crm: str) -> str:
        """Where the CRM sends the browser back after consent; registered with the vendor."""
        return f"{self.url}/oauth/{crm}/callback"

    def webhook_url(self, crm: str) -> str:
        """The public address that the vendor signs, whatever a proxy made of the request."""
        return f"{self.url}/webhooks/{crm}"


def from_environment(environ: Mapping[str, str] | None = None) -> Config:
    """Read the configuration. Raises ConfigError that names every variable to set and how."""
    env = os.environ if environ is None else environ
    problems: list[str] = []
    url = _address(env, "FOLLOWTHROUGH_URL", "http://127.0.0.1:8000", problems)
    config = Config(
        url=url,
        keys=_keys(env, problems),
        secret_key=_secret(env, problems),
        database_url=env.get("DATABASE_URL", "") or DEFAULT_DATABASE,
        hubspot=VendorConfig(
            client_id=_required(env, "HUBSPOT_CLIENT_ID", problems),
            client_secret=_required(env, "HUBSPOT_CLIENT_SECRET", problems),
            api_base=_address(env, "HUBSPOT_API_BASE", "https://api.hubapi.com", problems),
            app_base=_address(env, "HUBSPOT_APP_BASE", "https://app.hubspot.com", problems),
            version=env.get("HUBSPOT_API_VERSION", "") or HUBSPOT_API_VERSION,
            rate_multiplier=_multiplier(env, problems),
        ),
        simulation=(
            _address(env, "FOLLOWTHROUGH_SIMULATION", "", problems)
            if env.get("FOLLOWTHROUGH_SIMULATION")
            else None
        ),
    )
    if problems:
        raise ConfigError(problems)
    return config


def _required(env: Mapping[str, str], name: str, problems: list[str]) -> str:
    value = env.get(name, "").strip()
    if not value:
        problems.append(f"{name} is not set: {VARIABLES[name]}. Copy it from the app's page at "
                        "the vendor and start again")
    return value


def _address(env: Mapping[str, str], name: str, default: str, problems: list[str]) -> str:
    value = (env.get(name, "").strip() or default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        problems.append(f"{name} is {value!r}, which is no web address; write it like "
                        "https://followthrough.example.com")
    return value


def _keys(env: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    keys = tuple(key for part in env.get("FOLLOWTHROUGH_KEYS", "").split(",")
                 if (key := part.strip()))
    if not keys:
        problems.append(f"FOLLOWTHROUGH_KEYS is not set; make a key with: {_MAKE}")
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            problems.append(f"key {number} in FOLLOWTHROUGH_KEYS is no Fernet key; make one with: "
                            f"{_MAKE}")
    return keys


def _secret(env: Mapping[str, str], problems: list[str]) -> str:
    value = env.get("SECRET_KEY", "")
    if len(value) < 32:
        problems.append("SECRET_KEY is missing or shorter than 32 characters; make one with: "
                        f"{_MAKE}")
    return value


def _multiplier(env: Mapping[str, str], problems: list[str]) -> float:
    text = env.get("RATE_MULTIPLIER", "") or "1"
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 1_000_000:
        problems.append(f"RATE_MULTIPLIER is {text!r}; write a number of 1 or more, and leave it "
                        "unset with a real CRM")
        return 1.0
    return value
