"""Lists of API v2: filters, order, pages by cursor; and pages by offset of API v1."""

from __future__ import annotations

import base64
import binascii
import heapq
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson

from sandbox.pipedrive import errors, visible, words
from sandbox.pipedrive.call import Answer, Call
from sandbox.world.records import Record

IDS_MOST = 100
FIELDS_MOST = 15
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
Shaper = Callable[[Record], dict[str, Any]]


def find(call: Call, kind: str, record_id: str, *, deleted: bool = True) -> Record:
    """The record of a path, as a reader sees it now."""
    entity = words.ENTITIES[kind].capitalize()
    if not record_id.isdigit():
        raise errors.invalid("pd_bad_query", "id", f"{record_id!r} is not an id.")
    record = call.account.objects[kind].get(record_id)
    if record is None and deleted and call.vendor.settings.pipedrive_deleted_readable:
        gone = call.account.archived[kind].get(record_id)
        if gone is not None and (gone.archived_at or 0) >= call.now - words.KEPT_DELETED:
            record = gone
    state = call.view.seen(record) if record is not None else None
    if state is None:
        raise errors.missing(entity)
    if not visible.sees(call.view, call.owner, state):
        raise errors.refuse("pd_hidden", f"You do not have access to this {entity.lower()}")
    return state


def instant(call: Call, name: str) -> int | None:
    """A query parameter that is an instant: RFC 3339, whole seconds. Fractions are refused."""
    given = call.arg(name)
    if not given:
        return None
    try:
        if not _INSTANT.fullmatch(given):
            raise ValueError
        return round(datetime.fromisoformat(given).timestamp() * 1000)
    except ValueError:
        raise errors.invalid("pd_instant", name, "This value is not a valid datetime.") from None


def ids(call: Call) -> set[str] | None:
    """The ids that are asked for; None: all."""
    if not call.arg("ids"):
        return None
    given = call.args("ids")
    if len(given) > IDS_MOST:
        raise errors.invalid("pd_ids", "ids", f"must not have more than {IDS_MOST} ids.")
    for one in given:
        if not one.isdigit():
            raise errors.invalid("pd_bad_query", "ids", f"{one!r} is not an id.")
    return set(given)


def field_keys(call: Call) -> list[str] | None:
    """The custom fields that are asked for; None: all."""
    if "custom_fields" not in call.query:
        return None
    given = call.args("custom_fields")
    if len(given) > FIELDS_MOST:
        raise errors.invalid(
            "pd_field_keys", "custom_fields", f"must not have more than {FIELDS_MOST} keys."
        )
    return given


def included(call: Call, known: tuple[str, ...]) -> list[str]:
    """The further fields that are asked for."""
    given = call.args("include_fields")
    for one in given:
        if one not in known:
            raise errors.invalid("pd_bad_query", "include_fields", f"has no field {one!r}.")
    return given


class Order:
    """How a list is sorted, and from where on it is to be shown."""

    def __init__(self, call: Call, fields: tuple[str, ...] = ("id", "update_time", "add_time")):
        if call.number("filter_id") is not None:
            raise errors.missing("Filter")  # nobody in the sandbox makes filters
        self.field = call.choice("sort_by", fields, "id")
        self.down = call.choice("sort_direction", ("asc", "desc"), "asc") == "desc"
        self.after = _cursor(call)

    def page(
        self, call: Call, records: Iterable[Record], limit: int
    ) -> tuple[list[Record], str | None]:
        """The entries of the page, and the cursor of the next one."""
        keys = {
            "id": lambda record: int(record.id),
            "update_time": call.view.updated,
            "add_time": lambda record: record.created_at,
            "due_date": words.due_at,
        }
        key = keys[self.field]
        # Pages follow the value and the id of their last entry, so that a record which changes
        # meanwhile is at worst shown twice.
        placed = ((key(record), int(record.id), record) for record in records)
        if (at := self.after) is not None:
            placed = (one for one in placed if ((one[:2] < at) if self.down else (one[:2] > at)))
        first = heapq.nlargest if self.down else heapq.nsmallest
        shown = first(limit + 1, placed)  # a large list is not sorted for each of its pages
        more = len(shown) > limit
        shown = shown[:limit]
        return [one[2] for one in shown], _made(shown[-1][:2]) if more else None


def _made(place: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(place))).rstrip(b"=").decode()


def _cursor(call: Call) -> tuple[int, int] | None:
    given = call.arg("cursor")
    if not given:
        return None
    try:
        padded = given + "=" * (-len(given) % 4)
        found = orjson.loads(base64.urlsafe_b64decode(padded))
        if not (isinstance(found, list) and [type(one) for one in found] == [int, int]):
            raise ValueError
    except (ValueError, binascii.Error):
        raise errors.invalid("pd_cursor", "cursor", "is not a cursor of this list.") from None
    return found[0], found[1]


def plain_page(call: Call, entries: list[Any], limit: int) -> tuple[list[Any], str | None]:
    """A page of entries that keep their order, by a cursor that counts them."""
    after = _cursor(call)
    start = after[0] if after else 0
    more = start + limit < len(entries)
    return entries[start : start + limit], _made((start + limit, 0)) if more else None


def listed(data: list[Any], cursor: str | None) -> Answer:
    """A list's answer of API v2."""
    return 200, {"success": True, "data": data, "additional_data": {"next_cursor": cursor}}


def one(data: Any, status: int = 200) -> Answer:
    """The answer with one record."""
    return status, {"success": True, "data": data}


def changed_within(call: Call, records: Iterable[Record]) -> list[Record]:
    """The records that were changed since (that instant included) and until (it excluded)."""
    since, until = instant(call, "updated_since"), instant(call, "updated_until")
    found = list(records)
    if since is not None:
        # update_time is shown in whole seconds; a change within the second of `since` counts.
        found = [record for record in found if call.view.updated(record) // 1000 * 1000 >= since]
    if until is not None:
        found = [record for record in found if call.view.updated(record) // 1000 * 1000 < until]
    return found


def readable(call: Call, records: Iterable[Record], *, search: bool = False) -> list[Record]:
    """The records that the user sees, as a reader is shown them now, where reads lag behind."""
    settings, view, owner = call.vendor.settings, call.view, call.owner
    if settings.search_lag_seconds if search else settings.read_lag_seconds:
        states = (view.seen(record, search=search) for record in records)
        records = [state for state in states if state is not None]
    return [
        record
        for record in records
        if visible.FIELD not in record.fields or visible.sees(view, owner, record)
    ]


def offset(call: Call, entries: list[Any], *, default: int = 100) -> tuple[list[Any], int, int]:
    """A page of API v1: the entries, where it starts, how long it may be."""
    start, limit = call.arg("start") or "0", call.arg("limit") or str(default)
    for name, given in (("start", start), ("limit", limit)):
        if not given.isdigit():
            raise errors.refuse("pd_offset", f"{name} must be a non-negative integer")
    first, most = int(start), max(1, min(int(limit), 500))
    return entries[first : first + most], first, most


def paged(call: Call, entries: list[Any], shape: Callable[[Any], Any]) -> Answer:
    """A list of API v1 with its ``pagination``."""
    page, start, limit = offset(call, entries)
    more = start + limit < len(entries)
    pagination: dict[str, Any] = {
        "start": start,
        "limit": limit,
        "more_items_in_collection": more,
    }
    if more:
        pagination["next_start"] = start + limit
    return 200, {
        "success": True,
        "data": [shape(entry) for entry in page],
        "additional_data": {"pagination": pagination},
    }
