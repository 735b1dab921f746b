"""The CRM of a bench: a sandbox in wall time with ready-made deals, and the load that moves them.

Run as a process of its own, so that its share of the processor can be told apart. It takes one
JSON object a line on standard input and answers with one, the methods of `Crm` by name, or `stop`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.assembly import assemble
from sandbox.hubspot.grants import Grants
from sandbox.server import serve, tune_memory
from sandbox.simulation import Simulation
from sandbox.world.account import Account
from sandbox.world.generator_people import add_users
from sandbox.world.records import Actor, App, Link, Record

FIRST_PORTAL = 5_000_001
FROM, TO = "presentationscheduled", "decisionmakerboughtin"
"""The stages before and after the move; the second is the one that the rule waits for."""

DAY = 86_400_000
LIMITS = 10_000.0
"""Times the vendor's rate limits: what is measured is the app, not the vendor's patience."""

_GIVE_UP_S = 300


@dataclass(slots=True)
class Load:
    """One account and its deals that were not moved yet."""

    account: Account
    waiting: list[Record]


class Crm:
    """The sandbox and what the bench does to it."""

    def __init__(self, installations: int, deals: int, port: int) -> None:
        self.simulation = Simulation("wall")
        self.world = self.simulation.world
        self.app = assemble(self.simulation)
        self.hubspot = self.app.extensions["hubspot"]
        self.hubspot.settings.update(
            {
                "rate_limit_multiplier": LIMITS,
                "token_seconds": 6 * 3600,
                "webhook_concurrency": 8,
                # A batch that is sent again because the disk was slow would be done twice by the
                # baseline, which remembers no events.
                "webhook_timeout_seconds": 120.0,
            }
        )
        self.loads = {
            portal: _account(self.simulation, portal, deals)
            for portal in range(FIRST_PORTAL, FIRST_PORTAL + installations)
        }
        self.server = serve(self.app, port=port)
        tune_memory()
        self.server.start()

    # --- what the conductor asks for ---------------------------------------------------------

    def token(self, portal: int, app: dict[str, Any]) -> dict[str, Any]:
        """Install an app without a consent page, for the baseline; its access token."""
        found = self.world.apps.get(app["app_id"])
        if found is None:
            found = self.world.register_app(App(**app))
        grants = Grants.of(self.world)
        refresh = grants.issue_refresh(found.app_id, portal, 1, found.required_scopes)
        return {"token": grants.issue_access(refresh, 6 * 3600)}

    def move(self, portals: Sequence[int], count: int, tasks: int) -> dict[str, Any]:
        """Move `count` deals of each account at once; answer when each has its tasks."""
        moved: dict[str, tuple[Account, Record]] = {}
        began, clock = time.time(), time.perf_counter()
        for _ in range(count):
            for portal in portals:
                record = self._move(portal)
                moved[record.id] = (self.loads[portal].account, record)
        sent_s = time.perf_counter() - clock
        return self._outcome(moved, tasks, began, sent_s)

    def pace(self, portal: int, per_second: float, seconds: float, tasks: int) -> dict[str, Any]:
        """Move deals of one account at a steady rate; answer when each has its tasks."""
        moved: dict[str, tuple[Account, Record]] = {}
        began, clock = time.time(), time.perf_counter()
        for number in range(int(per_second * seconds)):
            ahead = clock + number / per_second - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
            record = self._move(portal)
            moved[record.id] = (self.loads[portal].account, record)
        return self._outcome(moved, tasks, began, time.perf_counter() - clock)

    def retire(self, app_id: int) -> dict[str, Any]:
        """An app is gone, and what still waits for it is dropped.

        The sandbox tries to deliver for ever, as it must when an app is only restarted, and its
        sender has nothing for anybody else meanwhile: the next app would wait in vain.
        """
        self.world.apps.pop(app_id, None)
        return {}

    def activity(self) -> dict[str, Any]:
        """How many calls there were, how many of them refused as too many; events on their way."""
        stats = self.hubspot.stats()
        return {
            "calls": stats["total"],
            "http_429": stats["http_429"],
            "pending": self.hubspot.deliveries.pending(),
        }

    def _move(self, portal: int) -> Record:
        load = self.loads[portal]
        record = load.waiting.pop()
        by = Actor.user(load.account.owners[record.fields["hubspot_owner_id"]].user_id)
        return load.account.update("deals", record.id, {"dealstage": TO}, by)

    def _outcome(
        self, moved: dict[str, tuple[Account, Record]], tasks: int, began: float, sent_s: float
    ) -> dict[str, Any]:
        """Wait until every deal has its tasks. Latencies are the CRM's own stamps, in ms;
        `ended` is the last of them, in seconds since the epoch."""
        deadline = time.monotonic() + _GIVE_UP_S
        for _, deal in moved.values():
            # One is watched at a time: looking at all of them would cost the load's own share.
            while len(deal.links.get("tasks", ())) < tasks and time.monotonic() < deadline:
                time.sleep(0.005)
        ended = began
        latencies: list[int] = []
        wrong = 0
        for account, deal in moved.values():
            ids = list(deal.links.get("tasks", ()))
            live = account.objects["tasks"]
            made = [live[one].created_at for one in ids if one in live]
            wrong += len(made) != tasks
            if made:
                entered = deal.history["dealstage"][-1].at
                latencies.append(max(made) - entered)
                ended = max(ended, max(made) / 1000)
        return {
            "deals": len(moved),
            "wrong": wrong,
            "seconds": ended - began,
            "ended": ended,
            "sent_s": sent_s,
            "latencies": latencies,
        }


def _account(simulation: Simulation, portal: int, deals: int) -> Load:
    """Reps, contacts and deals of a month ago, each deal with its contact and owner."""
    world = simulation.world
    account = world.add_account(portal, f"Bench {portal}")
    since = world.clock.now() - 30 * DAY
    reps = add_users(account, since, reps=6)
    stages = account.pipelines["deals"]["default"]
    assert stages.stage(FROM) is not None
    assert stages.stage(TO) is not None
    waiting: list[Record] = []
    for number in range(deals):
        owner = reps[number % len(reps)]
        by = Actor.user(owner.user_id)
        contact = account.create(
            "contacts",
            {
                "email": f"person{number}@p{portal}.example",
                "firstname": "Ada",
                "lastname": f"Number {number}",
                "hubspot_owner_id": owner.id,
            },
            by,
            at=since,
        )
        deal = account.create(
            "deals",
            {
                "dealname": f"Deal {number}",
                "pipeline": "default",
                "dealstage": FROM,
                "amount": str(1_000 + number),
                "deal_currency_code": account.currency,
                "hubspot_owner_id": owner.id,
            },
            by,
            [Link("contacts", contact.id)],
            at=since,
        )
        waiting.append(deal)
    waiting.reverse()  # moved from the end, in the order in which they were made
    account.extra["span"] = (since, world.clock.now())
    return Load(account, waiting)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--installations", type=int, required=True)
    parser.add_argument("--deals", type=int, required=True)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    crm = Crm(options.installations, options.deals, options.port)
    _say({"url": crm.server.url, "portals": list(crm.loads)})
    for line in sys.stdin:
        order = orjson.loads(line)
        verb = order.pop("verb")
        if verb == "stop":
            break
        _say(getattr(crm, verb)(**order))
    crm.hubspot.deliveries.stop()
    crm.simulation.stop()
    crm.server.stop()
    return 0


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
