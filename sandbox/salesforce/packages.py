"""An app's managed package: what an admin installs before anybody can authorize the app.

As registered with the app: ``{"namespace", "id", "fields"}``; a field has ``on`` (an object, or
``Activity`` for tasks and events), ``name``, ``type`` and where they apply ``label``, ``length``,
``external_id``, ``unique``, ``restricted``, ``values``, ``default``.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from sandbox.consent import choices, hidden
from sandbox.salesforce.call import PREFIX, Answer, Call, route
from sandbox.salesforce.errors import refuse
from sandbox.salesforce.grants import Grants
from sandbox.salesforce.pages import page
from sandbox.salesforce.state import (
    KINDS_OF,
    TYPES,
    CustomField,
    OrgState,
    add_field,
    remove_field,
    world_name,
    world_values,
)
from sandbox.world.account import Account
from sandbox.world.records import App


def field_of(given: Mapping[str, Any], app: App | None, namespace: str = "") -> CustomField:
    """A field as it is described. Raises ValueError naming what does not fit."""
    on, name, kind = str(given.get("on", "")), str(given.get("name", "")), given.get("type")
    if on not in KINDS_OF:
        raise ValueError(f"on: {on!r} is none of {', '.join(KINDS_OF)}")
    if not name.endswith("__c") or not name[:1].isalpha():
        raise ValueError(f"name: {name!r} must end with __c and begin with a letter")
    if kind not in TYPES:
        raise ValueError(f"type: {kind!r} is none of {', '.join(TYPES)}")
    values = [str(one) for one in given.get("values", ())]
    if (kind == "Picklist") != bool(values):
        raise ValueError(f"values: a Picklist has some, and nothing else has any; {name} is {kind}")
    default_length = 32_000 if kind in ("LongTextArea", "TextArea") else 255
    return CustomField(
        on,
        f"{namespace}__{name}" if namespace else name,
        str(kind),
        str(given.get("label") or name.removesuffix("__c").replace("_", " ")),
        world_name(name, app),
        int(given.get("length") or default_length),
        bool(given.get("external_id")),
        bool(given.get("unique")),
        bool(given.get("restricted")),
        world_values(name, values),
        str(given.get("default") or ""),
        app.app_id if app is not None else 0,
    )


def install(account: Account, app: App) -> None:
    """Installs an app's package in an org, or brings an installed one up to date."""
    state, namespace = OrgState.of(account), str(app.package.get("namespace") or "")
    with account.world.lock:
        for given in app.package.get("fields", ()):
            made = field_of(given, app, namespace)
            if made.name not in state.custom.get(made.on, {}):
                add_field(account, made)
        state.packages.add(app.app_id)


def uninstall(account: Account, app: App) -> None:
    """Takes the package out: its fields with all they hold, and every grant of the app."""
    state = OrgState.of(account)
    with account.world.lock:
        for fields in list(state.custom.values()):
            for one in [one for one in fields.values() if one.package == app.app_id]:
                remove_field(account, one)
        state.packages.discard(app.app_id)
        Grants.of(account.world).withdraw(app.app_id, account.portal_id)


# --- the page that an admin installs on ----------------------------------------------------------


def _packaged(call: Call, version: str) -> App:
    apps = call.hub.world.apps.values()
    for app in apps:
        if app.crm == "salesforce" and app.package and app.package.get("id") == version:
            return app
    raise refuse("sf_no_such_path", "The requested resource does not exist")


@route("GET", "/packaging/installPackage.apexp", public=True)
def offer(call: Call) -> Answer:
    """Asks the admin which org the package goes into."""
    version = call.arg("p0")
    app = _packaged(call, version)
    orgs = call.hub.world.accounts_of("salesforce")
    return 200, page(
        f"Install {app.name}",
        f"<h1>Install {escape(app.name)}</h1>"
        f'<form method="post" action="{PREFIX}/packaging/installPackage.apexp">'
        f"{hidden({'p0': version})}<h2>Org</h2>"
        f"{choices({org.portal_id: org.name for org in orgs})}"
        '<p><button class="go" name="decision" value="install">Install for admins only</button>'
        "</p></form>",
    )


@route("POST", "/packaging/installPackage.apexp", public=True)
def installed(call: Call) -> Answer:
    """Installs it there."""
    form = call.form()
    app = _packaged(call, form.get("p0", ""))
    account = call.hub.world.account_of("salesforce", form.get("portal_id", ""))
    if account is None:
        raise refuse("sf_no_such_path", "The requested resource does not exist")
    install(account, app)
    return 200, page("Installation complete", "<h1>Installation complete!</h1>")
