"""Events are stored once, come out longest due first, and stay until they are done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from app.model.time import Business, Wall
from app.store import inbox
from app.store.engine import Store
from tests.support.stores import new_store

_AT = Business(1_000)


@dataclass(frozen=True)
class _Event:
    object_id: str
    dedupe: str = ""
    kind: str = "changed"
    object_type: str = "deal"
    at: Business = _AT
    field: str | None = "stage"
    value: str | None = "won"
    other_id: str | None = None


def _insert(store: Store, *ids: str, inst: int = 1, wall: int = 100) -> int:
    with store.write(urgent=True) as conn:
        return inbox.insert_events(conn, inst, [_Event(i, f"d{i}") for i in ids], Wall(wall))


def _due(store: Store, wall: int, limit: int = 10, inst: int = 1) -> list[str]:
    with store.read() as conn:
        return [row["object_id"] for row in inbox.due(conn, inst, Wall(wall), limit)]


def test_equal_deliveries_are_stored_once(store: Store) -> None:
    assert _insert(store, "1", "2", "1") == 2
    assert _insert(store, "2", "3") == 1
    assert _insert(store, "1", inst=2) == 1  # another account's event is another event
    with store.read() as conn:
        assert inbox.depth(conn, 1) == 3
        assert inbox.depth(conn, 2) == 1
        assert inbox.depth(conn) == 4


def test_events_without_a_key_are_told_apart_by_what_they_say(store: Store) -> None:
    events = [_Event("1"), _Event("1"), _Event("1", value="lost"), _Event("1", kind="deleted")]
    with store.write() as conn:
        assert inbox.insert_events(conn, 1, events, Wall(1)) == 3


def test_an_event_comes_out_as_it_went_in(store: Store) -> None:
    event = _Event("7", "key", "merged", "contact", Business(5), None, None, "8")
    with store.write() as conn:
        inbox.insert_events(conn, 1, [event], Wall(9))
    with store.read() as conn:
        row = dict(inbox.due(conn, 1, Wall(9), 1)[0])
    assert row.pop("id") == 1
    assert row == {
        "installation_id": 1, "kind": "merged", "object_type": "contact", "object_id": "7",
        "occurred_at": 5, "field": None, "value": None, "other_id": "8", "received_wall": 9,
        "retry_wall": 9, "attempts": 0, "error": None, "dedupe": "key",
    }  # fmt: skip


def test_the_longest_due_come_first(store: Store) -> None:
    _insert(store, "a", "b", wall=100)
    _insert(store, "c", wall=300)
    with store.write() as conn:
        first = inbox.due(conn, 1, Wall(100), 1)[0]
        assert inbox.again(conn, [first["id"]], Wall(200), "history lags") == 1
    assert _due(store, 100) == ["b"]
    assert _due(store, 300) == ["b", "a", "c"]
    assert _due(store, 300, limit=2) == ["b", "a"]
    with store.read() as conn:
        row = inbox.due(conn, 1, Wall(300), 2)[1]
        assert (row["attempts"], row["error"]) == (1, "history lags")


def test_done_events_are_gone_and_may_come_again(store: Store) -> None:
    _insert(store, "a", "b")
    with store.write() as conn:
        ids = [row["id"] for row in inbox.due(conn, 1, Wall(100), 1)]
        assert inbox.done(conn, ids) == 1
        assert inbox.done(conn, []) == 0
        assert inbox.again(conn, [], Wall(1), "") == 0
    assert _due(store, 100) == ["b"]
    assert _insert(store, "a") == 1


def test_what_waits_is_known(store: Store) -> None:
    with store.read() as conn:
        assert inbox.next_retry(conn, 1) is None
        assert inbox.installations_due(conn, Wall(10**12)) == []
    _insert(store, "a", wall=100)
    _insert(store, "b", inst=2, wall=500)
    with store.read() as conn:
        assert inbox.next_retry(conn, 2) == 500
        assert inbox.installations_due(conn, Wall(400)) == [1]
        assert sorted(inbox.installations_due(conn, Wall(500))) == [1, 2]


def test_looking_for_due_events_uses_the_index(tmp_path: Path) -> None:
    # SQLite's plan only: on a table this small PostgreSQL rightly scans.
    with new_store("sqlite", tmp_path).read() as conn:
        plan = conn.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT * FROM inbox WHERE installation_id = 1 AND "
                "retry_wall <= 5 ORDER BY retry_wall, id LIMIT 10"
            )
        ).all()
    assert "ix_inbox_due" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
