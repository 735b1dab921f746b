"""The main job, measured: signed event → rule → three tasks in the CRM, everything durable.

    python bench/main_job.py [--json] [--events N] [--installations 10]

Three processes share the machine: the sandbox as the CRM with the load, the app as it is shipped
(embedded, SQLite with synchronous=FULL, gunicorn's settings from the repository), and for the
baseline Flask with huey in the app's place. Deals with contact and owner exist and are imported
beforehand; then N deals of each installation move to "Proposal sent" at once, and the clock runs
until each has its three tasks. A second phase moves 50 deals a second in one installation and
takes the CRM's own stamps of the move and of the deal's last task.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.admin import APP_ID
from bench.command import Say, command
from bench.installed import STEPS, check, gunicorn, idle, installed, total_calls
from bench.processes import Server, free_port

BASELINE_ID = 4_901_002
WARM_UP = 30
PACE = 50.0
PACE_S = 10.0
BASELINE_EVENTS = 60
_SCOPES = ["oauth", "crm.objects.deals.read", "crm.objects.contacts.read",
           "crm.objects.contacts.write", "crm.objects.deals.write"]  # fmt: skip


# --- the app -------------------------------------------------------------------------------------


def measure_app(
    crm: Server, crm_url: str, portals: Sequence[int], events: int, folder: Path, say: Say
) -> dict[str, float]:
    with installed(crm_url, portals, folder, say) as (app, _):
        crm.ask(verb="move", portals=portals, count=WARM_UP, tasks=STEPS)
        idle(crm)
        calls, cpu = total_calls(crm), (app.cpu_s(), crm.cpu_s())
        burst = crm.ask(verb="move", portals=portals, count=events, tasks=STEPS)
        app_s, crm_s = app.cpu_s() - cpu[0], crm.cpu_s() - cpu[1]
        idle(crm)
        calls = total_calls(crm) - calls
        check(burst)
        cpu = (app.cpu_s(), crm.cpu_s())
        paced = crm.ask(
            verb="pace", portal=portals[0], per_second=PACE, seconds=PACE_S, tasks=STEPS
        )
        check(paced)
        idle(crm)
        peak = app.peak_mb()
    rate = burst["deals"] / burst["seconds"]
    latencies = sorted(paced["latencies"])
    return {
        "events_per_s": round(rate, 1),
        "tasks_per_s": round(rate * STEPS, 1),
        "p95_s": round(quantile(latencies, 0.95) / 1000, 3),
        "p50_s": round(quantile(latencies, 0.5) / 1000, 3),
        "crm_calls_per_touch": round(calls / (burst["deals"] * STEPS), 4),
        "peak_mb": round(peak, 1),
        "app_cpu_s": round(app_s, 2),
        "crm_and_load_cpu_s": round(crm_s, 2),
        "seconds": round(burst["seconds"], 2),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


# --- the baseline --------------------------------------------------------------------------------


def measure_baseline(
    crm: Server, crm_url: str, portals: Sequence[int], events: int, folder: Path
) -> dict[str, float]:
    secret, url = secrets.token_urlsafe(32), f"http://127.0.0.1:{free_port()}"
    registration = {
        "app_id": BASELINE_ID,
        "client_id": "baseline",
        "client_secret": secret,
        "redirect_uris": [url],
        "required_scopes": _SCOPES,
        "webhook_url": f"{url}/webhooks/hubspot",
        "subscriptions": [
            {"subscriptionType": "deal.propertyChange", "propertyName": "dealstage"}
        ],
    }
    tokens = {
        str(portal): crm.ask(verb="token", portal=portal, app=registration)["token"]
        for portal in portals
    }
    env = {
        "BASELINE_DB": str(folder / "baseline.db"),
        "BASELINE_URL": f"{url}/webhooks/hubspot",
        "BASELINE_SECRET": secret,
        "BASELINE_CRM": crm_url,
        "BASELINE_TOKENS": orjson.dumps(tokens).decode(),
    }
    with (
        Server(gunicorn("bench.baseline:web", url), folder / "baseline-web.log", env) as web,
        Server(["-m", "bench.baseline"], folder / "baseline-work.log", env) as workers,
    ):
        web.wait_listening(url)
        crm.ask(verb="move", portals=portals, count=5, tasks=STEPS)
        cpu = web.cpu_s() + workers.cpu_s()
        outcome = crm.ask(verb="move", portals=portals, count=events, tasks=STEPS)
        cpu = web.cpu_s() + workers.cpu_s() - cpu
        check(outcome)
    return {
        "baseline_events_per_s": round(outcome["deals"] / outcome["seconds"], 1),
        "baseline_cpu_s": round(cpu, 2),
        "baseline_seconds": round(outcome["seconds"], 2),
    }


# --- the whole -----------------------------------------------------------------------------------


def run(installations: int, events: int, say: Say) -> dict[str, float]:
    """All phases; `installations` more accounts serve the baseline."""
    deals = WARM_UP + events + int(PACE * PACE_S)
    with tempfile.TemporaryDirectory(prefix="followthrough-bench-") as name:
        folder = Path(name)
        order = ["-m", "bench.crm", "--installations", str(installations * 2)]
        order += ["--deals", str(deals)]
        with Server(order, folder / "crm.log") as crm:
            told = crm.hear()
            crm_url, portals = told["url"], told["portals"]
            ours, theirs = portals[:installations], portals[installations:]
            say(f"{installations} installations, {deals} deals each; "
                f"{events} of each move at once, {STEPS} tasks a deal")
            found = measure_app(crm, crm_url, ours, events, folder, say)
            crm.ask(verb="retire", app_id=APP_ID)
            found |= measure_baseline(crm, crm_url, theirs, min(events, BASELINE_EVENTS), folder)
    tell(found, say)
    return found


def tell(found: Mapping[str, float], say: Say) -> None:
    seconds = found["seconds"]
    say(f"  {found['events_per_s']:,.0f} events/s, {found['tasks_per_s']:,.0f} tasks/s "
        f"({seconds:.1f} s)")
    say(f"  processor: app {found['app_cpu_s'] / seconds:.0%} of a core, sandbox with load "
        f"{found['crm_and_load_cpu_s'] / seconds:.0%}")
    say(f"  at {PACE:.0f} events/s in one installation: p50 {found['p50_s']:.2f} s, "
        f"p95 {found['p95_s']:.2f} s from the move to the deal's last task")
    say(f"  {found['crm_calls_per_touch']:.3f} CRM calls a touch, app at most "
        f"{found['peak_mb']:.0f} MB")
    say(f"  baseline (Flask, huey on SQLite): {found['baseline_events_per_s']:,.0f} events/s; "
        f"{found['baseline_cpu_s'] / found['baseline_seconds']:.0%} of a core")


if __name__ == "__main__":
    sys.exit(
        command(
            __doc__, run, events=(500, "deals moved per installation"), installations=(10, "")
        )
    )
