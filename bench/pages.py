"""How long pages take to answer, with a large account's records, touches and activities stored.

    python bench/pages.py [--json] [--deals 100000] [--touches 1000000] [--rounds 15]
                          [--database sqlite] [--keep FOLDER]

The database is SQLite or PostgreSQL as the app opens it, filled by SQL: the account's own CRM takes
no part. The pages are asked for through the whole web application, signed in, without a network;
what is told of each is the median, the part of it that the app's own process computed (SQLite's
work with it, PostgreSQL's not), and how long upkeep needs for the figures that it keeps. The
database takes about 1.5 GB in the temporary folder and some minutes to write; with `--keep` it
stays in a folder, and is used again from there.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask.testing import FlaskClient
from sqlalchemy import update

from app.installations.config import from_environment
from app.installations.registry import Connectors
from app.installations.tokens import SqlTokenStore, TokenVault
from app.lanes.context import Lanes
from app.lanes.keeping import EVER, TOTALS, drain_figures
from app.lanes.measuring import DEFAULT_DAYS, PAGES, SOURCES
from app.model.time import DAY, Business, Wall
from app.runtime.services import Runtime, Services
from app.store import installations, signins
from app.store.engine import Store
from app.store.measured import kept
from app.store.migrations import migrate
from app.store.tables import kept_figures
from app.web.factory import create_app
from bench.command import Say, command
from bench.databases import KINDS, tidied
from bench.databases import database as stored_in
from bench.installed import app_environment
from bench.large_account import INST, MANAGER, NOW, REP, fill
from bench.processes import BenchError
from connectors.contract import Tokens

_RECORDS = tuple(
    f"/dashboard/records?days=60&source={source}"
    for source in ("silent_14&hit=1", "completion", "latest_responses", "steps", "first_contact",
                   "answered", "silence_map", "weeks")
)  # fmt: skip
_OTHERS = (
    "/", "/mine", "/next", "/api/queue", "/subjects", "/subjects?q=deal%2077", "/subjects?q=deal",
    "/subjects?q=d1234", "/subjects?q=nothing", "/subjects/deal/{old}", "/subjects/deal/{new}",
    "/panel/deal/{new}", "/api/panel/deal/{new}", "/api/standing/deal/{new}",
    "/api/ledger/deal/{new}", "/api/decisions?rule=proposal/proposal-sent", "/rules",
    "/playbooks/proposal", "/playbooks/proposal/edit", "/playbooks/proposal/history",
    "/playbooks/proposal/migrate", "/people", "/people/r5", "/audit", "/approvals", "/settings",
    "/setup", "/health", "/leave", "/api/status", "/api/touches", "/api/dashboard/speed",
    "/api/dashboard/speed/responses.csv", "/api/export/ledger", "/metrics",
)  # fmt: skip
"""`old`: a record whose follow-ups ended; `new`: one with a follow-up under way."""

_REP = ("/next", "/api/queue", "/mine", "/subjects", "/subjects?q=deal%2077")


class Clocks:
    """Business time stands at the account's present."""

    def business(self) -> Business:
        return Business(NOW)

    def wall(self) -> Wall:
        return Wall(time.time_ns() // 1_000_000)


class _Crm(BaseHTTPRequestHandler):
    """The account's CRM, which answers at once that it has nothing of what a page asks for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        said = b'{"status":"COMPLETE","results":[]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def answering_crm() -> Generator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Crm) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def services(store: Store, folder: Path, crm: str) -> Services:
    """The app's parts over a store, with nothing running in the background."""
    config = from_environment(
        app_environment(folder, "http://127.0.0.1:8000", crm, "bench")
    )
    clocks = Clocks()
    connectors = Connectors(config, store, clocks)
    lanes = Lanes(store, clocks, connectors.of, ThreadPoolExecutor(1))
    runtime = Runtime(lanes, lambda lane, inst: None)
    return Services(config, store, clocks, connectors, runtime, lambda: None)


def connected(parts: Services) -> None:
    """Access to the account's CRM, as a new key seals it; nothing asks the CRM."""
    vault = TokenVault(parts.config.keys)
    tokens = SqlTokenStore(parts.store, vault, INST, parts.clocks)
    tokens.save(Tokens("bench", "bench", Wall(parts.clocks.wall() + DAY)))


def signed_in(parts: Services, owner: str) -> FlaskClient:
    """A browser of somebody who opened a sign-in link."""
    client = create_app(parts).test_client()
    with parts.store.write() as conn:
        token = signins.issue(conn, INST, owner, parts.clocks.wall(), DAY)
    answer = client.post(f"/signin/{token}")
    if answer.status_code >= 400:
        raise RuntimeError(f"signing in failed: {answer.status_code}")
    return client


def timed(ask: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """The median in ms, and of the processor's time; the first one fills caches and is not counted.
    """
    ask()
    spent: list[float] = []
    computed: list[float] = []
    for _ in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        ask()
        spent.append((time.perf_counter() - began) * 1e3)
        computed.append((time.process_time() - busy) * 1e3)
    return statistics.median(spent), statistics.median(computed)


def measure(client: FlaskClient, paths: tuple[str, ...], rounds: int, say: Say) -> dict[str, float]:
    """The median of each page in ms. Of what is sent bit by bit, until the first bit is there."""
    found: dict[str, float] = {}
    for path in paths:

        def ask(path: str = path) -> None:
            with client.get(path, buffered=False) as answer:
                if answer.status_code != 200:
                    raise BenchError(f"{path} answers {answer.status_code}")
                next(answer.iter_encoded())

        found[path], computed = timed(ask, rounds)
        say(f"  {found[path]:5.0f} ms, {computed:4.0f} of them computing: {path}")
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


def filled(parts: Services, url: str, deals: int, touches: int, say: Say) -> list[float]:
    """Write the account unless it is there; the seconds that each figure took, none where kept."""
    with parts.store.read() as conn:
        there = installations.get(conn, INST) is not None
    if there:
        with parts.store.write() as conn:  # as if upkeep had just been there
            conn.execute(update(kept_figures).values(reckoned_wall=parts.clocks.wall()))
        return []
    began = time.monotonic()
    fill(parts.store, deals, touches)
    tidied(url)
    say(f"  {deals:,} deals and {touches:,} touches written in {time.monotonic() - began:.0f} s")
    reckoned = keep(parts, say)
    say(f"  all figures reckoned in {sum(reckoned):.0f} s")
    return reckoned


def run(
    deals: int, touches: int, rounds: int, database: str, keep: str, say: Say
) -> Mapping[str, float]:
    with ExitStack() as stack:
        if keep:
            folder = Path(keep).absolute() / f"{deals}-{touches}"
            folder.mkdir(parents=True, exist_ok=True)
        else:
            temporary = tempfile.TemporaryDirectory(prefix="followthrough-bench-")
            folder = Path(stack.enter_context(temporary))
        url = stack.enter_context(stored_in(database, folder))
        store = Store(url)
        stack.callback(store.close)
        migrate(store)
        parts = services(store, folder, stack.enter_context(answering_crm()))
        reckoned = filled(parts, url, deals, touches, say)
        connected(parts)
        boards = tuple(f"/dashboard/{page}" for page in PAGES)
        one = {"old": f"d{deals // 20}", "new": f"d{deals * 98 // 100}"}
        others = tuple(path.format_map(one) for path in _OTHERS)
        say("an admin:")
        admin = measure(signed_in(parts, "r0"), (*boards, *_RECORDS, *others), rounds, say)
        say("a manager:")
        team = measure(signed_in(parts, MANAGER), boards, rounds, say)
        say("a rep:")
        rep = measure(signed_in(parts, REP), _REP, rounds, say)
    worst = max(admin, key=lambda path: admin[path])
    say(f"slowest: {worst}, {admin[worst]:.0f} ms")
    found = {
        "deals": deals,
        "touches": touches,
        "dashboard_ms": round(max(admin[page] for page in boards), 1),
        "team_ms": round(max(team.values()), 1),
        "rep_ms": round(max(rep.values()), 1),
        "slowest_ms": round(admin[worst], 1),
        **{path: round(ms, 1) for path, ms in admin.items()},
    }
    if reckoned:
        found |= {"figures_s": round(sum(reckoned), 1), "figure_s": round(max(reckoned), 2)}
    return found


if __name__ == "__main__":
    sys.exit(
        command(
            __doc__, run, deals=(100_000, "deals stored"), touches=(1_000_000, "touches stored"),
            rounds=(15, "answers of each page"), database=("sqlite", KINDS),
            keep=("", "folder in which the database stays, for further runs"),
        )
    )  # fmt: skip
