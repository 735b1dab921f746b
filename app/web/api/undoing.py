"""Activations, and undoing one: first what it would do, then the deed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.store import activations
from app.web import access
from app.web.answers import Refusal, answer, services
from app.web.api.setup import wake
from app.web.api.waiting import lanes_refuse

blueprint = Blueprint("api_undoing", __name__)

_LISTED = 50


@blueprint.get("/activations")
@access.require("admin")
def index() -> Response:
    """The latest activations, and whether they were undone."""
    with services().store.read() as conn:
        return answer({"activations": listed(conn)})


def listed(conn: Connection) -> list[dict[str, Any]]:
    """The viewer's latest activations, the latest first."""
    found = activations.read(conn, access.viewer().installation_id, limit=_LISTED)
    return [{**row, "rules": sorted(row["rules"])} for row in found]


@blueprint.get("/activations/<id>/undo")
@access.require("admin")
def preview(id: str) -> Response:
    """What undoing it would do: rules and their modes, counts, open tasks."""
    return answer(previewed(id))


def previewed(id: str) -> dict[str, Any]:
    """See `app.lanes.undoing.preview`; 404 where there is no such activation."""
    number = _number(id)
    with lanes_refuse():
        return services().runtime.preview_undo(access.viewer().installation_id, number)


@blueprint.post("/activations/<id>/undo")
@access.require("admin")
def undo(id: str) -> Response:
    """End what it began, archive its untouched tasks, set its rules back."""
    number, who = _number(id), access.viewer()
    with lanes_refuse():
        met = services().runtime.undo(who.installation_id, number, who.who)
    wake("dispatch")
    return answer({"activation": number, "undone": met})


def _number(id: str) -> int:
    with services().store.read() as conn:
        if id.isdecimal() and activations.get(conn, access.viewer().installation_id, int(id)):
            return int(id)
    raise Refusal(404, "activation", f"There is no activation {id!r}.",
                  "GET /api/activations lists the latest.")
