"""What a run may change about an account while it stands, as its owner or admin would.

Tier and seats; inboxes, sequences and the workflow that unenrols; required properties; task
statuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.control_pipedrive import set_company
from sandbox.salesforce.control import set_org
from sandbox.world import sequence_terms
from sandbox.world.account import Account
from sandbox.world.people_terms import ActError
from sandbox.world.records import TIERS_OF, Option, Required


def set_tier(account: Account, given: Any) -> None:
    """Another tier, from the next call on; what was granted and made under the old one stays."""
    known = TIERS_OF[account.crm]
    if given not in known:
        raise ActError("tier", f"{given!r} is none of {', '.join(known)}")
    account.tier = given


def set_required(account: Account, given: Any) -> None:
    """kind → what the admin makes required on it, instead of what was so before.

    Each is a property's name, or ``{"property", "when", "is": [values]}``.
    """
    if not isinstance(given, Mapping):
        raise ActError("required_properties", f"must be an object, not {given!r}")
    for kind, rows in given.items():
        if kind not in account.properties or not isinstance(rows, list):
            known = ", ".join(account.properties)
            raise ActError("required_properties", f"maps a kind ({known}) to a list; got {kind!r}")
        account.required[kind] = [_required(account, kind, row) for row in rows]


def _required(account: Account, kind: str, row: Any) -> Required:
    rule = Required(row) if isinstance(row, str) else None
    if isinstance(row, Mapping) and set(row) == {"property", "when", "is"}:
        values = row["is"] if isinstance(row["is"], list) else [row["is"]]
        rule = Required(row["property"], row["when"], tuple(map(str, values)))
    if rule is None:
        raise ActError(
            "required_properties", f'takes a name or {{"property", "when", "is"}}, not {row!r}'
        )
    for name in filter(None, (rule.property, rule.when)):
        if name not in account.properties[kind]:
            raise ActError("required_properties", f"{kind} have no property {name!r}")
    return rule


def add_task_statuses(account: Account, given: Any) -> None:
    """Statuses of the account's own for tasks, beside those that every account has."""
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise ActError("task_statuses", f"must be a list of values, not {given!r}")
    options = account.properties["tasks"]["hs_task_status"].options
    for value in given:
        if value not in [option.value for option in options]:
            label = value.replace("_", " ").capitalize()
            options.append(Option(value, label, len(options)))


def set_privacy_rules(account: Account, given: Any) -> None:
    """Whether nobody may be enrolled in a sequence without a legal basis."""
    if not isinstance(given, bool):
        raise ActError("privacy_rules", f"must be true or false, not {given!r}")
    account.preferences.strict = given


CHANGES: dict[str, Callable[[Account, Any], object]] = {
    "tier": set_tier,
    "seats": sequence_terms.set_seats,
    "inboxes": sequence_terms.set_inboxes,
    "sequences": sequence_terms.add_sequences,
    "unenrol_workflow": sequence_terms.set_workflow,
    "required_properties": set_required,
    "task_statuses": add_task_statuses,
    "privacy_rules": set_privacy_rules,
    "pipedrive": set_company,
    "salesforce": set_org,
}


def change_account(account: Account, body: Mapping[str, Any]) -> None:
    """Carries out every change named in the body; raises ActError naming the first unfit one."""
    with account.world.lock:
        for name, given in body.items():
            CHANGES[name](account, given)


def describe_sequences(account: Account) -> dict[str, Any]:
    """Seats, inboxes, sequences and workflow of an account."""
    state = account.sequences
    flow = state.workflow
    return {
        "seats": None if state.seats is None else sorted(state.seats),
        "inboxes": {str(user): list(addresses) for user, addresses in state.inboxes.items()},
        "sequences": [
            {"id": one.id, "name": one.name, "user_id": one.user_id, "shared": one.shared}
            for one in state.known.values()
        ],
        "unenrol_workflow": flow and {"property": flow.property, "seconds": flow.seconds},
    }


def describe(account: Account) -> dict[str, Any]:
    """What a conductor needs to know of an account to play with it."""
    starts_at, ends_at = account.extra.get("span", (None, None))
    imported = account.extra.get("import", {})
    people = account.extra.get("people", {})
    return {
        "portal_id": account.portal_id,
        "name": account.name,
        "timezone": account.timezone,
        "currency": account.currency,
        "crm": account.crm,
        "tier": account.tier,
        **describe_sequences(account),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "stage_kinds": people.get("kinds") or imported.get("kinds") or {},
        "counts": {kind: len(records) for kind, records in account.objects.items() if records},
        "import": imported.get("counts"),
        "replay": imported.get("replay"),
        "owners": [
            {
                "id": owner.id,
                "user_id": owner.user_id,
                "email": owner.email,
                "name": f"{owner.first_name} {owner.last_name}",
                "title": _title(account, owner.user_record_id),
            }
            for owner in account.owners.values()
        ],
    }


def _title(account: Account, user_record_id: str | None) -> str:
    user = account.find("users", user_record_id) if user_record_id else None
    return user.get("hs_job_title") if user else ""
