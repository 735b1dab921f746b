"""The account's own properties under names of ours: what rules, steps and texts may use besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.installations import settings as rules
from app.playbooks.codec import from_json
from app.playbooks.needs import missing
from app.store import installations, playbooks
from app.store.sets import loads
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.settings import stored_settings
from app.web.api.setup import changed
from connectors.contract import CrmError, Invalid

blueprint = Blueprint("api_mapping", __name__)


def mapped(conn: Connection, installation_id: int) -> dict[str, str]:
    """The installation's own fields by the names that playbooks use, each with its type."""
    return stored_settings(conn, installation_id).own_fields()


@blueprint.get("/mapping")
@access.require("admin")
def read_mapping() -> Response:
    """Which properties of the account are mapped, {type: {field: {property, type}}}."""
    with services().store.read() as conn:
        found = stored_settings(conn, access.viewer().installation_id).mapping
    return answer({"mapping": found})


@blueprint.put("/mapping")
@access.require("admin")
def write_mapping() -> Response:
    """Map properties, {type: {field: property}}; all of them anew, or on any mistake none."""
    wanted = body().get("mapping")
    if not isinstance(wanted, dict):
        raise wrong(
            "mapping",
            "missing or no object",
            'Send {"mapping": {"deal": {"contract_end": "contract_end_date"}}}.',
        )
    return answer({"mapping": put_mapping(cast(dict[str, Any], wanted))})


def put_mapping(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Map these properties and no others; answers what is mapped then. Raises Refusal.

    Refused while a playbook in force needs a field that would be missing. Records are read again,
    which fills the fields of those that are known already.
    """
    parts, inst = services(), access.viewer().installation_id
    with parts.store.read() as conn:
        before = stored_settings(conn, inst)
    asked = _checked(before, wanted)
    try:
        fitted = parts.connectors.of(inst).fit(asked.mapping)
    except Invalid as error:
        raise wrong(
            "mapping", error.message, "Take the property's internal name from the CRM's settings."
        ) from error
    except CrmError as error:
        raise Refusal(
            502,
            "crm",
            f"The account's properties could not be read: {error.message}",
            "Nothing was changed; send it again once the connection is well.",
        ) from error
    new = _checked(before, fitted)
    with parts.store.write() as conn:
        data = _checked(stored_settings(conn, inst), fitted).model_dump(mode="json")
        installations.put_settings(conn, inst, data, parts.clocks.wall())
        _still_served(conn, inst)
        changed(conn, "mapping", {"mapping": fitted})
    parts.connectors.fresh(inst)
    parts.runtime.read_again(inst, quotes=before.mapping.get("quote") != new.mapping.get("quote"))
    return new.mapping


def _checked(before: rules.Settings, mapping: Mapping[str, Any]) -> rules.Settings:
    try:
        return rules.change(before, {"mapping": mapping})
    except rules.SettingsError as error:
        raise Refusal(
            422,
            "mapping",
            f"Nothing was changed: {error}",
            "Correct the fields named.",
            error.problems,
        ) from error


def _still_served(conn: Connection, inst: int) -> None:
    """Raises Refusal where a rule in force would lose a field; that rolls the change back."""
    states = [row for row in playbooks.states(conn, inst).values() if row["mode"] != "off"]
    known = mapped(conn, inst)
    for row in playbooks.load(conn, {row["version_id"] for row in states}).values():
        playbook = from_json(loads(row["data"]))
        lost = missing(playbook, known)
        if lost:
            raise wrong(
                "mapping",
                f"the playbook {playbook.id!r} needs {', '.join(need.field for need in lost)}",
                "Keep the field mapped, or switch that playbook off first.",
            )
