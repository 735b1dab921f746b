"""Persons and organizations."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.pipedrive import errors, extras, fields, listing, values, visible
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.pipedrive.frame import labels_of
from sandbox.world.records import Link, Record

READ = "contacts:read|contacts:full"
FULL = "contacts:full"
PERSON = {
    "name": "str",
    "owner_id": "int",
    "org_id": "int",
    "add_time": "str",
    "update_time": "str",
    "emails": "list",
    "phones": "list",
    "visible_to": "int",
    "label_ids": "ints",
    "marketing_status": "str",
    "custom_fields": "dict",
}
ORGANIZATION = {
    "name": "str",
    "owner_id": "int",
    "add_time": "str",
    "update_time": "str",
    "visible_to": "int",
    "label_ids": "ints",
    "address": "dict",
    "custom_fields": "dict",
}
CONSENTS = ("no_consent", "unsubscribed", "subscribed", "archived")


# --- reading -------------------------------------------------------------------------------------


def _list(call: Call, kind: str, known: tuple[str, ...]) -> Answer:
    order, limit = listing.Order(call), call.limit()
    more, keys = listing.included(call, known), listing.field_keys(call)
    wanted, owner, org = listing.ids(call), call.number("owner_id"), None
    if kind == "contacts":
        org = call.number("org_id")
    view = call.view
    records = [
        record
        for record in listing.readable(call, call.account.objects[kind].values())
        if (wanted is None or record.id in wanted)
        and (owner is None or view.user_id(record.get("hubspot_owner_id"), record) == owner)
        and (org is None or view.linked(record, "companies") == org)
    ]
    page, cursor = order.page(call, listing.changed_within(call, records), limit)
    return listing.listed([_shape(call, record, more, keys) for record in page], cursor)


def _shape(
    call: Call, record: Record, more: list[str] | None = None, keys: list[str] | None = None
) -> dict[str, Any]:
    view = call.view
    if record.kind == "contacts":
        shape = view.person(record) | extras.of_person(view, record, more or [])
    else:
        shape = view.organization(record) | extras.of_organization(view, record, more or [])
    if keys is not None:
        shape["custom_fields"] = {
            key: value for key, value in shape["custom_fields"].items() if key in keys
        }
    return shape


def _one(call: Call, kind: str, record_id: str, known: tuple[str, ...]) -> Answer:
    more, keys = listing.included(call, known), listing.field_keys(call)
    return listing.one(_shape(call, listing.find(call, kind, record_id), more, keys))


@route("GET", "v2/persons", READ, cost=10)
def persons(call: Call) -> Answer:
    """All persons."""
    return _list(call, "contacts", extras.OF_PERSON)


@route("GET", "v2/persons/{person_id}", READ, cost=1)
def person(call: Call, person_id: str) -> Answer:
    """One person; a deleted one for thirty days."""
    return _one(call, "contacts", person_id, extras.OF_PERSON)


@route("GET", "v2/organizations", READ, cost=10)
def organizations(call: Call) -> Answer:
    """All organizations."""
    return _list(call, "companies", extras.OF_ORGANIZATION)


@route("GET", "v2/organizations/{org_id}", READ, cost=1)
def organization(call: Call, org_id: str) -> Answer:
    """One organization; a deleted one for thirty days."""
    return _one(call, "companies", org_id, extras.OF_ORGANIZATION)


# --- writing -------------------------------------------------------------------------------------


@route("POST", "v2/persons", FULL, cost=5)
def add_person(call: Call) -> Answer:
    """A new person. Two may have one address: Pipedrive only warns at its own screens."""
    return _add(call, "contacts", PERSON)


@route("POST", "v2/organizations", FULL, cost=5)
def add_organization(call: Call) -> Answer:
    """A new organization."""
    return _add(call, "companies", ORGANIZATION)


@route("PATCH", "v2/persons/{person_id}", FULL, cost=5)
def change_person(call: Call, person_id: str) -> Answer:
    """Changes the fields that are given."""
    return _change(call, "contacts", person_id, PERSON)


@route("PATCH", "v2/organizations/{org_id}", FULL, cost=5)
def change_organization(call: Call, org_id: str) -> Answer:
    """Changes the fields that are given."""
    return _change(call, "companies", org_id, ORGANIZATION)


@route("DELETE", "v2/persons/{person_id}", FULL, cost=3)
def delete_person(call: Call, person_id: str) -> Answer:
    """Marks a person as deleted; after thirty days it is gone."""
    return _delete(call, "contacts", person_id)


@route("DELETE", "v2/organizations/{org_id}", FULL, cost=3)
def delete_organization(call: Call, org_id: str) -> Answer:
    """Marks an organization as deleted; after thirty days it is gone."""
    return _delete(call, "companies", org_id)


def _add(call: Call, kind: str, body_fields: dict[str, str]) -> Answer:
    body = values.checked(call, body_fields, required=("name",))
    with call.account.world.lock:
        given = {"owner_id": int(call.owner.id)} | body
        links = []
        if body.get("org_id") is not None:
            company = values.linked(call, "org_id", body["org_id"])
            links.append(Link("companies", company.id, ("", "primary")))
        made = _fields(call, kind, given, None)
        record = call.account.create(kind, made, call.actor, links)
        return listing.one(_shape(call, record))


def _change(call: Call, kind: str, record_id: str, body_fields: dict[str, str]) -> Answer:
    body = values.checked(call, body_fields)
    with call.account.world.lock:
        found = listing.find(call, kind, record_id, deleted=False)
        record = call.account.need(kind, found.id)
        made = _fields(call, kind, body, record)
        record = call.account.update(kind, record.id, made, call.actor)
        values.relink(call, record, body, ("org_id",))
        return listing.one(_shape(call, record))


def _delete(call: Call, kind: str, record_id: str) -> Answer:
    record = listing.find(call, kind, record_id, deleted=False)
    call.account.archive(kind, record.id, call.actor)
    return listing.one({"id": int(record.id)})


def _fields(call: Call, kind: str, body: dict[str, Any], record: Record | None) -> dict[str, str]:
    """World fields of a body, but for links."""
    made: dict[str, str] = {}
    if body.get("name"):
        made |= _name(kind, body["name"])
    if body.get("owner_id") is not None:
        found = values.owner(call, body["owner_id"])
        made["hubspot_owner_id"] = found.id if found else ""
    if "label_ids" in body:
        known = labels_of(call.account, kind)
        made["pd_label_ids"] = values.label_ids(known, "label_ids", body["label_ids"])
    for name, field, more in (
        ("emails", "email", "hs_additional_emails"),
        ("phones", "phone", "pd_more_phones"),
    ):
        if name in body:
            made |= _addresses(name, field, more, body[name] or [])
    if body.get("address"):
        made["address"] = str(body["address"].get("value", ""))
    if body.get("marketing_status") is not None:
        made |= _consent(call, record, body["marketing_status"])
    if "custom_fields" in body:
        made |= fields.kept(call.account, kind, body["custom_fields"])
    return made | visible.kept(call, body.get("visible_to"))


def _name(kind: str, name: str) -> dict[str, str]:
    if kind == "companies":
        return {"name": name}
    first, _, last = name.partition(" ")
    return {"pd_name": name, "firstname": first, "lastname": last}


def _addresses(name: str, field: str, more: str, given: list[Any]) -> dict[str, str]:
    found: list[tuple[bool, str, str]] = []
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("value"), str):
            raise errors.invalid("pd_shape", name, "needs objects with value, primary and label.")
        found.append((not one.get("primary"), one["value"], str(one.get("label") or "work")))
    found.sort(key=lambda entry: entry[0])
    addresses = [value for _, value, _ in found if value]
    return {
        field: addresses[0] if addresses else "",
        more: ";".join(addresses[1:]),
        f"pd_{field}_labels": orjson.dumps({value: label for _, value, label in found}).decode(),
    }


def _consent(call: Call, record: Record | None, given: str) -> dict[str, str]:
    """A change of consent: once in a person's life, and only with the Campaigns app."""
    if given not in CONSENTS:
        raise errors.invalid(
            "pd_consent", "marketing_status", f"{given!r} is none of {', '.join(CONSENTS)}."
        )
    if not call.view.campaigns:
        raise errors.refuse("pd_campaigns", "The company has no Campaigns app")
    if record is not None and record.get("pd_marketing_status"):
        raise errors.refuse("pd_consent_once", "marketing_status can be changed only once")
    made = {"pd_marketing_status": given}
    if given == "unsubscribed":
        made["hs_email_optout"] = "true"
    return made
