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

from connectors.config import NAMES, VendorConfig


@dataclass(frozen=True, slots=True)
class _Own:
    """A vendor's own addresses.

    api: where accounts without an address of their own are called. app: the consent page.
    """

    api: str
    app: str


_OWN: Mapping[str, _Own] = {
    "hubspot": _Own("https://api.hubapi.com", "https://app.hubspot.com"),
    "salesforce": _Own("https://login.salesforce.com", "https://login.salesforce.com"),
    "pipedrive": _Own("https://api.pipedrive.com", "https://oauth.pipedrive.com"),
}

_MAKE = "bin/followthrough keys"

DEFAULT_DATABASE = "sqlite:///var/followthrough.db"

VARIABLES: Mapping[str, str] = {
    "FOLLOWTHROUGH_URL": "public address of this server, as the CRM and browsers reach it",
    "FOLLOWTHROUGH_KEYS": "Fernet keys that encrypt tokens, newest first, separated by commas",
    "SECRET_KEY": "random text that signs cookies and OAuth states, 32 characters or more",
    "DATABASE_URL": "SQLAlchemy address of the database; SQLite in var/ unless given",
    **{
        f"{crm.upper()}_{name}": meaning.format(NAMES[crm])
        for crm in _OWN
        for name, meaning in (
            ("CLIENT_ID", "client id of the {} app; without it that CRM is not offered"),
            ("CLIENT_SECRET", "client secret of the {} app"),
            ("API_BASE", "address of {}'s API"),
            ("APP_BASE", "address of {}'s consent page"),
            ("API_VERSION", "version of {}'s API"),
        )
    },
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

    vendors: the registration with each CRM that is offered. simulation: control address of the
    sandbox that owns business time, or None for real time.
    """

    url: str
    keys: tuple[str, ...] = field(repr=False)
    secret_key: str = field(repr=False)
    database_url: str
    vendors: Mapping[str, VendorConfig] = field(repr=False)
    simulation: str | None = None

    def vendor(self, crm: str) -> VendorConfig:
        """The registration with one CRM. Raises KeyError for a CRM that is not configured."""
        return self.vendors[crm]

    def real(self, crm: str) -> bool:
        """Whether that CRM is called at the vendor's own address, not at a sandbox's."""
        return self.vendors[crm].api_base == _OWN[crm].api

    def redirect_uri(self, crm: str) -> str:
        """Where the CRM sends the browser back after consent; registered with the vendor."""
        return f"{self.url}/oauth/{crm}/callback"

    def webhook_url(self, crm: str) -> str:
        """The public address that the vendor signs, whatever a proxy made of the request."""
        return self.vendors[crm].webhook_url or f"{self.url}/webhooks/{crm}"


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
        vendors=_vendors(env, url, problems),
        simulation=(
            _address(env, "FOLLOWTHROUGH_SIMULATION", "", problems)
            if env.get("FOLLOWTHROUGH_SIMULATION")
            else None
        ),
    )
    if problems:
        raise ConfigError(problems)
    return config


def _vendors(env: Mapping[str, str], url: str, problems: list[str]) -> dict[str, VendorConfig]:
    found: dict[str, VendorConfig] = {}
    multiplier = _multiplier(env, problems)
    for crm, own in _OWN.items():
        prefix = crm.upper()
        id, secret = (env.get(f"{prefix}_{name}", "").strip() for name in _CLIENT)
        if not id and not secret:
            continue
        for name, value in zip(_CLIENT, (id, secret), strict=True):
            if not value:
                problems.append(_not_set(f"{prefix}_{name}"))
        found[crm] = VendorConfig(
            client_id=id,
            client_secret=secret,
            api_base=_address(env, f"{prefix}_API_BASE", own.api, problems),
            app_base=_address(env, f"{prefix}_APP_BASE", own.app, problems),
            version=env.get(f"{prefix}_API_VERSION", "").strip(),
            rate_multiplier=multiplier,
            webhook_url=f"{url}/webhooks/{crm}",
        )
    if not found:
        others = " or ".join(crm.upper() for crm in _OWN if crm != "hubspot")
        problems.extend(
            f"{_not_set(f'HUBSPOT_{name}')}; for another CRM set {others} instead of HUBSPOT"
            for name in _CLIENT
        )
    return found


_CLIENT = ("CLIENT_ID", "CLIENT_SECRET")


def _not_set(name: str) -> str:
    return (f"{name} is not set: {VARIABLES[name]}. Copy it from the app's page at the vendor and "
            "start again")


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
