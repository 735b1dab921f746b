"""Figures of large accounts, kept between two reckonings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select, update

from app.store import cursors, sets
from app.store.tables import kept_figures, subjects

WANTED = "figures:wanted"
"""Cursor: JSON [[days, name], …] of what upkeep is to reckon anew."""

_k = kept_figures.c


def put(
    conn: Connection, inst: int, days: int, counted: Mapping[str, Any], at: int, wall: int,
    behind: Mapping[str, bytes | None] | None = None,
) -> None:  # fmt: skip
    """Keep what was counted (name → rows) of the last `days`, in the place of what was kept.
    behind: name → the facts behind it, see `app.store.measured.behind`."""
    sets.upsert(
        conn,
        kept_figures,
        [
            {"installation_id": inst, "name": name, "days": days, "data": sets.dumps(rows),
             "reckoned_at": at, "reckoned_wall": wall}
            for name, rows in counted.items()
        ],
        ("installation_id", "name", "days"),
    )  # fmt: skip
    for name in counted:
        conn.execute(
            update(kept_figures)
            .where(_k.installation_id == inst, _k.name == name, _k.days == days)
            .values(behind=(behind or {}).get(name))
        )


def load(
    conn: Connection, inst: int, days: int, names: Sequence[str]
) -> tuple[dict[str, Any], int, int] | None:
    """(name → rows, reckoned at, at which wall time); None unless all of them are kept."""
    query = select(_k.name, _k.data, _k.reckoned_at, _k.reckoned_wall).where(
        _k.installation_id == inst, _k.days == days, _k.name.in_(list(names))
    )
    found = conn.execute(query).all()
    if len(found) < len(set(names)):
        return None
    rows = {row.name: sets.loads(row.data) for row in found}
    return rows, min(r.reckoned_at for r in found), min(r.reckoned_wall for r in found)


def of_all(conn: Connection, days: int, name: str) -> dict[int, tuple[Any, int, int]]:
    """Installation → (rows of a figure, reckoned at, at which wall time), where it is kept."""
    query = select(_k.installation_id, _k.data, _k.reckoned_at, _k.reckoned_wall).where(
        _k.days == days, _k.name == name
    )
    return {
        row.installation_id: (sets.loads(row.data), row.reckoned_at, row.reckoned_wall)
        for row in conn.execute(query)
    }


def behind(conn: Connection, inst: int, days: int, name: str) -> tuple[bytes, int, int] | None:
    """(the facts behind a figure, reckoned at, at which wall time); None where none are kept."""
    query = select(_k.behind, _k.reckoned_at, _k.reckoned_wall).where(
        _k.installation_id == inst, _k.days == days, _k.name == name, _k.behind.is_not(None)
    )
    found = conn.execute(query).one_or_none()
    return None if found is None else (found.behind, found.reckoned_at, found.reckoned_wall)


def want(conn: Connection, inst: int, days: int, names: Sequence[str]) -> None:
    """These are old and looked at: upkeep reckons them anew, one after the other."""
    wanted = wanted_now(conn, inst)
    more = [[days, name] for name in names if [days, name] not in wanted]
    if more:
        _put_wanted(conn, inst, [*wanted, *more])


def wanted_now(conn: Connection, inst: int) -> list[list[Any]]:
    """[days, name] of what is to be reckoned anew."""
    return list(sets.loads(cursors.get(conn, inst, WANTED) or "[]"))


def met(conn: Connection, inst: int, days: int, name: str) -> None:
    """It has been."""
    left = [one for one in wanted_now(conn, inst) if one != [days, name]]
    if left:
        _put_wanted(conn, inst, left)
    else:
        cursors.forget(conn, inst, WANTED)


def _put_wanted(conn: Connection, inst: int, wanted: Sequence[Sequence[Any]]) -> None:
    cursors.put(conn, inst, WANTED, sets.dumps(wanted))


def is_large(conn: Connection, inst: int, most: int) -> bool:
    """Whether an account has more subjects than so many."""
    some = select(subjects.c.id).where(subjects.c.installation_id == inst).limit(most + 1)
    return conn.execute(select(func.count()).select_from(some.subquery())).scalar_one() > most
