"""Points on which the vendor's documents are silent: each can be turned, and turning it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import settings
from sandbox.settings import OTHER_POSITIONS, Settings
from sandbox.world import sequence_terms
from tests.sandbox.hubspot.conftest import USER
from tests.sandbox.hubspot.test_oauth import code_of, consent, exchange, press, token
from tests.sandbox.support import PORTAL, REQUIRED, Client, Receiver, SandboxServer

OBJECTS = "/crm/objects/2026-03"
DETAILS = "/account-info/2026-03/details"
POSITION = re.compile(r"^    (\w+): \w+ = .*\n    \"\"\"\[U\]", re.MULTILINE)


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(settings={"rate_limit_multiplier": 1000.0}) as made:
        yield made


def turn(server: SandboxServer, name: str) -> None:
    server.settings.update({name: OTHER_POSITIONS[name]})


def test_every_point_that_is_not_confirmed_has_two_positions() -> None:
    source = Path(settings.__file__).read_text(encoding="utf-8")
    assert sorted(POSITION.findall(source)) == sorted(OTHER_POSITIONS)
    first, both = Settings().as_dict(), Settings()
    both.update(OTHER_POSITIONS)
    assert all(
        first[name] != value for name, value in both.as_dict().items() if name in OTHER_POSITIONS
    )


@pytest.mark.parametrize("name", sorted(settings.CHOICES))
def test_a_position_is_one_of_the_known(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings().update({name: type(settings.CHOICES[name][0])(7)})


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (0, 400)])
def test_a_code_lasts(server: SandboxServer, seconds: int, status: int) -> None:
    server.settings.update({"code_seconds": seconds})
    assert exchange(server, code_of(server)).status_code == status


def test_a_refresh_may_end_the_token_that_was_sent(server: SandboxServer) -> None:
    old = server.mint()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": old}
    assert token(server, **form).json()["refresh_token"] == old
    turn(server, "refresh_token_rotates")
    new = token(server, **form).json()["refresh_token"]
    assert new != old
    assert token(server, **form).json()["status"] == "BAD_REFRESH_TOKEN"
    assert token(server, **{**form, "refresh_token": new}).status_code == 200


@pytest.mark.parametrize(("other", "status"), [(False, 200), (True, 401)])
def test_a_revocation_may_end_access(server: SandboxServer, other: bool, status: int) -> None:
    server.settings.update({"revocation_ends_access": other})
    made = server.mint()
    assert token(server, "/revoke", token=made["refresh_token"]).status_code == 200
    assert Client(server.url, made["access_token"]).get(DETAILS).status_code == status


@pytest.mark.refusal("oauth_hub")
def test_a_refresh_after_the_uninstallation(server: SandboxServer) -> None:
    made = server.mint()
    form = {"grant_type": "refresh_token", "refresh_token": made["refresh_token"]}
    gone = "/appinstalls/2026-03/external-install"
    assert Client(server.url, made["access_token"]).call("DELETE", gone).status_code == 204
    assert token(server, **form).json()["status"] == "BAD_REFRESH_TOKEN"
    turn(server, "uninstalled_refresh")
    refused = token(server, **form)
    assert (refused.status_code, refused.json()["status"]) == (400, "BAD_HUB")
    unknown = token(server, grant_type="refresh_token", refresh_token="na1-x")
    assert unknown.json()["status"] == "BAD_REFRESH_TOKEN"


@pytest.mark.parametrize(("tier", "status"), [("free", 403), ("professional", 200)])
def test_small_tiers_may_lack_the_scopes_of_users(tier: str, status: int) -> None:
    with SandboxServer(tier=tier) as server:
        client = server.client()
        assert client.get(f"{OBJECTS}/users").status_code == 200
        turn(server, "users_scope_on_small_tiers")
        assert client.get(f"{OBJECTS}/users").status_code == status
        page = consent(server, scope=" ".join(REQUIRED)).text
        if status == 200:
            assert "code" in press(server, page, "approve")
        else:
            with pytest.raises(AssertionError, match=r"crm\.objects\.users\.read"):
                press(server, page, "approve")


def test_properties_of_activities_may_need_what_no_app_can_have(server: SandboxServer) -> None:
    made = {
        "name": "mine",
        "label": "Mine",
        "type": "string",
        "fieldType": "text",
        "groupName": "tasksinformation",
    }
    path, client = "/crm/properties/2026-03/tasks", server.client()
    turn(server, "activity_schema_scope")
    refused = client.post(path, made)
    assert refused.json()["category"] == "MISSING_SCOPES"
    deals = {**made, "groupName": "dealsinformation"}
    assert client.post("/crm/properties/2026-03/deals", deals).status_code == 201
    server.settings.update({"activity_schema_scope": Settings().activity_schema_scope})
    assert client.post(path, made).status_code == 201


def test_several_reminders(server: SandboxServer) -> None:
    task = {"hs_timestamp": "1", "hs_task_reminders": "1792404000000;2026-10-20T09:00:00Z"}
    client = server.client()
    refused = client.post(f"{OBJECTS}/tasks", {"properties": task})
    assert refused.json()["errors"][0]["code"] == "INVALID_DATE"
    turn(server, "several_task_reminders")
    made = client.post(f"{OBJECTS}/tasks", {"properties": task})
    assert made.json()["properties"]["hs_task_reminders"] == "1792404000000;1792486800000"


def test_an_inbox_that_is_not_connected(server: SandboxServer) -> None:
    rows = [{"name": "S", "user": 9001, "steps": [{"email": "x"}]}]
    (sequence,) = sequence_terms.add_sequences(server.account, rows)
    contact = server.account.create("contacts", {"email": "a@example.com"}, USER)
    body = {"sequenceId": sequence.id, "contactId": contact.id, "senderEmail": "ada@example.com"}
    path, client = "/automation/sequences/2026-03/enrollments?userId=9001", server.client()
    refused = client.post(path, body)
    assert refused.status_code == 400
    assert "connected inbox" in refused.json()["message"]
    turn(server, "sequence_inbox_status")
    turn(server, "enrolment_refusals_explained")
    refused = client.post(path, body)
    assert refused.status_code == 403
    assert "inbox" not in refused.text


@pytest.mark.parametrize(
    ("name", "heard", "version"),
    [
        (None, ["deal.creation", "object.creation"], "v1"),
        ("activity_events", ["deal.creation"], "v1"),
        ("webhooks_signed_v1", ["deal.creation", "object.creation"], None),
    ],
)
def test_what_webhooks_carry(name: str | None, heard: list[str], version: str | None) -> None:
    wanted: list[dict[str, Any]] = [
        {"subscriptionType": "deal.creation"},
        {"subscriptionType": "object.creation", "objectType": "task"},
    ]
    with (
        Receiver() as receiver,
        SandboxServer(webhook_url=receiver.url, subscriptions=wanted) as server,
    ):
        server.mint(PORTAL)
        if name:
            turn(server, name)
        server.account.create("deals", {"dealname": "D"}, USER)
        server.account.create("tasks", {"hs_timestamp": "1"}, USER)
        server.hubspot.deliveries.flush(5)
        assert sorted(one["subscriptionType"] for one in receiver.events()) == heard
        headers = receiver.got[0][0]
        assert headers.get("X-HubSpot-Signature-Version") == version
        assert ("X-HubSpot-Signature" in headers) is bool(version)
        assert headers["X-HubSpot-Signature-v3"]
