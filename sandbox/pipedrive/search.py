"""Searches: a term in names, addresses, notes, custom fields; with a burst limit of their own."""

from __future__ import annotations

from typing import Any

from sandbox.pipedrive import errors, fields, listing, visible, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.records import Record

KINDS = {"deal": "deals", "person": "contacts", "organization": "companies", "lead": "leads"}
FIELDS = {
    "deals": ("title", "notes", "custom_fields"),
    "contacts": ("name", "email", "phone", "notes", "custom_fields"),
    "companies": ("name", "address", "notes", "custom_fields"),
    "leads": ("title", "notes", "custom_fields"),
}
EVERY_FIELD = tuple(dict.fromkeys(name for names in FIELDS.values() for name in names))
TEXTS = (*fields.TEXTS, "address", "double", "monetary")
"""Types of custom fields in which searches look."""
ITEMS_MOST = 100


class Term:
    """What is searched for: lower case, at least two characters (one in exact searches)."""

    def __init__(self, call: Call) -> None:
        self.text = call.arg("term").strip().lower()
        self.exact = call.boolean("exact_match") or False
        if len(self.text) < (1 if self.exact else 2):
            raise errors.invalid("pd_term", "term", "must have at least 2 characters.")

    def score(self, values: list[str]) -> float:
        """How well the best of some values fits; 0: none does."""
        best = 0.0
        for value in values:
            text = value.lower()
            if text == self.text:
                return 1.0
            if not self.exact and self.text in text:
                best = max(best, 0.3 + len(self.text) / len(text) / 2)
        return best


def _values(call: Call, record: Record, wanted: list[str]) -> list[str]:
    """What of a record is searched in."""
    found: list[str] = []
    names = {
        "title": ("dealname", "hs_lead_name"),
        "name": ("pd_name", "name"),
        "email": ("email",),
        "phone": ("phone", "mobilephone"),
        "address": ("address", "city", "country"),
    }
    for name in wanted:
        if name == "notes":
            live = call.account.objects["notes"]
            found += [live[n].get("hs_note_body") for n in record.linked("notes") if n in live]
        elif name == "custom_fields":
            found += [
                record.get(one.name)
                for one in fields.custom(call.account, record.kind).values()
                if fields.type_of(one) in TEXTS
            ]
        else:
            found += [record.get(field) for field in names[name]]
    if "name" in wanted and record.kind == "contacts":
        found.append(f"{record.get('firstname')} {record.get('lastname')}".strip())
    if "email" in wanted:
        found += record.get("hs_additional_emails").split(";")
    return [one for one in found if one]


def _found(call: Call, kinds: list[str], wanted: list[str]) -> list[tuple[float, Record]]:
    term = Term(call)
    person, org = call.number("person_id"), call.number("organization_id")
    view = call.view
    hits: list[tuple[float, Record]] = []
    for kind in kinds:
        records = call.account.objects[kind].values()
        for record in listing.readable(call, records, search=True):
            if person is not None and view.linked(record, "contacts") != person:
                continue
            if org is not None and view.linked(record, "companies") != org:
                continue
            named = [one for one in wanted if one in FIELDS[kind]]
            score = term.score(_values(call, record, named))
            if score:
                hits.append((score, record))
    hits.sort(key=lambda hit: (-hit[0], -int(hit[1].id)))
    return hits


def _wanted(call: Call, known: tuple[str, ...]) -> list[str]:
    given = call.args("fields") or list(known)
    for one in given:
        if one not in known:
            raise errors.invalid(
                "pd_bad_query", "fields", f"{one!r} is none of {', '.join(known)}."
            )
    return given


def _answer(call: Call, hits: list[tuple[float, Record]], most: int) -> Answer:
    page, cursor = listing.plain_page(call, hits, call.limit(most))
    items = [{"result_score": round(score, 5), "item": _item(call, one)} for score, one in page]
    return 200, {
        "success": True,
        "data": {"items": items},
        "additional_data": {"next_cursor": cursor},
    }


def _of_kind(call: Call, kind: str) -> Answer:
    return _answer(call, _found(call, [kind], _wanted(call, FIELDS[kind])), 500)


@route("GET", "v2/deals/search", "deals:read|deals:full|search:read", cost=20, family="search")
def deals(call: Call) -> Answer:
    """Deals by title, notes and custom fields."""
    status = call.choice("status", ("open", "won", "lost"))
    hits = _found(call, ["deals"], _wanted(call, FIELDS["deals"]))
    if status:
        stages = call.view.stages
        hits = [hit for hit in hits if words.standing(hit[1], stages, "0").status == status]
    return _answer(call, hits, 500)


@route(
    "GET",
    "v2/persons/search",
    "contacts:read|contacts:full|search:read",
    cost=20,
    family="search",
)
def persons(call: Call) -> Answer:
    """Persons by name, address, phone, notes and custom fields."""
    return _of_kind(call, "contacts")


@route(
    "GET",
    "v2/organizations/search",
    "contacts:read|contacts:full|search:read",
    cost=20,
    family="search",
)
def organizations(call: Call) -> Answer:
    """Organizations by name, address, notes and custom fields."""
    return _of_kind(call, "companies")


@route("GET", "v2/leads/search", "leads:read|leads:full|search:read", cost=20, family="search")
def leads(call: Call) -> Answer:
    """Leads by title, notes and custom fields."""
    return _of_kind(call, "leads")


@route("GET", "v2/itemSearch", "search:read", cost=20, family="search")
def items(call: Call) -> Answer:
    """Everything by one term."""
    types = call.args("item_types") or list(KINDS)
    for one in types:
        if one not in KINDS:
            raise errors.invalid("pd_bad_query", "item_types", f"{one!r} is none of the types.")
    return _answer(
        call,
        _found(call, [KINDS[one] for one in types], _wanted(call, EVERY_FIELD)),
        ITEMS_MOST,
    )


# --- shapes --------------------------------------------------------------------------------------


def _item(call: Call, record: Record) -> dict[str, Any]:
    """A hit in short."""
    view = call.view
    entity = words.ENTITIES[record.kind]
    shape = getattr(view, entity)(record)
    item: dict[str, Any] = {
        "id": shape["id"],
        "type": entity,
        "visible_to": visible.level(record),
        "owner": {"id": shape["owner_id"]},
        "custom_fields": [],
        "notes": [],
    }
    if entity in ("person", "organization"):
        item["name"] = shape["name"]
    if entity == "person":
        item["emails"] = [one["value"] for one in shape["emails"]]
        item["phones"] = [one["value"] for one in shape["phones"]]
        item["organization"] = _named(call, "companies", shape["org_id"])
    if entity in ("deal", "lead"):
        org = shape["org_id"] if entity == "deal" else shape["organization_id"]
        item |= {
            "title": shape["title"],
            "person": _named(call, "contacts", shape["person_id"]),
            "organization": _named(call, "companies", org),
            "is_archived": shape["is_archived"],
        }
    if entity == "deal":
        stage = view.stages.get(str(shape["stage_id"]))
        item |= {name: shape[name] for name in ("value", "currency", "status")}
        item["stage"] = {"id": shape["stage_id"], "name": stage.label if stage else ""}
    return item


def _named(call: Call, kind: str, number: int | None) -> dict[str, Any] | None:
    record = call.account.find(kind, str(number)) if number else None
    if record is None:
        return None
    shape = getattr(call.view, words.ENTITIES[kind])(record)
    return {"id": number, "name": shape["name"]}
