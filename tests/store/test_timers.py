"""One timer for (subject, rule)."""

from __future__ import annotations

from app.model.decisions import ArmTimer
from app.model.time import Business
from app.store import sets, timers
from app.store.engine import Store


def _arm(store: Store, *armed: tuple[int, str, int], inst: int = 1) -> None:
    with store.write() as conn:
        timers.arm(
            conn, inst, [ArmTimer(s, rule, Business(at), {"at": at}) for s, rule, at in armed]
        )


def _due(store: Store, now: int, limit: int = 10, inst: int = 1) -> list[tuple[int, str, int]]:
    with store.read() as conn:
        rows = timers.due(conn, inst, Business(now), limit)
    for row in rows:
        assert sets.loads(row["data"]) == {"at": row["due_at"]}
    return [(row["subject_id"], row["rule"], row["due_at"]) for row in rows]


def test_arming_again_moves_the_timer(store: Store) -> None:
    _arm(store, (1, "a", 50), (1, "b", 60), (2, "a", 70))
    _arm(store, (1, "a", 80), (3, "a", 10), (3, "a", 20))
    assert _due(store, 100) == [(3, "a", 20), (1, "b", 60), (2, "a", 70), (1, "a", 80)]


def test_due_are_those_up_to_now_oldest_first(store: Store) -> None:
    _arm(store, (3, "x", 30), (1, "x", 10), (2, "x", 20), (2, "w", 20))
    _arm(store, (9, "x", 5), inst=2)
    assert _due(store, 20) == [(1, "x", 10), (2, "w", 20), (2, "x", 20)]
    assert _due(store, 20, limit=1) == [(1, "x", 10)]
    assert _due(store, 9) == []


def test_disarming(store: Store) -> None:
    _arm(store, (1, "a", 10), (1, "b", 10), (2, "a", 10))
    _arm(store, (1, "a", 10), inst=2)
    with store.write() as conn:
        assert timers.disarm(conn, 1, [(1, "a"), (2, "a"), (5, "zzz")]) == 2
    assert _due(store, 10) == [(1, "b", 10)]
    assert _due(store, 10, inst=2) == [(1, "a", 10)]


def test_next_due(store: Store) -> None:
    with store.read() as conn:
        assert timers.next_due(conn, 1) is None
        assert timers.next_due(conn) is None
    _arm(store, (1, "a", 40), (2, "a", 30))
    _arm(store, (1, "a", 20), inst=2)
    with store.read() as conn:
        assert timers.next_due(conn, 1) == 30
        assert timers.next_due(conn) == 20


def test_timers_of_subjects(store: Store) -> None:
    _arm(store, (1, "a", 1), (1, "b", 2), (2, "a", 3), (3, "a", 4))
    with store.read() as conn:
        rows = timers.of_subjects(conn, 1, [1, 3, 99])
    assert sorted((r["subject_id"], r["rule"], r["due_at"]) for r in rows) == [
        (1, "a", 1), (1, "b", 2), (3, "a", 4),
    ]  # fmt: skip
