"""A whole sandbox played by a small app: install, webhooks, tasks, business time to the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.assembly import assemble
from sandbox.hubspot.grants import Grants
from sandbox.server import serve
from sandbox.simulation import Simulation
from sandbox.world.generator import DEFAULT_START, WEEK
from sandbox.world.records import App
from tests.sandbox.support import SCOPES, Client, Receiver

DAY = 86_400_000
SUBSCRIPTIONS = [
    {"subscriptionType": "deal.propertyChange", "propertyName": "dealstage"},
    {"subscriptionType": "deal.creation"},
    {"subscriptionType": "object.propertyChange", "objectType": "task",
     "propertyName": "hs_task_status"},
]  # fmt: skip


class SmallApp:
    """Creates one task, due three days later, for every entry into a stage."""

    def __init__(self, url: str, token: str, inbox: Receiver, run: str = "one") -> None:
        self.url, self.run, self.inbox = url, run, inbox
        self.api = Client(url, token)
        self.taken = 0
        self.created = 0
        self.completed = 0

    def drain(self) -> None:
        """Handle what has arrived; a batch of tasks for the stage entries in it."""
        inputs: list[dict[str, Any]] = []
        events = self.inbox.events()
        for event in events[self.taken :]:
            if event.get("propertyName") == "hs_task_status":
                self.completed += event["propertyValue"] == "COMPLETED"
            elif event.get("propertyName") == "dealstage":
                inputs.append(
                    {
                        "properties": {
                            "hs_task_subject": f"Follow up on {event['propertyValue']}",
                            "hs_timestamp": str(event["occurredAt"] + 3 * DAY),
                            "hs_task_status": "NOT_STARTED",
                            "hs_task_type": "CALL",
                        },
                        "associations": [
                            {
                                "to": {"id": str(event["objectId"])},
                                "types": [
                                    {
                                        "associationCategory": "HUBSPOT_DEFINED",
                                        "associationTypeId": 216,
                                    }
                                ],
                            }
                        ],
                    }
                )
        self.taken = len(events)
        for start in range(0, len(inputs), 100):
            batch = {"inputs": inputs[start : start + 100]}
            answer = self.api.post("/crm/objects/2026-03/tasks/batch/create", batch)
            assert answer.status_code == 201, answer.text
            self.created += len(answer.json()["results"])

    def delivery(self) -> int:
        numbers = [int(headers["X-Sandbox-Delivery"]) for headers, _ in self.inbox.got]
        return max(numbers, default=0)

    def report(self, now: int) -> dict[str, Any]:
        body = {"run": self.run, "now": now, "delivery": self.delivery(), "next_due": None}
        return requests.post(f"{self.url}/sandbox/drained", json=body, timeout=30).json()

    def play(self, now: int, until: int) -> int:
        """Drain and report until business time is at `until`; returns the number of reports."""
        reports = 0
        while now < until:
            self.drain()
            now = self.report(now)["now"]
            reports += 1
        self.drain()
        return reports


class Stage:
    """A served simulation with an installed app."""

    def __init__(self, deals: int = 40, seed: int = 1) -> None:
        self.simulation = Simulation()
        self.account = self.simulation.generate(seed=seed, deals=deals)
        self.flask = assemble(self.simulation)
        self.hubspot = self.flask.extensions["hubspot"]
        self.http = serve(self.flask, port=0)
        self.http.start()
        self.inbox = Receiver()
        self.inbox.__enter__()

    def install(self, run: str = "one") -> SmallApp:
        world = self.simulation.world
        app = App(7, "c", "s", ["http://localhost/cb"], list(SCOPES), [], self.inbox.url)
        app.subscriptions = list(SUBSCRIPTIONS)
        world.register_app(app)
        grants = Grants.of(world)
        refresh = grants.issue_refresh(7, self.account.portal_id, 52_000, SCOPES)
        return SmallApp(self.http.url, grants.issue_access(refresh, 1800), self.inbox, run)

    def close(self) -> None:
        self.hubspot.deliveries.stop()
        self.http.stop()
        self.inbox.__exit__()


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def test_four_weeks_are_played_and_people_answer_the_apps_tasks(stage: Stage):
    app = stage.install()
    stage.simulation.barrier.grant(DEFAULT_START + 4 * WEEK)
    app.play(DEFAULT_START, DEFAULT_START + 4 * WEEK)
    entered = sum(
        version.at > DEFAULT_START
        for store in (stage.account.objects, stage.account.archived)
        for deal in store["deals"].values()
        for version in deal.history["dealstage"]
    )
    tasks = [*stage.account.objects["tasks"].values(), *stage.account.archived["tasks"].values()]
    # A deal deleted before its event was handled cannot get a task; there is none such here,
    # because time waits for the app.
    assert app.created == len(tasks) == entered
    assert app.completed > len(tasks) // 3
    done = stage.simulation.people.casts[stage.account.portal_id].state["done"]
    assert done["complete_task"] >= app.completed
    stats = requests.get(f"{stage.http.url}/sandbox/stats", timeout=10).json()
    assert stats["http_429"] == 0
    creates = [n for path, n in stats["calls"].items() if path.endswith("batch/create")]
    assert sum(numbers["201"] for numbers in creates) > 0


def test_two_runs_of_one_seed_end_alike_though_their_reports_differ(stage: Stage):
    """The second run grants in small pieces, so its moves are cut differently."""
    other = Stage()
    try:
        one, two = stage.install(), other.install()
        stage.simulation.barrier.grant(DEFAULT_START + WEEK)
        one.play(DEFAULT_START, DEFAULT_START + WEEK)
        for part in range(1, 8):
            other.simulation.barrier.grant(DEFAULT_START + part * DAY)
            two.play(DEFAULT_START + (part - 1) * DAY, DEFAULT_START + part * DAY)
        assert _ends(stage) == _ends(other)
    finally:
        other.close()


def _ends(stage: Stage) -> list[tuple[str, ...]]:
    tasks = [*stage.account.objects["tasks"].values(), *stage.account.archived["tasks"].values()]
    return sorted(
        (
            task.get("hs_task_subject"),
            task.get("hs_timestamp"),
            task.get("hs_task_status"),
            task.get("hs_task_completion_date"),
            str(task.archived_at),
        )
        for task in tasks
    )


def test_a_click_in_the_crm_reaches_the_app_without_moving_time(stage: Stage):
    app = stage.install()
    deal = next(iter(stage.account.objects["deals"].values()))
    stage.simulation.barrier.grant(DEFAULT_START + WEEK)
    body = {"portal": stage.account.portal_id, "verb": "move_deal", "deal": deal.id, "stage": "won"}
    assert requests.post(f"{stage.http.url}/sandbox/act", json=body, timeout=10).status_code == 200
    answer = app.report(DEFAULT_START)
    assert (answer["moved"], answer["now"]) == (False, DEFAULT_START)
    assert app.inbox.events()[-1]["propertyValue"] == "closedwon"
    assert answer["delivery"] == app.delivery() == 1


def test_an_app_that_refuses_its_webhooks_holds_time(stage: Stage):
    app = stage.install()
    stage.hubspot.settings.webhook_retry_first_seconds = 0.01
    stage.hubspot.settings.webhook_retry_most_seconds = 0.01
    stage.inbox.answers = [503] * 5
    stage.simulation.barrier.grant(DEFAULT_START + 4 * WEEK)
    moved = app.report(DEFAULT_START)
    assert moved["moved"] is True
    assert len(stage.inbox.got) >= 6
    numbers = {headers["X-Sandbox-Delivery"] for headers, _ in stage.inbox.got}
    assert numbers == {"1"}
    assert stage.simulation.clock.now() == moved["now"]


def test_a_call_under_way_keeps_time_where_it_is(stage: Stage):
    app = stage.install()
    stage.hubspot.settings.latency_seconds = 20  # far longer than this test

    def call() -> None:
        with contextlib.suppress(requests.RequestException):
            app.api.get("/crm/owners/2026-03")

    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    while not stage.hubspot.requests()[1]:
        caller.join(0.005)
    stage.simulation.barrier.grant(DEFAULT_START + WEEK)
    answer = app.report(DEFAULT_START)
    assert answer["moved"] is False
    assert "request" in answer["reason"]


def test_the_command_serves_and_keeps_its_state(tmp_path: Path):
    """Started twice on one state file: the second begins where the first was stopped."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--state", str(tmp_path / "world")]
    told = []
    for _ in range(2):
        process = subprocess.Popen(
            [*command, "--deals", "20"], stdout=subprocess.PIPE, text=True, env=os.environ.copy()
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[3]
        state = requests.get(f"{url}/sandbox/time", timeout=10).json()
        told.append(state["now"])
        requests.post(f"{url}/sandbox/grant", json={"until": state["now"] + DAY}, timeout=10)
        body = {"run": "r", "now": state["now"], "delivery": 0, "next_due": None}
        requests.post(f"{url}/sandbox/drained", json=body, timeout=10)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stdout.close()
    assert told == [DEFAULT_START, DEFAULT_START + DAY]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "/nowhere"], "--mapping"),
        (["--data", "/nowhere", "--mapping", "imports/bpic2012.yaml"], "deals.csv"),
        (["--deals", "-1"], "at least one deal"),
    ],
)
def test_arguments_that_do_not_fit_are_answered_with_a_sentence(arguments: list[str], said: str):
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
