"""The app as it is shipped, installed into accounts of the bench's CRM, with one rule live."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.admin import Admin, register
from bench.processes import ROOT, BenchError, Server, free_port

STEPS = 3
"""Tasks that the rule creates for a deal."""

_IDLE_S = 1.0
_IMPORT_S = 1800


@contextmanager
def installed(
    crm_url: str,
    portals: Sequence[int],
    folder: Path,
    say: Callable[[str], None],
    rate_multiplier: str = "10000",
) -> Iterator[tuple[Server, list[Admin]]]:
    """The app serving, imported, and its rule live, with the admin of each account. Its log and
    database are in `folder`.

    rate_multiplier: of the app's own budget of calls.
    """
    secret, url = secrets.token_urlsafe(32), f"http://127.0.0.1:{free_port()}"
    env = app_environment(folder, url, crm_url, secret, rate_multiplier)
    with Server(gunicorn("app.web.server:app", url), folder / "app.log", env) as app:
        app.wait_for(f"{url}/healthz")
        register(crm_url, url, "bench", secret)
        began = time.monotonic()
        admins = [Admin(url, portal) for portal in portals]
        for admin in admins:
            admin.set_up(time.monotonic() + _IMPORT_S)
        say(f"  {len(admins)} installations imported in {time.monotonic() - began:.1f} s")
        yield app, admins


def app_environment(
    folder: Path, url: str, crm_url: str, secret: str, rate_multiplier: str = "1"
) -> dict[str, str]:
    """The app's settings: SQLite in `folder`, at `url`, with the CRM at `crm_url`."""
    return {
        "FOLLOWTHROUGH_URL": url,
        "FOLLOWTHROUGH_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "FOLLOWTHROUGH_SIMULATION": "",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "HUBSPOT_CLIENT_ID": "bench",
        "HUBSPOT_CLIENT_SECRET": secret,
        "HUBSPOT_API_BASE": crm_url,
        "HUBSPOT_APP_BASE": crm_url,
        "RATE_MULTIPLIER": rate_multiplier,
    }


def gunicorn(app: str, url: str) -> list[str]:
    """The command that serves a WSGI application with the settings of the repository."""
    bind = url.removeprefix("http://")
    return ["-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "--bind", bind, app]


def check(outcome: Mapping[str, Any]) -> None:
    """A fast wrong answer is none."""
    if outcome["wrong"]:
        raise BenchError(
            f"{outcome['wrong']} of {outcome['deals']} deals do not have exactly {STEPS} tasks"
        )


def total_calls(crm: Server) -> int:
    return crm.ask(verb="activity")["calls"]


def idle(crm: Server) -> None:
    """Until nothing went either way for a second: properties are written and echoes read."""
    last, since = total_calls(crm), time.monotonic()
    while time.monotonic() - since < _IDLE_S:
        time.sleep(0.1)
        now = crm.ask(verb="activity")
        if now["pending"] or now["calls"] != last:
            last, since = now["calls"], time.monotonic()
