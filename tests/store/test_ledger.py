"""Positive decisions append; a repeated no counts up; a changed verdict appends again."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from app.model.decisions import Explanation
from app.model.time import Business
from app.store import ledger
from app.store.engine import Store
from app.store.tables import enrolments, touches


def _no(subject: int, code: str, at: int, scope: str = "rule:p/r", **values: object) -> Explanation:
    return Explanation(subject, scope, "no", code, Business(at), False, values)


def _yes(subject: int, at: int, scope: str = "rule:p/r") -> Explanation:
    return Explanation(subject, scope, "enrol", "enrolled", Business(at), True)


def _write(store: Store, *said: Explanation) -> None:
    with store.write() as conn:
        ledger.write(conn, 1, said)


def _read(store: Store, subject: int, scope: str | None = None) -> list[tuple[str, int, int, int]]:
    with store.read() as conn:
        entries = ledger.read(conn, subject, scope)
    return [(e.code, e.first_at, e.last_at, e.count) for e in entries]


@pytest.mark.parametrize("together", [True, False])
def test_a_repeated_no_counts_up_until_the_verdict_changes(store: Store, together: bool) -> None:
    said = [
        _no(1, "settling", 10),
        _no(1, "settling", 20),
        _no(1, "condition_false", 30, amount=5),
        _no(1, "condition_false", 40, amount=7),
        _yes(1, 50),
        _yes(1, 60),
        _no(1, "condition_false", 70),
        _no(2, "condition_false", 80),
        _no(1, "condition_false", 90, "rule:p/other"),
    ]
    if together:
        _write(store, *said)
    else:
        for one in said:
            _write(store, one)
    assert _read(store, 1, "rule:p/r") == [
        ("settling", 10, 20, 2),
        ("condition_false", 30, 40, 2),
        ("enrolled", 50, 50, 1),
        ("enrolled", 60, 60, 1),
        ("condition_false", 70, 70, 1),
    ]
    assert _read(store, 2) == [("condition_false", 80, 80, 1)]
    assert len(_read(store, 1)) == 6


def test_the_last_values_stand(store: Store) -> None:
    _write(store, _no(1, "condition_false", 1, amount=5))
    _write(store, _no(1, "condition_false", 2, amount=None))
    with store.read() as conn:
        (entry,) = ledger.read(conn, 1)
    assert entry.values == {"amount": None}
    assert (entry.verdict, entry.scope, entry.positive) == ("no", "rule:p/r", False)


def test_the_same_no_with_another_verdict_is_another_row(store: Store) -> None:
    _write(store, _no(1, "cap", 1))
    _write(store, Explanation(1, "rule:p/r", "defer", "cap", Business(2)))
    assert _read(store, 1) == [("cap", 1, 1, 1), ("cap", 2, 2, 1)]


_FRESH_SUBJECTS = itertools.count(10, 10)
_SAID = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from("ab"), st.sampled_from(["x", "y", "yes"])),
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=_SAID, cuts=st.sets(st.integers(0, 12), max_size=4))
def test_how_decisions_are_batched_changes_nothing(
    store: Store, said: list[tuple[int, str, str]], cuts: set[int]
) -> None:
    def explain(base: int) -> list[Explanation]:
        return [
            _yes(base + subject, at, f"rule:{scope}")
            if code == "yes"
            else _no(base + subject, code, at, f"rule:{scope}")
            for at, (subject, scope, code) in enumerate(said)
        ]

    base = next(_FRESH_SUBJECTS)
    whole, cut = explain(base), explain(base + 5)
    _write(store, *whole)
    edges = [0, *sorted(cuts), len(cut)]
    for start, end in itertools.pairwise(edges):
        _write(store, *cut[start:end])
    for subject in (1, 2):
        for scope in ("rule:a", "rule:b"):
            first = _read(store, base + subject, scope)
            assert first == _read(store, base + 5 + subject, scope)


def test_why_gathers_the_rule_its_enrolments_and_their_touches(store: Store) -> None:
    with store.write() as conn:
        for id, rule in (("e1", "p/r"), ("e2", "p/other")):
            conn.execute(
                insert(enrolments).values(
                    id=id, installation_id=1, subject_id=1, rule=rule, definition="p/s",
                    is_firing=False, version_id=1, anchor="a", anchor_at=0, started_at=0,
                    mode="live", state="active",
                )
            )  # fmt: skip
            conn.execute(
                insert(touches).values(
                    id=f"t-{id}", installation_id=1, enrolment_id=id, subject_id=1, step="s",
                    owed_at=0, due_at=0, write_at=0, planned_at=0, state="planned",
                )
            )  # fmt: skip
    scopes = [
        "rule:p/r",
        "rule:p/other",
        "enrolment:e1",
        "enrolment:e2",
        "touch:t-e1",
        "touch:t-e2",
    ]
    _write(store, *(_no(1, "c", at, scope) for at, scope in enumerate(scopes)))
    _write(store, _no(2, "c", 1, "rule:p/r"))
    with store.read() as conn:
        found = [entry.scope for entry in ledger.why(conn, 1, "p/r")]
    assert found == ["rule:p/r", "enrolment:e1", "touch:t-e1"]


def test_old_rows_are_forgotten_in_bounded_steps(store: Store) -> None:
    _write(store, *(_yes(1, at) for at in (1, 2, 3, 4)))
    with store.write() as conn:
        ledger.write(conn, 2, [_yes(9, 1)])
        assert ledger.forget(conn, ledger.older_than(conn, 1, Business(4), 2)) == 2
        assert ledger.forget(conn, ledger.older_than(conn, 1, Business(4), 9)) == 1
        assert ledger.forget(conn, ledger.older_than(conn, 1, Business(4), 9)) == 0
    assert _read(store, 1) == [("enrolled", 4, 4, 1)]
    assert len(_read(store, 9)) == 1
