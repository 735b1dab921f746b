"""Which index SQLite is to take, where it would take a worse one.

It knows no sizes, so of two indexes it may take the one that is all of an account long because that
one has the columns asked for, or their order, at hand. A query says better by
`with_hint(table, "INDEXED BY …", "sqlite")`.
"""

from __future__ import annotations

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.sql.selectable import FromClause


class Hinted(SQLiteCompiler):
    """Writes a query's hints behind the table's name, where `INDEXED BY` goes."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


def hinted_dialect() -> sqlite.dialect:
    """SQLite's dialect, with hints."""
    found = sqlite.dialect()
    found.statement_compiler = Hinted
    return found
