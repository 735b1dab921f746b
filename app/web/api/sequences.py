"""The CRM's own sequences: the admin's switch, which there are, and who cannot send."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.decisions.native_codes import SENDER_PROBLEMS
from app.installations import settings as rules
from app.store import cursors, installations, natives, people
from app.store.sets import loads
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.settings import stored_settings
from app.web.api.setup import changed, wake
from connectors.contract import NATIVE_SEQUENCES, AuthRevoked, Capability, Connector, CrmError

blueprint = Blueprint("api_sequences", __name__)

_KEYS = {"on": "native_sequences", "library": "sequence_library", "inboxes": "sequence_inboxes"}
"""Our key → the setting that it is."""

_WAY_OUT = "way_out"
"""The word of whoever turns them on that their mails offer a way out. No CRM shows us the mails."""


@blueprint.get("/sequences")
@access.require("admin")
def read() -> Response:
    """Whether steps may use the CRM's own sequences, those there are, and what runs."""
    parts, inst = services(), access.viewer().installation_id
    connector = parts.connectors.of(inst)
    with parts.store.read() as conn:
        found = shown(conn, inst, capability(connector))
        owner = stored_settings(conn, inst).sequence_library
        user = people.read(conn, inst, [owner])[owner]["user_id"] if owner else None
    listed: list[dict[str, str]] = []
    said = ""
    if user and found["available"]:
        try:
            listed = [{"id": one.id, "name": one.name} for one in connector.sequences(user)]
        except CrmError as error:
            said = error.message
    return answer({**found, "sequences": listed, "said": said})


def capability(connector: Connector) -> Capability:
    """Whether this account can, as a capability; a CRM that names none cannot."""
    named = (one for one in connector.capabilities() if one.name == NATIVE_SEQUENCES)
    return next(named, Capability(NATIVE_SEQUENCES, False, why="this CRM has no sequences"))


def known_capability(inst: int) -> Capability | None:
    """The same for a page; None while the account is not connected, when nobody knows."""
    try:
        return capability(services().connectors.of(inst))
    except AuthRevoked:
        return None


def shown(conn: Connection, inst: int, able: Capability) -> dict[str, Any]:
    """The switch, why it cannot be turned where it cannot, what runs, and who cannot send."""
    settings = stored_settings(conn, inst)
    running = [row for row in natives.of_installation(conn, inst) if row["state"] != "ended"]
    problems: list[dict[str, str]] = []
    for owner, row in people.read(conn, inst).items():
        user = row["user_id"]
        kept = cursors.get(conn, inst, f"{cursors.SENDER}{user}") if user else None
        if kept is not None:
            code, sender, _ = loads(kept)
            said = SENDER_PROBLEMS[code].format(sender=sender)
            problems.append({"owner_id": owner, "name": row["name"], "said": said})
    return {
        "on": settings.native_sequences,
        "library": settings.sequence_library,
        "inboxes": dict(settings.sequence_inboxes),
        "available": able.available,
        "why": able.why,
        "instead": able.instead,
        "running": len(running),
        "stopping": sum(1 for row in running if row["stop_why"] is not None),
        "unknown": sum(1 for row in running if row["state"] == "unknown"),
        "problems": problems,
    }


@blueprint.put("/sequences")
@access.require("admin")
def write() -> Response:
    """Change any of {"on", "library", "inboxes"}. Turning it on asks the CRM for the contact
    property that its workflow acts on; where that is refused, nothing is changed. It needs
    `"way_out": true` as well: what is sent without a person has to offer a way to opt out, and
    who said so stands in the account's history."""
    parts, inst = services(), access.viewer().installation_id
    asked = body()
    unknown = sorted(set(asked) - {*_KEYS, _WAY_OUT})
    if unknown:
        raise wrong(unknown[0], "no such key", f"Send any of {', '.join([*_KEYS, _WAY_OUT])}.")
    changes = {_KEYS[name]: value for name, value in asked.items() if name in _KEYS}
    with parts.store.read() as conn:
        before = stored_settings(conn, inst)
        new = _checked(before, changes)
        for owner in {new.sequence_library, *new.sequence_inboxes} - {None}:
            if owner not in people.read(conn, inst, [str(owner)]):
                raise wrong("library" if owner == new.sequence_library else "inboxes",
                            f"nobody has the owner id {owner!r}",
                            "Take the owner id from GET /api/people.")
    connector = parts.connectors.of(inst)
    if new.native_sequences and not before.native_sequences:
        _prepare(connector, confirmed=asked.get(_WAY_OUT) is True)
    with parts.store.write() as conn:
        data = _checked(stored_settings(conn, inst), changes).model_dump(mode="json")
        installations.put_settings(conn, inst, data, parts.clocks.wall())
        changed(conn, "sequences", asked)
        found = shown(conn, inst, capability(connector))
    wake("dispatch")
    return answer(found)


def _checked(before: rules.Settings, changes: dict[str, Any]) -> rules.Settings:
    try:
        return rules.change(before, changes)
    except rules.SettingsError as error:
        raise Refusal(422, "sequences", f"Nothing was changed: {error}",
                      "Correct the fields named; docs/settings.md explains each.",
                      error.problems) from error


def _prepare(connector: Connector, *, confirmed: bool) -> None:
    able = capability(connector)
    if not able.available:
        raise Refusal(409, "sequences", f"This account has no sequences for us: {able.why}.",
                      f"{able.remedy} Until then {able.instead}.".strip())
    if not confirmed:
        raise wrong(_WAY_OUT, "nobody has confirmed that each mail offers a way to opt out",
                    "The CRM sends these mails by itself and does not show them to us. Look at "
                    "those of every sequence that steps name, then send true.")
    try:
        connector.install_bridge()
    except CrmError as error:
        raise Refusal(
            502, "crm", f"The contact property for leaving a sequence could not be made: "
            f"{error.message}", "Nothing was changed; send it again once the connection is well.",
        ) from error
