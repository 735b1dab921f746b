"""Runs a query: which rows it finds, and how the answer shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.errors import refuse
from sandbox.salesforce.model import Row, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql import grouped
from sandbox.salesforce.soql.conditions import (
    Operand,
    Test,
    combined,
    comparison,
)
from sandbox.salesforce.soql.demands import changed_since, demanded, ends_demanded, joined
from sandbox.salesforce.soql.fields import follow, no_column, relation_of, resolve
from sandbox.salesforce.soql.functions import function
from sandbox.salesforce.soql.shapes import Shape, attributes, plain_shape
from sandbox.salesforce.soql.tree import (
    Call,
    Compare,
    Condition,
    Fields,
    Order,
    Path,
    Query,
    TypeOf,
)
from sandbox.salesforce.sources_history import OF_ONE
from sandbox.salesforce.tables import KINDS

MOST_OFFSET = 2_000
FIELDS_LIMIT = 200

Record = dict[str, Any]


class Plan:
    """A query made ready for an org: ``rows()`` finds, ``show()`` renders one row.

    For aggregates ``rows()`` is empty and ``groups()`` holds the answer.
    """

    def __init__(self, org: Org, query: Query, version: str, *, deleted: bool = False) -> None:
        self.org = org
        self.query = query
        self.version = version
        self.deleted = deleted
        self.sobject = _object(org, query.source)
        self._held: dict[int, set[Any]] = {}
        self.test = self._where(query.where)
        if query.offset > MOST_OFFSET:
            raise refuse("sf_offset", "Maximum SOQL offset allowed is 2000")
        self.aggregates = grouped.is_aggregate(query)
        self.shapes: list[Shape] = [] if self.aggregates else self._shapes()
        self.keys = [] if self.aggregates else [self._key(one) for one in query.order_by]
        self.grouping = grouped.Grouping(org, self.sobject, query) if self.aggregates else None

    # --- which rows --------------------------------------------------------------------------

    def rows(self, among: Iterable[Row] | None = None) -> list[Row]:
        """The rows that are found, in the order asked for."""
        test = self.test
        source = self._candidates() if among is None else among
        found = [row for row in source if test is None or test(row)]
        for get, order in reversed(self.keys):
            _sort(found, get, order)
        if self.aggregates:
            return found
        end = None if self.query.limit is None else self.query.offset + self.query.limit
        return found[self.query.offset : end]

    def groups(self) -> list[Record]:
        """What an aggregate query answers."""
        assert self.grouping is not None
        return self.grouping.answer(self.rows(), self.version)

    def _candidates(self) -> Iterator[Row]:
        """All rows, or those alone whose ids the condition demands."""
        if self.sobject.name == "OpportunityContactRole":
            wanted = ends_demanded(self.query.where)
            if wanted is not None:
                yield from self.org.roles(wanted, deleted=self.deleted)
                return
        name, history = self.sobject.name, OF_ONE.get(self.sobject.name)
        asked = demanded(self.query.where, "opportunityid" if history else "id")
        if asked is None and name in KINDS and (join := joined(self.query.where)) is not None:
            asked = sorted(filter(None, self._held[id(join)]))
        if asked is None or not (name in KINDS or history):
            since = changed_since(self.query.where)
            yield from self.org.rows(name, deleted=self.deleted, since=since)
            return
        for one in dict.fromkeys(map(ids.same, asked)):
            parent = "Opportunity" if history else name
            row = self.org.find(parent, one, deleted=self.deleted and not history)
            if row is not None and history and row.record is not None:
                yield from (Row(name, None, values) for values in history(self.org, row.record))
            elif row is not None:
                yield row

    def _where(self, condition: Condition | None) -> Test | None:
        return None if condition is None else combined(condition, self._compare)

    def _compare(self, compare: Compare) -> Test:
        operand = self._operand(compare.left)
        if isinstance(compare.values, Query):
            return self._semi_join(compare, operand)
        return comparison(compare, operand, self.org.now, self.org.zone)

    def _operand(self, left: Path | Call) -> Operand:
        if isinstance(left, Call):
            return function(self.org, self.sobject, left)
        found = resolve(self.org, self.sobject, left)
        field = found.field
        if field is not None and not field.filterable:
            raise refuse(
                "sf_filter_field", f"field '{field.name}' can not be filtered in a query call"
            )
        return field, found.get, field.type if field else "string"

    def _semi_join(self, compare: Compare, operand: Operand) -> Test:
        field, get, kind = operand
        inner = compare.values
        assert isinstance(inner, Query)
        if compare.operator not in ("IN", "NOT IN") or kind not in ("id", "reference"):
            name = field.name if field else str(compare.left)
            raise refuse("sf_malformed", f"the left operand '{name}' of a join must be an id")
        if len(inner.items) != 1 or not isinstance(inner.items[0].what, Path):
            raise refuse("sf_malformed", "a join's query selects exactly one field")
        plan = Plan(self.org, inner, self.version)
        found = resolve(self.org, plan.sobject, inner.items[0].what)
        if found.field is None or found.field.type not in ("id", "reference"):
            raise refuse("sf_malformed", "a join's query selects an id or a reference")
        held = {found.get(row) for row in plan.rows()}
        self._held[id(compare)] = held
        wanted = compare.operator == "IN"
        return lambda row: (get(row) in held) == wanted

    def _key(self, order: Order) -> tuple[Callable[[Row], Any], Order]:
        if isinstance(order.by, Call):
            raise refuse("sf_malformed", "functions order groups alone")
        found = resolve(self.org, self.sobject, order.by)
        if found.field is not None and found.field.type == "textarea":
            raise refuse(
                "sf_filter_field", f"field '{found.field.name}' can not be sorted in a query call"
            )
        return found.get, order

    # --- how they are shown --------------------------------------------------------------------

    def _shapes(self) -> list[Shape]:
        shapes: list[Shape] = []
        for item in self.query.items:
            what = item.what
            if isinstance(what, Fields):
                shapes += self._all_fields(what)
            elif isinstance(what, Query):
                shapes.append(self._children(what))
            elif isinstance(what, TypeOf):
                shapes.append(self._type_of(what))
            elif isinstance(what, Call):
                _, get, kind = function(self.org, self.sobject, what)
                name = item.alias or str(what.path)
                shapes.append(Shape((name,), get, kind, ()))
            else:
                found = resolve(self.org, self.sobject, what)
                shapes.append(plain_shape(self.org, self.sobject, what, found, self.version))
        return shapes

    def _all_fields(self, what: Fields) -> list[Shape]:
        if self.query.limit is None or self.query.limit > FIELDS_LIMIT:
            raise refuse(
                "sf_malformed",
                f"The SOQL FIELDS function must have a LIMIT of at most {FIELDS_LIMIT}",
            )
        wanted = {"ALL": (True, False), "CUSTOM": (True,), "STANDARD": (False,)}[what.which]
        found = [one for one in self.sobject.fields.values() if one.custom in wanted]
        paths = [Path((one.name,)) for one in found]
        return [
            plain_shape(self.org, self.sobject, path, resolve(self.org, self.sobject, path),
                        self.version)
            for path in paths
        ]  # fmt: skip

    def _children(self, inner: Query) -> Shape:
        name = next(
            (one for one in self.sobject.children if one.lower() == inner.source.lower()), None
        )
        target = self.sobject.children.get(name or "")
        if name is None or target is None or target[0] not in self.org.objects:
            raise refuse(
                "sf_query_object",
                f"Didn't understand relationship '{inner.source}' in FROM part of query call.",
            )
        sobject, reference = target
        query = Query(inner.items, sobject, inner.where, inner.group_by, inner.having,
                      inner.order_by, inner.limit, inner.offset)  # fmt: skip
        plan = Plan(self.org, query, self.version, deleted=self.deleted)
        if plan.aggregates or any(isinstance(item.what, Query) for item in query.items):
            raise refuse("sf_malformed", "a subquery holds neither aggregates nor subqueries")
        pointing = plan.sobject.fields[reference].read
        by_parent: dict[str, list[Row]] = {}
        for row in self.org.rows(sobject, deleted=self.deleted):
            parent = pointing(self.org, row)
            if parent is not None:
                by_parent.setdefault(parent, []).append(row)
        own = self.sobject.fields["Id"].read

        def get(row: Row) -> Any:
            found = plan.rows(by_parent.get(own(self.org, row), []))
            if not found:
                return None
            shown = [plan.show(one) for one in found]
            return {"totalSize": len(shown), "done": True, "records": shown}

        return Shape((name,), get, "", ())

    def _type_of(self, what: TypeOf) -> Shape:
        reference = relation_of(self.sobject, what.relation)
        if reference is None or len(reference.refers) < 2:
            raise no_column(what.relation, self.sobject.name)
        step = follow(self.org, reference)
        named: Mapping[str, tuple[Path, ...]] = {
            name.lower(): paths for name, paths in what.branches
        }
        shapes: dict[str, list[Shape]] = {}
        for one in reference.refers:
            target = self.org.objects.get(one)
            paths = named.get(one.lower(), what.otherwise)
            if target is not None:
                shapes[one] = [
                    plain_shape(self.org, target, path, resolve(self.org, target, path),
                                self.version)
                    for path in paths
                ]  # fmt: skip

        def get(row: Row) -> Any:
            found = step(row)
            if found is None:
                return None
            told = {"attributes": attributes(self.org, found, self.version)}
            for shape in shapes.get(found.sobject, ()):
                shape.put(told, found)
            return told

        return Shape((reference.relation,), get, "", ())

    def show(self, row: Row) -> Record:
        """One row of the answer."""
        told: Record = {"attributes": attributes(self.org, row, self.version)}
        for shape in self.shapes:
            shape.put(told, row)
        return told


def _object(org: Org, name: str) -> SObject:
    found = org.by_lower.get(name.lower())
    if found is None:
        raise refuse(
            "sf_query_object",
            f"sObject type '{name}' is not supported. If you are attempting to use a custom "
            "object, be sure to append the '__c' after the entity name. Please reference your "
            "WSDL or the describe call for the appropriate names.",
        )
    return found


def _sort(rows: list[Row], get: Callable[[Row], Any], order: Order) -> None:
    """In place, and stable; what is empty comes first, unless it is asked to come last."""

    def key(row: Row) -> tuple[int, Any]:
        value = get(row)
        empty_last = order.nulls_last != order.descending
        if value is None:
            return (1 if empty_last else -1, 0)
        return (0, value.lower() if isinstance(value, str) else value)

    rows.sort(key=key, reverse=order.descending)

