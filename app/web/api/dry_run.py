"""What a playbook would do with one record; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from app.lanes.backtest import BacktestError
from app.model.dry_run import Question
from app.model.playbook import Playbook
from app.model.time import Business, local_instant
from app.web import access, telling
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.subjects import find
from app.web.saving import checked

blueprint = Blueprint("api_dry_run", __name__)

_FIELDS = ("playbook", "version", "text", "signal", "at", "afresh", "answer_after")


@blueprint.post("/subjects/<type>/<crm_id>/dry-run")
@access.require("admin", "manager")
def dry_run(type: str, crm_id: str) -> Response:
    """{"playbook": id, "version"?} or {"text": YAML}; "signal"?, "at"?, "afresh"?, "answer_after"?.
    """
    return answer(tried(type, crm_id, body()))


def tried(type: str, crm_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """See `app.lanes.dry_run`, for a record that the viewer may see."""
    who = access.viewer()
    with services().store.read() as conn:
        row = find(conn, type, crm_id)
        zone = telling.zone_of(conn, who.installation_id)
    strange = sorted(set(given) - set(_FIELDS))
    if strange:
        raise wrong(strange[0], "not understood", f"There are: {', '.join(_FIELDS)}.")
    afresh = given.get("afresh", False)
    if not isinstance(afresh, bool):
        raise wrong("afresh", f"{afresh!r} is neither true nor false", "true: as if nothing ran.")
    asked = Question(
        row["type"], row["crm_id"], given.get("signal") or None, instant(given.get("at"), zone),
        afresh, _number("answer_after", given.get("answer_after")),
    )  # fmt: skip
    try:
        found = services().runtime.dry_run(
            who.installation_id, _playbook(given), _number("version", given.get("version")), asked
        )
    except BacktestError as error:
        raise Refusal(
            422, "invalid", str(error), "GET /api/playbooks lists what there is.",
            [{"field": str(error).split(":")[0], "message": str(error)}],
        ) from error
    return found


def _playbook(given: Mapping[str, Any]) -> Playbook | str:
    name, text = given.get("playbook"), given.get("text")
    if isinstance(text, str) and text.strip():
        return checked(text, "playbook.yaml")
    if isinstance(name, str) and name:
        return name
    raise wrong("playbook", "missing", 'Send {"playbook": id}, a saved one or a preset, or '
                '{"text": "<YAML>"}, which is not saved.')


def instant(value: Any, zone: str) -> Business | None:
    """A local time or milliseconds out of a request, None for none. Raises Refusal."""
    if value in (None, ""):
        return None
    if type(value) is int:
        return Business(value)
    try:
        return Business(local_instant(str(value), zone))
    except ValueError as error:
        raise wrong("at", str(error), "A number is taken as milliseconds.") from None


def _number(field: str, value: Any) -> int | None:
    if value in (None, ""):
        return None
    if (type(value) is int and value >= 0) or (isinstance(value, str) and value.isdecimal()):
        return int(value)
    raise wrong(field, f"{value!r} is no number", "Send a whole number from 0 on.")
