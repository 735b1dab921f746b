"""Notes, which API v1 alone has: HTML on a deal, person, organization or lead."""

from __future__ import annotations

from typing import Any

from sandbox.pipedrive import errors, listing, values, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.records import Link, Record

READ = "deals:read|deals:full|contacts:read|contacts:full"
FULL = "deals:full|contacts:full"
ABOUT = ("deal_id", "person_id", "org_id", "lead_id")
PINS = ("deal", "person", "organization", "lead")
BODY = {
    "content": "str",
    "deal_id": "int",
    "person_id": "int",
    "org_id": "int",
    "lead_id": "str",
    "project_id": "int",
    "user_id": "int",
    "add_time": "str",
}
_FLAGS = tuple(f"pinned_to_{name}_flag" for name in PINS)


def _shape(call: Call, record: Record) -> dict[str, Any]:
    """A note with the names of what it is about, as v1 adds them."""
    shape = call.view.note(record)
    author = call.account.owners.get(str(shape["user_id"]))
    shape["user"] = {
        "name": f"{author.first_name} {author.last_name}".strip() if author else "",
        "email": author.email if author else "",
        "is_you": author is call.owner,
        "icon_url": None,
    }
    for name, field, title in (("deal_id", "deal", "title"), ("person_id", "person", "name")):
        found = call.account.find(words.LINKS[name], str(shape[name]))
        if found is not None:
            shape[field] = {title: getattr(call.view, field)(found)[title]}
    return shape


@route("GET", "v1/notes", READ, cost=20)
def notes(call: Call) -> Answer:
    """All notes, or those about something."""
    records = listing.readable(call, call.account.objects["notes"].values())
    for name in ABOUT:
        given = call.arg(name)
        if given:
            kind = words.LINKS[name]
            key = words.lead_record(given) if name == "lead_id" else given
            records = [record for record in records if key in record.links.get(kind, {})]
    author = call.number("user_id")
    if author is not None:
        records = [one for one in records if call.view.note(one)["user_id"] == author]
    if call.arg("sort").lower().endswith("desc"):
        records.reverse()
    return listing.paged(call, records, lambda record: _shape(call, record))


@route("GET", "v1/notes/{note_id}", READ, cost=2)
def note(call: Call, note_id: str) -> Answer:
    """One note; a deleted one for thirty days, inactive."""
    return listing.one(_shape(call, listing.find(call, "notes", note_id)))


@route("POST", "v1/notes", FULL, cost=10)
def add_note(call: Call) -> Answer:
    """A new note about one thing at least."""
    body = _checked(call, required=("content",))
    if not any(body.get(name) for name in (*ABOUT, "project_id")):
        raise errors.refuse(
            "pd_note_subject", "One of deal_id, lead_id, person_id, org_id, project_id is required"
        )
    made = {"hs_note_body": body["content"], "hs_timestamp": str(call.now)}
    if body.get("add_time"):
        made["hs_timestamp"] = str(values.spaced("add_time", body["add_time"]))
    made |= _author(call, body) | _pins(call, "")
    made.setdefault("pd_author", call.owner.id)
    links = [
        Link(words.LINKS[name], values.linked(call, name, body[name]).id, ("", "primary"))
        for name in ABOUT
        if body.get(name)
    ]
    record = call.account.create("notes", made, call.actor, links)
    return listing.one(_shape(call, record), 200)


@route("PUT", "v1/notes/{note_id}", FULL, cost=10)
def change_note(call: Call, note_id: str) -> Answer:
    """Changes a note."""
    body = _checked(call)
    state = listing.find(call, "notes", note_id, deleted=False)
    record = call.account.need("notes", state.id)
    made = _author(call, body) | _pins(call, record.get("pd_pinned"))
    if body.get("content"):
        made["hs_note_body"] = body["content"]
    record = call.account.update("notes", record.id, made, call.actor)
    values.relink(call, record, body, ABOUT)
    return listing.one(_shape(call, record))


@route("DELETE", "v1/notes/{note_id}", FULL, cost=6)
def delete_note(call: Call, note_id: str) -> Answer:
    """Marks a note as deleted."""
    record = listing.find(call, "notes", note_id, deleted=False)
    call.account.archive("notes", record.id, call.actor)
    return 200, {"success": True, "data": True}


def _checked(call: Call, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body; the flags of pins may be 0, 1 or booleans."""
    fields = BODY | dict.fromkeys(_FLAGS, "any")
    body = values.checked(call, fields, required)
    for name in _FLAGS:
        if body.get(name) not in (None, 0, 1):
            raise errors.invalid("pd_shape", name, "This value should be 0 or 1.")
    return body


def _pins(call: Call, present: str) -> dict[str, str]:
    body = call.json()
    pinned = {one for one in present.split(";") if one}
    for name in PINS:
        flag = body.get(f"pinned_to_{name}_flag")
        if flag is not None:
            pinned = pinned | {name} if flag else pinned - {name}
    return {"pd_pinned": ";".join(sorted(pinned))}


def _author(call: Call, body: dict[str, Any]) -> dict[str, str]:
    """Who is named as the author; only an admin names another user."""
    if body.get("user_id") is None:
        return {}
    found = values.owner(call, body["user_id"], "user_id")
    if found is not None and found is not call.owner:
        call.need_admin()
    return {"pd_author": found.id if found else ""}
