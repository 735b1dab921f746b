"""How long pages take to answer, with a large account's records, touches and activities stored.

    python bench/pages.py [--json] [--deals 100000] [--touches 1000000] [--rounds 15]

The database is SQLite as the app opens it, filled by SQL: the account's own CRM takes no part. The
pages are asked for through the whole web application, signed in, without the network; what is told
is the median of each, and how long upkeep needs for the figures that it keeps. The database takes
about 1 GB in the temporary folder and some minutes to write.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask.testing import FlaskClient

from app.installations.config import from_environment
from app.installations.registry import Connectors
from app.lanes.context import Lanes
from app.lanes.keeping import EVER, TOTALS, drain_figures
from app.lanes.measuring import DEFAULT_DAYS, PAGES, SOURCES
from app.model.time import DAY, Business, Wall
from app.runtime.services import Runtime, Services
from app.store import signins
from app.store.engine import Store
from app.store.measured import kept
from app.store.migrations import migrate
from app.web.factory import create_app
from bench.command import Say, command
from bench.installed import app_environment
from bench.large_account import INST, MANAGER, NOW, fill

_OTHERS = (
    "/", "/mine", "/next", "/subjects", "/subjects?q=deal%2077", "/subjects/deal/d4711", "/rules",
    "/people", "/health",
)  # fmt: skip


class Clocks:
    """Business time stands at the account's present."""

    def business(self) -> Business:
        return Business(NOW)

    def wall(self) -> Wall:
        return Wall(time.time_ns() // 1_000_000)


def services(store: Store, folder: Path) -> Services:
    """The app's parts over a store, with nothing running in the background."""
    config = from_environment(
        app_environment(folder, "http://127.0.0.1:8000", "http://127.0.0.1:1", "bench")
    )
    clocks = Clocks()
    connectors = Connectors(config, store, clocks)
    lanes = Lanes(store, clocks, connectors.of, ThreadPoolExecutor(1))
    runtime = Runtime(lanes, lambda lane, inst: None)
    return Services(config, store, clocks, connectors, runtime, lambda: None)


def signed_in(parts: Services, owner: str) -> FlaskClient:
    """A browser of somebody who opened a sign-in link."""
    client = create_app(parts).test_client()
    with parts.store.write() as conn:
        token = signins.issue(conn, INST, owner, parts.clocks.wall(), DAY)
    answer = client.post(f"/signin/{token}")
    if answer.status_code >= 400:
        raise RuntimeError(f"signing in failed: {answer.status_code}")
    return client


def timed(ask: Callable[[], Any], rounds: int) -> float:
    """The median in ms; the first one, which fills caches, is not counted."""
    ask()
    spent: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        spent.append((time.perf_counter() - began) * 1e3)
    return statistics.median(spent)


def measure(client: FlaskClient, paths: tuple[str, ...], rounds: int, say: Say) -> dict[str, float]:
    found: dict[str, float] = {}
    for path in paths:

        def ask(path: str = path) -> None:
            answer = client.get(path)
            if answer.status_code not in (200, 404):
                raise RuntimeError(f"{path}: {answer.status_code}: {answer.text[:400]}")

        found[path] = timed(ask, rounds)
        say(f"  {path}: {found[path]:.0f} ms")
    return found


def keep(parts: Services, say: Say) -> list[float]:
    """Reckon every figure as upkeep does; the seconds that each took."""
    lanes = parts.runtime.lanes
    with parts.store.write() as conn:
        kept.want(conn, INST, DEFAULT_DAYS, tuple(SOURCES))
        kept.want(conn, INST, EVER, tuple(TOTALS))
    tenant = lanes.tenant(INST)
    spent: list[float] = []
    for name in (*SOURCES, *TOTALS):
        began = time.perf_counter()
        drain_figures(lanes, tenant)
        spent.append(time.perf_counter() - began)
        say(f"  {name}: {spent[-1]:.2f} s")
    return spent


def run(deals: int, touches: int, rounds: int, say: Say) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="followthrough-bench-") as name:
        folder = Path(name)
        store = Store(f"sqlite:///{folder / 'bench.db'}")
        migrate(store)
        began = time.monotonic()
        fill(store, deals, touches)
        spent = time.monotonic() - began
        say(f"  {deals:,} deals and {touches:,} touches written in {spent:.0f} s")
        parts = services(store, folder)
        reckoned = keep(parts, say)
        pages = tuple(f"/dashboard/{page}" for page in PAGES)
        records = "/dashboard/records?source=silent_14&days=60&hit=1"
        admin = measure(signed_in(parts, "r0"), (*pages, records, *_OTHERS), rounds, say)
        team = measure(signed_in(parts, MANAGER), pages, rounds, say)
        store.close()
    worst = max(admin, key=lambda path: admin[path])
    say(f"  slowest: {worst}, {admin[worst]:.0f} ms; all figures reckoned in {sum(reckoned):.0f} s")
    return {
        "deals": deals,
        "touches": touches,
        "dashboard_ms": round(max(admin[page] for page in pages), 1),
        "team_ms": round(max(team.values()), 1),
        "slowest_ms": round(admin[worst], 1),
        "figures_s": round(sum(reckoned), 1),
        "figure_s": round(max(reckoned), 2),
        **{path: round(ms, 1) for path, ms in admin.items()},
    }


if __name__ == "__main__":
    sys.exit(
        command(
            __doc__, run, deals=(100_000, "deals stored"), touches=(1_000_000, "touches stored"),
            rounds=(15, "answers of each page"),
        )
    )  # fmt: skip
