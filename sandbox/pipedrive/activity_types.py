"""Activity types: those that a company begins with and its own; ended ones are kept."""

from __future__ import annotations

from typing import Any

from sandbox.pipedrive import errors, values, words
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.world.account import Account

ICONS = (
    *("task", "email", "meeting", "deadline", "call", "lunch", "calendar", "downarrow"),
    *("document", "smartphone", "camera", "scissors", "cogs", "bubble", "uparrow", "checkbox"),
    *("signpost", "shuffle", "addressbook", "linegraph", "picture", "car", "world", "search"),
    *("clip", "sound", "brush", "key", "padlock", "pricetag", "suitcase", "finish", "plane"),
    *("loop", "wifi", "truck", "cart", "bulb", "bell", "presentation"),
)
BODY = {"name": "str", "icon_key": "str", "color": "str", "order_nr": "int"}


def types_of(account: Account) -> list[dict[str, Any]]:
    """The account's activity types; those that it begins with are made on first use."""
    own = account.extra.setdefault("pipedrive", {})
    if "types" not in own:
        own["types"] = [
            {
                "id": number,
                "name": name,
                "icon_key": icon,
                "color": None,
                "order_nr": number,
                "key_string": key,
                "active_flag": True,
                "is_custom_flag": made,
                "add_time": words.spaced(account.world.clock.now()),
                "update_time": None,
            }
            for number, (key, name, icon, made) in enumerate(words.TYPES, 1)
        ]
    return own["types"]


@route("GET", "v1/activityTypes", "activities:read|activities:full|admin", cost=20)
def activity_types(call: Call) -> Answer:
    """All activity types."""
    return 200, {"success": True, "data": types_of(call.account)}


@route("POST", "v1/activityTypes", "admin", cost=10)
def add_activity_type(call: Call) -> Answer:
    """A new activity type; its key is made from its name."""
    body = _checked(call, required=("name", "icon_key"))
    known = types_of(call.account)
    key = "_".join(body["name"].lower().split())
    if any(one["key_string"] == key for one in known):
        raise errors.invalid("pd_type_taken", "name", "An activity type of that name exists.")
    made = {
        "id": max(one["id"] for one in known) + 1,
        "name": body["name"],
        "icon_key": body["icon_key"],
        "color": body.get("color"),
        "order_nr": len(known) + 1,
        "key_string": key,
        "active_flag": True,
        "is_custom_flag": True,
        "add_time": words.spaced(call.now),
        "update_time": None,
    }
    known.append(made)
    return 200, {"success": True, "data": made}


@route("PUT", "v1/activityTypes/{type_id}", "admin", cost=10)
def change_activity_type(call: Call, type_id: str) -> Answer:
    """Another name, icon, color or place; the key stays."""
    body = _checked(call)
    found = _find(call, type_id)
    found |= {name: value for name, value in body.items() if value is not None}
    found["update_time"] = words.spaced(call.now)
    return 200, {"success": True, "data": found}


@route("DELETE", "v1/activityTypes/{type_id}", "admin", cost=6)
def end_activity_type(call: Call, type_id: str) -> Answer:
    """Ends a type: activities keep it, no new one takes it."""
    call.need_admin()
    found = _find(call, type_id)
    found |= {"active_flag": False, "update_time": words.spaced(call.now)}
    return 200, {"success": True, "data": found}


def _checked(call: Call, required: tuple[str, ...] = ()) -> dict[str, Any]:
    body = values.checked(call, BODY, required)
    call.need_admin()
    if body.get("icon_key") not in (None, *ICONS):
        raise errors.invalid("pd_icon", "icon_key", f"{body['icon_key']!r} is no icon.")
    return body


def _find(call: Call, type_id: str) -> dict[str, Any]:
    for one in types_of(call.account):
        if str(one["id"]) == type_id:
            return one
    raise errors.missing("Activity type")
