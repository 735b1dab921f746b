"""Reads the text of a query into a tree, by recursive descent.

The subset that apps of this kind use: fields over relationships, subqueries of child records,
TYPEOF, aggregates with GROUP BY and HAVING, conditions with all operators and semi-joins, date
literals, ORDER BY, LIMIT, OFFSET. All else is refused as malformed, never passed over.
"""

from __future__ import annotations

from typing import NoReturn

from sandbox.salesforce.soql.aliases import without
from sandbox.salesforce.soql.spans import SPANS
from sandbox.salesforce.soql.tree import (
    Call,
    Compare,
    Condition,
    DateLiteral,
    Fields,
    Item,
    Logic,
    Malformed,
    Order,
    Path,
    Query,
    TypeOf,
    Value,
)
from sandbox.salesforce.soql.words import Token, split, unquoted

AGGREGATES = ("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX")
FUNCTIONS = (*AGGREGATES, "TOLABEL", "DAY_ONLY", "CALENDAR_MONTH", "CALENDAR_YEAR")
_OPERATORS = ("=", "!=", "<>", "<", "<=", ">", ">=")
_ENDS = frozenset(
    ("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "WITH", "USING", "ALL")
)


def parse(text: str) -> Query:
    """The query that a text says; raises :class:`Malformed`."""
    reader = _Reader(split(text))
    query = reader.query()
    reader.expect_end()
    return query


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    # --- tokens --------------------------------------------------------------------------------

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _ahead(self, by: int = 1) -> Token:
        return self._tokens[min(self._at + by, len(self._tokens) - 1)]

    def _is(self, *words: str) -> bool:
        return self._now.kind in ("word", "sign") and self._now.upper in words

    def _take(self, *words: str) -> bool:
        found = self._is(*words)
        self._at += found
        return found

    def _expect(self, word: str) -> None:
        if not self._take(word):
            self._fail(f"expecting '{word}', found '{self._now.text}'")

    def _fail(self, what: str = "") -> NoReturn:
        token = self._now
        said = what or f"unexpected token: '{token.text}'"
        raise Malformed(f"{said} at column {token.at + 1}")

    def expect_end(self) -> None:
        """Refuses whatever stands behind the query."""
        if self._now.kind != "end":
            self._fail()

    def _whole(self) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            self._at -= 1
            self._fail(f"expecting a number, found '{token.text}'")
        return int(token.text)

    # --- the query -----------------------------------------------------------------------------

    def query(self) -> Query:
        """SELECT … FROM … and the clauses behind it, in their order."""
        self._expect("SELECT")
        items = [self._item()]
        while self._take(","):
            items.append(self._item())
        self._expect("FROM")
        source = self._name()
        alias = self._alias(source)
        where = self._condition() if self._take("WHERE") else None
        groups: list[Path | Call] = []
        if self._take("GROUP"):
            self._expect("BY")
            if self._is("ROLLUP", "CUBE"):
                self._fail()
            groups.append(self._operand())
            while self._take(","):
                groups.append(self._operand())
        having = self._condition() if self._take("HAVING") else None
        order: list[Order] = []
        if self._take("ORDER"):
            self._expect("BY")
            order.append(self._order())
            while self._take(","):
                order.append(self._order())
        limit = self._whole() if self._take("LIMIT") else None
        offset = self._whole() if self._take("OFFSET") else 0
        query = Query(
            tuple(items), source, where, tuple(groups), having, tuple(order), limit, offset
        )
        return without(query, alias)

    def _name(self) -> str:
        token = self._next()
        if token.kind != "word" or "." in token.text:
            self._at -= 1
            self._fail()
        return token.text

    def _alias(self, source: str) -> str:
        """The name that the query calls its object by, where it gives it one."""
        if self._now.kind == "word" and self._now.upper not in _ENDS:
            return self._name()
        return source

    def _item(self) -> Item:
        if self._take("("):
            inner = self.query()
            self._expect(")")
            return Item(inner)
        if self._is("TYPEOF"):
            return Item(self._type_of())
        if self._is("FIELDS") and self._ahead().text == "(":
            self._at += 2
            which = self._name().upper()
            self._expect(")")
            if which not in ("ALL", "STANDARD", "CUSTOM"):
                self._fail(f"FIELDS() does not take {which}")
            return Item(Fields(which))
        what = self._operand()
        alias = ""
        if isinstance(what, Call) and self._now.kind == "word" and self._now.upper not in _ENDS:
            alias = self._name()
        return Item(what, alias)

    def _type_of(self) -> TypeOf:
        self._expect("TYPEOF")
        relation = self._name()
        branches: list[tuple[str, tuple[Path, ...]]] = []
        otherwise: tuple[Path, ...] = ()
        while self._take("WHEN"):
            name = self._name()
            self._expect("THEN")
            branches.append((name, self._paths()))
        if not branches:
            self._fail("expecting 'WHEN'")
        if self._take("ELSE"):
            otherwise = self._paths()
        self._expect("END")
        return TypeOf(relation, tuple(branches), otherwise)

    def _paths(self) -> tuple[Path, ...]:
        found = [self._path()]
        while self._take(","):
            found.append(self._path())
        return tuple(found)

    def _path(self) -> Path:
        token = self._next()
        if token.kind != "word":
            self._at -= 1
            self._fail()
        return Path(tuple(token.text.split(".")))

    def _operand(self) -> Path | Call:
        if self._now.kind == "word" and self._ahead().text == "(":
            name = self._now.upper
            if name not in FUNCTIONS:
                self._fail(f"unknown function: '{self._now.text}'")
            self._at += 2
            path = None if self._is(")") else self._path()
            if path is None and name != "COUNT":
                self._fail()
            self._expect(")")
            return Call(name, path)
        return self._path()

    def _order(self) -> Order:
        by = self._operand()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        last = False
        if self._take("NULLS"):
            last = self._take("LAST")
            if not last:
                self._expect("FIRST")
        return Order(by, descending, last)

    # --- conditions ----------------------------------------------------------------------------

    def _condition(self) -> Condition:
        """Terms joined by AND alone or by OR alone: a mix needs parentheses."""
        parts = [self._term()]
        joint = self._now.upper if self._is("AND", "OR") else ""
        while joint and self._take(joint):
            parts.append(self._term())
        if self._is("AND", "OR"):
            self._fail()
        if not joint:
            return parts[0]
        return Logic("AND" if joint == "AND" else "OR", tuple(parts))

    def _term(self) -> Condition:
        if self._take("NOT"):
            return Logic("NOT", (self._term(),))
        if self._take("("):
            inner = self._condition()
            self._expect(")")
            return inner
        left = self._operand()
        if self._now.kind == "sign" and self._now.text in _OPERATORS:
            sign = self._next().text
            return Compare(left, "!=" if sign == "<>" else sign, (self._value(),))
        if self._take("LIKE"):
            return Compare(left, "LIKE", (self._value(),))
        if self._take("IN"):
            return Compare(left, "IN", self._list())
        if self._is("NOT") and self._ahead().upper == "IN":
            self._at += 2
            return Compare(left, "NOT IN", self._list())
        if self._is("INCLUDES", "EXCLUDES"):
            return Compare(left, self._next().upper, self._values())
        self._fail()

    def _list(self) -> tuple[Value, ...] | Query:
        if self._is("(") and self._ahead().upper == "SELECT":
            self._expect("(")
            inner = self.query()
            self._expect(")")
            return inner
        return self._values()

    def _values(self) -> tuple[Value, ...]:
        self._expect("(")
        found = [self._value()]
        while self._take(","):
            found.append(self._value())
        self._expect(")")
        return tuple(found)

    def _value(self) -> Value:
        token = self._next()
        if token.kind == "string":
            return Value("string", unquoted(token.text))
        if token.kind == "number":
            return Value("number", float(token.text))
        if token.kind == "date":
            return Value("date", token.text)
        if token.kind == "datetime":
            return Value("datetime", token.text)
        if token.kind == "span":
            name, _, count = token.text.partition(":")
            if SPANS.get(name.upper()) is True:
                return Value("span", DateLiteral(name.upper(), int(count)))
        if token.kind == "word":
            if token.upper in ("TRUE", "FALSE"):
                return Value("boolean", token.upper == "TRUE")
            if token.upper == "NULL":
                return Value("null", None)
            if SPANS.get(token.upper) is False:
                return Value("span", DateLiteral(token.upper))
        self._at -= 1
        self._fail()
