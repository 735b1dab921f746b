"""The settings of an installation: read whole, changed field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.installations import settings as rules
from app.installations import windows
from app.installations.rights import enough_approvers
from app.playbooks.segments import wrong_segments
from app.store import holdout, installations, people
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.setup import changed, wake

blueprint = Blueprint("api_settings", __name__)

_OWN_ADDRESS = {"mapping": "/api/mapping", "native_sequences": "/api/sequences"}
"""Settings that are changed elsewhere."""


def stored_settings(conn: Connection, installation_id: int) -> rules.Settings:
    """The installation's settings, with defaults for what was never set."""
    return rules.parse(installations.get_settings(conn, installation_id))


@blueprint.get("/settings")
@access.require("admin")
def read_settings() -> Response:
    """All settings with their values."""
    with services().store.read() as conn:
        found = stored_settings(conn, access.viewer().installation_id)
    return answer(found.model_dump(mode="json"))


@blueprint.put("/settings")
@access.require("admin")
def write_settings() -> Response:
    """Change the settings that are named; all of them, or on any mistake none."""
    return answer(write(body()))


def write(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change the settings named, answer all. Raises Refusal that names each wrong field."""
    parts, inst = services(), access.viewer().installation_id
    for name, address in _OWN_ADDRESS.items():
        if name in changes:
            raise wrong(name, "needs the CRM's word and has its own address",
                        f"Send it with PUT {address}.")
    with parts.store.write() as conn:
        before = stored_settings(conn, inst)
        new = _checked(conn, before, changes)
        data = new.model_dump(mode="json")
        installations.put_settings(conn, inst, data, parts.clocks.wall())
        holdout.note_share(conn, inst, new.holdout_percent, parts.clocks.business())
        was = before.model_dump(mode="json")
        told = {name: data[name] for name in changes if data[name] != was[name]}
        changed(conn, "settings", {"before": {name: was[name] for name in told}, "after": told})
    if "tokens_per_day" in changes:
        parts.connectors.forget(inst)  # the one at hand was made for another budget
    wake("dispatch")
    return data


def _checked(
    conn: Connection, before: rules.Settings, changes: Mapping[str, Any]
) -> rules.Settings:
    inst = access.viewer().installation_id
    try:
        new = rules.change(before, changes)
    except rules.SettingsError as error:
        raise _refused(error.problems) from error
    owner = new.default_owner
    if owner is not None and owner not in people.read(conn, inst, [owner]):
        raise wrong("default_owner", f"nobody has the owner id {owner!r}",
                    "Take the owner id from GET /api/people.")
    begun = new.approve_versions and not before.approve_versions
    if begun and not enough_approvers(people.read(conn, inst).values()):
        raise wrong(
            "approve_versions", "fewer than two users may approve every version, and nobody "
            "approves their own",
            "First make somebody else admin, or give a manager the right to approve all, under "
            "People.",
        )  # fmt: skip
    unsound = wrong_segments(new.caps, new.own_fields()) if "caps" in changes else []
    if unsound:
        raise _refused(unsound)
    shut = windows.closed(new, people.read(conn, inst).values())
    for name in sorted(shut.keys() & {key.removesuffix("_hours") for key in changes}):
        raise wrong(f"{name}_hours", shut[name], "Choose hours in which your reps work.")
    return new


def _refused(problems: list[dict[str, str]]) -> Refusal:
    said = "; ".join(f"{one['field']}: {one['message']}" for one in problems)
    return Refusal(422, "settings", f"Nothing was changed: {said}",
                   "Correct the fields named; docs/settings.md explains each.", problems)
