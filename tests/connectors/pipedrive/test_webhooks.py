"""Who sent a delivery, and what it says."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from app.model.time import Wall
from connectors.config import VendorConfig
from connectors.contract import BadSignature, Event, Invalid
from connectors.mapping import load
from connectors.marks import marked
from connectors.pipedrive.subscriptions import password
from connectors.pipedrive.vendor import PipedriveVendor
from connectors.pipedrive.webhooks import parse_events

AT = "2026-11-22T10:00:00.000Z"
AT_MS = 1_795_341_600_000
MAPPING = load("pipedrive")
VENDOR = PipedriveVendor(VendorConfig("client", "secret"))


def delivery(
    action: str, entity: str, data: Any = None, previous: Any = None, **meta: Any
) -> bytes:
    return orjson.dumps(
        {
            "data": data,
            "previous": previous,
            "meta": {
                "action": action, "entity": entity, "entity_id": "123", "company_id": "456",
                "id": "7f8d", "timestamp": AT, "user_id": "78", "version": "2.0", "attempt": 1,
                "change_source": "app", "is_bulk_edit": False,
            } | meta,
        }
    )  # fmt: skip


def parsed(*args: Any, **meta: Any) -> list[Event]:
    return parse_events(delivery(*args, **meta), MAPPING)


def kinds(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(one.kind, one.object_type, one.object_id) for one in events]


def authorized(user: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def verify(headers: dict[str, str], body: bytes) -> None:
    VENDOR.verify_webhook("POST", "https://ours.example/webhooks/pipedrive", headers, body, Wall(0))


def test_the_password_given_with_the_subscription_is_accepted() -> None:
    verify(authorized("456", password("secret", "456")), delivery("change", "deal"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer abc"},
        {"Authorization": "Basic not-base64!"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
        authorized("456", "guess"),
        authorized("456", password("other secret", "456")),
        authorized("456", ""),
    ],
)  # fmt: skip
def test_anything_else_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify(headers, delivery("change", "deal"))


def test_one_account_cannot_speak_for_another() -> None:
    own = authorized("999", password("secret", "999"))
    with pytest.raises(BadSignature, match="another account"):
        verify(own, delivery("change", "deal"))
    with pytest.raises(BadSignature):
        verify(authorized("456", password("secret", "999")), delivery("change", "deal"))


def test_a_change_of_a_deal_says_what_is_known_of_it() -> None:
    (event,) = parsed("change", "deal", {"id": 123, "stage_id": 4}, {"owner_id": 3})
    assert event == Event(
        kind="changed", object_type="deal", object_id="123", at=AT_MS, field="owner",
        source="app", source_id="78", dedupe="456|deal|123|changed|7f8d|", account="456",
    )  # fmt: skip


def test_a_repeated_delivery_has_the_same_key_and_another_event_another() -> None:
    (first,) = parsed("change", "deal", {}, {"owner_id": 3})
    (again,) = parsed("change", "deal", {}, {"owner_id": 3}, attempt=3)
    (other,) = parsed("change", "deal", {}, {"owner_id": 3}, id="8a9b")
    assert first.dedupe == again.dedupe != other.dedupe


def test_a_bulk_edit_is_told_as_one() -> None:
    assert parsed("change", "deal", {}, {}, is_bulk_edit=True)[0].source == "bulk"


@pytest.mark.parametrize("property", ["person_id", "participants_count"])
def test_somebody_joined_or_left_a_deal(property: str) -> None:
    assert kinds(parsed("change", "deal", {}, {property: 1})) == [
        ("changed", "deal", "123"), ("associated", "deal", "123"),
    ]  # fmt: skip


def test_a_mail_that_came_in_is_told_beside_the_deal() -> None:
    events = parsed("change", "deal", {}, {"last_incoming_mail_time": None})
    assert kinds(events) == [("changed", "deal", "123"), ("created", "email", "123-latest")]


@pytest.mark.parametrize(
    ("row", "type"),
    [
        ({"type": "call", "done": False, "note": None}, "task"),
        ({"type": "call", "done": True, "note": "Spoke"}, "call"),
        ({"type": "call", "done": True, "note": marked("x", "0" * 36)}, "task"),
        ({"type": "email", "done": True, "note": ""}, "email"),
        ({"type": "meeting", "done": False, "note": ""}, "meeting"),
        ({"type": "lunch", "done": True, "note": ""}, "meeting"),
        ({"type": "their_own", "done": True, "note": ""}, "task"),
    ],
)
def test_an_activity_is_what_it_is_to_us(row: dict[str, Any], type: str) -> None:
    assert kinds(parsed("create", "activity", row)) == [("created", type, "123")]


def test_an_activity_told_without_its_text_is_all_that_it_may_be() -> None:
    """A call that was made may be a task of ours that a rep completed."""
    events = parsed("change", "activity", {"type": "call", "done": True}, {"done": False})
    assert kinds(events) == [("changed", "task", "123"), ("changed", "call", "123")]


def test_a_call_that_was_made_may_be_ours_though_our_mark_is_gone() -> None:
    row = {"type": "call", "done": True, "note": "Rang them"}
    events = parsed("change", "activity", row, {"done": False})
    assert kinds(events) == [("changed", "task", "123"), ("changed", "call", "123")]


def test_of_a_deletion_only_the_former_state_tells_the_kind() -> None:
    assert kinds(parsed("delete", "activity", None, {"type": "meeting", "note": ""})) == [
        ("deleted", "meeting", "123")
    ]
    assert kinds(parsed("delete", "activity", None, None)) == [("deleted", "task", "123")]
    assert kinds(parsed("delete", "person", None, {"name": "Ada"})) == [
        ("deleted", "contact", "123")
    ]


def test_either_side_of_a_merge_names_who_survives() -> None:
    (gone,) = parsed("delete", "person", None, {}, merged_to_id="900")
    assert (gone.kind, gone.object_id, gone.other_id) == ("merged", "900", "123")
    kept = parsed("change", "deal", {}, {"title": "A"}, merged_from_id=["7", 8])
    assert [(one.object_id, one.other_id) for one in kept] == [("123", "7"), ("123", "8")]
    assert all(one.kind == "merged" for one in kept)


@pytest.mark.parametrize("entity", ["product", "note", "organization", "user", "board"])
def test_what_we_do_not_follow_is_left_out(entity: str) -> None:
    assert parsed("change", entity, {}, {}) == []


def test_an_unknown_action_is_left_out() -> None:
    assert parsed("rot", "deal", {}, {}) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"no json", b"3"])
def test_a_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        parse_events(body, MAPPING)


def test_an_event_that_names_no_record_is_refused() -> None:
    body = orjson.dumps({"meta": {"action": "change", "entity": "deal", "timestamp": AT}})
    with pytest.raises(Invalid):
        parse_events(body, MAPPING)
