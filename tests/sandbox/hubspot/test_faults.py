"""Failures to order at every write, several at once, and hours in which something is silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.assembly import assemble
from sandbox.faults import Faults
from sandbox.hubspot.api import HubSpot
from sandbox.hubspot.grants import Grants
from sandbox.simulation import Simulation
from sandbox.world.records import App, Link, Record
from tests.sandbox.hubspot.conftest import USER, task_input, types
from tests.sandbox.support import START, Receiver, SandboxServer

OBJECTS = "/crm/objects/2026-03"
LINKS = "/crm/associations/2026-03"
PROPERTIES = "/crm/properties/2026-03"
HOUR = 3_600_000
DAY = 24 * HOUR
PROPERTY = {
    "name": "colour",
    "label": "Colour",
    "type": "string",
    "fieldType": "text",
    "groupName": "dealsinformation",
}


def pair(one: str, other: str) -> dict[str, Any]:
    return {"inputs": [{"from": {"id": one}, "to": {"id": other}}]}


WRITES: dict[str, tuple[str, str, Any]] = {
    "create": ("POST", f"{OBJECTS}/deals", {"properties": {"dealname": "N"}}),
    "change": ("PATCH", f"{OBJECTS}/deals/%deal", {"properties": {"dealname": "N"}}),
    "delete": ("DELETE", f"{OBJECTS}/deals/%deal", None),
    "merge": (
        "POST",
        f"{OBJECTS}/deals/merge",
        {"primaryObjectId": "%deal", "objectIdToMerge": "%other"},
    ),
    "erase": ("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": "%contact"}),
    "batch create": ("POST", f"{OBJECTS}/tasks/batch/create", {"inputs": ["%task"]}),
    "batch update": (
        "POST",
        f"{OBJECTS}/deals/batch/update",
        {"inputs": [{"id": "%deal", "properties": {"amount": "3"}}]},
    ),
    "batch upsert": (
        "POST",
        f"{OBJECTS}/contacts/batch/upsert",
        {"inputs": [{"id": "u@example.com", "idProperty": "email", "properties": {}}]},
    ),
    "batch archive": ("POST", f"{OBJECTS}/deals/batch/archive", {"inputs": [{"id": "%deal"}]}),
    "associate": (
        "PUT",
        f"{OBJECTS}/deals/%other/associations/contacts/%contact",
        [types(3)],
    ),
    "associate by default": (
        "PUT",
        f"{OBJECTS}/deals/%other/associations/default/contacts/%contact",
        None,
    ),
    "part": ("DELETE", f"{OBJECTS}/deals/%deal/associations/contacts/%contact", None),
    "batch associate": (
        "POST",
        f"{LINKS}/deals/contacts/batch/associate/default",
        pair("%other", "%contact"),
    ),
    "batch part": (
        "POST",
        f"{LINKS}/deals/contacts/batch/archive",
        {"inputs": [{"from": {"id": "%deal"}, "to": [{"id": "%contact"}]}]},
    ),
    "property": ("POST", f"{PROPERTIES}/deals", PROPERTY),
}


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(settings={"rate_limit_multiplier": 1000.0}) as made:
        yield made


def filled(given: Any, ids: dict[str, Any]) -> Any:
    """A path or body with the ids of this test's records put in."""
    if isinstance(given, str):
        if given in ids:
            return ids[given]
        for name, value in ids.items():
            if isinstance(value, str):
                given = given.replace(name, value)
        return given
    if isinstance(given, dict):
        return {name: filled(value, ids) for name, value in given.items()}
    return [filled(one, ids) for one in given] if isinstance(given, list) else given


def state(server: SandboxServer) -> Any:
    account = server.account
    return (
        {
            r.id: (dict(r.fields), str(r.links))
            for k in account.objects.values()
            for r in k.values()
        },
        sorted(account.properties["deals"]),
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", WRITES)
def test_every_write_can_fail_before_and_after_it_is_done(
    server: SandboxServer, name: str, when: str
) -> None:
    account = server.account
    contact = account.create("contacts", {"email": "c@example.com"}, USER)
    deal = account.create("deals", {"dealname": "A"}, USER, [Link("contacts", contact.id)])
    other = account.create("deals", {"dealname": "B"}, USER)
    ids = {"%deal": deal.id, "%other": other.id, "%contact": contact.id}
    method, path, body = filled(list(WRITES[name]), {**ids, "%task": task_input(deal, contact)})
    server.hubspot.faults.add({"match": f"{method} {path}$", "kind": f"502_{when}"})
    before = state(server)
    assert server.client().call(method, path, body).status_code == 502
    assert (state(server) == before) is (when == "before")


def test_several_faults_meet_one_call(server: SandboxServer) -> None:
    faults, api = server.hubspot.faults, server.client()
    faults.add({"match": "POST .*deals$", "kind": "slow", "seconds": 0.01, "times": 0})
    faults.add({"match": "* .*", "kind": "slow", "seconds": 0.01, "times": 0})
    faults.add({"match": "POST .*deals$", "kind": "429", "times": 2})
    faults.add({"match": "POST .*", "kind": "500_after", "times": 1})
    body = {"properties": {"dealname": "A"}}
    statuses = [api.post(f"{OBJECTS}/deals", body).status_code for _ in range(4)]
    assert statuses == [429, 429, 500, 201]
    assert len(server.account.objects["deals"]) == 2, "the third was done and then refused"
    told = [(one["seen"], one["hits"]) for one in faults.listing()]
    assert told == [(4, 4), (4, 4), (4, 2), (4, 1)]


def test_calls_fail_only_within_their_hour(server: SandboxServer) -> None:
    hour = {"from": START + HOUR, "until": START + 2 * HOUR}
    server.hubspot.faults.add({"match": "GET .*", "kind": "503_before", "times": 0, **hour})
    api, statuses = server.client(), []
    for instant in (START, START + HOUR, START + 2 * HOUR - 1, START + 2 * HOUR):
        server.clock.set(instant)
        statuses.append(api.get(f"{OBJECTS}/deals").status_code)
    assert statuses == [200, 503, 503, 200]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "429", "from": 5, "until": 5}, "until must be after from"),
        ({"kind": "429", "from": "noon"}, "from must be an instant"),
        ({"kind": "delay"}, "a delay needs until"),
    ],
)
def test_windows_that_make_no_sense(fault: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faults().add(fault)


# --- webhooks ------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def hooked(receiver: Receiver) -> Iterator[SandboxServer]:
    subscriptions = [
        {"subscriptionType": "deal.creation"},
        {"subscriptionType": "deal.propertyChange", "propertyName": "amount"},
    ]
    with SandboxServer(webhook_url=receiver.url, subscriptions=subscriptions) as server:
        server.mint()
        yield server


def deal(server: SandboxServer, name: str) -> Record:
    made = server.account.create("deals", {"dealname": name}, USER)
    server.hubspot.deliveries.flush(5)
    return made


def objects(receiver: Receiver) -> list[int]:
    return [event["objectId"] for event in receiver.events()]


def silence(kind: str, **more: Any) -> dict[str, Any]:
    hour = {"from": START + HOUR, "until": START + 2 * HOUR}
    return {"match": "EVENT .*", "kind": kind, "times": 0, **hour, **more}


def test_an_hour_of_silence_in_which_all_is_lost(hooked: SandboxServer, receiver: Receiver) -> None:
    hooked.hubspot.faults.add(silence("drop"))
    made = []
    for instant in (START, START + HOUR, START + HOUR + 5, START + 2 * HOUR):
        hooked.clock.set(instant)
        made.append(int(deal(hooked, str(instant)).id))
    assert objects(receiver) == [made[0], made[3]]
    assert hooked.hubspot.deliveries.lost() == 2
    assert not hooked.hubspot.deliveries.pending()


def test_an_hour_of_silence_after_which_all_comes(
    hooked: SandboxServer, receiver: Receiver
) -> None:
    hooked.hubspot.faults.add(silence("delay"))
    hooked.clock.set(START + HOUR + 5)
    held = [int(deal(hooked, name).id) for name in "ab"]
    assert objects(receiver) == []
    assert not hooked.hubspot.deliveries.pending(), "what is held back does not hold business time"
    hooked.play(HOUR - 6)
    assert not hooked.hubspot.deliveries.pending()
    hooked.play(1)
    assert hooked.hubspot.deliveries.pending()
    later = int(deal(hooked, "c").id)
    assert objects(receiver) == [*held, later]
    assert {event["occurredAt"] for event in receiver.events()[:2]} == {START + HOUR + 5}
    assert hooked.hubspot.deliveries.lost() == 0
    assert hooked.world.agenda.next_at() is None


def test_business_time_stops_where_held_events_are_due() -> None:
    simulation = Simulation()
    flask = assemble(simulation)
    account = simulation.generate(deals=2)
    hubspot: HubSpot = flask.extensions["hubspot"]
    barrier, now = simulation.barrier, simulation.clock.now()
    simulation.agenda.restore([])  # nobody does anything by themselves
    due = now + 3 * HOUR + 1
    hubspot.faults.add({"match": "EVENT .*", "kind": "delay", "times": 0, "until": due})
    with Receiver() as receiver:
        wanted = [{"subscriptionType": "deal.creation"}]
        app = App(777, "c", "s", [], ["crm.objects.deals.read"], [], receiver.url, wanted)
        simulation.world.register_app(app)
        Grants.of(simulation.world).issue_refresh(777, account.portal_id, 1, app.required_scopes)
        account.create("deals", {"dealname": "Late"}, USER)
        barrier.grant(now + DAY)
        told = barrier.drained("r", now, 0, None)
        assert (told["moved"], receiver.events()) == (False, []), "held back, not under way"
        assert barrier.drained("r", now, 0, None)["now"] == due
        assert len(receiver.events()) == 1


def test_one_event_late_by_seconds_twice_and_out_of_order(
    hooked: SandboxServer, receiver: Receiver
) -> None:
    faults = hooked.hubspot.faults
    late = faults.add({"match": r"EVENT deal\.creation", "kind": "delay", "seconds": 90})
    twice = faults.add({"match": r"EVENT deal\.creation", "kind": "duplicate", "at_nth": 1})
    made = int(deal(hooked, "a").id)
    hooked.play(89_999)
    hooked.hubspot.deliveries.flush(5)
    assert objects(receiver) == []
    hooked.play(1)
    hooked.hubspot.deliveries.flush(5)
    assert objects(receiver) == [made, made], "an event suffers every fault that matches it"
    assert [one["hits"] for one in faults.listing() if one["id"] in (late, twice)] == [1, 1]


def test_some_events_lose_their_place(hooked: SandboxServer, receiver: Receiver) -> None:
    hooked.hubspot.faults.add({"match": r"EVENT deal\.prop.*", "kind": "disorder", "times": 0})
    record = deal(hooked, "a")
    receiver.got.clear()
    for number in range(30):
        hooked.account.update("deals", record.id, {"amount": str(number)}, USER)
    hooked.hubspot.deliveries.flush(5)
    amounts = [int(event["propertyValue"]) for event in receiver.events()]
    assert amounts != list(range(30))
    assert sorted(amounts) == list(range(30))
