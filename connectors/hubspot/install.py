"""Our footprint in a HubSpot account: one property group and few properties, made once.

What an engagement carries: the touch id, which HubSpot keeps unique, and what became of the touch.
What deals and contacts carry: where follow-up stands, and the switch by which a rep, a bulk edit or
a workflow overrides us on every edition of HubSpot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import Conflict, CrmError, InstallReport, Invalid, Misfit, NotFound
from connectors.hubspot.api import Api
from connectors.mapping import PropertyInfo

GROUP = "followthrough"
TOUCH_ID = "followthrough_touch_id"
_PROBE = "00000000-0000-5000-8000-000000000000"

ENGAGEMENT_PATHS = ("tasks", "notes", "emails", "meetings", "calls", "communications")


@dataclass(frozen=True, slots=True)
class Property:
    """A property to create. options: (value, label) of an enumeration."""

    name: str
    label: str
    description: str
    type: str = "string"
    options: tuple[tuple[str, str], ...] = ()
    unique: bool = False

    def body(self) -> dict[str, Any]:
        field_type = {"enumeration": "select", "datetime": "date"}.get(self.type, "text")
        body: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "groupName": GROUP,
            "type": self.type,
            "fieldType": field_type,
        }
        if self.unique:
            body["hasUniqueValue"] = True
        if self.options:
            body["options"] = [
                {"value": value, "label": label, "displayOrder": order, "hidden": False}
                for order, (value, label) in enumerate(self.options)
            ]
        return body


_CONTROL = Property(
    "followthrough_control",
    "Follow-up control",
    "Run lets Followthrough work, Pause holds it (until the date given), Stop ends it.",
    "enumeration",
    (("run", "Run"), ("pause", "Pause"), ("stop", "Stop")),
)

_DEAL = (
    Property(
        "followthrough_momentum",
        "Follow-up momentum",
        "Hot, warm or to be recycled.",
        "enumeration",
        (("hot", "Hot"), ("warm", "Warm"), ("recycle", "Recycle")),
    ),
    Property(
        "followthrough_next_touch_at", "Next touch", "When the next follow-up is due.", "datetime"
    ),
    Property(
        "followthrough_last_touch_at", "Last touch", "When the last follow-up was made.", "datetime"
    ),
    Property("followthrough_sequence", "Follow-up sequence", "The sequence that is running."),
    _CONTROL,
    Property(
        "followthrough_pause_until",
        "Follow-up paused until",
        "With the control at Pause: when follow-up goes on.",
        "datetime",
    ),
)

BRIDGE = Property(
    "followthrough_unenrol_requested",
    "Follow-up: unenrol requested",
    "Set when Followthrough asks for this contact to leave its sequence.",
    "datetime",
)
"""Only where the CRM's own sequences are switched on: a property that nothing sets and no workflow
acts on would be litter in the account."""

_ENGAGEMENT = (
    Property(TOUCH_ID, "Followthrough touch", "Id of the touch that made this.", unique=True),
    Property(
        "followthrough_state",
        "Follow-up state",
        "Open, done, or resolved because its reason is gone.",
        "enumeration",
        (("open", "Open"), ("done", "Done"), ("resolved", "Resolved")),
    ),
    Property("followthrough_state_reason", "Follow-up state: why", "Why it is in this state."),
)

FOOTPRINT: dict[str, tuple[Property, ...]] = {
    "deals": _DEAL,
    "contacts": (_CONTROL,),
    **dict.fromkeys(ENGAGEMENT_PATHS, _ENGAGEMENT),
}


def install(api: Api) -> InstallReport:
    """Create what is missing and probe the touch id; safe to repeat.

    A refusal of one property is reported, not raised: without the unique touch id look-ups go by
    stored id and marker, and the rest of the product works.
    """
    created: list[str] = []
    existing: list[str] = []
    refused: list[tuple[str, str]] = []
    for path, properties in FOOTPRINT.items():
        there = _existing(api, path)
        missing = [one for one in properties if one.name not in there]
        existing.extend(f"{path}.{one.name}" for one in properties if one.name in there)
        if missing:
            _group(api, path)
        for one in missing:
            name = f"{path}.{one.name}"
            try:
                (created if _create(api, path, one) else existing).append(name)
            except (Invalid, NotFound) as error:
                refused.append((name, error.message))
    return InstallReport(probe(api), tuple(created), tuple(existing), tuple(refused))


def misfits(
    path: str, there: Mapping[str, PropertyInfo], *, bridge: bool = False
) -> Iterator[Misfit]:
    """What of our footprint one object type's schema lacks or has otherwise.

    path: as in `FOOTPRINT`. there: property → as the account has it. bridge: contacts need the
    property by which they leave sequences.
    """
    more = (BRIDGE,) if bridge and path == "contacts" else ()
    for wanted in (*FOOTPRINT[path], *more):
        found = there.get(wanted.name)
        if found is None:
            said = "is missing"
        elif found.type != wanted.type:
            said = f"holds {found.type} instead of {wanted.type}"
        elif wanted.unique and not found.unique:
            said = "does not keep its values unique"
        else:
            missing = [value for value, _ in wanted.options if value not in (found.options or ())]
            if not missing:
                continue
            said = f"lacks the options {', '.join(missing)}"
        yield Misfit(f"{path}.{wanted.name}", said, ours=True)


def install_bridge(api: Api) -> None:
    """Create the property by which a workflow is asked to unenrol; nothing if it is there.

    Raises what HubSpot answers otherwise.
    """
    if BRIDGE.name not in _existing(api, "contacts"):
        _group(api, "contacts")
        _create(api, "contacts", BRIDGE)


def _create(api: Api, path: str, property: Property) -> bool:
    """False where it was there already, made since it was looked for."""
    try:
        api.call(
            "POST",
            f"/crm/properties/{{version}}/{path}",
            body=property.body(),
            priority="admin",
        )
    except Conflict:
        return False
    return True


def _existing(api: Api, path: str) -> set[str]:
    answer = api.call("GET", f"/crm/properties/{{version}}/{path}", safe=True)
    return {row["name"] for row in answer["results"]}


def _group(api: Api, path: str) -> None:
    try:
        api.call(
            "POST",
            f"/crm/properties/{{version}}/{path}/groups",
            body={"name": GROUP, "label": "Followthrough"},
            priority="admin",
        )
    except Conflict:
        return


def probe(api: Api) -> bool:
    """Whether tasks can be read by touch id; asked, because schemas have claimed what reads did
    not do."""
    try:
        api.call(
            "POST",
            "/crm/objects/{version}/tasks/batch/read",
            body={
                "idProperty": TOUCH_ID,
                "properties": [TOUCH_ID],
                "propertiesWithHistory": [],
                "inputs": [{"id": _PROBE}],
            },
            safe=True,
        )
    except NotFound:
        return True
    except (Invalid, Conflict):
        return False
    return True


def uninstall(api: Api) -> None:
    """Take the app out of the account; HubSpot tells its admins. Repeating finds nothing to do."""
    try:
        api.call("DELETE", "/appinstalls/{version}/external-install", priority="admin")
    except CrmError as error:
        if not isinstance(error, NotFound):
            raise
