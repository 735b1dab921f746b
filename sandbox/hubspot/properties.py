"""Properties and their groups: read, created, changed, archived."""

from __future__ import annotations

import re
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.batch import finished
from sandbox.hubspot.call import Answer, Call, route
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.kinds import Kind, kind_of
from sandbox.hubspot.values import definition, iso, stage_properties
from sandbox.world.quotes import LIFECYCLE
from sandbox.world.records import ACTIVITY_KINDS, Option, Property

PROPERTY_TYPES = {
    "string": ("text", "textarea", "html", "file", "phonenumber"),
    "number": ("number",),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
    "bool": ("booleancheckbox",),
    "phone_number": ("phonenumber",),
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _property(definition: Property) -> dict[str, Any]:
    return {
        "name": definition.name,
        "label": definition.label,
        "type": definition.type,
        "fieldType": definition.field_type,
        "description": definition.description,
        "groupName": definition.group,
        "options": [
            {
                "label": option.label,
                "value": option.value,
                "displayOrder": option.order,
                "hidden": option.hidden,
                "description": "",
            }
            for option in definition.options
        ],
        "displayOrder": -1,
        "calculated": definition.calculated,
        "externalOptions": definition.name == "hubspot_owner_id",
        "hasUniqueValue": definition.unique,
        "hidden": definition.hidden,
        "hubspotDefined": definition.built_in,
        "archived": definition.archived,
        "formField": False,
        "dataSensitivity": "non_sensitive",
        "createdAt": iso(definition.created_at),
        "updatedAt": iso(definition.updated_at),
        "modificationMetadata": {
            "archivable": not definition.built_in,
            "readOnlyDefinition": definition.built_in,
            "readOnlyValue": definition.read_only,
        },
    }


def _schema_kind(call: Call, name: str, access: str) -> Kind:
    """The kind of a properties path; reading its objects suffices to read its properties."""
    kind = kind_of(name)
    if access == "read":
        call.need_any(kind.read, f"{kind.schema}.read", f"{kind.schema}.write")
    else:
        activity = kind.kind in ACTIVITY_KINDS
        needed = call.hub.settings.activity_schema_scope if activity else f"{kind.schema}.write"
        call.need(needed)
    return kind


def _options(given: Any) -> list[Option]:
    if not isinstance(given, list):
        raise errors.shape('"options" must be a list')
    made = [
        Option(
            str(one.get("value", "")),
            str(one.get("label", "")),
            int(one.get("displayOrder") or 0),
            bool(one.get("hidden")),
        )
        for one in given
        if isinstance(one, dict)
    ]
    if any(not option.value or not option.label for option in made):
        raise errors.refuse("property_option", "Each option needs a value and a label")
    return made


def _defined(call: Call, kind: Kind, given: dict[str, Any]) -> Property:
    """A new definition, checked whole."""
    for name in ("name", "label", "type", "fieldType", "groupName"):
        if not given.get(name):
            raise errors.refuse(
                "property_field_missing",
                f"Some required fields were not set: [{name}]",
                context={"propertyName": [str(given.get("name", ""))]},
            )
    name, form = str(given["name"]), str(given["type"])
    if not _NAME.fullmatch(name):
        raise errors.refuse(
            "property_name",
            f"Property name {name!r} must start with a letter and hold only lowercase letters, "
            "digits and underscores",
        )
    if str(given["fieldType"]) not in PROPERTY_TYPES.get(form, ()):
        raise errors.refuse(
            "property_field_type", f"fieldType {given['fieldType']} is not valid for type {form}"
        )
    if str(given["groupName"]) not in call.account.groups[kind.kind]:
        raise errors.refuse(
            "property_group", f"Property group {given['groupName']!r} does not exist"
        )
    known = call.account.properties[kind.kind].get(name)
    if known is not None and not known.archived:
        raise errors.refuse("property_exists", f"Property named '{name}' already exists.")
    unique = bool(given.get("hasUniqueValue"))
    if unique and form not in ("string", "number"):
        raise errors.refuse(
            "property_unique_type", "Only text and number properties can have unique values"
        )
    on_activities = call.hub.settings.unique_properties_on_activities
    if unique and kind.kind in ACTIVITY_KINDS and not on_activities:
        raise errors.refuse(
            "property_unique_activity", f"{kind.type_id} does not support unique value properties"
        )
    options = _options(given.get("options") or [])
    if form == "enumeration" and not options:
        raise errors.refuse("property_options", "An enumeration needs at least one option")
    return Property(
        name,
        str(given["label"]),
        form,
        str(given["fieldType"]),
        str(given["groupName"]),
        str(given.get("description") or ""),
        options,
        unique=unique,
        built_in=False,
        hidden=bool(given.get("hidden")),
    )


def _add(call: Call, kind: Kind, given: dict[str, Any]) -> Property:
    keep = call.hub.settings.recreated_property_keeps_values
    return call.account.add_property(kind.kind, _defined(call, kind, given), keep_values=keep)


@route("GET", "/crm/properties/{v}/{object_type}")
def properties(call: Call, object_type: str) -> Answer:
    """All properties of a kind."""
    kind = _schema_kind(call, object_type, "read")
    archived = call.flag("archived")
    known = list(call.account.properties[kind.kind].values())
    if kind.kind == "deals":
        known += stage_properties(call.account)
    elif kind.kind == "quotes" and not call.hub.settings.quote_lifecycle:
        known = [one for one in known if one.name != LIFECYCLE]
    return 200, {"results": [_property(one) for one in known if one.archived == archived]}


@route("GET", "/crm/properties/{v}/{object_type}/groups")
def groups(call: Call, object_type: str) -> Answer:
    """The property groups of a kind."""
    kind = _schema_kind(call, object_type, "read")
    return 200, {
        "results": [
            {"name": name, "label": label, "displayOrder": order, "archived": False}
            for order, (name, label) in enumerate(call.account.groups[kind.kind].items())
        ]
    }


@route("POST", "/crm/properties/{v}/{object_type}/groups")
def create_group(call: Call, object_type: str) -> Answer:
    """A new property group; 409 when the name is taken."""
    kind = _schema_kind(call, object_type, "write")
    given = call.json()
    name, label = str(given.get("name") or ""), str(given.get("label") or "")
    if not _NAME.fullmatch(name) or not label:
        raise errors.refuse("group_name", "A property group needs a lowercase name and a label")
    with call.hub.world.lock:
        known = call.account.groups[kind.kind]
        if name in known:
            raise errors.refuse("group_exists", f"Property group '{name}' already exists.")
        known[name] = label
    return 201, {"name": name, "label": label, "displayOrder": -1, "archived": False}


@route("POST", "/crm/properties/{v}/{object_type}")
def create_property(call: Call, object_type: str) -> Answer:
    """A new property; 409 when the name is taken."""
    kind = _schema_kind(call, object_type, "write")
    with call.hub.world.lock:
        made = _add(call, kind, call.json())
    return 201, _property(made)


@route("POST", "/crm/properties/{v}/{object_type}/batch/create")
def create_properties(call: Call, object_type: str) -> Answer:
    """New properties; those whose name is taken make it a 207."""
    kind = _schema_kind(call, object_type, "write")
    results: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    with call.hub.world.lock:
        for given in call.inputs():
            try:
                results.append(_property(_add(call, kind, given)))
            except ApiError as error:
                if error.status != 409:
                    raise
                context = {"name": [str(given.get("name", ""))]}
                problems.append({**call.entry(error), "context": context})
    return (207 if problems else 201), finished(call, results, problems)


@route("POST", "/crm/properties/{v}/{object_type}/batch/read")
def read_properties(call: Call, object_type: str) -> Answer:
    """Definitions by name; unknown names make it a 207."""
    kind = _schema_kind(call, object_type, "read")
    known = call.account.properties[kind.kind]
    names = [str(one.get("name", "")) for one in call.inputs()]
    found = [known[name] for name in names if name in known and not known[name].archived]
    missing = [name for name in names if name not in {one.name for one in found}]
    problems = [call.entry(errors.ids_missing("PROPERTY", missing))] if missing else []
    results = [_property(one) for one in found]
    return (207 if problems else 200), finished(call, results, problems)


@route("POST", "/crm/properties/{v}/{object_type}/batch/archive")
def archive_properties(call: Call, object_type: str) -> Answer:
    """Archives custom properties; names that are not there are passed over."""
    kind = _schema_kind(call, object_type, "write")
    for one in call.inputs():
        _archive(call, kind, str(one.get("name", "")))
    return 204, None


def _archive(call: Call, kind: Kind, name: str) -> bool:
    known = call.account.properties[kind.kind].get(name)
    if known is None or known.archived:
        return False
    if known.built_in:
        raise errors.refuse(
            "property_built_in", f"Property {name} is defined by HubSpot and cannot be archived"
        )
    call.account.archive_property(kind.kind, known)
    return True


def _need_property(call: Call, kind: Kind, name: str) -> Property:
    known = call.account.properties[kind.kind].get(name)
    known = known or definition(call.account, kind.kind, name)
    if known is None or known.archived != call.flag("archived"):
        raise errors.refuse("property_missing", f"Property {name} not found")
    return known


@route("GET", "/crm/properties/{v}/{object_type}/{name}")
def read_property(call: Call, object_type: str, name: str) -> Answer:
    """One definition."""
    return 200, _property(_need_property(call, _schema_kind(call, object_type, "read"), name))


@route("PATCH", "/crm/properties/{v}/{object_type}/{name}")
def change_property(call: Call, object_type: str, name: str) -> Answer:
    """Changes label, description, options or group of a custom property."""
    kind = _schema_kind(call, object_type, "write")
    known = _need_property(call, kind, name)
    if known.built_in:
        raise errors.refuse(
            "property_built_in", f"Property {name} is defined by HubSpot and cannot be changed"
        )
    given = call.json()
    if "groupName" in given:
        if str(given["groupName"]) not in call.account.groups[kind.kind]:
            raise errors.refuse(
                "property_group", f"Property group {given['groupName']!r} does not exist"
            )
        known.group = str(given["groupName"])
    if "options" in given:
        known.options = _options(given["options"])
    known.label = str(given.get("label", known.label))
    known.description = str(given.get("description", known.description))
    known.hidden = bool(given.get("hidden", known.hidden))
    known.updated_at = call.hub.world.clock.now()
    return 200, _property(known)


@route("DELETE", "/crm/properties/{v}/{object_type}/{name}")
def delete_property(call: Call, object_type: str, name: str) -> Answer:
    """Archives one custom property."""
    kind = _schema_kind(call, object_type, "write")
    if not _archive(call, kind, name):
        raise errors.refuse("property_missing", f"Property {name} not found")
    return 204, None
