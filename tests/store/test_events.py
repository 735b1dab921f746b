"""Posted events in the store: once each, counted, settled, forgotten."""

from __future__ import annotations

from typing import Any

from app.model.posted import Posted
from app.model.time import DAY, Business, Wall
from app.store import event_keys, events, inbox, outcomes
from app.store.engine import Store

NOW, WALL = Business(1_796_032_800_000), Wall(1_000)


def posted(id: str, name: str = "page_viewed", at: int = NOW, **more: Any) -> Posted:
    given: dict[str, Any] = {
        "person_id": None, "person_email": "a@x.example", "company_id": None, "deal_id": None,
        "data": {"url": "/"}, **more,
    }  # fmt: skip
    return Posted(id, name, Business(at), **given)


def test_an_event_is_stored_once_with_its_place_in_the_inbox(store: Store) -> None:
    batch = [posted("a", at=NOW - 2), posted("b", at=NOW - 1), posted("a"), posted("c", "launch")]
    with store.write() as conn:
        assert events.add(conn, 1, batch, NOW, WALL) == {"a", "b", "c"}
        assert events.add(conn, 1, [posted("b"), posted("d")], NOW, WALL) == {"d"}
        assert events.add(conn, 2, [posted("a")], NOW, WALL) == {"a"}
    with store.read() as conn:
        waiting = [row["object_id"] for row in inbox.due(conn, 1, WALL, 10)]
        assert sorted(waiting) == ["a", "b", "c", "d"]
        names = events.names(conn, 1)
        assert {name: row["count"] for name, row in names.items()} == {
            "page_viewed": 3,
            "launch": 1,
        }
        assert [row["event_id"] for row in events.new(conn, 1, ["b", "a", "x"])] == ["b", "a"]


def test_refused_events_are_placed_again_or_dropped(store: Store) -> None:
    with store.write() as conn:
        events.add(conn, 1, [posted("a"), posted("b"), posted("c")], NOW, WALL)
        rows = events.new(conn, 1, ["a", "b", "c"])
        inbox.done(conn, [row["id"] for row in inbox.due(conn, 1, WALL, 10)])
        reasons = {"a": "person_unknown", "b": "person_erased", "c": "person_ambiguous"}
        events.settle(
            conn,
            [
                {"id": row["id"], "state": events.REFUSED, "contact_id": None,
                 "reason": reasons[row["event_id"]]}
                for row in rows
            ],
        )  # fmt: skip
        assert events.count_refused(conn, 1) == 3
        struck = next(r for r in events.refused(conn, 1) if r["event_id"] == "b")
        assert struck["person_email"] is None
        assert events.drop(conn, 1, "b")
        assert not events.drop(conn, 1, "b")
        assert events.again(conn, 1, ["c"], WALL) == 1
        assert events.again(conn, 1, ["c"], WALL) == 0
        assert [row["object_id"] for row in inbox.due(conn, 1, WALL, 10)] == ["c"]
        assert events.again(conn, 1, None, WALL) == 1
        assert events.add(conn, 1, [posted("b")], NOW, WALL) == set()


def test_what_is_old_goes_with_what_it_was_noted_as(store: Store) -> None:
    row = {"subject_id": 7, "kind": "event", "cause": "event:a", "occurred_at": NOW - DAY,
           "data": {"name": "page_viewed", "event": {}}}  # fmt: skip
    with store.write() as conn:
        events.add(conn, 1, [posted("a")], Business(NOW - DAY), WALL)
        events.add(conn, 1, [posted("b")], NOW, WALL)
        outcomes.add(conn, 1, [row, {**row, "kind": "replied"}])
        found = events.happened(conn, 1, [7], ["event", "replied"], NOW, ["event:a"])
        assert sorted(one["kind"] for one in found) == ["event", "replied"]
        assert events.happened(conn, 1, [7], ["event"], NOW, []) == []
        assert events.expire(conn, 1, NOW) == 1
        assert events.add(conn, 1, [posted("b"), posted("a")], NOW, WALL) == {"a"}
        assert [one["kind"] for one in outcomes.of_subjects(conn, 1, [7])] == ["replied"]


def test_a_person_is_forgotten_by_id_and_by_address(store: Store) -> None:
    with store.write() as conn:
        mine = [posted("a", person_id="9", person_email=None), posted("b")]
        events.add(conn, 1, [*mine, posted("c", person_email="other@x.example")], NOW, WALL)
        events.forget(conn, 1, ["9"], ["A@x.example"])
        assert [row["event_id"] for row in events.new(conn, 1, ["a", "b", "c"])] == ["c"]


def test_keys_work_until_they_are_ended_or_revoked(store: Store) -> None:
    with store.write() as conn:
        id, key = event_keys.issue(conn, 1, "site", "an admin", WALL)
        other, second = event_keys.issue(conn, 2, "site", "an admin", WALL)
        found = event_keys.find(conn, key, WALL)
        assert found is not None
        assert found["installation_id"] == 1
        assert event_keys.find(conn, key + "x", WALL) is None
        event_keys.end(conn, 1, id, Wall(WALL + 5))
        event_keys.end(conn, 1, id, Wall(WALL + 50))  # an end is never put off
        assert event_keys.find(conn, key, Wall(WALL + 4)) is not None
        assert event_keys.find(conn, key, Wall(WALL + 5)) is None
        assert not event_keys.revoke(conn, 1, other)
        assert event_keys.revoke(conn, 2, other)
        assert event_keys.find(conn, second, WALL) is None
