"""Work in sets on both databases: insert, upsert, update and delete many rows in one statement.

The SQL is built once for each (statement, table, columns) and then only fed with rows. SQLite takes
the rows one by one inside its C loop (`executemany`); PostgreSQL takes them as one JSON document,
which it unfolds itself (`json_to_recordset`). SQLAlchemy's own `executemany` was refused for these:
it handles every row in Python, and psycopg's sends each row as a statement of its own.

Rows are dicts that all have the keys of the first; column types with JSON's values only, so no
binary columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

import orjson
from sqlalchemy import ARRAY, ColumnElement, Connection, Row, Select, Table, func, literal, select
from sqlalchemy.dialects import postgresql

Item = TypeVar("Item")
Values = Mapping[str, Any]

CHUNK = 500
"""Ids in one IN list: below every SQLite build's limit of variables, above what a round costs."""

_PG = postgresql.dialect()


# --- JSON ----------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def dumps(value: Any) -> str:
    """JSON text; keys that are no strings become strings, sets become sorted lists."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def loads(text: str) -> Any:
    return orjson.loads(text)


# --- writing -------------------------------------------------------------------------------------


def insert(conn: Connection, table: Table, rows: Sequence[Values]) -> int:
    """Insert rows; returns their number. Raises IntegrityError when one exists already."""
    return _run(conn, _insert_sql, table, rows, ())


def insert_ignore(
    conn: Connection, table: Table, rows: Sequence[Values], order: Sequence[str] = ()
) -> int:
    """Insert the rows that violate no unique index; returns how many were new.

    order: the columns by which PostgreSQL inserts, for sets in which several transactions may bring
    the same rows; in different orders they would wait for each other for ever.
    """
    return _run(conn, _insert_ignore_sql, table, rows, tuple(order))


def upsert(
    conn: Connection,
    table: Table,
    rows: Sequence[Values],
    keys: Sequence[str],
    columns: Sequence[str] | None = None,
    add: Sequence[str] = (),
) -> int:
    """Insert rows, or overwrite `columns` of those whose `keys` exist; the last of equals wins.

    columns None: all but the keys. add: columns whose value is added to the one that stands; equal
    keys must then not occur twice in `rows`.
    """
    if not rows:
        return 0
    if columns is None:
        columns = [name for name in rows[0] if name not in keys and name not in add]
    rows = _last_of_equals(conn, rows, keys)
    return _run(conn, _upsert_sql, table, rows, (tuple(keys), tuple(columns), tuple(add)))


def update_many(
    conn: Connection, table: Table, keys: str | Sequence[str], rows: Sequence[Values]
) -> int:
    """Set all columns of each row that are no keys, where the keys equal; returns rows changed.

    A key column also guards: with ("id", "revision") a row is changed only while it still has that
    revision.
    """
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    return _run(conn, _update_sql, table, _last_of_equals(conn, rows, keys), keys)


def delete_many(
    conn: Connection, table: Table, keys: str | Sequence[str], rows: Sequence[Values]
) -> int:
    """Delete the rows whose keys equal; returns how many there were."""
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    return _run(conn, _delete_sql, table, rows, keys)


# --- reading -------------------------------------------------------------------------------------


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    """Slices of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def in_chunks(
    conn: Connection,
    build: Callable[[Sequence[Any]], Select[Any]],
    ids: Iterable[Any],
    size: int = CHUNK,
) -> list[Row[Any]]:
    """All rows of `build(chunk)` over chunks of ids, such as `column.in_(chunk)`."""
    rows: list[Row[Any]] = []
    for chunk in chunks(list(ids), size):
        rows.extend(conn.execute(build(chunk)))
    return rows


def among(
    conn: Connection, column: ColumnElement[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """`column IN values` with all values in one parameter: no limit, and one cached statement."""
    if conn.dialect.name == "sqlite":
        listed = func.json_each(literal(dumps(list(values)))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == func.any(literal(list(values), ARRAY(column.type)))


# --- the statements ------------------------------------------------------------------------------

_Build = Callable[[str, Table, tuple[str, ...], Any], str]


def _run(conn: Connection, build: _Build, table: Table, rows: Sequence[Values], extra: Any) -> int:
    if not rows:
        return 0
    names = tuple(rows[0])
    if set(map(len, rows)) != {len(names)}:
        raise ValueError(f"rows for {table.name} must all have the columns {', '.join(names)}")
    dialect = conn.dialect.name
    statement = build(dialect, table, names, extra)
    if dialect == "sqlite":
        return conn.exec_driver_sql(statement, by_place(rows, names)).rowcount
    return conn.exec_driver_sql(statement, {"rows": _document(rows)}).rowcount


def by_place(rows: Iterable[Values], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The values of these names, row by row, for SQLite: given by name instead, its driver looks
    each one up in Python."""
    if len(names) == 1:  # where itemgetter answers the bare value
        return [(row[names[0]],) for row in rows]
    return list(map(itemgetter(*names), rows))


def _place(names: tuple[str, ...], name: str) -> str:
    """SQLite: the mark that takes a row's value of this name."""
    return f"?{names.index(name) + 1}"


def _document(rows: Sequence[Values]) -> str:
    text = dumps(rows)
    if "\\u0000" in text:  # PostgreSQL holds no NUL in text; a CRM's text may
        text = dumps(
            [
                {k: v.replace("\0", "") if isinstance(v, str) else v for k, v in row.items()}
                for row in rows
            ]
        )
    return text


def _last_of_equals(
    conn: Connection, rows: Sequence[Values], keys: Sequence[str]
) -> Sequence[Values]:
    """PostgreSQL refuses to change a row twice in one statement; SQLite's loop just does it."""
    if len(rows) < 2 or conn.dialect.name == "sqlite":
        return rows
    last = {tuple(row[key] for key in keys): row for row in rows}
    return rows if len(last) == len(rows) else list(last.values())


def _records(table: Table, names: tuple[str, ...]) -> str:
    """PostgreSQL: the rows of the JSON document as a relation `r` with the table's types."""
    typed = ", ".join(f'"{name}" {table.c[name].type.compile(_PG)}' for name in names)
    return f"json_to_recordset(%(rows)s::json) AS r({typed})"


@lru_cache(maxsize=512)
def _insert_sql(dialect: str, table: Table, names: tuple[str, ...], order: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    if dialect == "sqlite":
        marks = ", ".join("?" * len(names))
        return f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'
    sorting = f" ORDER BY {', '.join(order)}" if order else ""
    return (
        f'INSERT INTO "{table.name}" ({columns}) '
        f"SELECT {columns} FROM {_records(table, names)}{sorting}"
    )


@lru_cache(maxsize=512)
def _insert_ignore_sql(
    dialect: str, table: Table, names: tuple[str, ...], order: tuple[str, ...]
) -> str:
    return f"{_insert_sql(dialect, table, names, order)} ON CONFLICT DO NOTHING"


@lru_cache(maxsize=512)
def _upsert_sql(
    dialect: str,
    table: Table,
    names: tuple[str, ...],
    extra: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
) -> str:
    keys, columns, add = extra
    changes = [f'"{name}" = excluded."{name}"' for name in columns]
    changes += [f'"{name}" = "{table.name}"."{name}" + excluded."{name}"' for name in add]
    what = f"UPDATE SET {', '.join(changes)}" if changes else "NOTHING"
    target = ", ".join(f'"{key}"' for key in keys)
    return f"{_insert_sql(dialect, table, names, keys)} ON CONFLICT ({target}) DO {what}"


@lru_cache(maxsize=512)
def _update_sql(dialect: str, table: Table, names: tuple[str, ...], keys: tuple[str, ...]) -> str:
    changed = [name for name in names if name not in keys]
    if dialect == "sqlite":
        changes = ", ".join(f'"{name}" = {_place(names, name)}' for name in changed)
        where = " AND ".join(f'"{key}" = {_place(names, key)}' for key in keys)
        return f'UPDATE "{table.name}" SET {changes} WHERE {where}'
    changes = ", ".join(f'"{name}" = r."{name}"' for name in changed)
    where = " AND ".join(f'"{table.name}"."{key}" = r."{key}"' for key in keys)
    return f'UPDATE "{table.name}" SET {changes} FROM {_records(table, names)} WHERE {where}'


@lru_cache(maxsize=512)
def _delete_sql(dialect: str, table: Table, names: tuple[str, ...], keys: tuple[str, ...]) -> str:
    if dialect == "sqlite":
        where = " AND ".join(f'"{key}" = {_place(names, key)}' for key in keys)
        return f'DELETE FROM "{table.name}" WHERE {where}'
    where = " AND ".join(f'"{table.name}"."{key}" = r."{key}"' for key in keys)
    return f'DELETE FROM "{table.name}" USING {_records(table, names)} WHERE {where}'
