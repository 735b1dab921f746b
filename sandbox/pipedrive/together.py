"""Who belongs to a deal, and two records that become one."""

from __future__ import annotations

from typing import Any

from sandbox.pipedrive import errors, listing, values, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.records import Link, Record

READ = "deals:read|deals:full"
FULL = "deals:full"


@route("PUT", "v1/deals/{deal_id}/merge", FULL, cost=40)
def merge_deals(call: Call, deal_id: str) -> Answer:
    """Merges the deal of the path into another one, which stays with its id and its values."""
    return merge(call, "deals", deal_id, call.view.deal)


@route("PUT", "v1/persons/{person_id}/merge", "contacts:full", cost=40)
def merge_persons(call: Call, person_id: str) -> Answer:
    """Merges the person of the path into another one, which stays."""
    return merge(call, "contacts", person_id, call.view.person)


@route("PUT", "v1/organizations/{org_id}/merge", "contacts:full", cost=40)
def merge_organizations(call: Call, org_id: str) -> Answer:
    """Merges the organization of the path into another one, which stays."""
    return merge(call, "companies", org_id, call.view.organization)


def merge(call: Call, kind: str, record_id: str, shape: listing.Shaper) -> Answer:
    """Merges the record of the path into ``merge_with_id``."""
    body = values.checked(call, {"merge_with_id": "int"}, required=("merge_with_id",))
    with call.account.world.lock:
        gone = listing.find(call, kind, record_id, deleted=False)
        stays = listing.find(call, kind, str(body["merge_with_id"]), deleted=False)
        if gone.id == stays.id:
            raise errors.refuse("pd_merge", "A record cannot be merged with itself")
        record = call.account.merge(kind, stays.id, gone.id, call.actor)
        return listing.one(shape(record))


# --- participants --------------------------------------------------------------------------------


@route("GET", "v1/deals/{deal_id}/participants", READ, cost=10)
def participants(call: Call, deal_id: str) -> Answer:
    """The persons of a deal, the one that the deal names among them."""
    record = listing.find(call, "deals", deal_id)
    live = call.account.objects["contacts"]
    people = [live[one] for one in record.linked("contacts") if one in live]
    return listing.paged(call, people, lambda person: _participant(call, record, person))


def _participant(call: Call, deal: Record, person: Record) -> dict[str, Any]:
    shown = call.view.person(person)
    short = {
        "active_flag": True,
        "name": shown["name"],
        "email": shown["emails"],
        "phone": shown["phones"],
        "value": shown["id"],
    }
    return {
        "id": int(deal.id) * 1000 + int(person.id) % 1000,
        "person_id": short,
        "add_time": words.spaced(deal.created_at),
        "active_flag": True,
        "related_item_type": "deal",
        "related_item_id": int(deal.id),
        "person": short | {"id": shown["id"], "org_id": shown["org_id"]},
        "added_by_user_id": {"value": shown["owner_id"]},
    }


@route("POST", "v1/deals/{deal_id}/participants", FULL, cost=5)
def add_participant(call: Call, deal_id: str) -> Answer:
    """One more person on a deal."""
    body = values.checked(call, {"person_id": "int"}, required=("person_id",))
    record = listing.find(call, "deals", deal_id, deleted=False)
    person = values.linked(call, "person_id", body["person_id"])
    call.account.associate(("deals", record.id), Link("contacts", person.id), call.actor)
    return listing.one(_participant(call, record, person))
