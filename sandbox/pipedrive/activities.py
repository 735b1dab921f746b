"""Activities: what a rep is to do or has done. The world's tasks, calls, meetings and messages.

Due date and due time are one instant in UTC; without a time the activity is for all day. The
person of an activity is its primary participant and is written in no other way.
"""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.pipedrive import errors, listing, values, words
from sandbox.pipedrive.activity_types import types_of
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.records import Link, Record

READ = "activities:read|activities:full"
FULL = "activities:full"
BODY = {
    "subject": "str",
    "type": "str",
    "owner_id": "int",
    "deal_id": "int",
    "lead_id": "str",
    "person_id": "int",
    "org_id": "int",
    "project_id": "int",
    "due_date": "str",
    "due_time": "str",
    "duration": "str",
    "busy": "bool",
    "done": "bool",
    "location": "dict",
    "participants": "list",
    "attendees": "list",
    "public_description": "str",
    "priority": "int",
    "note": "str",
}
_READ_ONLY = (
    "'person_id' is a read-only field. Add a primary participant to set 'person_id' instead. For "
    'example: "participants": [{ "person_id": 1, "primary": true }]'
)
FIELDS = {
    "tasks": {"subject": "hs_task_subject", "note": "hs_task_body"},
    "calls": {"subject": "hs_call_title", "note": "hs_call_body"},
    "meetings": {"subject": "hs_meeting_title", "note": "hs_meeting_body"},
    "communications": {"note": "hs_communication_body"},
}
"""The world's kind → field of the body → its own field."""


# --- reading -------------------------------------------------------------------------------------


def find(call: Call, record_id: str, *, deleted: bool = True) -> Record:
    """The activity of a path, whatever the world calls it."""
    for kind in words.KINDS["activity"]:
        if record_id in call.account.objects[kind] or record_id in call.account.archived[kind]:
            return listing.find(call, kind, record_id, deleted=deleted)
    raise errors.missing("Activity")


@route("GET", "v2/activities", READ, cost=10)
def activities(call: Call) -> Answer:
    """All activities that are not deleted."""
    order = listing.Order(call, ("id", "update_time", "add_time", "due_date"))
    limit, wanted = call.limit(), listing.ids(call)
    listing.included(call, ("attendees",))
    account = call.account
    records = _narrowed(call)
    if records is None:
        records = [
            record for kind in words.KINDS["activity"] for record in account.objects[kind].values()
        ]
    records = [
        record
        for record in listing.readable(call, records)
        if wanted is None or record.id in wanted
    ]
    records = listing.changed_within(call, records)
    done, owner = call.boolean("done"), call.number("owner_id")
    if done is not None:
        records = [record for record in records if words.is_done(record) == done]
    if owner is not None:
        view = call.view
        records = [
            one for one in records if view.user_id(one.get("hubspot_owner_id"), one) == owner
        ]
    page, cursor = order.page(call, records, limit)
    return listing.listed([call.view.activity(one) for one in page], cursor)


def _narrowed(call: Call) -> list[Record] | None:
    """The activities of the deal, lead, person and organization that are asked for; None: all."""
    found: list[Record] | None = None
    account, view = call.account, call.view
    for name in ("deal_id", "lead_id", "person_id", "org_id"):
        given = call.arg(name)
        if not given:
            continue
        kind = words.LINKS[name]
        key = words.lead_record(given) if name == "lead_id" else str(call.number(name))
        about = account.find(kind, key) if key else None
        records = [
            account.objects[one][other]
            for one in words.KINDS["activity"]
            for other in (about.linked(one) if about else ())
            if other in account.objects[one]
        ]
        if kind != "leads":  # a person's are those that have it as the primary participant
            records = [one for one in records if view.linked(one, kind) == int(about.id)]
        known = {one.id for one in found} if found is not None else None
        found = [one for one in records if known is None or one.id in known]
    return found


@route("GET", "v2/activities/{activity_id}", READ, cost=1)
def activity(call: Call, activity_id: str) -> Answer:
    """One activity; a deleted one for thirty days."""
    listing.included(call, ("attendees",))
    return listing.one(call.view.activity(find(call, activity_id)))


# --- writing -------------------------------------------------------------------------------------


@route("POST", "v2/activities", FULL, cost=5)
def add_activity(call: Call) -> Answer:
    """A new activity; without an owner it is the token's user's, without a type a task."""
    body = _checked(call)
    account = call.account
    with account.world.lock:
        given = {"owner_id": int(call.owner.id), "type": "task"} | body
        if body.get("due_date") is None:
            given["due_date"] = words.day_of(call.now)
        made = _fields(call, "tasks", given, None)
        made.setdefault("hs_task_status", "NOT_STARTED")
        record = account.create("tasks", made, call.actor, _links(call, body))
        return listing.one(call.view.activity(record))


@route("PATCH", "v2/activities/{activity_id}", FULL, cost=5)
def change_activity(call: Call, activity_id: str) -> Answer:
    """Changes the fields that are given."""
    body = _checked(call)
    account = call.account
    with account.world.lock:
        state = find(call, activity_id, deleted=False)
        record = account.need(state.kind, state.id)
        made = _fields(call, record.kind, body, record)
        record = account.update(record.kind, record.id, made, call.actor)
        values.relink(call, record, body, ("deal_id", "org_id", "lead_id"))
        if "participants" in body:
            _participants(call, record, body["participants"] or [])
        return listing.one(call.view.activity(record))


@route("DELETE", "v2/activities/{activity_id}", FULL, cost=3)
def delete_activity(call: Call, activity_id: str) -> Answer:
    """Marks an activity as deleted; after thirty days it is gone."""
    record = find(call, activity_id, deleted=False)
    call.account.archive(record.kind, record.id, call.actor)
    return listing.one({"id": int(record.id)})


def _checked(call: Call) -> dict[str, Any]:
    body = values.checked(call, BODY)
    if body.get("person_id") is not None:
        raise errors.refuse("pd_person_read_only", _READ_ONLY)
    for one in body.get("participants") or ():
        fits = isinstance(one, dict) and type(one.get("person_id")) is int
        if not fits or type(one.get("primary", False)) is not bool:
            raise errors.invalid("pd_shape", "participants", "needs person_id and primary.")
    return body


def _fields(call: Call, kind: str, body: dict[str, Any], record: Record | None) -> dict[str, str]:
    """World fields of an activity's body, but for links."""
    made: dict[str, str] = {}
    for name, field in FIELDS[kind].items():
        if name in body:
            made[field] = body[name] or ""
    if body.get("type") is not None:
        made |= _type(call, kind, body["type"])
    if body.get("owner_id") is not None:
        found = values.owner(call, body["owner_id"])
        made["hubspot_owner_id"] = found.id if found else ""
    if "due_date" in body or "due_time" in body:
        made |= _due(kind, body, record)
    if body.get("duration"):
        length = _duration(body["duration"])
        made["pd_duration"] = words.hours(length)
        if kind == "meetings" and record is not None:
            start = int(made.get("hs_meeting_start_time") or words.due_at(record))
            made["hs_meeting_end_time"] = str(start + length)
    if body.get("done") is not None:
        made |= _done(kind, body["done"])
    if "priority" in body:
        made["hs_task_priority"] = _priority(body["priority"])
    if "public_description" in body:
        made["pd_description"] = body["public_description"] or ""
    if "busy" in body:
        made["pd_busy"] = "true" if body["busy"] else "false"
    for name in ("location", "attendees"):
        if name in body:
            made[f"pd_{name}"] = orjson.dumps(body[name]).decode() if body[name] else ""
    return made


def _type(call: Call, kind: str, key: str) -> dict[str, str]:
    known = [one["key_string"] for one in types_of(call.account) if one["active_flag"]]
    if key not in known:
        raise errors.invalid("pd_activity_type", "type", f"{key!r} is none of {', '.join(known)}.")
    if kind != "tasks":
        return {}
    word = words.TASK_OF_TYPE.get(key)
    return {"hs_task_type": word or "TODO", words.OWN_TYPE: "" if word else key}


def _due(kind: str, body: dict[str, Any], record: Record | None) -> dict[str, str]:
    """The due instant after a write of date, time or both: each alone leaves the other."""
    old = words.due_at(record) if record is not None else 0
    day = old // words.DAY * words.DAY
    if body.get("due_date") is not None:
        day = values.date_of("due_date", body["due_date"])
    all_day = record is None or record.get("hs_task_is_all_day") == "true"
    rest = 0 if all_day else old % words.DAY
    if "due_time" in body:
        all_day = not body["due_time"]
        rest = values.time_of("due_time", body["due_time"]) if body["due_time"] else 0
    made = {"hs_timestamp": str(day + rest)}
    if kind == "meetings":
        made["hs_meeting_start_time"] = str(day + rest)
    return made | {"hs_task_is_all_day": "true" if all_day else "false"}


def _duration(given: str) -> int:
    parts = given.split(":")
    if len(parts) not in (2, 3) or not all(one.isdigit() for one in parts):
        raise errors.invalid("pd_time", "duration", "This value is not a valid duration.")
    hours, minutes, seconds = [*map(int, parts), 0][:3]
    return (hours * 3600 + minutes * 60 + seconds) * 1000


def _done(kind: str, done: bool) -> dict[str, str]:
    if kind == "meetings":
        return {"hs_meeting_outcome": "COMPLETED" if done else "SCHEDULED"}
    return {"hs_task_status": "COMPLETED" if done else "NOT_STARTED"} if kind == "tasks" else {}


def _priority(given: int | None) -> str:
    named = {number: word for word, number in words.PRIORITIES.items()}
    if given is not None and given not in named:
        raise errors.invalid("pd_priority", "priority", f"There is no option {given}.")
    return named[given] if given is not None else "NONE"


def _links(call: Call, body: dict[str, Any]) -> list[Link]:
    """The associations of a new activity."""
    links = [
        Link(words.LINKS[name], values.linked(call, name, body[name]).id, ("", "primary"))
        for name in ("deal_id", "org_id", "lead_id")
        if body.get(name) is not None
    ]
    for one in body.get("participants") or ():
        person = values.linked(call, "person_id", one["person_id"])
        labels = ("", "primary") if one.get("primary") else ("",)
        links.append(Link("contacts", person.id, labels))
    return links


def _participants(call: Call, record: Record, given: list[dict[str, Any]]) -> None:
    """Makes the participants those that are given."""
    account, ends = call.account, (record.kind, record.id)
    wanted = {str(one["person_id"]): bool(one.get("primary")) for one in given}
    for one in record.linked("contacts"):
        if one not in wanted:
            account.dissociate(ends, ("contacts", one), call.actor)
        elif not wanted[one]:
            account.dissociate(ends, ("contacts", one), call.actor, ("primary",))
    for one, primary in wanted.items():
        person = values.linked(call, "person_id", int(one))
        labels = ("", "primary") if primary else ("",)
        account.associate(ends, Link("contacts", person.id, labels), call.actor)
