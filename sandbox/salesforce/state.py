"""What an org has beside its records: packages, fields of its own, what its users may see."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sandbox.world.account import Account
from sandbox.world.records import App, Option, Property

ACTIVITY = "Activity"
"""Where a custom field of tasks and events is defined; it appears on both."""

OUTCOME = "meeting_outcome"
"""How the name of a field ends that holds what became of a meeting, which no standard field does.
Orgs make one of their own; the world's people fill it in."""
_OUTCOMES = {"held": "COMPLETED", "cancelled": "CANCELED", "no_show": "NO_SHOW"}

KINDS_OF = {
    "Opportunity": ("deals",),
    "Account": ("companies",),
    "Contact": ("contacts",),
    "Lead": ("contacts",),
    ACTIVITY: ("tasks", "calls", "emails", "communications", "meetings"),
}
"""Where a custom field is defined → the world's kinds whose records have it."""

TYPES = {
    "Text": ("string", "string"),
    "LongTextArea": ("textarea", "string"),
    "TextArea": ("textarea", "string"),
    "Picklist": ("picklist", "enumeration"),
    "Checkbox": ("boolean", "enumeration"),
    "DateTime": ("datetime", "datetime"),
    "Date": ("date", "date"),
    "Number": ("double", "number"),
    "Url": ("url", "string"),
    "Email": ("email", "string"),
}
"""A field's type in metadata → its type in the API, and the world's."""


@dataclass(slots=True)
class CustomField:
    """A custom field. ``on``: the object that it is defined on; ``name``: with its ``__c``.

    ``world``: the field of the world's records that holds it. ``package``: the app that brought it,
    0 for the org's own.
    """

    on: str
    name: str
    type: str
    label: str
    world: str
    length: int = 255
    external_id: bool = False
    unique: bool = False
    restricted: bool = False
    values: tuple[tuple[str, str], ...] = ()
    default: str = ""
    package: int = 0
    number: int = 0


@dataclass(slots=True)
class OrgState:
    """Kept with the account. Fields are named ``Object.Field``."""

    hidden: set[str] = field(default_factory=set)
    """Fields that field-level security hides from whoever calls."""
    read_only: set[str] = field(default_factory=set)
    """Fields that it shows and does not let them write."""
    hidden_objects: set[str] = field(default_factory=set)
    multicurrency: bool = False
    engagement: bool | None = None
    """Whether Sales Engagement is there; None: as the edition usually has it."""
    tracked: set[str] = field(default_factory=set)
    """Fields of opportunities whose history is kept in OpportunityFieldHistory."""
    custom: dict[str, dict[str, CustomField]] = field(default_factory=dict)
    """Where a field is defined → its name → the field."""
    packages: set[int] = field(default_factory=set)
    """Apps whose package is installed."""
    fields_version: int = 0
    """Goes up whenever the org's fields or who sees them change."""

    @classmethod
    def of(cls, account: Account) -> OrgState:
        """The state of an org, made on first use."""
        found: OrgState | None = account.extra.get("salesforce")
        if found is None:
            found = account.extra.setdefault("salesforce", cls())
            add_field(account, _outcome())
        return found


def snake(name: str) -> str:
    """``Touch_Id__c`` and ``TouchId__c`` as ``touch_id``."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix("__c"))
    return re.sub("_+", "_", plain).strip("_").lower()


def world_name(name: str, app: App | None) -> str:
    """Under which name the world keeps a custom field: an app's begin with the app's own name, as
    they do in the CRMs where it makes them itself."""
    plain = snake(name)
    if plain.endswith(OUTCOME):
        return "hs_meeting_outcome"
    front = f"{snake(app.name)}_" if app is not None else "sf_"
    return plain if plain.startswith(front) else front + plain


def world_values(name: str, values: list[str]) -> tuple[tuple[str, str], ...]:
    """A picklist's values, each with the world's word for it."""
    if not snake(name).endswith(OUTCOME):
        return tuple((value, value.lower()) for value in values)
    plain = [(value, re.sub(r"[ -]+", "_", value.lower())) for value in values]
    return tuple((value, _OUTCOMES.get(word, word.upper())) for value, word in plain)


def _outcome() -> CustomField:
    values = ["Scheduled", "Completed", "No Show", "Canceled", "Rescheduled"]
    name = "Meeting_Outcome__c"
    return CustomField(
        ACTIVITY, name, "Picklist", "Meeting Outcome", world_name(name, None),
        values=world_values(name, values),
    )  # fmt: skip


def add_field(account: Account, made: CustomField) -> None:
    """Gives an org a custom field; raises ValueError when the name is taken."""
    state = OrgState.of(account)
    known = state.custom.setdefault(made.on, {})
    if made.name in known:
        raise ValueError(f"{made.on} has a field {made.name} already")
    made.number = made.number or int(account.world.new_id())
    known[made.name] = made
    state.fields_version += 1
    for kind in KINDS_OF[made.on]:
        if made.world in account.properties[kind]:
            continue  # a meeting's outcome is the world's own already
        account.add_property(
            kind,
            Property(
                made.world,
                made.label,
                TYPES[made.type][1],
                "select" if made.values else "text",
                options=[Option(word, value, n) for n, (value, word) in enumerate(made.values)],
                unique=made.unique,
                built_in=False,
            ),
            keep_values=True,
        )


def remove_field(account: Account, gone: CustomField) -> None:
    """Takes a custom field away with the values that records hold of it."""
    state = OrgState.of(account)
    state.custom[gone.on].pop(gone.name, None)
    state.fields_version += 1
    for kind in KINDS_OF[gone.on]:
        definition = account.properties[kind].get(gone.world)
        if definition is not None and not definition.built_in:
            account.archive_property(kind, definition)
