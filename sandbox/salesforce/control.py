"""What a run may change about an org while it stands, beside what every account has.

Field-level security, fields of the org's own, what its edition and licences include, packages, and
calls that other apps make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.salesforce.catalogue import STANDARD
from sandbox.salesforce.packages import field_of, install, uninstall
from sandbox.salesforce.sources_history import TRACKED
from sandbox.salesforce.state import OrgState, add_field
from sandbox.world.account import Account
from sandbox.world.people_terms import ActError


def _names(name: str, given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ActError(name, f"must be a list of names, not {given!r}")
    return given


def _fields(account: Account, name: str, given: Any) -> set[str]:
    state = OrgState.of(account)
    custom = {one for fields in state.custom.values() for one in fields}
    for one in _names(name, given):
        sobject, _, field = one.partition(".")
        if sobject not in STANDARD or not (field in STANDARD[sobject].fields or field in custom):
            raise ActError(name, f"takes fields as Contact.DoNotCall; there is no {one!r}")
    return set(given)


def hide_fields(account: Account, given: Any) -> None:
    """The fields that field-level security hides, instead of those hidden so far."""
    OrgState.of(account).hidden = _fields(account, "hidden_fields", given)
    OrgState.of(account).fields_version += 1


def protect_fields(account: Account, given: Any) -> None:
    """The fields that it shows and lets nobody write, instead of those so far."""
    OrgState.of(account).read_only = _fields(account, "read_only_fields", given)
    OrgState.of(account).fields_version += 1


def hide_objects(account: Account, given: Any) -> None:
    """The objects that the user does not see at all, instead of those so far."""
    for one in _names("hidden_objects", given):
        if one not in STANDARD:
            raise ActError("hidden_objects", f"{one!r} is none of {', '.join(STANDARD)}")
    OrgState.of(account).hidden_objects = set(given)
    OrgState.of(account).fields_version += 1


def track(account: Account, given: Any) -> None:
    """The fields of opportunities whose history is tracked from the beginning on."""
    for one in _names("history_tracking", given):
        if one not in TRACKED:
            raise ActError("history_tracking", f"{one!r} is none of {', '.join(TRACKED)}")
    OrgState.of(account).tracked = set(given)
    OrgState.of(account).fields_version += 1


def set_currencies(account: Account, given: Any) -> None:
    """Whether the org works in several currencies."""
    OrgState.of(account).multicurrency = _flag("multicurrency", given)
    OrgState.of(account).fields_version += 1


def set_engagement(account: Account, given: Any) -> None:
    """Whether it has Sales Engagement, and with it cadences."""
    OrgState.of(account).engagement = _flag("sales_engagement", given)
    OrgState.of(account).fields_version += 1


def _flag(name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise ActError(name, f"must be true or false, not {given!r}")
    return given


def add_fields(account: Account, given: Any) -> None:
    """Fields of the org's own, each as a package describes its fields."""
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise ActError("custom_fields", f"must be a list of fields, not {given!r}")
    for one in given:
        try:
            add_field(account, field_of(one, None))
        except ValueError as error:
            raise ActError("custom_fields", str(error)) from None


def install_package(account: Account, given: Any) -> None:
    """Installs an app's package, the app named by its id; the page for admins does the same."""
    install(account, _app(account, "install_package", given))


def uninstall_package(account: Account, given: Any) -> None:
    """Takes an app's package out again, with the fields that it brought and every grant."""
    uninstall(account, _app(account, "uninstall_package", given))


def _app(account: Account, name: str, given: Any) -> Any:
    app = account.world.apps.get(given) if isinstance(given, int) else None
    if app is None or app.crm != "salesforce":
        raise ActError(name, f"takes the id of a registered app of Salesforce, not {given!r}")
    return app


CHANGES: dict[str, Callable[[Account, Any], object]] = {
    "hidden_fields": hide_fields,
    "read_only_fields": protect_fields,
    "hidden_objects": hide_objects,
    "history_tracking": track,
    "multicurrency": set_currencies,
    "sales_engagement": set_engagement,
    "custom_fields": add_fields,
    "install_package": install_package,
    "uninstall_package": uninstall_package,
}


def set_org(account: Account, given: Any) -> None:
    """Carries out every change named; raises ActError naming the first unfit one."""
    if account.crm != "salesforce":
        raise ActError("salesforce", f"account {account.portal_id} is {account.crm}'s")
    if not isinstance(given, Mapping) or not set(given) <= set(CHANGES):
        raise ActError("salesforce", f"takes an object with any of {', '.join(CHANGES)}")
    for name, value in given.items():
        CHANGES[name](account, value)
