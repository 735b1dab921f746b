"""`bin/followthrough doctor` beside a running server, on an account that changes under it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main
from sandbox.hubspot.grants import Grants
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, MIA, PORTAL, Story


def call(story: Story, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """The command in the environment of the story's server."""
    for name, value in story.environment.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(main, ["doctor", *arguments])


def report(story: Story, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    result = call(story, monkeypatch, "--json", *arguments)
    told = json.loads(result.stdout)
    assert told["status"] == result.exit_code
    return told


def codes(told: dict[str, Any]) -> dict[str, str]:
    return {
        one["code"]: one["level"] for one in told["findings"]
        if not one["code"].startswith("cannot_")
    }  # fmt: skip


def test_an_account_that_works_and_then_does_not(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = begin(settings={"default_owner": ADA.owner_id})
    assert codes(report(story, monkeypatch)) == {"no_rule": "attention"}
    story.live("proposal")
    before = story.hubspot.stats()["calls"]

    told = report(story, monkeypatch)
    assert codes(told) == {}
    (account,) = told["accounts"]
    assert account["id"] == str(PORTAL)
    assert account["status"] == "active"
    assert account["name"] == "the-firm.example"
    assert told["status"] == 0
    words = call(story, monkeypatch).stdout
    assert "Everything that was checked is in order." in words
    wrote = {
        endpoint
        for endpoint, answers in story.hubspot.stats()["calls"].items()
        if answers != before.get(endpoint)
        and not endpoint.startswith("GET")
        and not endpoint.endswith(("/batch/read", "/introspect"))
    }
    assert wrote == set(), "a check-up only reads"

    # An admin tidies up in the CRM, and one of the reps is promoted away.
    del story.account.properties["deals"]["followthrough_control"]
    story.admin.change("PUT", f"/api/people/{MIA.owner_id}", {"role": "rep"})
    for person in story.people:
        story.admin.change("PUT", f"/api/people/{person.owner_id}", {"manager_id": None})
    told = report(story, monkeypatch)
    assert codes(told) == {"own_property": "attention", "no_manager": "attention"}
    assert told["status"] == 1
    words = call(story, monkeypatch).stdout
    assert "deals.followthrough_control is missing" in words
    assert "Next: " in words
    offline = codes(report(story, monkeypatch, "--offline"))
    assert offline == {"no_manager": "attention"}

    Grants.of(story.simulation.world).uninstall(4_801_207, PORTAL)
    told = report(story, monkeypatch)
    assert codes(told)["access_revoked"] == "wrong"
    assert told["status"] == 2

    assert codes(report(story, monkeypatch, "--account", "1")) == {"unknown_account": "wrong"}


def test_without_a_server_the_doctor_says_so(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = begin()
    monkeypatch.setattr(story, "environment", {
        **story.environment, "FOLLOWTHROUGH_URL": "http://127.0.0.1:9",
    })  # fmt: skip
    assert codes(report(story, monkeypatch))["unreachable"] == "wrong"


def test_what_an_admin_deleted_is_told_and_made_anew_by_connecting_again(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = begin()
    story.change("PUT", "/api/sequences", {"on": True, "way_out": True})
    gone = (("contacts", "followthrough_unenrol_requested"), ("tasks", "followthrough_state"))
    for kind, name in gone:
        del story.account.properties[kind][name]
    told = report(story, monkeypatch)
    lost = {f["what"] for f in told["findings"] if f["code"] == "own_property"}
    assert lost == {f"Our field {kind}.{name} is missing." for kind, name in gone}
    story.admin.install()
    assert "own_property" not in codes(report(story, monkeypatch))
    assert all(name in story.account.properties[kind] for kind, name in gone)
