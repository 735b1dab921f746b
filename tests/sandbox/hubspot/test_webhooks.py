"""Events as the vendor sends them: signed, numbered, batched, retried, lost and doubled to order.

Signatures are checked with code of this test's own, against the definition on the vendor's page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator

import pytest

from sandbox.hubspot import signing
from sandbox.hubspot.grants import Grants
from sandbox.world.people_acts import Acts
from sandbox.world.records import Actor, Link
from sandbox.world.store import World
from tests.sandbox.hubspot.conftest import USER, task_input
from tests.sandbox.support import PORTAL, SCOPES, START, ManualClock, Receiver, SandboxServer

OBJECTS = "/crm/objects/2026-03"
SUBSCRIPTIONS = [
    {"subscriptionType": "deal.creation"},
    {"subscriptionType": "deal.deletion"},
    {"subscriptionType": "deal.merge"},
    {"subscriptionType": "deal.restore"},
    {"subscriptionType": "deal.associationChange"},
    {"subscriptionType": "contact.deletion"},
    {"subscriptionType": "contact.privacyDeletion"},
    {"subscriptionType": "deal.propertyChange", "propertyName": "dealstage"},
    {"subscriptionType": "deal.propertyChange", "propertyName": "hs_is_closed"},
    {"subscriptionType": "deal.propertyChange", "propertyName": "amount", "active": False},
    {"subscriptionType": "object.creation", "objectType": "task"},
    {"subscriptionType": "object.deletion", "objectType": "task"},
    {
        "subscriptionType": "object.propertyChange",
        "objectType": "task",
        "propertyName": "hs_task_status",
    },
]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[SandboxServer]:
    settings = {"webhook_retry_first_seconds": 0.01, "webhook_retry_most_seconds": 0.02}
    with SandboxServer(
        settings=settings, webhook_url=receiver.url, subscriptions=SUBSCRIPTIONS
    ) as server:
        server.mint()
        yield server


def kinds(receiver: Receiver) -> list[str]:
    return [event["subscriptionType"] for event in receiver.events()]


def test_signed_numbered_and_whole(sandbox: SandboxServer, receiver: Receiver) -> None:
    deal = sandbox.account.create("deals", {"dealname": "A", "dealstage": "qualifiedtobuy"}, USER)
    sandbox.clock.advance(5000)
    sandbox.account.update("deals", deal.id, {"dealstage": "contractsent", "amount": "1"}, USER)
    assert sandbox.hubspot.deliveries.pending()
    assert sandbox.hubspot.deliveries.flush(5)
    assert not sandbox.hubspot.deliveries.pending()
    assert len(receiver.got) == 1
    headers, body = receiver.got[0]
    secret = sandbox.app.client_secret.encode()
    assert headers["X-HubSpot-Signature"] == hashlib.sha256(secret + body).hexdigest()
    assert headers["X-HubSpot-Signature-Version"] == "v1"
    stamp = headers["X-HubSpot-Request-Timestamp"]
    assert abs(int(stamp) - time.time() * 1000) < 60_000, "the wall's time, not the world's"
    source = b"POST" + receiver.url.encode() + body + stamp.encode()
    expected = base64.b64encode(hmac.new(secret, source, hashlib.sha256).digest()).decode()
    assert headers["X-HubSpot-Signature-v3"] == expected
    assert headers["X-Sandbox-Delivery"] == "1"
    assert sandbox.hubspot.deliveries.last_number() == 1
    counts = sandbox.hubspot.stats()["deliveries"]
    assert (counts["delivered"], counts["events"], counts["given_up"]) == (1, 3, 0)
    created, entered, moved = receiver.events()
    assert created["subscriptionType"] == "deal.creation"
    assert created["changeFlag"] == "CREATED"
    assert entered["propertyValue"] == "qualifiedtobuy"
    assert moved == {
        "eventId": moved["eventId"],
        "subscriptionId": 777_007,
        "portalId": PORTAL,
        "appId": 777,
        "occurredAt": START + 5000,
        "subscriptionType": "deal.propertyChange",
        "attemptNumber": 0,
        "objectId": int(deal.id),
        "changeSource": "CRM_UI",
        "sourceId": "userId:9001",
        "propertyName": "dealstage",
        "propertyValue": "contractsent",
        "isSensitive": False,
    }


def test_own_writes_echo(sandbox: SandboxServer, receiver: Receiver) -> None:
    account = sandbox.account
    contact = account.create("contacts", {"email": "p@example.com"}, USER)
    deal = account.create("deals", {"dealname": "A"}, USER, [Link("contacts", contact.id)])
    sandbox.hubspot.deliveries.flush(5)
    receiver.got.clear()
    body = {"inputs": [task_input(deal, contact)]}
    made = sandbox.client().post(f"{OBJECTS}/tasks/batch/create", body).json()["results"][0]
    account.update("tasks", made["id"], {"hs_task_status": "COMPLETED"}, USER)
    account.archive("tasks", made["id"], USER)
    sandbox.hubspot.deliveries.flush(5)
    found = [e for e in receiver.events() if e["subscriptionType"].startswith("object.")]
    assert {e["objectTypeId"] for e in found} == {"0-27"}
    told = [(e["subscriptionType"], e["changeSource"], e["sourceId"]) for e in found]
    assert told == [
        ("object.creation", "INTEGRATION", "777"),
        ("object.propertyChange", "INTEGRATION", "777"),
        ("object.propertyChange", "CRM_UI", "userId:9001"),
        ("object.deletion", "CRM_UI", "userId:9001"),
    ]
    assert [e.get("propertyValue") for e in found[1:3]] == ["NOT_STARTED", "COMPLETED"]


def test_associations_merge_restore(sandbox: SandboxServer, receiver: Receiver) -> None:
    account = sandbox.account
    contact = account.create("contacts", {"email": "p@example.com"}, USER)
    one = account.create("deals", {"dealname": "1"}, USER, [Link("contacts", contact.id)])
    two = account.create("deals", {"dealname": "2"}, USER)
    account.dissociate(("deals", one.id), ("contacts", contact.id), USER)
    account.archive("deals", two.id, USER)
    account.restore("deals", two.id, USER)
    merged = account.merge("deals", one.id, two.id, USER)
    sandbox.hubspot.deliveries.flush(5)
    told = {e["subscriptionType"]: e for e in receiver.events()}
    links = [e for e in receiver.events() if e["subscriptionType"] == "deal.associationChange"]
    assert [e["associationRemoved"] for e in links] == [False, True]
    assert links[0]["associationType"] == "DEAL_TO_CONTACT"
    assert links[0]["toObjectId"] == int(contact.id)
    assert told["deal.deletion"]["changeFlag"] == "DELETED"
    assert told["deal.restore"]["objectId"] == int(two.id)
    assert told["deal.merge"]["primaryObjectId"] == int(one.id)
    assert told["deal.merge"]["mergedObjectIds"] == [int(two.id)]
    assert told["deal.merge"]["newObjectId"] == int(merged.id)
    assert told["deal.deletion"]["objectId"] == int(two.id), "the record that was merged away"


def test_an_erasure_fires_deletion_and_privacy_deletion(
    sandbox: SandboxServer, receiver: Receiver
) -> None:
    live, gone = (
        sandbox.account.create("contacts", {"email": f"{n}@example.com"}, USER) for n in "ab"
    )
    sandbox.account.archive("contacts", gone.id, USER)
    sandbox.hubspot.deliveries.flush(5)
    receiver.got.clear()
    for one in (live, gone):
        body = {"objectId": one.id}
        answer = sandbox.client().post(f"{OBJECTS}/contacts/gdpr-delete", body)
        assert answer.status_code == 204
    sandbox.hubspot.deliveries.flush(5)
    told = [(e["subscriptionType"], e["objectId"], e["changeSource"]) for e in receiver.events()]
    assert told == [
        ("contact.deletion", int(live.id), "INTEGRATION"),
        ("contact.privacyDeletion", int(live.id), "INTEGRATION"),
        ("contact.privacyDeletion", int(gone.id), "INTEGRATION"),
    ]


def test_bulk_edits_and_imports_name_their_source(
    sandbox: SandboxServer, receiver: Receiver
) -> None:
    acts = Acts(sandbox.account)
    rows = [{"dealname": str(n), "dealstage": "qualifiedtobuy"} for n in range(2)]
    acts.do("import_rows", {"kind": "deals", "rows": rows})
    ids = list(sandbox.account.objects["deals"])
    params = {"kind": "deals", "records": ids, "values": {"dealstage": "contractsent"}}
    acts.do("bulk_edit", params)
    sandbox.hubspot.deliveries.flush(5)
    told = [(e["subscriptionType"], e["changeSource"], e["sourceId"]) for e in receiver.events()]
    made = [
        ("deal.creation", "IMPORT", "file-import"),
        ("deal.propertyChange", "IMPORT", "file-import"),
    ]
    moved = ("deal.propertyChange", "CRM_UI_BULK_ACTION", "userId:9001")
    assert told == [*made, *made, moved, moved]


def test_leads_and_companies_have_events_of_their_own(receiver: Receiver) -> None:
    subscriptions = [
        {"subscriptionType": "object.creation", "objectType": "lead"},
        {
            "subscriptionType": "object.propertyChange",
            "objectType": "lead",
            "propertyName": "hs_pipeline_stage",
        },
        {"subscriptionType": "company.merge"},
    ]
    with SandboxServer(webhook_url=receiver.url, subscriptions=subscriptions) as sandbox:
        sandbox.mint()
        acts = Acts(sandbox.account)
        person = sandbox.account.create("contacts", {"firstname": "P"}, USER)
        lead = acts.do("create_lead", {"contact": person.id})
        acts.do("move_lead", {"lead": lead.id, "stage": "Connected"})
        firms = [acts.do("create_company", {"name": name}).id for name in "ab"]
        acts.do("merge", {"kind": "companies", "primary": firms[0], "other": firms[1]})
        sandbox.hubspot.deliveries.flush(5)
    events = receiver.events()
    assert [e["subscriptionType"] for e in events] == [
        "object.creation",
        "object.propertyChange",
        "object.propertyChange",
        "company.merge",
    ]
    assert {e.get("objectTypeId") for e in events[:3]} == {"0-136"}
    stages = [e["propertyValue"] for e in events[1:3]]
    assert stages == ["new-stage-id", "connected-stage-id"]


def test_whether_a_merge_fires_a_creation_is_a_switch(
    sandbox: SandboxServer, receiver: Receiver
) -> None:
    for fires in (False, True):
        sandbox.settings.update({"merge_fires_creation": fires})
        one, two = (sandbox.account.create("deals", {"dealname": n}, USER) for n in "12")
        sandbox.hubspot.deliveries.flush(5)
        receiver.got.clear()
        new = sandbox.account.merge("deals", one.id, two.id, USER)
        sandbox.hubspot.deliveries.flush(5)
        made = [e for e in receiver.events() if e["subscriptionType"] == "deal.creation"]
        assert [e["objectId"] for e in made] == ([int(new.id)] if fires else [])
        assert sorted(kinds(receiver))[-2:] == ["deal.deletion", "deal.merge"]


def test_batches_of_a_hundred(sandbox: SandboxServer, receiver: Receiver) -> None:
    for number in range(230):
        sandbox.account.create("deals", {"dealname": str(number)}, USER)
    sandbox.hubspot.deliveries.flush(5)
    assert [len(body.split(b'"eventId"')) - 1 for _, body in receiver.got] == [100, 100, 30]
    assert [headers["X-Sandbox-Delivery"] for headers, _ in receiver.got] == ["1", "2", "3"]
    ids = [event["eventId"] for event in receiver.events()]
    assert len(set(ids)) == 230


def test_tried_again_until_accepted(sandbox: SandboxServer, receiver: Receiver) -> None:
    receiver.answers = [500, 401, 200]
    sandbox.account.create("deals", {"dealname": "A"}, USER)
    assert sandbox.hubspot.deliveries.flush(5)
    assert [e["attemptNumber"] for e in receiver.events()] == [0, 1, 2]
    assert {headers["X-Sandbox-Delivery"] for headers, _ in receiver.got} == {"1"}
    assert sandbox.hubspot.stats()["deliveries"]["retried"] == 2


def test_dead_app_holds_what_is_pending() -> None:
    settings = {"webhook_retry_first_seconds": 0.01, "webhook_retry_most_seconds": 0.02}
    nobody = "http://127.0.0.1:9/hooks"
    with SandboxServer(
        settings=settings, webhook_url=nobody, subscriptions=SUBSCRIPTIONS
    ) as server:
        server.mint()
        server.account.create("deals", {"dealname": "A"}, USER)
        assert server.hubspot.deliveries.flush(0.1) is False
        assert server.hubspot.deliveries.pending()
        with Receiver() as alive:
            server.app.webhook_url = alive.url
            assert server.hubspot.deliveries.flush(5)
            assert kinds(alive) == ["deal.creation"]
            assert alive.got[0][0]["X-Sandbox-Delivery"] == "1"


def test_given_up_after_so_many_attempts(sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.settings.update({"webhook_attempts": 2})
    receiver.answers = [500, 500, 200]
    sandbox.account.create("deals", {"dealname": "A"}, USER)
    assert sandbox.hubspot.deliveries.flush(5)
    assert len(receiver.got) == 2
    assert sandbox.hubspot.stats()["deliveries"]["given_up"] == 1


def test_losses_and_doubles_to_order(sandbox: SandboxServer, receiver: Receiver) -> None:
    faults = sandbox.hubspot.faults
    faults.add({"match": r"EVENT deal\.creation", "kind": "drop", "times": 1})
    faults.add({"match": r"EVENT deal\.propertyChange", "kind": "duplicate", "at_nth": 2})
    for number in range(2):
        sandbox.account.create(
            "deals", {"dealname": str(number), "dealstage": "qualifiedtobuy"}, USER
        )
    assert sandbox.hubspot.deliveries.flush(5)
    assert sorted(kinds(receiver)) == ["deal.creation", *["deal.propertyChange"] * 3]
    assert sandbox.hubspot.stats()["deliveries"]["dropped"] == 1
    sandbox.settings.update({"webhook_drop": 1.0})
    sandbox.account.create("deals", {"dealname": "lost"}, USER)
    assert sandbox.hubspot.deliveries.flush(5), "what is dropped on purpose holds nothing"


def test_disorder_to_order(sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.settings.update({"webhook_disorder": True})
    for number in range(50):
        sandbox.account.create("deals", {"dealname": str(number)}, USER)
    sandbox.hubspot.deliveries.flush(5)
    ids = [event["eventId"] for event in receiver.events()]
    assert ids != sorted(ids)


def test_only_what_was_granted_and_while_installed(receiver: Receiver) -> None:
    with SandboxServer(webhook_url=receiver.url, subscriptions=SUBSCRIPTIONS) as server:
        server.account.create("deals", {"dealname": "before"}, USER)
        assert not server.hubspot.deliveries.pending(), "nobody has installed the app"
        server.mint(scopes=[one for one in SCOPES if one != "crm.objects.deals.read"])
        server.account.create("deals", {"dealname": "unseen"}, USER)
        assert not server.hubspot.deliveries.pending()
        server.mint()
        server.account.create("deals", {"dealname": "seen"}, USER)
        assert server.hubspot.deliveries.pending()
        Grants.of(server.world).uninstall(server.app.app_id, PORTAL)
        assert server.hubspot.deliveries.flush(5)
        assert receiver.got == [], "an uninstalled app gets nothing more"


def test_switches_of_undocumented_points(sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.settings.update({"property_events_on_create": False, "calculated_events": True})
    deal = sandbox.account.create("deals", {"dealname": "A", "dealstage": "qualifiedtobuy"}, USER)
    sandbox.account.update("deals", deal.id, {"dealstage": "closedwon"}, USER)
    sandbox.hubspot.deliveries.flush(5)
    told = [(e["subscriptionType"], e.get("propertyName")) for e in receiver.events()]
    assert told[0] == ("deal.creation", None)
    assert set(told[1:]) == {
        ("deal.propertyChange", "dealstage"),
        ("deal.propertyChange", "hs_is_closed"),
    }


def test_background_sends_by_itself(receiver: Receiver) -> None:
    with SandboxServer(
        webhook_url=receiver.url, subscriptions=SUBSCRIPTIONS, background=True
    ) as server:
        server.mint()
        server.account.create("deals", {"dealname": "A"}, USER)
        assert receiver.arrived.wait(10)
        assert kinds(receiver) == ["deal.creation"]


def test_what_waits_survives_a_snapshot(sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.account.create("deals", {"dealname": "A"}, USER)
    saved = sandbox.world.snapshot()
    sandbox.world.restore(saved)
    assert sandbox.hubspot.deliveries.flush(5)
    assert kinds(receiver) == ["deal.creation"]
    assert World(ManualClock()).restore(saved) == START


GOLDEN = [
    (
        "f6e94c08-85d0-4608-bcc6-e1850176e7b8",
        "POST",
        "https://www.hubspot.com/webhook",
        b"REQUEST_BODY",
        "1632188626483",
        "jf872r5vscVcxCiDRHA4rGrqe/8BPLNVkdJSHdMnGTU=",
    ),
    (
        "12345678-aaaa-bbbb-cccc-ddddeeeeffff",
        "GET",
        "https://hubspot.com/?appId=1&portalId=2&userId=3",
        b'{"a":1,"b":2}',
        "1111111111",
        "aaknaCGCYJ4yqzuf1UKGqAWUfdcilJtm5nc/ZCudR9k=",
    ),
]


@pytest.mark.parametrize(("secret", "method", "uri", "body", "stamp", "expected"), GOLDEN)
def test_version_3_agrees_with_the_vendor(
    secret: str, method: str, uri: str, body: bytes, stamp: str, expected: str
) -> None:
    assert signing.v3(secret, method, uri, body, stamp) == expected


def test_version_3_decodes_only_what_the_vendor_decodes() -> None:
    plain = signing.v3("s", "GET", "https://a/?u=x@y:/%20", b"", "1")
    assert signing.v3("s", "GET", "https://a/?u=x%40y%3a%2F%20", b"", "1") == plain
    assert signing.v3("s", "GET", "https://a/?u=x@y:/ ", b"", "1") != plain


def test_version_1_agrees_with_the_vendor() -> None:
    body = (
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
        b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,'
        b'"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
    )
    made = signing.v1("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", body)
    assert made == "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"


def test_actor_of_another_app_is_named(sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.account.create("deals", {"dealname": "A"}, Actor.app(4711))
    sandbox.hubspot.deliveries.flush(5)
    assert receiver.events()[0]["sourceId"] == "4711"


def test_privacy_deletion_fires_beside_the_deletion(
    sandbox: SandboxServer, receiver: Receiver
) -> None:
    person = sandbox.account.create("contacts", {"email": "p@example.com"}, USER)
    sandbox.account.forget("contacts", person.id, USER)
    sandbox.hubspot.deliveries.flush(5)
    told = [(e["subscriptionType"], e["objectId"]) for e in receiver.events()]
    gone = int(person.id)
    assert told == [("contact.deletion", gone), ("contact.privacyDeletion", gone)]
