"""Leads, which API v1 alone has: ids are UUIDs, custom fields are those of deals, at the top.

The world's leads have stages; here those that are closed are archived leads.
"""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.pipedrive import errors, fields, listing, values, visible, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.records import Link, Record

READ = "leads:read|leads:full"
FULL = "leads:full"
BODY = {
    "title": "str",
    "owner_id": "int",
    "label_ids": "list",
    "person_id": "int",
    "organization_id": "int",
    "is_archived": "bool",
    "value": "dict",
    "expected_close_date": "str",
    "visible_to": "str",
    "was_seen": "bool",
    "origin_id": "str",
    "channel": "int",
    "channel_id": "str",
}
LABELS = (
    ("f08b42a0-4e75-11ea-9643-03698ef1cfd6", "Hot", "red"),
    ("f08b42a1-4e75-11ea-9643-03698ef1cfd6", "Warm", "yellow"),
    ("f08b42a2-4e75-11ea-9643-03698ef1cfd6", "Cold", "blue"),
)
SORTS = ("id", "title", "owner_id", "add_time", "update_time", "expected_close_date")


def _shape(call: Call, record: Record) -> dict[str, Any]:
    """A lead; custom fields without a value are left out."""
    shape = call.view.lead(record)
    if not shape["label_ids"] and record.get("hs_lead_label"):
        known = {name.upper(): key for key, name, _ in LABELS}
        shape["label_ids"] = [known[record.get("hs_lead_label")]]
    own = fields.custom_fields(call.account, record)
    return shape | {key: value for key, value in own.items() if value is not None}


@route("GET", "v1/leads", READ, cost=20)
def leads(call: Call) -> Answer:
    """All leads that are not archived."""
    return _list(call, archived=False)


@route("GET", "v1/leads/archived", READ, cost=40)
def archived_leads(call: Call) -> Answer:
    """All archived leads."""
    return _list(call, archived=True)


def _list(call: Call, *, archived: bool) -> Answer:
    """Pages of leads tell start and limit beside each other, without the next start."""
    records = listing.changed_within(
        call, listing.readable(call, call.account.objects["leads"].values())
    )
    shown = [_shape(call, record) for record in records]
    shown = [one for one in shown if one["is_archived"] == archived]
    for name in ("owner_id", "person_id", "organization_id"):
        wanted = call.number(name)
        if wanted is not None:
            shown = [one for one in shown if one[name] == wanted]
    field, _, direction = (call.arg("sort") or "id ASC").partition(" ")
    if field not in SORTS or direction.upper() not in ("", "ASC", "DESC"):
        raise errors.invalid("pd_bad_query", "sort", f"takes one of {', '.join(SORTS)}.")
    shown.sort(key=lambda one: (str(one[field] or ""), one["id"]))
    if direction.upper() == "DESC":
        shown.reverse()
    page, start, limit = listing.offset(call, shown)
    more = start + limit < len(shown)
    told = {"start": start, "limit": limit, "more_items_in_collection": more}
    return 200, {"success": True, "data": page, "additional_data": told}


def _find(call: Call, lead_id: str, *, deleted: bool = False) -> Record:
    record_id = words.lead_record(lead_id)
    if not record_id:
        raise errors.missing("Lead")
    return listing.find(call, "leads", record_id, deleted=deleted)


@route("GET", "v1/leads/{lead_id}", READ, cost=2)
def lead(call: Call, lead_id: str) -> Answer:
    """One lead."""
    return listing.one(_shape(call, _find(call, lead_id)))


@route("POST", "v1/leads", FULL, cost=10)
def add_lead(call: Call) -> Answer:
    """A new lead of a person or an organization."""
    body, own = _checked(call, required=("title",))
    if not (body.get("person_id") or body.get("organization_id")):
        raise errors.refuse("pd_lead_of", "A lead needs a person_id or an organization_id")
    links = [
        Link(words.LINKS[name], values.linked(call, name, body[name]).id, ("", "primary"))
        for name in ("person_id", "organization_id")
        if body.get(name)
    ]
    given = {"owner_id": int(call.owner.id)} | body
    made = _fields(call, given) | own
    record = call.account.create("leads", made, call.actor, links)
    return listing.one(_shape(call, record), 201)


@route("PATCH", "v1/leads/{lead_id}", FULL, cost=10)
def change_lead(call: Call, lead_id: str) -> Answer:
    """Changes the fields that are given."""
    body, own = _checked(call)
    record = call.account.need("leads", _find(call, lead_id).id)
    record = call.account.update("leads", record.id, _fields(call, body) | own, call.actor)
    values.relink(call, record, body, ("person_id", "organization_id"))
    return listing.one(_shape(call, record))


@route("DELETE", "v1/leads/{lead_id}", FULL, cost=6)
def delete_lead(call: Call, lead_id: str) -> Answer:
    """Deletes a lead."""
    record = _find(call, lead_id)
    call.account.archive("leads", record.id, call.actor)
    return listing.one({"id": lead_id})


def _checked(call: Call, required: tuple[str, ...] = ()) -> tuple[dict[str, Any], dict[str, str]]:
    """The body without its custom fields, and those as the world keeps them."""
    given = call.json()
    known = fields.custom(call.account, "leads")
    own = {key: value for key, value in given.items() if key in known}
    call.body = orjson.dumps({key: value for key, value in given.items() if key not in own})
    return values.checked(call, BODY, required), fields.kept(call.account, "leads", own)


def _fields(call: Call, body: dict[str, Any]) -> dict[str, str]:
    made: dict[str, str] = {}
    if body.get("title"):
        made["hs_lead_name"] = body["title"]
    if body.get("owner_id") is not None:
        found = values.owner(call, body["owner_id"])
        made["hubspot_owner_id"] = found.id if found else ""
    if "label_ids" in body:
        known = [key for key, *_ in LABELS]
        for one in body["label_ids"] or ():
            if one not in known:
                raise errors.invalid("pd_lead_label", "label_ids", f"There is no label {one!r}.")
        made["pd_label_ids"] = ";".join(body["label_ids"] or ())
    if "value" in body:
        made |= _value(body["value"])
    if "expected_close_date" in body:
        day = body["expected_close_date"]
        if day:
            values.date_of("expected_close_date", day)
        made["pd_expected"] = day or ""
    for name, field in (("is_archived", "pd_archived"), ("was_seen", "pd_seen")):
        if name in body:
            made[field] = "true" if body[name] else ""
    return made | visible.kept(call, body.get("visible_to"))


def _value(given: dict[str, Any] | None) -> dict[str, str]:
    if given is None:
        return {"pd_amount": "", "pd_currency": ""}
    amount, currency = given.get("amount"), given.get("currency")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not currency:
        raise errors.invalid("pd_shape", "value", "needs amount and currency.")
    return {"pd_amount": f"{amount:.15g}", "pd_currency": str(currency)}


@route("GET", "v1/leadLabels", READ, cost=10)
def lead_labels(call: Call) -> Answer:
    """The labels of leads."""
    shown = [
        {"id": key, "name": name, "color": color, "add_time": words.with_ms(0), "update_time": None}
        for key, name, color in LABELS
    ]
    return 200, {"success": True, "data": shown}
