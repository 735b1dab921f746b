"""Fixed statements: arguments, lists and constants, on both databases."""

from __future__ import annotations

from sqlalchemy import select, update

from app.store import sets
from app.store.engine import Store
from app.store.fixed import Fixed, among, arg
from app.store.tables import cursors

_c = cursors.c
_IN = Fixed(
    select(_c.name, _c.value)
    .where(_c.installation_id == arg("inst"), among(_c.name, "names"), _c.value != "it's 100%")
    .order_by(_c.name)
    .limit(arg("most"))
)
_ALL = Fixed(select(cursors).where(among(_c.installation_id, "ids")).order_by(_c.name))
_SET = Fixed(update(cursors).where(_c.name == arg("which")).values(value=arg("text")))
_TAKE = Fixed(
    update(cursors).where(among(_c.name, "names")).values(value="taken").returning(cursors)
)


def _fill(store: Store) -> None:
    with store.write() as conn:
        rows = [
            {"installation_id": inst, "name": name, "value": value}
            for inst, name, value in (
                (1, "a", "1"), (1, "b", "it's 100%"), (1, "c", "3"), (1, "d", "4"), (2, "e", "5"),
            )
        ]  # fmt: skip
        sets.insert(conn, cursors, rows)


def test_lists_constants_and_limits(store: Store) -> None:
    _fill(store)
    with store.read() as conn:
        names = ["d", "c", "b", "a", "zz"]
        assert _IN.rows(conn, inst=1, names=names, most=2) == [("a", "1"), ("c", "3")]
        assert _IN.rows(conn, inst=1, names={"d"}, most=9) == [("d", "4")]
        assert _IN.rows(conn, inst=1, names=[], most=9) == []
        assert _IN.value(conn, inst=1, names=["a"], most=1) == "a"
        assert _IN.value(conn, inst=3, names=["a"], most=1) is None
        assert _ALL.dicts(conn, ids=(2, 7_000_000_000)) == [
            {"installation_id": 2, "name": "e", "value": "5"}
        ]


def test_changes_are_counted_and_returned(store: Store) -> None:
    _fill(store)
    with store.write() as conn:
        assert _SET.run(conn, which="a", text="x'y") == 1
        assert _SET.run(conn, which="zz", text="x") == 0
        taken = _TAKE.dicts(conn, names=["a", "e"])
    assert sorted((row["name"], row["value"]) for row in taken) == [("a", "taken"), ("e", "taken")]
    with store.read() as conn:
        assert [row["value"] for row in _ALL.dicts(conn, ids=[1])][:1] == ["taken"]
