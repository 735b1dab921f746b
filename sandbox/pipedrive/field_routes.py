"""Definitions of fields: those that every account has, and custom ones, which apps make, too."""

from __future__ import annotations

import re
from typing import Any

from sandbox.pipedrive import errors, fields, listing, values, words
from sandbox.pipedrive.activity_types import types_of
from sandbox.pipedrive.call import Answer, Call, route
from sandbox.pipedrive.frame import labels_of
from sandbox.world.records import Option, Property

KINDS = {"dealFields": "deals", "personFields": "contacts", "organizationFields": "companies"}
BODY = {
    "field_name": "str",
    "field_type": "str",
    "options": "list",
    "ui_visibility": "dict",
    "important_fields": "dict",
    "required_fields": "dict",
    "description": "str",
}
_BUILT_IN = {
    "deals": "id:int title:varchar creator_user_id:user owner_id:user value:monetary "
    "person_id:people org_id:org pipeline_id:int stage_id:stage status:status probability:double "
    "add_time:date update_time:date stage_change_time:date lost_reason:varchar_options "
    "visible_to:visible_to close_time:date won_time:date lost_time:date "
    "expected_close_date:date label_ids:set",
    "contacts": "id:int name:varchar first_name:varchar last_name:varchar emails:varchar "
    "phones:phone owner_id:user org_id:org add_time:date update_time:date visible_to:visible_to "
    "label_ids:set marketing_status:enum",
    "companies": "id:int name:varchar owner_id:user address:address add_time:date "
    "update_time:date visible_to:visible_to label_ids:set",
    "activities": "id:int subject:varchar type:enum owner_id:user deal_id:deal lead_id:lead "
    "org_id:org due_date:date due_time:time duration:time done:boolean note:text "
    "public_description:text priority:enum busy:boolean",
}


def _shape(
    name: str,
    code: str,
    kind: str,
    options: list[dict[str, Any]] | None,
    *,
    custom: bool,
    description: str = "",
) -> dict[str, Any]:
    parts = {"monetary": ("value:double", "currency:varchar"), "address": ("value:varchar",)}
    subfields = [
        dict(zip(("field_code", "field_type"), part.split(":"), strict=True))
        for part in parts.get(kind, ())
    ]
    return {
        "field_name": name,
        "field_code": code,
        "description": description or None,
        "field_type": kind,
        "options": options,
        "subfields": [one | {"field_name": one["field_code"]} for one in subfields] or None,
        "is_custom_field": custom,
        "is_optional_response_field": code in ("marketing_status",),
    }


def _options(call: Call, kind: str, code: str) -> list[dict[str, Any]] | None:
    """The options of a field that every account has."""
    if code == "label_ids":
        return [{"id": n, "label": name} for n, name in labels_of(call.account, kind).items()]
    if code == "priority":
        return [{"id": n, "label": word.title()} for word, n in words.PRIORITIES.items()]
    if code == "type":
        return [{"id": t["key_string"], "label": t["name"]} for t in types_of(call.account)]
    if code == "status":
        return [{"id": one, "label": one.title()} for one in ("open", "won", "lost", "deleted")]
    if code == "marketing_status":
        known = ("no_consent", "unsubscribed", "subscribed", "archived")
        return [{"id": one, "label": one.replace("_", " ")} for one in known]
    return None


def _built_in(call: Call, kind: str) -> list[dict[str, Any]]:
    rows = (row.split(":") for row in _BUILT_IN[kind].split())
    return [
        _shape(
            code.replace("_", " ").capitalize(),
            code,
            type_name,
            _options(call, kind, code),
            custom=False,
        )
        for code, type_name in rows
    ]


def _custom(code: str, definition: Property) -> dict[str, Any]:
    kind = fields.type_of(definition)
    options = None
    if kind in fields.WITH_OPTIONS:
        options = [_option(definition, one) for one in definition.options if not one.hidden]
    return _shape(
        definition.label, code, kind, options, custom=True, description=definition.description
    )


def _option(definition: Property, option: Option) -> dict[str, Any]:
    return {"id": fields.option_id(definition, option), "label": option.label}


def _listed(call: Call, kind: str) -> Answer:
    shown = _built_in(call, kind)
    if kind != "activities":
        shown += [_custom(code, one) for code, one in fields.custom(call.account, kind).items()]
    return listing.listed(*listing.plain_page(call, shown, call.limit()))


def _find(call: Call, kind: str, code: str) -> Property:
    found = fields.custom(call.account, kind).get(code)
    if found is None:
        raise errors.missing("Field")
    return found


# --- what is written -----------------------------------------------------------------------------


def _add(call: Call, kind: str) -> Answer:
    """A custom field. The world knows it by its name in lower case, Pipedrive by a key."""
    body = values.checked(call, BODY, required=("field_name", "field_type"))
    call.need_admin()
    field_type = body["field_type"]
    if field_type not in fields.TYPES:
        raise errors.invalid(
            "pd_field_type", "field_type", f"{field_type!r} is none of {', '.join(fields.TYPES)}."
        )
    labels = [one.get("label") for one in body.get("options") or () if isinstance(one, dict)]
    if (field_type in fields.WITH_OPTIONS) != bool(labels) or not all(labels):
        raise errors.invalid(
            "pd_field_options", "options", "are for enum and set fields, each with its label."
        )
    account = call.account
    with account.world.lock:
        made = Property(
            _name(account.properties[kind], body["field_name"]),
            body["field_name"],
            "enumeration" if labels else {"double": "number"}.get(field_type, "string"),
            field_type,
            description=body.get("description") or "",
            options=_made(labels, 0),
            built_in=False,
        )
        account.add_property(kind, made)
    return listing.one(_custom(fields.code_of(account, kind, made), made))


def _name(known: dict[str, Property], label: str) -> str:
    """The world's name of a new field: its label in lower case, numbered where it is taken."""
    plain = re.sub(r"\W+", "_", label.lower()).strip("_") or "field"
    name, number = plain, 1
    while name in known and not known[name].archived:
        number += 1
        name = f"{plain}_{number}"
    return name


def _made(labels: list[Any], first: int) -> list[Option]:
    return [
        Option(re.sub(r"\W+", "_", str(label).lower()), str(label), first + number)
        for number, label in enumerate(labels)
    ]


def _change(call: Call, kind: str, code: str) -> Answer:
    changing = {
        name: type_ for name, type_ in BODY.items() if name not in ("field_type", "options")
    }
    body = values.checked(call, changing)
    call.need_admin()
    found = _find(call, kind, code)
    if body.get("field_name"):
        found.label = body["field_name"]
    if "description" in body:
        found.description = body["description"] or ""
    return listing.one(_custom(code, found))


def _delete(call: Call, kind: str, code: str) -> Answer:
    call.need_admin()
    found = _find(call, kind, code)
    shown = _custom(code, found)
    call.account.archive_property(kind, found)
    return listing.one(shown)


def _add_options(call: Call, kind: str, code: str) -> Answer:
    call.need_admin()
    found = _find(call, kind, code)
    labels = [one.get("label") for one in _entries(call) if one.get("label")]
    if fields.type_of(found) not in fields.WITH_OPTIONS or not labels:
        raise errors.invalid("pd_field_options", "options", "are for enum and set fields.")
    first = max((one.order for one in found.options), default=-1) + 1
    added = _made(labels, first)
    found.options.extend(added)
    return listing.one([_option(found, one) for one in added])


def _entries(call: Call) -> list[dict[str, Any]]:
    """A body that is a list of objects."""
    found = call.any_json()
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise errors.refuse("pd_bad_json", "Request body must be an array of objects")
    return found


# --- routes --------------------------------------------------------------------------------------


def _routes(path: str, kind: str, area: str, own: str) -> None:
    read, write = f"{area}:read|{area}:full|admin|{own}", f"{area}:full|admin|{own}"
    make = f"admin|{own}"
    route("GET", f"v2/{path}", read, cost=10)(lambda call: _listed(call, kind))
    route("POST", f"v2/{path}", make, cost=5)(lambda call: _add(call, kind))
    one = f"v2/{path}/{{code}}"
    route("PATCH", one, write, cost=5)(lambda call, code: _change(call, kind, code))
    route("DELETE", one, make, cost=3)(lambda call, code: _delete(call, kind, code))
    route("POST", f"{one}/options", write, cost=5)(
        lambda call, code: _add_options(call, kind, code)
    )

    @route("GET", one, read, cost=1)
    def field(call: Call, code: str) -> Answer:
        for shown in _built_in(call, kind):
            if shown["field_code"] == code:
                return listing.one(shown)
        return listing.one(_custom(code, _find(call, kind, code)))


_routes("dealFields", "deals", "deals", "deal-fields:full")
_routes("personFields", "contacts", "contacts", "contact-fields:full")
_routes("organizationFields", "companies", "contacts", "contact-fields:full")


@route("GET", "v2/activityFields", "admin", cost=10)
def activity_fields(call: Call) -> Answer:
    """The fields of activities, for admins' apps."""
    return _listed(call, "activities")


@route("GET", "v1/activityFields", "activities:read|activities:full", cost=20)
def activity_fields_v1(call: Call) -> Answer:
    """The fields of activities as v1 shows them."""
    shown = [
        {
            "id": number,
            "key": one["field_code"],
            "name": one["field_name"],
            "field_type": one["field_type"],
            "active_flag": True,
            "edit_flag": False,
            "options": one["options"],
        }
        for number, one in enumerate(_built_in(call, "activities"), 1)
    ]
    return 200, {"success": True, "data": shown, "additional_data": None}
