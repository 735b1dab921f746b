"""Set-wise statements do the same on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.model.vocabulary import Mode
from app.store import sets
from app.store.engine import Store
from app.store.tables import calls, counters, cursors, subjects, timers


def _cursor(name: str, value: str = "x") -> dict[str, object]:
    return {"installation_id": 1, "name": name, "value": value}


def _cursors(store: Store) -> dict[str, str]:
    with store.read() as conn:
        return dict(conn.execute(select(cursors.c.name, cursors.c.value)).all())


def test_insert_keeps_every_type_and_fills_defaults(store: Store) -> None:
    row = {
        "installation_id": 1, "type": "deal", "crm_id": "9", "first_type": "deal",
        "first_id": "9", "name": "Ünïcode 🙂 'quote\"", "amount": 12.5, "owner_id": None,
        "created_at": 1_900_000_000_000, "deleted": True, "fields": sets.dumps({"a": [1, None]}),
    }  # fmt: skip
    with store.write() as conn:
        assert sets.insert(conn, subjects, [row]) == 1
        read = conn.execute(select(subjects)).mappings().one()
    assert {name: read[name] for name in row} == row
    assert read["deleted"] is True
    assert read["control"] == "run"
    assert read["id"] == 1


def test_inserting_what_exists_is_an_error_and_ignoring_it_is_counted(store: Store) -> None:
    with store.write() as conn:
        sets.insert(conn, cursors, [_cursor("a", "first")])
    with pytest.raises(IntegrityError), store.write() as conn:
        sets.insert(conn, cursors, [_cursor("b"), _cursor("a")])
    assert _cursors(store) == {"a": "first"}
    with store.write() as conn:
        rows = [_cursor("a", "second"), _cursor("b"), _cursor("b"), _cursor("c")]
        assert sets.insert_ignore(conn, cursors, rows) == 2
        assert sets.insert_ignore(conn, cursors, rows, order=("name",)) == 0
    assert _cursors(store) == {"a": "first", "b": "x", "c": "x"}


def test_upsert_overwrites_and_the_last_of_equals_wins(store: Store) -> None:
    keys = ("installation_id", "name")
    with store.write() as conn:
        sets.upsert(conn, cursors, [_cursor("a", "1"), _cursor("b", "1")], keys)
        sets.upsert(conn, cursors, [_cursor("b", "2"), _cursor("c", "2"), _cursor("b", "3")], keys)
    assert _cursors(store) == {"a": "1", "b": "3", "c": "2"}


def test_upsert_overwrites_only_the_columns_named(store: Store) -> None:
    row = {"installation_id": 1, "subject_id": 1, "rule": "r", "due_at": 5, "data": "{}"}
    with store.write() as conn:
        keys = ("installation_id", "subject_id", "rule")
        sets.upsert(conn, timers, [row], keys)
        sets.upsert(conn, timers, [{**row, "due_at": 9, "data": "[]"}], keys, ["due_at"])
        assert conn.execute(select(timers.c.due_at, timers.c.data)).one() == (9, "{}")
        sets.upsert(conn, timers, [{**row, "due_at": 11}], keys, [])
        assert conn.execute(select(timers.c.due_at)).scalar_one() == 9


def test_upsert_adds(store: Store) -> None:
    row = {"installation_id": 1, "endpoint": "GET /x", "status": 200, "count": 2}
    keys = ("installation_id", "endpoint", "status")
    with store.write() as conn:
        sets.upsert(conn, calls, [row], keys, add=["count"])
        sets.upsert(conn, calls, [{**row, "count": 5}], keys, add=["count"])
        assert conn.execute(select(calls.c.count)).scalar_one() == 7


def test_update_many_changes_where_the_keys_equal(store: Store) -> None:
    with store.write() as conn:
        sets.insert(conn, cursors, [_cursor("a"), _cursor("b"), _cursor("c")])
        changes = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"},
                   {"name": "b", "value": "3"}, {"name": "missing", "value": "4"}]  # fmt: skip
        sets.update_many(conn, cursors, "name", changes)
    assert _cursors(store) == {"a": "1", "b": "3", "c": "x"}


def test_update_many_guards_by_a_second_key_and_counts_what_it_changed(store: Store) -> None:
    rows = [{"installation_id": 1, "name": name, "value": value} for name, value in
            (("a", 1), ("b", 2))]  # fmt: skip
    with store.write() as conn:
        sets.insert(conn, counters, rows)
        changes = [{"name": name, "value": 1, "installation_id": 7} for name in "ab"]
        assert sets.update_many(conn, counters, ("name", "value"), changes) == 1
        read = conn.execute(select(counters.c.name, counters.c.installation_id))
        assert dict(read.all()) == {"a": 7, "b": 1}


def test_delete_many(store: Store) -> None:
    with store.write() as conn:
        sets.insert(conn, cursors, [_cursor("a"), _cursor("b"), _cursor("c")])
        gone = [{"installation_id": 1, "name": name} for name in ("a", "c", "zzz")]
        assert sets.delete_many(conn, cursors, ("installation_id", "name"), gone) == 2
    assert _cursors(store) == {"b": "x"}


def test_nothing_to_do_is_no_statement(store: Store) -> None:
    with store.read() as conn:
        assert sets.insert(conn, cursors, []) == 0
        assert sets.insert_ignore(conn, cursors, []) == 0
        assert sets.upsert(conn, cursors, [], ("name",)) == 0
        assert sets.update_many(conn, cursors, "name", []) == 0
        assert sets.delete_many(conn, cursors, "name", []) == 0


def test_rows_of_different_shape_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="cursors must all have the columns"), store.write() as c:
        sets.insert(c, cursors, [_cursor("a"), {"installation_id": 1, "name": "b"}])


def test_a_nul_in_a_text_does_not_lose_its_batch(store: Store) -> None:
    with store.write() as conn:
        rows = [_cursor("a", "with\0nul"), _cursor("b", "\\u0000 stays")]
        assert sets.insert_ignore(conn, cursors, rows) == 2
    assert _cursors(store)["b"] == "\\u0000 stays"
    assert _cursors(store)["a"].replace("\0", "") == "withnul"


def test_words_of_the_vocabulary_are_stored_as_text(store: Store) -> None:
    with store.write() as conn:
        sets.insert(conn, cursors, [_cursor("mode", Mode.LIVE)])
    assert _cursors(store) == {"mode": "live"}


@pytest.mark.parametrize("count", [0, 1, 2_000])
def test_among_and_in_chunks_take_any_number_of_ids(store: Store, count: int) -> None:
    names = [f"n{number}" for number in range(2_500)]
    numbered = [
        {"installation_id": number, "name": name, "value": number}
        for number, name in enumerate(names)
    ]
    wanted = names[:count]
    with store.write() as conn:
        sets.insert(conn, counters, numbered)
        text_query = select(counters.c.name).where(sets.among(conn, counters.c.name, wanted))
        assert sorted(conn.execute(text_query).scalars()) == sorted(wanted)
        number_query = select(counters.c.name).where(
            sets.among(conn, counters.c.value, range(count))
        )
        assert sorted(conn.execute(number_query).scalars()) == sorted(wanted)
        rows = sets.in_chunks(
            conn, lambda ids: select(counters.c.name).where(counters.c.name.in_(ids)), wanted
        )
        assert sorted(row.name for row in rows) == sorted(wanted)


def test_chunks_cover_everything_once() -> None:
    assert [list(chunk) for chunk in sets.chunks(range(7), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(sets.chunks([], 3)) == []


def test_json_takes_the_values_that_records_hold() -> None:
    text = sets.dumps({1: (1, 2), "s": frozenset({"b", "a"}), "m": Mode.LIVE})
    assert sets.loads(text) == {"1": [1, 2], "s": ["a", "b"], "m": "live"}
    with pytest.raises(TypeError):
        sets.dumps({"x": object()})
