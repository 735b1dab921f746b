"""One record a call: list, read, create, change, delete, merge. Batches build on its parts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.call import Answer, Call, route
from sandbox.hubspot.kinds import EMAIL_CONTENT, Kind, kind_of
from sandbox.hubspot.render import View, associations
from sandbox.hubspot.writes import check_unique, create_one, read_properties
from sandbox.world.quotes import LIFECYCLE
from sandbox.world.records import NotFound, Record, UniqueConflict, lagging

EMAIL_CONTENT_SCOPE = "sales-email-read"
PAGE_LIMIT = 100
PAGE_LIMIT_HISTORY = 50
"""The list endpoint's page when ``propertiesWithHistory`` is asked for."""


def view_of(
    call: Call,
    kind: Kind,
    properties: Sequence[str] | None,
    history: Sequence[str] = (),
    *,
    everything: bool = False,
) -> View:
    """How this call sees records of a kind, its scopes considered."""
    named = not EMAIL_CONTENT.isdisjoint((*(properties or ()), *history))
    hide = frozenset[str]()
    if kind.kind == "emails" and (everything or named) and not call.draws_on(EMAIL_CONTENT_SCOPE):
        hide = EMAIL_CONTENT
    elif kind.kind == "quotes" and not call.hub.settings.quote_lifecycle:
        hide = frozenset((LIFECYCLE,))
    return View(
        call.account,
        kind.kind,
        properties,
        history,
        everything=everything,
        hide=hide,
    )


def seen(call: Call, kind: str, record: Record | None, archived: bool = False) -> Record | None:
    """The record as a possibly lagging reader sees it."""
    lag = call.hub.settings.read_lag_seconds
    return lagging(record, lag) if record is not None and lag and not archived else record


def look_up(
    call: Call, kind: Kind, given: str, id_property: str, *, archived: bool = False
) -> Record | None:
    """A record by id or by the value of a unique property."""
    account = call.account
    if id_property in ("", "hs_object_id"):
        record = account.find(kind.kind, given, archived=archived)
        if record is None and not archived and call.hub.settings.read_lag_seconds:
            gone = account.archived[kind.kind].get(given)
            former = seen(call, kind.kind, gone)
            return None if former is gone else former
    else:
        record = account.find_unique(kind.kind, id_property, given, archived=archived)
    shown = seen(call, kind.kind, record, archived)
    if shown is not None and record is not None and shown.id != record.id == given:
        return None  # a merge made it: a lagging reader still has the primary record, by its id
    return shown


def check_id_property(call: Call, kind: Kind, name: str, verb: str = "read") -> None:
    """Refuses an ``idProperty`` that is no unique property of the kind."""
    if name not in ("", "hs_object_id") and name not in call.account.unique[kind.kind]:
        raise errors.refuse(
            "not_unique",
            f"Unable to perform {verb} by non-unique {kind.type_id} property {name} "
            f"in portal ID {call.account.portal_id}",
        )


# --- endpoints -----------------------------------------------------------------------------------


@route("GET", "/crm/objects/{v}/{object_type}")
def list_records(call: Call, object_type: str) -> Answer:
    """A page of records in order of id."""
    kind = call.kind(object_type, "read")
    history = call.args("propertiesWithHistory")
    limit = call.whole("limit", 10, PAGE_LIMIT_HISTORY if history else PAGE_LIMIT)
    after = call.cursor()
    others = [kind_of(name).kind for name in call.args("associations")]
    for other in others:
        call.kind(other, "read")
    archived = call.flag("archived")
    view = view_of(call, kind, call.args("properties"), history)
    with call.hub.world.lock:
        store = (call.account.archived if archived else call.account.objects)[kind.kind]
        page, more = _page(store, after, limit, by_id=not archived)
        results: list[dict[str, Any]] = []
        for record in page:
            shown = seen(call, kind.kind, record, archived)
            if shown is None:
                continue
            entry = view.show(shown)
            if others and (found := associations(call.account, shown, others)):
                entry["associations"] = found
            results.append(entry)
    answer: dict[str, Any] = {"results": results}
    if more and page:
        answer["paging"] = paging(call, page[-1].id)
    return 200, answer


def _page(
    store: Mapping[str, Record], after: int, limit: int, *, by_id: bool
) -> tuple[list[Record], bool]:
    """Up to ``limit`` records with ids above ``after``; archived ones stand in another order."""
    ids = list(store) if by_id else sorted(store, key=int)
    start = bisect_right(ids, after, key=int)
    return [store[one] for one in ids[start : start + limit]], start + limit < len(ids)


def paging(call: Call, after: str) -> dict[str, Any]:
    """The ``paging`` part that leads to the next page."""
    kept = "&".join(
        part for part in call.raw_query.split("&") if part and not part.startswith("after=")
    )
    link = f"https://api.hubapi.com{call.path}?{kept}{'&' if kept else ''}after={after}"
    return {"next": {"after": after, "link": link}}


@route("GET", "/crm/objects/{v}/{object_type}/{record_id}")
def read_record(call: Call, object_type: str, record_id: str) -> Answer:
    """One record by id or unique property."""
    kind = call.kind(object_type, "read")
    id_property = call.arg("idProperty")
    check_id_property(call, kind, id_property)
    others = [kind_of(name).kind for name in call.args("associations")]
    for other in others:
        call.kind(other, "read")
    view = view_of(call, kind, call.args("properties"), call.args("propertiesWithHistory"))
    with call.hub.world.lock:
        record = look_up(call, kind, record_id, id_property, archived=call.flag("archived"))
        if record is None:
            raise errors.record_missing()
        shown = view.show(record)
        if others and (found := associations(call.account, record, others)):
            shown["associations"] = found
    return 200, shown


@route("POST", "/crm/objects/{v}/{object_type}")
def create_record(call: Call, object_type: str) -> Answer:
    """A new record with its associations."""
    kind = call.kind(object_type, "write")
    given = call.json()
    with call.hub.world.lock:
        values, links = create_one(call, kind, given)
        record = call.account.create(kind.kind, values, call.actor, links)
        return 201, view_of(call, kind, (), everything=True).show(record)


@route("PATCH", "/crm/objects/{v}/{object_type}/{record_id}")
def change_record(call: Call, object_type: str, record_id: str) -> Answer:
    """Changes properties of one record."""
    kind = call.kind(object_type, "write")
    given = call.json()
    id_property = call.arg("idProperty")
    check_id_property(call, kind, id_property, "update")
    with call.hub.world.lock:
        record = live(call, kind, record_id, id_property)
        if record is None:
            raise errors.record_missing()
        values = read_properties(call, kind, given.get("properties"), record)
        check_unique(call, kind, values, record)
        record = call.account.update(kind.kind, record.id, values, call.actor)
        return 200, view_of(call, kind, list(values)).show(record)


def live(call: Call, kind: Kind, given: str, id_property: str) -> Record | None:
    """The live record to write to, never a former state of it."""
    if id_property in ("", "hs_object_id"):
        return call.account.find(kind.kind, given)
    return call.account.find_unique(kind.kind, id_property, given)


@route("DELETE", "/crm/objects/{v}/{object_type}/{record_id}")
def delete_record(call: Call, object_type: str, record_id: str) -> Answer:
    """Moves one record to the recycle bin; 404 when no record ever had the id."""
    kind = call.kind(object_type, "write")
    with call.hub.world.lock:
        gone = call.account.archive(kind.kind, record_id, call.actor)
        if gone is None and record_id not in call.account.archived[kind.kind]:
            raise errors.record_missing()
    return 204, None


@route("POST", "/crm/objects/{v}/{object_type}/merge")
def merge_records(call: Call, object_type: str) -> Answer:
    """Merges two records of a kind into a new one."""
    kind = call.kind(object_type, "write")
    given = call.json()
    primary, other = str(given.get("primaryObjectId", "")), str(given.get("objectIdToMerge", ""))
    with call.hub.world.lock:
        try:
            record = call.account.merge(kind.kind, primary, other, call.actor)
        except NotFound as error:
            raise errors.record_missing(f"{kind.singular} {error.ids[0]}") from None
        except (ValueError, UniqueConflict) as error:
            raise errors.refuse("merge_refused", str(error)) from None
        return 200, view_of(call, kind, ()).show(record)


@route("POST", "/crm/objects/{v}/contacts/gdpr-delete")
def erase_contact(call: Call) -> Answer:
    """A privacy deletion: the contact is gone for good. An unknown address is blocked instead."""
    kind = call.kind("contacts", "write")
    given = call.json()
    wanted, id_property = str(given.get("objectId") or ""), str(given.get("idProperty") or "")
    if not wanted:
        raise errors.refuse("erase_field", "Some required fields were not set: [objectId]")
    if id_property not in ("", "hs_object_id", "email"):
        raise errors.refuse(
            "erase_property", f"idProperty {id_property} is not supported; use email"
        )
    account = call.account
    with call.hub.world.lock:
        record = live(call, kind, wanted, id_property)
        if record is None and id_property == "email":
            record = account.find_unique(kind.kind, "email", wanted, archived=True)
        if record is None and not id_property:
            record = account.find(kind.kind, wanted, archived=True)
        if record is not None:
            account.forget(kind.kind, record.id, call.actor)
        elif id_property == "email":
            account.blocked_emails.add(wanted.lower())
        else:
            raise errors.record_missing(f"contact {wanted}")
    return 204, None
