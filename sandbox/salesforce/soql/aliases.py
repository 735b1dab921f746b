"""Takes the name that a query gives its object off the front of its paths."""

from __future__ import annotations

from sandbox.salesforce.soql.tree import (
    Call,
    Compare,
    Condition,
    Item,
    Logic,
    Order,
    Path,
    Query,
)


def without(query: Query, alias: str) -> Query:
    """The query with its own alias (or its object's name) taken off the front of every path."""

    def path(one: Path) -> Path:
        named = len(one.parts) > 1 and one.parts[0].lower() == alias.lower()
        return Path(one.parts[1:]) if named else one

    def operand(one: Path | Call) -> Path | Call:
        if isinstance(one, Call):
            return Call(one.name, path(one.path) if one.path else None)
        return path(one)

    def condition(one: Condition) -> Condition:
        if isinstance(one, Logic):
            return Logic(one.operator, tuple(condition(part) for part in one.parts))
        return Compare(operand(one.left), one.operator, one.values)

    items = [
        Item(operand(one.what) if isinstance(one.what, Path | Call) else one.what, one.alias)
        for one in query.items
    ]
    return Query(
        tuple(items),
        query.source,
        condition(query.where) if query.where else None,
        tuple(operand(one) for one in query.group_by),
        condition(query.having) if query.having else None,
        tuple(Order(operand(one.by), one.descending, one.nulls_last) for one in query.order_by),
        query.limit,
        query.offset,
    )
