"""Stop everything: one button and one command, effective before the next call to the CRM."""

from __future__ import annotations

import time

import pytest
from click.testing import CliRunner

from app.cli.main import main
from sandbox.world.records import Link
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, PORTAL, Story, playbook

CREATE = r"POST /crm/objects/[^/]+/tasks/batch/create"
NO_LIMITS = {
    "cap_7_days": None, "cap_30_days": None, "rep_daily_tasks": None, "working_hours": False,
    "settle_ms": 0,
}  # fmt: skip
RING = playbook(
    "- {id: go, when: {stage_entered: qualified}, then: [{enrol: ring}]}",
    """
    - id: ring
      steps: [{id: ring, at: 1d, lead: 0min, task: todo, template: t, subject: Ring}]
    """,
)


def many_deals(story: Story, number: int) -> None:
    """Deals that enter a stage at one instant; they share their contact."""
    contact = story.contact()
    with story.simulation.world.lock:
        for index in range(number):
            made = story.account.create(
                "deals",
                {
                    "dealname": f"Deal {index}", "pipeline": "default", "dealstage":
                    "qualifiedtobuy", "amount": "1", "hubspot_owner_id": ADA.owner_id,
                },
                story.by(ADA),
            )  # fmt: skip
            story.account.associate(
                ("deals", made.id), Link("contacts", contact), story.by(ADA)
            )
    story.simulation.barrier.poke()
    story.settle()


def begun(story: Story) -> int:
    """Creations that the CRM has begun to answer."""
    return sum(fault["seen"] for fault in story.hubspot.faults.listing())


@pytest.mark.feature("X08")
def test_a_dispatch_of_a_thousand_writes_at_most_the_batches_in_flight(begin: Begin) -> None:
    story = begin(settings=NO_LIMITS)
    story.live(RING)
    many_deals(story, 1000)
    story.hubspot.faults.add({"match": CREATE, "kind": "slow", "seconds": 0.4, "times": 0})
    due = story.now + 86_400_000
    story.crm.grant(due)
    deadline = time.monotonic() + 30
    seen = 0
    # A call on its way when the stop comes is in flight, too: none may be when they are counted.
    while not seen or begun(story) > seen:
        assert time.monotonic() < deadline, "the dispatch never came"
        seen = begun(story)
        time.sleep(0.05)
    story.admin.change("POST", "/api/stop", {})
    in_flight = begun(story)
    story.to(due)
    assert begun(story) == in_flight, "no call was begun after the stop"
    assert len(story.tasks()) == 100 * in_flight <= 600
    halt = story.admin.get("/api/health")["halt"]
    assert (halt["who"], halt["due"]) == ("otto@firm.example", 1000 - 100 * in_flight)
    page = story.admin.session.get(f"{story.url}/subjects").text
    assert f"{halt['due']} due touches wait" in page
    story.hubspot.faults.clear()
    story.change("POST", "/api/resume")
    titles = [task.subject for task in story.open()]
    assert (len(titles), len(set(titles))) == (1000, 1000), "each once"


@pytest.mark.feature("X08")
def test_the_command_stops_and_starts_the_running_server(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in story.environment.items():
        monkeypatch.setenv(name, value)
    story.live(RING)
    deal = story.deal("qualified")
    story.settle()
    run = CliRunner()
    wrong = run.invoke(main, ["stop", "--account", "7"])
    assert (wrong.exit_code, str(PORTAL) in wrong.output) == (1, True)
    stopped = run.invoke(main, ["stop", "--account", str(PORTAL)])
    assert stopped.output == f"the-firm.example ({PORTAL}): stopped\n", stopped.output
    assert run.invoke(main, ["stop"]).output == f"the-firm.example ({PORTAL}): stopped already\n"
    assert story.admin.get("/api/status")["stopped"]
    story.until("+3d")
    assert story.tasks() == []
    assert "by cli" in story.admin.session.get(f"{story.url}/subjects").text
    assert run.invoke(main, ["start"]).output == f"the-firm.example ({PORTAL}): runs\n"
    story.until("+1d")
    assert len(story.open(deal)) == 1
