"""Webhook signatures, by the vendor's published vectors, and events."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model.time import Wall
from connectors.config import VendorConfig
from connectors.contract import SEVERAL, BadSignature, Event, Invalid
from connectors.hubspot import webhooks
from connectors.hubspot.vendor import HubSpotVendor
from connectors.mapping import load

A = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
B = "f6e94c08-85d0-4608-bcc6-e1850176e7b8"
C = "12345678-aaaa-bbbb-cccc-ddddeeeeffff"
HOOK = "https://www.example.com/webhook_uri"
CREATION = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
    b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,'
    b'"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
)


def test_v1_vector() -> None:
    assert webhooks.signature_v1(A, CREATION) == (
        "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"
    )


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        (
            "POST",
            b'{"example_field":"example_value"}',
            "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900",
        ),
        ("GET", b"", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"),
    ],
)
def test_v2_vectors(method: str, body: bytes, expected: str) -> None:
    assert webhooks.signature_v2(A, method, HOOK, body) == expected
    headers = {"X-HubSpot-Signature": expected, "X-HubSpot-Signature-Version": "v2"}
    webhooks.verify_v2(A, method, HOOK, headers, body)
    with pytest.raises(BadSignature):
        webhooks.verify_v2(A, method, HOOK, headers, body + b" ")


@pytest.mark.parametrize(
    ("secret", "method", "uri", "body", "timestamp", "expected"),
    [
        (A, "POST", HOOK, b"{'example_field':'example_value'}", "1693657560000",
         "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
        (A, "POST", HOOK, b"{'example_field':'example_value'}", "1700000300000",
         "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
        (B, "POST", "https://www.hubspot.com/webhook", b"REQUEST_BODY", "1632188626483",
         "jf872r5vscVcxCiDRHA4rGrqe/8BPLNVkdJSHdMnGTU="),
        (B, "POST", "https://www.hubspot.com/webhook", b"", "1632188626483",
         "csXgk7UbrE9F8ZmMvbpuKBxqIvTSqU1EX9pI/SJtxSE="),
        (C, "GET", "https://hubspot.com/?appId=1&portalId=2&userId=3", b"", "1111111111",
         "zTfXjo07jfzGouo4wvyAj3qEMUTVJ0PPYPACrluQtQI="),
        (C, "GET", "https://hubspot.com/?appId=1&portalId=2&userId=3", b'{"a":1,"b":2}',
         "1111111111", "aaknaCGCYJ4yqzuf1UKGqAWUfdcilJtm5nc/ZCudR9k="),
    ],
)
def test_v3_vectors(
    secret: str, method: str, uri: str, body: bytes, timestamp: str, expected: str
) -> None:
    assert webhooks.signature_v3(secret, method, uri, body, timestamp) == expected
    headers = {"X-HubSpot-Signature-v3": expected, "X-HubSpot-Request-Timestamp": timestamp}
    vendor = HubSpotVendor(VendorConfig("id", secret))
    vendor.verify_webhook(method, uri, headers, body, Wall(int(timestamp)))
    for changed in (
        (method, uri, body + b"x"), (method, uri + "x", body), ("PUT", uri, body),
    ):
        with pytest.raises(BadSignature, match="does not match"):
            vendor.verify_webhook(
                changed[0], changed[1], headers, changed[2], Wall(int(timestamp))
            )


NOW = 1_700_000_300_000


def signed(body: bytes = b"[]", at: int = NOW, **changed: str) -> dict[str, str]:
    headers = {
        "X-HubSpot-Signature-v3": webhooks.signature_v3(A, "POST", HOOK, body, str(at)),
        "X-HubSpot-Request-Timestamp": str(at),
    }
    return {name: value for name, value in (headers | changed).items() if value}


def verify(headers: dict[str, str], now: int = NOW) -> None:
    webhooks.verify_v3(A, "POST", HOOK, headers, b"[]", Wall(now))


@pytest.mark.parametrize("skew", [-300_000, 0, 300_000])
def test_five_minutes_either_way_are_accepted(skew: int) -> None:
    verify(signed(), NOW + skew)


@pytest.mark.parametrize("skew", [-300_001, 300_001])
def test_older_or_from_the_future_is_refused(skew: int) -> None:
    with pytest.raises(BadSignature, match="five minutes"):
        verify(signed(), NOW + skew)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"X-HubSpot-Signature-v3": ""}, "no X-HubSpot-Signature-v3"),
        ({"X-HubSpot-Request-Timestamp": ""}, "no X-HubSpot-Request-Timestamp"),
        ({"X-HubSpot-Request-Timestamp": "soon"}, "not a number"),
        ({"X-HubSpot-Request-Timestamp": "²"}, "not a number"),
        ({"X-HubSpot-Signature-v3": "ünlike"}, "does not match"),
    ],
)
def test_bad_headers_are_refused_by_name(changed: dict[str, str], message: str) -> None:
    with pytest.raises(BadSignature, match=message):
        verify(signed(**changed))


def test_header_names_may_come_in_any_case() -> None:
    verify({name.lower(): value for name, value in signed().items()})


def test_a_v1_signature_is_not_enough_for_a_webhook() -> None:
    """It has no time, so that whoever saw one could send it for ever."""
    headers = {
        "X-HubSpot-Signature": webhooks.signature_v1(A, b"[]"),
        "X-HubSpot-Signature-Version": "v1",
    }
    with pytest.raises(BadSignature):
        verify(headers)


def test_only_the_documented_escapes_are_undone() -> None:
    escaped = "https%3A%2F%2Fx.y%2Fp%3Fa%40b%21%24%27%28%29%2A%2C%3B"
    assert webhooks.decode_uri(escaped) == "https://x.y/p?a@b!$'()*,;"
    assert webhooks.decode_uri(escaped.lower()) == "https://x.y/p?a@b!$'()*,;"
    kept = "https://x.y/?q=%20%26%3D%23%25%2B&r=%C3%A9"
    assert webhooks.decode_uri(kept) == kept


@given(st.binary(max_size=80), st.text(max_size=40))
def test_any_other_body_or_secret_is_refused(body: bytes, secret: str) -> None:
    headers = signed()
    if body != b"[]":
        with pytest.raises(BadSignature):
            webhooks.verify_v3(A, "POST", HOOK, headers, body, Wall(NOW))
    if secret != A:
        with pytest.raises(BadSignature):
            webhooks.verify_v3(secret, "POST", HOOK, headers, b"[]", Wall(NOW))


# --- events --------------------------------------------------------------------------------------

COMMON: dict[str, Any] = {
    "eventId": 1, "subscriptionId": 9, "portalId": 62515, "appId": 5,
    "occurredAt": 1_564_113_600_000,
    "attemptNumber": 0, "objectId": 123, "changeSource": "CRM_UI", "sourceId": "userId:1",
}


def parse(*rows: dict[str, Any]) -> list[Event]:
    return webhooks.parse_events(orjson.dumps([COMMON | row for row in rows]), load("hubspot"))


def test_a_property_change() -> None:
    (event,) = parse(
        {"subscriptionType": "deal.propertyChange", "propertyName": "dealstage",
         "propertyValue": "contractsent"}
    )
    assert (event.kind, event.object_type, event.object_id) == ("changed", "deal", "123")
    assert (event.field, event.value, event.at) == ("stage", "contractsent", 1_564_113_600_000)
    assert (event.source, event.source_id, event.account) == ("CRM_UI", "userId:1", "62515")


def test_a_generic_event_goes_by_its_type_id() -> None:
    (event,) = parse(
        {"subscriptionType": "object.propertyChange", "objectTypeId": "0-27",
         "propertyName": "hs_task_status", "propertyValue": "COMPLETED"}
    )
    assert (event.object_type, event.field) == ("task", SEVERAL)
    assert event.value == '{"status":"completed"}'


def test_an_unmapped_property_keeps_its_name() -> None:
    (event,) = parse(
        {"subscriptionType": "deal.propertyChange", "propertyName": "own", "propertyValue": "1"}
    )
    assert event.field == "own"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("deal.creation", "created"), ("contact.deletion", "deleted"), ("deal.restore", "restored"),
        ("contact.privacyDeletion", "erased"),
    ],
)
def test_kinds(name: str, kind: str) -> None:
    (event,) = parse({"subscriptionType": name})
    assert event.kind == kind


def test_a_merge_names_each_record_that_is_gone() -> None:
    events = parse(
        {"subscriptionType": "contact.merge", "primaryObjectId": 7, "mergedObjectIds": [8, 9],
         "newObjectId": 10}
    )
    assert {(event.object_id, event.other_id) for event in events} == {
        ("10", "7"), ("10", "8"), ("10", "9"),
    }
    assert all(event.kind == "merged" and event.other_type == "contact" for event in events)


def test_an_association_names_both_ends() -> None:
    (event,) = parse(
        {"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_CONTACT",
         "fromObjectId": 1, "toObjectId": 2, "associationRemoved": True}
    )
    assert (event.kind, event.object_type, event.object_id) == ("associated", "deal", "1")
    assert (event.other_type, event.other_id, event.value) == ("contact", "2", "removed")


def task_change(name: str, value: str, **more: Any) -> dict[str, Any]:
    return {"subscriptionType": "object.propertyChange", "objectTypeId": "0-27",
            "propertyName": name, "propertyValue": value, **more}  # fmt: skip


def test_changes_of_an_activity_at_one_instant_are_one_event_with_canonical_values() -> None:
    events = parse(
        task_change("hs_task_status", "NOT_STARTED"),
        task_change("hs_timestamp", "1564113600000"),
        task_change("hubspot_owner_id", ""),
        task_change("unmapped", "x"),
        task_change("hs_task_status", "COMPLETED"),
        task_change("hs_task_status", "COMPLETED", occurredAt=5),
        task_change("hs_task_subject", "Call", objectId=124),
        task_change("hs_task_priority", "HIGH", objectId=124),
    )
    assert [(event.object_id, event.field, event.at) for event in events] == [
        ("123", SEVERAL, 1_564_113_600_000), ("123", SEVERAL, 5),
        ("124", SEVERAL, 1_564_113_600_000),
    ]
    assert orjson.loads(events[0].value or "") == {
        "status": "completed", "due_at": 1_564_113_600_000, "owner": None, "unmapped": "x",
    }
    assert len({event.dedupe for event in events}) == 3


def test_the_creation_of_an_activity_and_its_first_values_are_one_event() -> None:
    created = {"subscriptionType": "object.creation", "objectTypeId": "0-27"}
    apart, together, other = parse(
        created | {"objectId": 125},
        task_change("hs_task_status", "NOT_STARTED"),
        created,  # in whatever order they come
        task_change("hs_task_subject", "Call"),
        task_change("hs_task_subject", "Call", objectId=124),
    )
    assert (apart.kind, apart.field, apart.value) == ("created", None, None)
    assert (together.kind, together.field, together.object_id) == ("created", SEVERAL, "123")
    assert orjson.loads(together.value or "") == {"status": "open", "subject": "Call"}
    assert (other.kind, other.field, other.object_id) == ("changed", SEVERAL, "124")


def test_changes_of_a_deal_stay_apart() -> None:
    """Each stage is waited for in the deal's history."""
    change = {"subscriptionType": "deal.propertyChange", "propertyName": "dealstage"}
    assert len(parse(change | {"propertyValue": "a"}, change | {"propertyValue": "b"})) == 2


def test_associations_with_activities_are_left_out() -> None:
    assert parse(
        {"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_TASK",
         "fromObjectId": 1, "toObjectId": 2, "associationRemoved": False}
    ) == []


def test_unknown_kinds_and_types_are_left_out() -> None:
    assert parse(
        {"subscriptionType": "conversation.newMessage"},
        {"subscriptionType": "deal.somethingNew"},
        {"subscriptionType": "object.creation", "objectTypeId": "2-77"},
    ) == []


def test_equal_deliveries_share_a_key_and_others_do_not() -> None:
    change = {"subscriptionType": "deal.propertyChange", "propertyName": "amount",
              "propertyValue": "1"}
    first, again = parse(change | {"eventId": 1}, change | {"eventId": 2, "attemptNumber": 3})
    assert first.dedupe == again.dedupe
    keys = {
        event.dedupe
        for event in parse(
            change, change | {"propertyValue": "2"}, change | {"occurredAt": 1},
            change | {"objectId": 5}, change | {"portalId": 5}, change | {"propertyName": "x"},
            change | {"subscriptionId": 5},
        )
    }
    assert len(keys) == 7


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"nope", b"[1]", b'[{"subscriptionType":"deal.creation"}]']
)
def test_a_body_that_is_no_list_of_events_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        webhooks.parse_events(body, load("hubspot"))
