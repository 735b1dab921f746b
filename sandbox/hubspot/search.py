"""Search. Its index may lag behind the records (``search_lag_seconds``).

Limits from the search guide: 200 results a page (10 unless asked), 10,000 results a query, body of
3,000 characters, 5 groups of 6 filters, 18 in all, one sort.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.call import Answer, Call, route
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.objects import view_of
from sandbox.hubspot.values import VIRTUAL, definition, instant
from sandbox.world.records import Property, Record, lagging

PAGE_DEFAULT = 10
PAGE_LIMIT = 200
TOTAL_LIMIT = 10_000
BODY_LIMIT = 3_000
GROUPS, FILTERS, FILTERS_IN_ALL = 5, 6, 18
TEXT_FIELDS = {
    "contacts": ("firstname", "lastname", "email", "phone", "company"),
    "companies": ("name", "domain", "phone", "website"),
    "deals": ("dealname", "description"),
    "tasks": ("hs_task_subject", "hs_task_body"),
    "notes": ("hs_note_body",),
    "calls": ("hs_call_title", "hs_call_body"),
    "emails": ("hs_email_subject",),
    "meetings": ("hs_meeting_title", "hs_meeting_body"),
}

Test = Callable[[Record], bool]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda a, b: a == b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}


def _raw(record: Record, name: str, call: Call) -> str:
    """A property's value in the world's form, virtual instants included."""
    if name == "hs_lastmodifieddate" or name == "lastmodifieddate":
        return str(record.updated_at)
    if name == "hs_createdate":
        return str(record.created_at)
    value = record.fields.get(name)
    if not value and name in VIRTUAL:
        return VIRTUAL[name](call.account, record) or ""
    return value or ""


def _comparable(known: Property, value: str) -> Any:
    """A value in the order of its type; raises ValueError."""
    if known.type == "number":
        return float(value)
    if known.type == "datetime":
        return instant(value)
    return value.lower()


def _filter(call: Call, kind: Kind, given: dict[str, Any]) -> Test:
    name, operator = str(given.get("propertyName", "")), str(given.get("operator", ""))
    known = definition(call.account, kind.kind, name)
    if known is None:
        raise errors.refuse(
            "search_property", f"There was a problem with the request. Unknown property {name!r}"
        )

    def parsed(value: Any) -> Any:
        try:
            return _comparable(known, str(value))
        except ValueError:
            raise errors.refuse(
                "search_value", f"{value!r} is not a valid {known.type} for property {name!r}"
            ) from None

    def own(record: Record) -> Any:
        value = _raw(record, name, call)
        return _comparable(known, value) if value else None

    if operator == "HAS_PROPERTY":
        return lambda record: own(record) is not None
    if operator == "NOT_HAS_PROPERTY":
        return lambda record: own(record) is None
    if operator in ("IN", "NOT_IN"):
        values = given.get("values")
        if not isinstance(values, list) or not values:
            raise errors.refuse("search_values", f"operator {operator} needs a list of values")
        wanted = {parsed(value) for value in values}
        inside = operator == "IN"
        return lambda record: (own(record) in wanted) == inside
    if operator == "BETWEEN":
        low, high = parsed(given.get("value", "")), parsed(given.get("highValue", ""))
        return lambda record: (value := own(record)) is not None and low <= value <= high
    target = parsed(given.get("value", ""))
    if operator == "NEQ":
        return lambda record: own(record) != target
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        token = str(given.get("value", "")).lower().strip("*")
        contains = operator == "CONTAINS_TOKEN"
        return lambda record: (token in _raw(record, name, call).lower()) == contains
    compare = _COMPARE.get(operator)
    if compare is None:
        raise errors.refuse("search_operator", f"{operator!r} is not a valid filter operator")
    return lambda record: (value := own(record)) is not None and compare(value, target)


def _tests(call: Call, kind: Kind, groups: Any) -> list[list[Test]]:
    if groups is None:
        return []
    if not isinstance(groups, list):
        raise errors.shape('"filterGroups" must be a list')
    filters = [group.get("filters") or [] for group in groups if isinstance(group, dict)]
    if len(filters) > GROUPS or sum(map(len, filters)) > FILTERS_IN_ALL:
        raise errors.refuse(
            "search_groups",
            f"A search takes at most {GROUPS} filter groups and {FILTERS_IN_ALL} filters",
        )
    if any(len(group) > FILTERS for group in filters):
        raise errors.refuse("search_filters", f"A filter group takes at most {FILTERS} filters")
    return [[_filter(call, kind, one) for one in group] for group in filters]


def _order(call: Call, kind: Kind, sorts: Any) -> tuple[Callable[[Record], Any], bool]:
    if not sorts:
        return (lambda record: (False, record.created_at, int(record.id))), False
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise errors.refuse("search_sorts", "A search takes one sort")
    one = sorts[0]
    if isinstance(one, dict):
        name = str(one.get("propertyName", ""))
        falling = str(one.get("direction", "ASCENDING")).upper() == "DESCENDING"
    else:
        name, falling = str(one).lstrip("-"), str(one).startswith("-")
    known = definition(call.account, kind.kind, name)
    if known is None:
        raise errors.refuse("search_sort_property", f"Unknown property {name!r} in sorts")

    def key(record: Record) -> Any:
        value = _raw(record, name, call)
        return (True, _comparable(known, value)) if value else (False, 0)

    return key, falling


def _indexed(call: Call, kind: Kind) -> list[Record]:
    """The records as the index has them: behind by the lag, with what was deleted in it."""
    live = call.account.objects[kind.kind]
    lag = call.hub.settings.search_lag_seconds
    if not lag:
        return list(live.values())
    both = [*live.values(), *call.account.archived[kind.kind].values()]
    former = [lagging(record, lag) for record in both]
    return [record for record in former if record is not None and not record.archived]


@route("POST", "/crm/objects/{v}/{object_type}/search", family="search")
def search(call: Call, object_type: str) -> Answer:
    """Records that pass one of the filter groups, and the query where there is one."""
    kind = call.kind(object_type, "read")
    given = call.json()
    if len(call.body) > BODY_LIMIT:
        raise errors.refuse(
            "search_body", f"The request body must not exceed {BODY_LIMIT} characters"
        )
    limit, after = int(given.get("limit") or PAGE_DEFAULT), str(given.get("after") or "0")
    if not 1 <= limit <= PAGE_LIMIT:
        raise errors.refuse("page_too_long", f"limit must be from 1 to {PAGE_LIMIT}, not {limit}")
    if not after.isdigit():
        raise errors.refuse("bad_cursor", f"after must be a number, not {after!r}")
    start = int(after)
    if start + limit > TOTAL_LIMIT:
        raise errors.refuse(
            "search_beyond",
            f"A search pages through at most {TOTAL_LIMIT} results; narrow its filters",
        )
    groups = _tests(call, kind, given.get("filterGroups"))
    key, falling = _order(call, kind, given.get("sorts"))
    text = str(given.get("query") or "").lower()
    view = view_of(call, kind, [str(p) for p in given.get("properties") or ()])
    with call.hub.world.lock:
        found = [
            record
            for record in _indexed(call, kind)
            if (not groups or any(all(test(record) for test in group) for group in groups))
            and (not text or _mentions(kind, record, text))
        ]
        found.sort(key=key, reverse=falling)
        results = [view.show(record) for record in found[start : start + limit]]
    answer: dict[str, Any] = {"total": len(found), "results": results}
    if start + limit < len(found):
        answer["paging"] = {"next": {"after": str(start + limit)}}
    return 200, answer


def _mentions(kind: Kind, record: Record, text: str) -> bool:
    return any(text in record.get(name).lower() for name in TEXT_FIELDS.get(kind.kind, ()))
