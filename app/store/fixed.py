"""Statements that lanes run for every batch: written once in Core, compiled once, then only fed.

Building an expression, finding its compiled form by cache key and wrapping the rows cost several
times what a database takes for a batch by primary key. So a `Fixed` statement is a constant of its
module: Core says what is meant for both databases, the driver runs the text. Constants stand in the
text, not in parameters, or PostgreSQL's planner could not prove that a partial index fits.

Tuples come as the driver has them, SQLite's booleans being 0 and 1; in dicts they are booleans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Select, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import NullType

from app.store import sets
from app.store.hints import hinted_dialect

_DIALECTS = {"sqlite": hinted_dialect(), "postgresql": postgresql.psycopg.dialect()}


class Arg(ColumnElement[Any]):
    """A value that is given when the statement runs."""

    inherit_cache = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.type = NullType()


class Among(ColumnElement[bool]):
    """`column IN values`, the list of values being one argument."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name


def arg(name: str) -> Any:
    """An argument of a `Fixed` statement, to stand wherever a value may."""
    return Arg(name)


def among(column: ColumnElement[Any], name: str) -> Any:
    """The condition that a column's value is in the list given as argument `name`."""
    return Among(column, name)


@compiles(Arg)
def _arg(element: Arg, compiler: SQLCompiler, **kw: Any) -> str:
    kw.pop("literal_binds", None)  # constants are written out, arguments are not
    return compiler.process(bindparam(element.name, type_=NullType()), **kw)


@compiles(Among, "sqlite")
def _among_sqlite(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = compiler.process(element.column, **kw), _listed(element, compiler, kw)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(Among, "postgresql")
def _among_postgresql(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = compiler.process(element.column, **kw), _listed(element, compiler, kw)
    return f"{column} = ANY({values})"


def _listed(element: Among, compiler: SQLCompiler, kw: dict[str, Any]) -> str:
    return compiler.process(Arg(element.name), **kw)


class Fixed:
    """One statement. Arguments go by name; a list is for `among`."""

    __slots__ = ("_blank", "_booleans", "_statement", "_texts", "names")

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, tuple[str, ...]]] = {}
        columns = statement.exported_columns
        self.names = tuple(column.key or "" for column in columns)
        self._blank: dict[str, Any] = dict.fromkeys(self.names)
        self._booleans = tuple(c.key or "" for c in columns if isinstance(c.type, Boolean))

    def rows(self, conn: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """All rows, as the driver has them."""
        cursor = self._execute(conn, values)
        try:
            return cursor.fetchall()
        finally:
            cursor.close()

    def dicts(self, conn: Connection, **values: Any) -> list[dict[str, Any]]:
        """All rows, each as column → value."""
        names, blank = self.names, self._blank
        found: list[dict[str, Any]] = []
        for row in self.rows(conn, **values):
            one = blank.copy()  # has room for all columns at once: a third less than growing
            one.update(zip(names, row, strict=True))
            found.append(one)
        if self._booleans and conn.dialect.name == "sqlite":
            for name in self._booleans:
                for row in found:
                    if row[name] is not None:
                        row[name] = row[name] == 1
        return found

    def value(self, conn: Connection, **values: Any) -> Any:
        """The first column of the first row; None where there is none."""
        cursor = self._execute(conn, values)
        try:
            row = cursor.fetchone()
        finally:
            cursor.close()
        return row[0] if row else None

    def run(self, conn: Connection, **values: Any) -> int:
        """How many rows it changed."""
        cursor = self._execute(conn, values)
        try:
            return cursor.rowcount
        finally:
            cursor.close()

    def run_many(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run once for each row of arguments; a row may hold more than the statement takes."""
        if not rows:
            return
        dialect = conn.dialect.name
        text, order = self.text(dialect)
        cursor = conn.connection.cursor()
        try:
            if dialect == "sqlite":
                cursor.executemany(text, sets.by_place(rows, order))
            else:
                cursor.executemany(text, rows)
        finally:
            cursor.close()

    def _execute(self, conn: Connection, values: dict[str, Any]) -> Any:
        dialect = conn.dialect.name
        text, order = self.text(dialect)
        cursor = conn.connection.cursor()
        if dialect != "sqlite":
            cursor.execute(text, _lists(values))
            return cursor
        given = [
            sets.dumps(list(value)) if isinstance(value, list | tuple | set | frozenset) else value
            for value in (values[name] for name in order)
        ]
        cursor.execute(text, given)
        return cursor

    def text(self, dialect: str) -> tuple[str, tuple[str, ...]]:
        """What the driver runs, and the names of the arguments in the order of their places."""
        return self._texts.get(dialect) or self._compile(dialect)

    def _compile(self, dialect: str) -> tuple[str, tuple[str, ...]]:
        compiled = self._statement.compile(
            dialect=_DIALECTS[dialect], compile_kwargs={"literal_binds": True}
        )
        order = tuple(getattr(compiled, "positiontup", None) or ())
        found = self._texts[dialect] = (compiled.string, order)
        return found


def _lists(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, set | frozenset | tuple) else value
        for name, value in values.items()
    }
