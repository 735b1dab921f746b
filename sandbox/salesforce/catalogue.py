"""Which objects and fields an org has, and which of them whoever calls may see."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

from sandbox.salesforce import computed_activity, computed_deals
from sandbox.salesforce.computed import COMPUTED
from sandbox.salesforce.editions import has_engagement
from sandbox.salesforce.model import STAMPS, Field, SObject, parse_fields, stored
from sandbox.salesforce.picklists import PICKLISTS, RESTRICTED
from sandbox.salesforce.state import ACTIVITY, TYPES, CustomField, OrgState
from sandbox.salesforce.tables import CHILDREN, KINDS, TABLES, UNDELETABLE, WRITABLE
from sandbox.salesforce.tables_setup import UNSTAMPED
from sandbox.settings import Settings
from sandbox.world.account import Account

RECKONED = (computed_activity, computed_deals)
"""The modules whose import registers how values are reckoned."""

_FLAGS = frozenset("cu")
_WITH_CURRENCY = ("Opportunity", "Account", "Contact", "Lead", "Quote", "User")
_CADENCES = frozenset(
    ("ActionCadence", "ActionCadenceStep", "ActionCadenceTracker", "ActionCadenceStepTracker")
)
_ACTIVITIES = ("Task", "Event")


def _standard(name: str) -> SObject:
    text = "Id id - *\n"
    if name not in UNSTAMPED:
        text += STAMPS + ("" if name in UNDELETABLE else "IsDeleted boolean - *\n")
    kinds = KINDS.get(name, ())
    fields = parse_fields(
        name, text + TABLES[name], values=PICKLISTS, computed=COMPUTED, restricted=RESTRICTED,
        kinds=kinds,
    )  # fmt: skip
    named = next((one.name for one in fields.values() if "n" in one.flags), "")
    return SObject(
        name,
        "".join(f" {one}" if one.isupper() else one for one in name).strip(),
        fields,
        kinds,
        writable=name in WRITABLE,
        deletable=name in WRITABLE,
        activity=name in _ACTIVITIES,
        name_field=named,
        children=CHILDREN.get(name, {}),
    )


STANDARD: dict[str, SObject] = {name: _standard(name) for name in TABLES}
"""Every object with its standard fields, before any org's own."""

_CURRENCY = parse_fields(
    "*", "CurrencyIsoCode picklist cud *", values={}, computed=COMPUTED, kinds=()
)["CurrencyIsoCode"]

_seen: WeakKeyDictionary[Account, tuple[object, dict[str, SObject]]] = WeakKeyDictionary()


def objects_of(account: Account, settings: Settings) -> dict[str, SObject]:
    """The objects of an org as its field-level security shows them."""
    state = OrgState.of(account)
    key = (state.fields_version, account.tier)
    known = _seen.get(account)
    if known is not None and known[0] == key:
        return known[1]
    made = {
        name: _as_seen(state, one)
        for name, one in STANDARD.items()
        if _there(account, state, name) and name not in state.hidden_objects
    }
    _seen[account] = (key, made)
    return made


def _there(account: Account, state: OrgState, name: str) -> bool:
    if name in _CADENCES:
        return has_engagement(account)
    if name == "CurrencyType":
        return state.multicurrency
    if name == "OpportunityFieldHistory":
        return bool(state.tracked)
    return True


def _as_seen(state: OrgState, one: SObject) -> SObject:
    fields = dict(one.fields)
    if state.multicurrency and one.name in _WITH_CURRENCY:
        fields["CurrencyIsoCode"] = _CURRENCY
    for where in (one.name, ACTIVITY if one.activity else ""):
        for custom in state.custom.get(where, {}).values():
            fields[custom.name] = custom_field(custom, one.kinds)
    for name in list(fields):
        if f"{one.name}.{name}" in state.hidden:
            del fields[name]
        elif f"{one.name}.{name}" in state.read_only:
            fields[name] = replace(fields[name], flags=fields[name].flags - _FLAGS)
    return replace(one, fields=fields)


def custom_field(custom: CustomField, kinds: tuple[str, ...]) -> Field:
    """A custom field as a field of an object that shows these kinds."""
    kind = TYPES[custom.type][0]
    return Field(
        custom.name,
        kind,
        custom.length if kind in ("string", "textarea", "picklist", "url", "email") else 0,
        frozenset("cu"),
        (custom.world,),
        (),
        custom.values,
        custom.restricted,
        custom.label,
        custom=True,
        external_id=custom.external_id,
        unique=custom.unique,
        default=custom.default or None,
        read=stored(kind, (custom.world,), kinds, custom.values),
    )
