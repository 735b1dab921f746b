"""Aggregates: COUNT, SUM and the like, with GROUP BY and HAVING."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.salesforce.errors import refuse
from sandbox.salesforce.model import Row, SObject, instant
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.conditions import combined, comparison
from sandbox.salesforce.soql.fields import resolve
from sandbox.salesforce.soql.functions import function
from sandbox.salesforce.soql.tree import Call, Compare, Path, Query

AGGREGATES = frozenset(("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"))
_NUMBERS = frozenset(("currency", "double", "percent", "int"))
Reckon = Callable[[list[Row]], Any]


def is_aggregate(query: Query) -> bool:
    """Whether a query answers groups rather than records."""
    return bool(query.group_by) or any(
        isinstance(item.what, Call) and item.what.name in AGGREGATES for item in query.items
    )


class Grouping:
    """How the rows of an aggregate query come to an answer."""

    def __init__(self, org: Org, sobject: SObject, query: Query) -> None:
        self._org = org
        self._sobject = sobject
        self._query = query
        self.counts_alone = len(query.items) == 1 and query.items[0].what == Call("COUNT", None)
        """``SELECT COUNT()``: the answer is ``totalSize`` and holds no records."""
        self._keys = [self._value(one)[0] for one in query.group_by]
        self._columns = self._named()

    def _value(self, what: Path | Call) -> tuple[Callable[[Row], Any], str]:
        if isinstance(what, Call):
            _, get, kind = function(self._org, self._sobject, what)
            return get, kind
        found = resolve(self._org, self._sobject, what)
        return found.get, found.field.type if found.field else "string"

    def _named(self) -> list[tuple[str, Reckon]]:
        columns: list[tuple[str, Reckon]] = []
        unnamed = 0
        for item in self._query.items:
            what = item.what
            if isinstance(what, Call) and what.name in AGGREGATES:
                name = item.alias or f"expr{unnamed}"
                unnamed += not item.alias
                columns.append((name, self._reckon(what)))
                continue
            if not isinstance(what, Path | Call) or what not in self._query.group_by:
                raise refuse("sf_malformed", f"Field must be grouped or aggregated: {_said(what)}")
            name = item.alias or (what.parts[-1] if isinstance(what, Path) else "")
            if not name:
                name = f"expr{unnamed}"
                unnamed += 1
            columns.append((name, self._first(what)))
        return columns

    def _first(self, what: Path | Call) -> Reckon:
        get, kind = self._value(what)

        def reckon(rows: list[Row]) -> Any:
            value = get(rows[0]) if rows else None
            return instant(value) if kind == "datetime" and value is not None else value

        return reckon

    def _reckon(self, call: Call) -> Reckon:
        if call.path is None:
            return len
        found = resolve(self._org, self._sobject, call.path)
        get, kind = found.get, found.field.type if found.field else "string"
        if call.name in ("SUM", "AVG") and kind not in _NUMBERS:
            raise refuse("sf_malformed", f"{call.name} is for numbers; {call.path} is {kind}")

        def reckon(rows: list[Row]) -> Any:
            values = [value for row in rows if (value := get(row)) is not None]
            if call.name == "COUNT":
                return len(values)
            if call.name == "COUNT_DISTINCT":
                return len(set(values))
            if not values:
                return None
            if call.name == "SUM":
                return sum(values)
            if call.name == "AVG":
                return sum(values) / len(values)
            best = min(values) if call.name == "MIN" else max(values)
            return instant(best) if kind == "datetime" else best

        return reckon

    def answer(self, rows: list[Row], version: str) -> list[dict[str, Any]]:
        """One record for each group."""
        groups: dict[tuple[Any, ...], list[Row]] = {} if self._keys else {(): rows}
        if self._keys:
            for row in rows:
                groups.setdefault(tuple(get(row) for get in self._keys), []).append(row)
        kept = list(groups.values())
        having = self._query.having
        if having is not None:
            kept = [group for group in kept if combined(having, self._test(group))(group[0])]
        for order in reversed(self._query.order_by):
            by = order.by
            aggregate = isinstance(by, Call) and by.name in AGGREGATES
            reckon = self._reckon(by) if aggregate else self._first(by)  # type: ignore[arg-type]
            kept.sort(
                key=lambda group, reckon=reckon: _sortable(reckon(group)),
                reverse=order.descending,
            )
        end = None if self._query.limit is None else self._query.offset + self._query.limit
        return [
            {"attributes": {"type": "AggregateResult"}}
            | {name: reckon(group) for name, reckon in self._columns}
            for group in kept[self._query.offset : end]
        ]

    def _test(self, group: list[Row]) -> Callable[[Compare], Callable[[Row], bool]]:
        def compare(one: Compare) -> Callable[[Row], bool]:
            left = one.left
            if isinstance(left, Call) and left.name in AGGREGATES:
                value = self._reckon(left)(group)
                return comparison(
                    one, (None, lambda row: value, "double"), self._org.now, self._org.zone
                )
            get, kind = self._value(left)
            return comparison(one, (None, get, kind), self._org.now, self._org.zone)

        return compare


def _said(what: Any) -> str:
    return str(what) if isinstance(what, Path) else type(what).__name__


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value.lower() if isinstance(value, str) else value)
