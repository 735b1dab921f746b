"""Webhooks: verified, stored under their installation, and refused with a count."""

from __future__ import annotations

from typing import Any

from app.model.time import MINUTE
from app.store import calls, cursors, inbox
from app.store.engine import Store
from app.web.webhooks import DELIVERY
from tests.web.support import NOW, Served, event


def stored(served: Served, inst: int) -> list[Any]:
    with served.store.read() as conn:
        return inbox.due(conn, inst, served.clocks.wall(), 1000)


def refused(served: Served) -> dict[str, int]:
    with served.store.read() as conn:
        return {row["reason"]: row["count"] for row in calls.refused(conn)}


def test_a_signed_delivery_is_stored_and_wakes_the_lane(served: Served) -> None:
    served.connected()
    served.runtime.pokes.clear()
    inst = served.installation()
    answer = served.deliver([event(1), event(2), event(3, propertyName="amount")])
    assert answer.status_code == 204
    rows = stored(served, inst)
    assert [(row["object_id"], row["field"]) for row in rows] == [
        ("1", "stage"), ("2", "stage"), ("3", "amount")
    ]  # fmt: skip
    assert rows[0]["occurred_at"] == NOW
    assert served.runtime.pokes == [("ingest", inst)]


def test_a_repeated_delivery_is_stored_once(served: Served) -> None:
    served.connected()
    for _ in range(3):
        assert served.deliver([event(1), event(2)]).status_code == 204
    assert len(stored(served, served.installation())) == 2


def test_events_go_to_the_account_that_they_are_of(served: Served) -> None:
    served.connected("1000")
    served.connected("2000")
    assert served.deliver([event(1, portal=1000), event(2, portal=2000)]).status_code == 204
    assert [row["object_id"] for row in stored(served, served.installation("1000"))] == ["1"]
    assert [row["object_id"] for row in stored(served, served.installation("2000"))] == ["2"]


def test_the_public_address_is_what_is_signed_query_included(served: Served) -> None:
    served.connected()
    assert served.deliver([event()], query="source=a%3Ab").status_code == 204


def test_a_wrong_secret_is_refused_counted_and_explained(served: Served) -> None:
    served.connected()
    answer = served.deliver([event()], secret="another")
    assert answer.status_code == 401
    data = answer.get_json()
    assert data["error"] == "webhook_signature"
    assert "https://followthrough.example/webhooks/hubspot" in data["next"]
    assert refused(served) == {"webhook_signature": 1}
    assert stored(served, served.installation()) == []


def test_an_old_timestamp_is_refused_and_counted(served: Served) -> None:
    served.connected()
    assert served.deliver([event()], age=5 * MINUTE).status_code == 204
    answer = served.deliver([event()], age=5 * MINUTE + 1)
    assert answer.status_code == 401
    assert "five minutes" in answer.get_json()["message"]
    assert served.deliver([event()], age=-5 * MINUTE - 1).status_code == 401
    assert refused(served) == {"webhook_signature": 2}


def test_no_signature_at_all(served: Served) -> None:
    answer = served.app.test_client().post("/webhooks/hubspot", data=b"[]")
    assert answer.status_code == 401
    assert refused(served) == {"webhook_signature": 1}


def test_an_unknown_account_is_answered_and_counted(served: Served) -> None:
    served.connected()
    answer = served.deliver([event(1, portal=777), event(2, portal=777), event(3)])
    assert answer.status_code == 204
    assert refused(served) == {"webhook_unknown_account": 2}
    assert [row["object_id"] for row in stored(served, served.installation())] == ["3"]


def test_an_account_that_connects_later_is_not_forgotten(served: Served) -> None:
    served.deliver([event()])
    served.connected()
    served.deliver([event(7)])
    assert [row["object_id"] for row in stored(served, served.installation())] == ["7"]


def test_a_signed_body_that_is_no_list_of_events(served: Served) -> None:
    answer = served.deliver({"a": 1})  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert refused(served) == {"webhook_malformed": 1}


def test_a_body_that_is_too_large(served: Served) -> None:
    answer = served.app.test_client().post("/webhooks/hubspot", data=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.get_json()["next"]


def test_an_unknown_crm(served: Served) -> None:
    answer = served.app.test_client().post("/webhooks/other", data=b"[]")
    assert answer.status_code == 404


def highest(served: Served) -> int:
    with served.store.read() as conn:
        return cursors.number(conn, cursors.EVERYONE, DELIVERY)


def test_under_simulation_the_highest_delivery_is_stored(store: Store) -> None:
    served = Served(store, FOLLOWTHROUGH_SIMULATION="http://127.0.0.1:8600")
    served.connected()
    for number in (3, 12, 11):
        served.deliver([event(number)], headers={"X-Sandbox-Delivery": str(number)})
    assert highest(served) == 12
    served.deliver([event(1, portal=777)], headers={"X-Sandbox-Delivery": "13"})
    assert highest(served) == 13
    served.deliver([event(1)], secret="x", headers={"X-Sandbox-Delivery": "14"})
    assert highest(served) == 13


def test_outside_of_a_simulation_nobody_sets_the_delivery(served: Served) -> None:
    served.connected()
    served.deliver([event()], headers={"X-Sandbox-Delivery": "99"})
    assert highest(served) == 0


def test_a_delivery_has_no_session_though_it_brings_a_cookie(served: Served) -> None:
    """Looking for one costs more than checking the signature, and a vendor is nobody's browser."""
    sessions = served.app.session_interface
    with served.app.test_request_context("/webhooks/hubspot", method="POST") as context:
        assert sessions.open_session(served.app, context.request) is None
    with served.app.test_request_context("/connect/hubspot") as context:
        assert sessions.open_session(served.app, context.request) is not None
